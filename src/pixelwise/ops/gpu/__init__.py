"""GPU kernels in Triton: one pass over the logits, forward and backward.

stats.py       sums and gradient of logits as large as the target: tile.py, own.py
upsampled.py   the same with bilinear upsampling inside: cells.py, adjoint.py
formula.py     a loss on the sums and its derivative
predict.py     argmax and confusion counts; launch.py grids, strides and dtypes
"""
