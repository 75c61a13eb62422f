"""What the stored values of label files mean.

stored.py     read_values: label files -> StoredValues, how often each value occurs
layout.py     how values lie: in areas, as thin borders, as rims of interpolation
objects.py    number_objects: files that number their own objects
suspects.py   find_suspects: a few pixels in few files, which are no class
unusable.py   check_values: soft labels, ids of class and object, photographs stop a survey
meaning.py    meaning_of: StoredValues -> classes and void, by a table of rules
named.py      the same where a file names the classes
void.py       which values are void, and the question where that is not sure
"""
