"""The public names and their signatures; a change here is a change for every user."""

import inspect
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


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'dise'"):
        _ = pw.dise


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_name_is_documented(name):
    """A sentence; Args for whatever takes arguments, naming each of them."""
    thing = getattr(pw, name)
    text = inspect.getdoc(thing) or ""
    assert re.match(r"[A-Zτ-].*[.:]", text.splitlines()[0]), name


@pytest.mark.parametrize("thing", LOSSES_AND_SCORES, ids=lambda t: t.__name__)
def test_a_loss_or_score_states_its_formula_and_its_rule_for_absent_classes(thing):
    text = inspect.getdoc(thing)
    assert "Absent classes:" in text
    assert re.search(r"[=Σ/]|mean over", text.split("Args:")[0])
