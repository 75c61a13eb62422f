"""CPU kernels, compiled by numba: one pass over the logits, forward and backward.

stats.py       sums and gradient of logits as large as the target: softmax.py, binary.py
upsampled.py   the same with bilinear upsampling inside: bilinear.py, transfer.py
predict.py     argmax and confusion counts
images.py      colours of training examples; png_rows.py the rows of PNG files
engines.py     the loops over blocks of pixels; blocks.py their sizes; exp.py the exponential
views.py       tensors as numba sees them; jit.py how functions are compiled; pool.py, memory.py
"""
