"""prediction + target -> scores.

What looks at pixels makes records that add up; formulas on the sum are the scores.

confusion.py     pixels by (target class, predicted class): ConfusionCounts, count_confusion
scores.py        iou, dice, precision, recall, ...; the table SCORES
means.py         ratios of pixels; CONVENTIONS of a mean over classes
image_scores.py  mIoU-D, mIoU-I, mIoU-C and their worst quantiles, means over images
members.py       each class a yes or no of its own: overlapping classes, one against the rest
void.py          a class that is left out, and void that is predicted
categories.py    classes counted as one               instances.py  iIoU: every object counts alike
like.py          the numbers of other tools           bootstrap.py  two predictions compared
boundary.py      boundary IoU                         contour_f.py  boundary F
surface.py       normalized surface distance, Hausdorff distance, HD95, average surface distance
surfels.py       pieces of a surface and their sizes  contours.py   void, spacing, distances
threshold.py     a binary task at every threshold: ROC, precision and recall, the best threshold
calibration.py   confidence against accuracy: ECE, reliability curve
additive.py      records that add up
plots.py         figures and tables of these records
counted.py       the check that a score is given counts
inputs.py        the checks of arrays, and the error about values that are not a class
"""

from pixelwise.lazy import lazy_names

_DEFINED_IN = {
    "confusion": ["ConfusionCounts", "count_confusion"],
    "means": ["CONVENTIONS"],
    "scores": [
        "classes_averaged",
        "dice",
        "f_beta",
        "frequency_weighted_iou",
        "generalized_dice",
        "iou",
        "mean_accuracy",
        "mean_dice",
        "mean_iou",
        "pixel_accuracy",
        "precision",
        "recall",
    ],
    "image_scores": ["image_iou", "mean_iou_c", "mean_iou_d", "mean_iou_i", "mean_per_image"],
    "members": [
        "MemberCounts",
        "count_one_hot",
        "count_planes",
        "mean_of_members",
        "member_scores",
        "one_against_rest",
    ],
    "void": ["count_with_void", "leave_out"],
    "categories": ["category_iou", "merge_classes"],
    "instances": ["InstanceCounts", "count_instances", "instance_iou"],
    "boundary": ["BoundaryCounts", "boundary_iou", "count_boundary"],
    "contour_f": ["ContourCounts", "boundary_f", "count_contours"],
    "surface": [
        "SurfaceDistances",
        "average_surface_distance",
        "hausdorff_distance",
        "normalized_surface_distance",
        "surface_distances",
    ],
    "threshold": [
        "ThresholdCounts",
        "average_precision",
        "best_threshold",
        "confusion_at",
        "count_thresholds",
        "precision_recall_curve",
        "roc_auc",
        "roc_curve",
        "sweep",
    ],
    "calibration": [
        "CalibrationCounts",
        "count_calibration",
        "expected_calibration_error",
        "maximum_calibration_error",
        "reliability_curve",
    ],
    "like": ["count_under_void", "scores_like"],
    "bootstrap": ["bootstrap_intervals", "paired_bootstrap"],
}
__all__, __getattr__, __dir__ = lazy_names(__name__, _DEFINED_IN)
