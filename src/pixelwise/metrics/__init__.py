"""prediction + target -> scores.

confusion.py   ConfusionCounts, count_confusion: pixels by (target class, predicted class)
scores.py      iou, dice, precision, recall, ...: formulas on counts; CONVENTIONS of a mean; SCORES
"""
