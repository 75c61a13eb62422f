"""Predictions and targets reduced to integer counts, and scores as formulas on them."""
