"""Which pairs of a dataset a command takes.

names.py     train, train+val, train.1of5: splits, folds of them, and several together
groups.py    ids that look like frames of one video or tiles of one image
"""
