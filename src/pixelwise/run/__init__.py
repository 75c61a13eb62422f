"""The loops: train, predict, score."""
