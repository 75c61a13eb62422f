"""A survey of an unknown folder: which files are images and labels, how they pair, what is stored.

folder.py        survey_folder: a folder -> Survey
statements.py    Survey and Statement: what is said, and how sure it is
complete_pairs.py  the pairs of each split; files without a partner are left out
content.py       what decoded files look like: photographs, labels, labels with soft borders
blended.py       values that interpolation has made
conversion.py    colour and lossy labels -> the commands that make label images of them
class_list.py    the names of the classes: from a file beside the labels, or as they were given
values/          what the stored values of label files mean
splits.py        where the splits of a folder are, and its images and labels: find_layout
layout/          which files are images, which are labels, and how they pair
class_masks.py   masks of each class: classes that may overlap
pairing.py       folders in a folder, by their names
lists.py         lists of ids of splits, in all the forms that data sets have them
photographs.py   the images of a folder, refused if label files are among them
known_sets.py    known data sets, by the names of their files and folders
known_row.py     what a row of their tables says; known_scenes.py, known_other.py: the rows
known_classes.py their classes, beside those that a file lists
decoys.py        names of files beside the labels that hold no classes
folder_names.py  what people call folders of images, labels and splits
"""
