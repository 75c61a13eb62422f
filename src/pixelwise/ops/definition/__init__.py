"""The definition of every sum and of prediction in plain torch: what the kernels must equal."""
