"""label images -> what is in them.

label_counts.py   LabelCounts, count_labels: pixels and images by class
weights.py        class_weights: formulas on label counts
look.py           look at an unknown folder -> Description; the guess behind `pixelwise init`
match.py          which folder holds the images and which the labels
layout.py         where the splits of a folder are
stored.py         what the stored values of label files mean
"""
