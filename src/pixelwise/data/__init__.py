"""Pairs of files as batches of tensors, the same for any number of workers.

dataset.py  pairs -> tensors, and augmentation
augment.py  what else happens to a crop: presets.py names it, or a function of the user
choice.py   which pair and which of its pixels an example shows
loader.py   batches in a fixed order, read by any number of processes
part.py     a part of an image file
resize.py   the size of an image at the network
"""
