"""Which files of an unknown folder are images, which are labels, and how they pair.

tree.py        the image files of each folder below a folder, and files that may be lists
candidates.py  folders whose names pair, or files of one folder: candidates for both
name_forms.py  by which prefixes and suffixes names pair
evidence.py    what speaks for a candidate: content, names, sizes, numbers
choice.py      the candidate that is taken, how sure that is, and what else might be
placing.py     a candidate in the form that dataset.toml has
draft.py       what is known of a folder while its splits are found
split_lists.py  splits that lists of ids give
unused.py      what of a folder is in no split
"""
