"""Tensors in, tensors out: the only place that reads logits."""
