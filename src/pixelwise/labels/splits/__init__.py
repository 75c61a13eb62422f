"""Which pairs of a dataset a command takes.

names.py     train, train+val, train.1of5: splits, folds of them, and several together
"""
