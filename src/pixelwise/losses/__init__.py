"""Losses as formulas on PixelStats; no pixel is touched here."""
