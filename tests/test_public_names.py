"""The public names and their signatures; a change here is a change for every user."""

import inspect
import pickle
import re

import pytest

import pixelwise as pw
from write_stub import PACKAGES, path_of, stub

FUNCTIONS = [
    name
    for name in pw.__all__
    if callable(getattr(pw, name)) and not inspect.ismodule(getattr(pw, name))
]
LOSSES_AND_SCORES = [row.make for row in pw.LOSSES.values()] + [
    pw.iou, pw.dice, pw.precision, pw.recall, pw.mean_iou, pw.mean_dice, pw.pixel_accuracy,
    pw.mean_accuracy, pw.frequency_weighted_iou,
]  # fmt: skip
# every public name; a change here is a change for every user
PUBLIC = [
    "Artefact",
    "Audit",
    "AuditConfig",
    "Augmentation",
    "BinaryCrossEntropy",
    "Boundary",
    "CONVENTIONS",
    "CheckpointSaved",
    "Classes",
    "Comparison",
    "ConfusionCounts",
    "ConvertConfig",
    "ConvertReport",
    "Criterion",
    "CrossEntropy",
    "Curves",
    "DeepSupervision",
    "DemoConfig",
    "Description",
    "Dice",
    "EpochDone",
    "ExportConfig",
    "FBeta",
    "Figure",
    "Finding",
    "Focal",
    "FocalOfMean",
    "GeneralizedDice",
    "Hausdorff",
    "InitConfig",
    "Jaccard",
    "LOSSES",
    "LabelCounts",
    "Lovasz",
    "LovaszHinge",
    "MCC",
    "MemberLabelCounts",
    "MemberWeights",
    "MissingPackageError",
    "MultilabelScore",
    "OHEM",
    "Outline",
    "PRESETS",
    "Pair",
    "Patch",
    "PixelStats",
    "PixelwiseError",
    "Poly1",
    "PredictConfig",
    "Predictor",
    "RULES",
    "Repaired",
    "ReportConfig",
    "Score",
    "ScoreConfig",
    "SegmentationDataset",
    "Shown",
    "SoftCLDice",
    "StepCost",
    "StepDone",
    "Survey",
    "TopK",
    "TrainConfig",
    "TrainedNetwork",
    "TrainingPlan",
    "Tversky",
    "UnifiedFocal",
    "Weights",
    "WeightsConfig",
    "activate",
    "audit",
    "audit_page",
    "calibration_counts",
    "class_weights",
    "classes_averaged",
    "color_to_index",
    "confusion_matrix",
    "convert",
    "count_confusion",
    "count_labels",
    "count_members",
    "criterion",
    "demo",
    "dice",
    "distinct_colormap",
    "export",
    "f_beta",
    "find_pairs",
    "fix",
    "frequency_weighted_iou",
    "index_to_color",
    "init",
    "iou",
    "load_network",
    "load_predictor",
    "mask_to_rle",
    "mean_accuracy",
    "mean_dice",
    "mean_iou",
    "metrics",
    "one_hot",
    "overlay",
    "pixel_accuracy",
    "pixel_stats",
    "plan_training",
    "polygons_to_label",
    "pos_weights",
    "precision",
    "predict",
    "predict_label",
    "raise_if_unknown",
    "read_curves",
    "read_description",
    "read_image",
    "read_label",
    "recall",
    "report",
    "rle_to_mask",
    "score",
    "show",
    "stats_of_all_ranks",
    "threshold_counts",
    "train",
    "voc_colormap",
    "weights",
    "write_label",
]
METRICS = [
    "BoundaryCounts",
    "CONVENTIONS",
    "CalibrationCounts",
    "ConfusionCounts",
    "ContourCounts",
    "InstanceCounts",
    "MemberCounts",
    "SurfaceDistances",
    "ThresholdCounts",
    "average_precision",
    "average_surface_distance",
    "best_threshold",
    "bootstrap_intervals",
    "boundary_f",
    "boundary_iou",
    "category_iou",
    "classes_averaged",
    "confusion_at",
    "count_boundary",
    "count_calibration",
    "count_confusion",
    "count_contours",
    "count_instances",
    "count_one_hot",
    "count_planes",
    "count_thresholds",
    "count_under_void",
    "count_with_void",
    "dice",
    "expected_calibration_error",
    "f_beta",
    "frequency_weighted_iou",
    "generalized_dice",
    "hausdorff_distance",
    "image_iou",
    "instance_iou",
    "iou",
    "leave_out",
    "maximum_calibration_error",
    "mean_accuracy",
    "mean_dice",
    "mean_iou",
    "mean_iou_c",
    "mean_iou_d",
    "mean_iou_i",
    "mean_of_members",
    "mean_per_image",
    "member_scores",
    "merge_classes",
    "normalized_surface_distance",
    "one_against_rest",
    "paired_bootstrap",
    "pixel_accuracy",
    "precision",
    "precision_recall_curve",
    "recall",
    "reliability_curve",
    "roc_auc",
    "roc_curve",
    "scores_like",
    "surface_distances",
    "sweep",
]
CONTRACT = {
    "read_label": ["path"],
    "write_label": ["path", "label", "classes"],
    "Classes": ["names", "colors", "values", "ignore_index", "ignore_values"],
    "voc_colormap": ["n"],
    "color_to_index": ["image", "classes", "unknown"],
    "index_to_color": ["label", "classes"],
    "find_pairs": ["images", "labels"],
    "count_labels": ["pairs_or_paths", "classes", "executor", "progress"],
    "class_weights": ["counts", "method"],
    "one_hot": ["target", "num_classes", "ignore_index", "eps", "dtype"],
    "pixel_stats": [
        "logits", "target", "activation", "ignore_index", "weight", "sums", "gamma", "upsample",
        "backend",
    ],
    "predict_label": ["logits", "size", "activation", "threshold"],
    "CrossEntropy": ["weight", "label_smoothing"],
    "BinaryCrossEntropy": ["pos_weight"],
    "Focal": ["gamma", "alpha"],
    "Dice": ["per_image", "squared", "smooth", "weight", "classes", "absent"],
    "Tversky": ["alpha", "beta", "gamma"],
    "FBeta": ["beta"],
    "criterion": ["text", "num_classes", "class_weights", "ignore_index", "upsample"],
    "count_confusion": ["pred", "target", "num_classes", "ignore_index"],
    "iou": ["counts"],
    "mean_iou": ["counts", "convention"],
    "train": ["config"],
    "predict": ["config"],
    "score": ["config"],
}  # fmt: skip


def parameters(name):
    return list(inspect.signature(getattr(pw, name)).parameters)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_public_name_takes_what_the_contract_says(name):
    """The agreed arguments come first or at least are all there, under these names."""
    missing = [p for p in CONTRACT[name] if p not in parameters(name)]
    assert missing == []
    assert parameters(name)[0] == CONTRACT[name][0]


def test_all_is_sorted_complete_and_resolves():
    assert list(pw.__all__) == sorted(pw.__all__)
    assert all(getattr(pw, name) is not None for name in pw.__all__)
    assert set(CONTRACT) <= set(pw.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_know_where_each_public_name_is_defined(package):
    assert path_of(package).read_text(encoding="utf-8") == stub(package), "run `make stub`"


def test_the_public_names_are_these():
    assert (pw.__all__, pw.metrics.__all__) == (PUBLIC, METRICS)


def test_help_names_the_public_names_on_one_screen():
    lines = pw.__doc__.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'dise'"):
        _ = pw.dise


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_name_is_documented(name):
    """By a sentence; test_docstrings.py has its arguments."""
    thing = getattr(pw, name)
    text = inspect.getdoc(thing) or ""
    assert re.match(r"[A-Zτ-].*[.:]", text.splitlines()[0]), name


@pytest.mark.parametrize("thing", LOSSES_AND_SCORES, ids=lambda t: t.__name__)
def test_a_loss_or_score_states_its_formula_and_its_rule_for_absent_classes(thing):
    text = inspect.getdoc(thing)
    assert "Absent classes:" in text
    assert re.search(r"[=Σ/]|mean over", text.split("Args:")[0])


def test_a_command_that_is_a_package_too_survives_pickle():
    """A pool of processes can be given pw.audit."""
    for command in (pw.audit, pw.convert, pw.demo, pw.init, pw.report, pw.score, pw.weights):
        assert pickle.loads(pickle.dumps(command)) is command
