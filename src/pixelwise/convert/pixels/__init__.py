"""Sources that are label files of pixels: which files are labels, and what is in them.

labels_alone.py   photographs are never taken for labels
mask_names.py     masks of one class each: their names -> image and class
given_classes.py  what given classes stand for
array_files.py    arrays in .npy, .npz and .mat files, one of several by its key
stacks.py         a plane for each class: (C, H, W) arrays, TIFF files of several pages
suggestion.py     complete commands for what was found
"""
