"""Classes that overlap: each is audited as a dataset of its own, and then all of them together.

views.py       the audit of every class, and what is about images once
together.py    what only the label files of all classes say (V11, V17, V18, M2)
"""
