"""Losses: formulas on PixelStats, and those that no sums can hold, on logits (on_logits.py)."""
