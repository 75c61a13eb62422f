"""Findings of an audit -> a repaired copy of the dataset, never in place.

command.py   fix: write the copy
plan.py      which rules of which file are repaired, and why others are not
label.py     one label image repaired; color.py and nearest.py its colours and values
image.py     one image turned or resized
result.py    what was changed and what was left; fix.json
"""
