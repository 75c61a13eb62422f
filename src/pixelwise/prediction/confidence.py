"""How sure a network is of what it predicts: bytes beside the label, void where it is not sure.

The byte of a pixel is made in the pass that makes its label, see ops.predict.predict_rows. What is
added up of an image is kept in the journal of the folder, so that a folder that is gone on with
has the sums of all its images; score/confidence.py has what follows from them.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.errors import ArgumentError, LabelError, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import make_folder
from pixelwise.files.results import write_json
from pixelwise.files.walk import NOT_SEARCHED
from pixelwise.labels.classes import Classes
from pixelwise.labels.codecs.png_writer import WriteRows
from pixelwise.labels.description import FILE_NAME
from pixelwise.labels.pairs import Pair
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.definition.predict import parts
from pixelwise.ops.interpolate import no_larger
from pixelwise.ops.predict import Threshold, predict_rows
from pixelwise.ops.rows import Rows, whole
from pixelwise.ops.spec import Activation, Upsample
from pixelwise.ops.stats import pixel_stats
from pixelwise.prediction.config import PROBABILITIES, Format, Kind, PredictConfig
from pixelwise.prediction.label_files import byte_file
from pixelwise.score.confidence import (
    FILE,
    FULL,
    ConfidenceSums,
    confidence_of,
    count_confidence,
    no_sums,
)
from pixelwise.score.record import DataSplit

FOLDER = "confidence"  # of the grey PNGs, in that of the labels

Expected = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Confidence:
    """What is asked for of the probabilities.

    Attributes:
        kind: what a byte is.
        temperature: that logits are divided by.
        unsure: of each class, the confidence below which its pixels are void; () = none are.
        written: whether the bytes are written.
        expects: whether the expected scores are asked for.
    """

    kind: Kind
    temperature: float
    unsure: tuple[float, ...]
    written: bool
    expects: bool

    @property
    def of_record(self) -> dict[str, Any]:
        """What confidence.json and prediction.json say of it."""
        return {"kind": self.kind, "temperature": self.temperature, "unsure": self.unsure}


def check_probabilities(config: PredictConfig, classes: Classes) -> None:
    """Raise unless what is asked for of the probabilities can be had.

    Raises:
        ArgumentError: classes overlap, another number of thresholds, or no value to store void as.
    """
    asked = *PROBABILITIES, "dataset"
    given = [name for name in asked if getattr(config, name)]
    if given and classes.files:
        event = f"{setting(given[0])} takes one class a pixel, and these classes overlap"
        raise ArgumentError("predict", event=event)
    if len(config.unsure) not in (0, 1, len(classes)):
        must = f"one number, or one for each of the {len(classes)} classes"
        raise ArgumentError("predict", "unsure", must=must, got=config.unsure)
    if config.unsure:
        check_void(classes)


def confidence_for(config: PredictConfig, classes: Classes) -> Confidence | None:
    """What is asked for of the probabilities; None: nothing.

    Args:
        config: checked, with a number as temperature.
        classes: of the labels.
    """
    if not any(getattr(config, name) for name in PROBABILITIES):
        return None
    return Confidence(
        config.confidence or "max",
        float(config.temperature),
        config.unsure * len(classes) if len(config.unsure) == 1 else config.unsure,
        config.confidence is not None,
        config.expect,
    )


def check_void(classes: Classes) -> None:
    """Raise unless void can be written.

    Raises:
        ArgumentError: with the line of dataset.toml that makes it possible.
    """
    try:
        classes.to_stored(np.array([[classes.ignore_index]]))
    except LabelError:
        taken = {value for own in classes.values if not isinstance(own, str) for value in own}
        free = next(value for value in range(255, -1, -1) if value not in taken)
        event = f"{setting('unsure')} writes void, and these classes have no value for it"
        hint = f"Add to {FILE_NAME}, before its tables: ignore_values = [{free}]"
        raise ArgumentError("predict", event=event, hint=hint) from None


def labels_and_bytes(
    logits: Tensor,
    size: tuple[int, int],
    activation: Activation,
    threshold: Threshold,
    asked: Confidence,
) -> tuple[Tensor, Tensor]:
    """Class indices (N, H, W) of logits (N, C, h, w), those of predict_label, and their bytes."""
    rows = whole(logits, size[0])
    made = asked.kind, asked.temperature
    labels, sure = predict_rows(logits, rows, size[1], activation, threshold, *made)
    assert sure is not None  # a kind was asked for
    return labels, sure


def expected_sums(
    logits: Tensor,
    label: Tensor,
    activation: Activation,
    temperature: float,
    rows: Rows | None = None,
) -> Expected:
    """Sum of the probabilities of each class, (C,): of all pixels, and of those predicted as it.

    One pass of pixel_stats with the prediction as target, upsampling inside; of some rows several
    passes over a few rows of logits at the size of the label.

    Args:
        logits: (1, C, h, w), or C = 1 for two classes.
        label: (1, rows, W) predicted classes, on the device of the logits.
        activation, temperature: of the probabilities.
        rows: which rows of the label they are; None: the whole label.
    """
    names = "valid", "target", "prob", "inter"
    ask = partial(pixel_stats, activation=activation, ignore_index=None, sums=names)
    if rows is None:
        x = no_larger(logits.to(compute_dtype(logits.dtype)) / temperature, label.shape[1:])
        upsample: Upsample = None if x.shape[2:] == label.shape[1:] else "bilinear"
        sums = [ask(x, label, upsample=upsample).sums]
    else:
        each = parts(logits, rows, label.shape[2])
        sums = [ask(x / temperature, label[:, part]).sums for _, part, x in each]
    valid, target, prob, inter = torch.stack(sums).sum(0)[:, 0].cpu().numpy()
    if activation == "sigmoid":  # the foreground alone: the rest is of class 0
        prob = np.concatenate([valid - prob, prob])
        inter = np.concatenate([prob[:1] - target + inter, inter])
    return prob, inter


def with_void(
    label: NDArray[np.unsignedinteger],
    sure: NDArray[np.uint8],
    unsure: Sequence[float],
    classes: Classes,
) -> NDArray[np.unsignedinteger]:
    """The label with void where the confidence is below the number of its class.

    Args:
        label: (H, W) class indices.
        sure: (H, W) confidence bytes; below t is byte < 255 t.
        unsure: C numbers 0..1.
        classes: whose void it is.
    """
    least = np.ceil(FULL * np.array(unsure)).astype(np.uint8)
    void = np.array(classes.ignore_index, classes.dtype)
    return np.where(sure < least[label], void, label.astype(classes.dtype))


def make_confidence_folder(folder: Path) -> None:
    """The folder of the bytes, which is not searched for labels.

    Raises:
        RunError: the file system refuses.
    """
    make_folder(folder / FOLDER)
    atomic_write(folder / FOLDER / NOT_SEARCHED, b"")


class Beside:
    """What is beside the label of an image, from the top to the bottom.

    Args:
        asked: what is asked for.
        classes: of the label.
        write: takes the next rows of bytes; None: they are not written.

    Attributes:
        sums: of the rows so far.
    """

    def __init__(self, asked: Confidence, classes: Classes, write: WriteRows | None) -> None:
        self.asked, self.classes, self.write = asked, classes, write
        self.sums = no_sums(len(classes))

    def take(
        self,
        label: NDArray[np.unsignedinteger],
        sure: NDArray[np.uint8],
        expected: Expected | None,
    ) -> NDArray[np.unsignedinteger]:
        """The next rows of the label as they are written, with void.

        Args:
            label: (n, W) class indices.
            sure: (n, W) confidence bytes.
            expected: of expected_sums.
        """
        sums = count_confidence(label, sure, len(self.classes))
        if expected is not None:
            sums = replace(sums, prob=expected[0], inter=expected[1])
        if self.write is not None:
            self.write(sure)
        if self.asked.unsure:
            written = with_void(label, sure, self.asked.unsure, self.classes)
            is_void = written == self.classes.ignore_index
            void = np.bincount(label[is_void], minlength=len(self.classes))
            label, sums = written, replace(sums, void=void.astype(np.int64))
        self.sums += sums
        return label


@contextmanager
def beside_label(
    asked: Confidence,
    folder: Path,
    pair: Pair,
    size: tuple[int, int],
    classes: Classes,
    format: Format,
) -> Iterator[Beside]:
    """What is beside the label of an image; a file of bytes appears when all rows are there.

    Args:
        asked: what is asked for.
        folder: of the labels.
        pair, size: the image, and its (height, width).
        classes, format: of the label.
    Raises:
        RunError: the file system refuses.
    """
    with ExitStack() as opened:
        write = None
        if asked.written:
            file = byte_file(folder / FOLDER, pair.image, pair.id, size, format)
            write = opened.enter_context(file)
        yield Beside(asked, classes, write)


def sums_in(note: Any, classes: Classes) -> ConfidenceSums | None:
    """The sums in a line of the journal; None if they are not those of such classes."""
    try:
        sums = ConfidenceSums.from_lists(note)
        return sums + no_sums(len(classes))
    except (TypeError, ValueError, KeyError, OverflowError):
        return None


def write_confidence(
    folder: Path,
    notes: Sequence[tuple[str, Any]],
    asked: Confidence,
    classes: Classes,
    dataset: DataSplit,
    command: str,
) -> None:
    """Write confidence.json, from what the journal has of each image.

    Raises:
        RunError: the file system refuses.
    """
    found = [(id, sums_in(note, classes)) for id, note in notes]
    sums = [(id, one) for id, one in found if one is not None]
    about = asked.expects, asked.of_record, dataset, command
    write_json(folder / FILE, confidence_of(sums, classes.names, *about))
