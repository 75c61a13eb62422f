"""A look at an unknown folder: which files are images and labels, how they pair, what is stored.

folder.py        survey of a folder -> Description, with how sure each statement is
values.py        what the stored values of label files mean
pairing.py       which folder holds the images and which the labels
splits.py        where the splits of a folder are
folder_names.py  what people call folders of images, labels and splits
"""
