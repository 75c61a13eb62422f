"""prediction + target -> scores.

What looks at pixels makes records that add up; formulas on the sum are the scores.

confusion.py     pixels by (target class, predicted class): ConfusionCounts, count_confusion
scores.py        iou, dice, precision, recall, ...; CONVENTIONS of a mean; the table SCORES
image_scores.py  mIoU-D, mIoU-I, mIoU-C and their worst quantiles, of a list of counts
categories.py    classes counted as one               instances.py  iIoU: every object counts alike
like.py          the numbers of other tools           bootstrap.py  two predictions compared
boundary.py      boundary IoU                         boundary_f.py boundary F
surface.py       normalized surface distance, Hausdorff distance, HD95, average surface distance
surfels.py       pieces of a surface and their sizes  contours.py   void, spacing, distances
threshold.py     a binary task at every threshold: ROC, precision and recall, the best threshold
calibration.py   confidence against accuracy: ECE, reliability curve
inputs.py        the checks of arrays                 unknown.py    the sentence about no class
"""
