"""Classes that overlap: each has label images of its own (docs/multi-label.md).

pairing.py    an image and the label file of each class
members.py    read_members, write_members: those files <-> (C, H, W)
drawing.py    (C, H, W) on top of the image

Classes that overlap have the task "multilabel" and a label file of each class and image, in which 0
is not the class, its value (default 1) is the class, and void is void for this class alone:

task = "multilabel"
exclusive = [["car", "sky"]]     # optional: classes that overlap others, but not each other

[[classes]]
name = "car"
file = "cars"                    # optional: what {class} is for this class; default: its name

[splits.train]
images = "train/images"
labels = "train/labels/{class}"  # {class} is in labels, label_prefix or label_suffix
missing = "absent"               # a class has no file where it is not; "error" refuses that
"""
