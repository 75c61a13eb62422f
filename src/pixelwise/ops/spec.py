"""What one pass over the logits computes: the list of sums and the record that asks for them."""

from typing import Literal, NamedTuple, get_args

Activation = Literal["softmax", "sigmoid"]
Upsample = Literal["bilinear"] | None

# Over valid pixels of image n, with pixel weight w (1 if none was given), probability p and
# one-hot target y. Every sum has shape (N, C) and every loss of this library is a formula on them.
SUMS = (
    "valid",  # Σ w                            valid pixels
    "target",  # Σ w y                          pixels of the class in the target
    "prob",  # Σ w p                          soft pixels of the class in the prediction
    "inter",  # Σ w p y                        soft true positives
    "prob2",  # Σ w p²                         squared denominators
    "nll",  # Σ w y (−log p)                 cross entropy
    "nll_all",  # Σ w (−log p)                   label smoothing
    "focal",  # Σ w y (1−p)^γ (−log p)         focal
    "nll_neg",  # Σ w (1−y) (−log(1−p))          binary cross entropy, sigmoid only
    "focal_neg",  # Σ w (1−y) p^γ (−log(1−p))    binary focal, sigmoid only
)
# Rare enough to be left to the definition; asking for one decides the backend.
DEFINITION_ONLY = (
    "target2",  # Σ w y²     squared denominators of soft targets; class indices have y² = y
    "nll_neg_all",  # Σ w (−log(1−p))     label smoothing, sigmoid only
)
# Known from the shape alone; no backend computes it.
SHAPE_ONLY = ("pixels",)  # Σ 1     pixels of the target, ignored ones too
ALL_SUMS = SUMS + DEFINITION_ONLY + SHAPE_ONLY
SIGMOID_ONLY = ("nll_neg", "focal_neg", "nll_neg_all")
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


class Spec(NamedTuple):
    """Everything static about one pass; hashable, so that backends can specialise on it.

    Attributes:
        sums: the sums that are wanted, in the order of ALL_SUMS.
        activation: "softmax" or "sigmoid".
        ignore_index: the one target value that is ignored, or None.
        gamma: exponent γ of the focal sums, >= 0.
    """

    sums: tuple[str, ...]
    activation: str
    ignore_index: int | None
    gamma: float = 2.0
