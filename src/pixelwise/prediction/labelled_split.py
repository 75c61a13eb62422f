"""A split of a run's dataset on which something is chosen for the run, and the logits of its pairs.

What was chosen is kept in the run folder with a key, of all that it depends on.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from pixelwise.data.dataset import read_pair
from pixelwise.data.resize import STRIDE, network_size, resize_image
from pixelwise.errors import RunError
from pixelwise.files.names import real_path
from pixelwise.files.results import read_record
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.pairs import Pair
from pixelwise.plan.splits import labelled_pairs
from pixelwise.prediction.images import check_classes, images_of
from pixelwise.prediction.members import Members
from pixelwise.prediction.predictor import Inputs, Predictor
from pixelwise.prediction.unfinished import key_of, stamp_of
from pixelwise.progress import Display
from pixelwise.score.chosen import Chosen
from pixelwise.score.record import DataSplit
from pixelwise.sums import ahead
from pixelwise.tiles.bands import Joined
from pixelwise.tiles.grid import Tiling

READERS = 2
BY_HAND = "What is chosen on a split of all runs can be given as a number or by hand instead."
Record = TypeVar("Record", bound=Chosen)


@dataclass(frozen=True)
class LabelledSplit:
    """A split of the dataset that networks were trained on.

    Attributes:
        dataset: its dataset and name.
        pairs: with labels.
        classes: of the dataset.
        images: what its images are to the networks.
        tiling: tiles in which larger images are predicted; None: whole images.
        key: digest of the networks and their views, the classes, the files and the tiles.
    """

    dataset: DataSplit
    pairs: list[Pair]
    classes: Classes
    images: ImageKind
    tiling: Tiling | None
    key: str


def labelled_split(members: Members, split: str, tiling: Tiling | None) -> LabelledSplit:
    """A split of the dataset of some networks.

    Raises:
        DatasetError: it has other classes, or there is no such split.
        PairingError: images have no labels.
        ArgumentError: the networks were trained on several datasets.
    """
    about = members.first.about
    data = real_path(Path(members.agreed("dataset", BY_HAND)))
    description = read_description(data)
    check_classes(description, about)
    images = images_of(description, about.images)
    bands = () if images.is_rgb else (images.channels,)
    pairs, classes = labelled_pairs(description, split), description.classes
    stamps = [[p.id, stamp_of(p.image), *map(stamp_of, p.label_files)] for p in pairs]
    networks, *views = members.key()
    tiles = () if tiling is None else (tiling,)
    key = key_of(*networks, classes, split, stamps, *bands, *tiles, *views)
    return LabelledSplit(DataSplit(str(data), split), pairs, classes, images, tiling, key)


def kept(kind: type[Record], path: Path | None, key: str) -> Record | None:
    """What a file of a run says, if it has this key; None if it is to be made.

    Args:
        kind: of record.
        path: of the file; None: several runs keep nothing.
        key: of what is wanted.
    """
    if path is not None and path.is_file():
        with suppress(RunError):  # of another release, or damaged: it is made again
            found = read_record(kind, path)
            return found if found.key == key else None
    return None


@torch.no_grad()
def logits_of_pairs(
    predictor: Predictor, split: LabelledSplit, display: Display, doing: str
) -> Iterator[tuple[Pair, Tensor, Tensor]]:
    """Each pair with its logits (1, C, h, w) and target (1, H, W), or (1, C, H, W) of an overlap.

    Args:
        predictor: what predicts.
        split: whose pairs they are.
        display: shows how far it is.
        doing: what is said of that.
    Raises:
        LabelError, DatasetError: a pair cannot be read.
    """

    def read(pair: Pair) -> tuple[Inputs, Tensor]:
        image, target = read_pair(pair, split.classes, split.images)
        size = int(target.shape[-2]), int(target.shape[-1])
        return tuple(resize_image(image, size, scale) for scale in predictor.scales), target

    def in_tiles(tiling: Tiling) -> Joined:
        def logits_of(tiles: Tensor) -> Tensor:
            return predictor.logits_of([tiles])

        return Joined(logits_of, network_size(tiling.tile, predictor.scales[0]), tiling, STRIDE)

    joined = None if split.tiling is None else in_tiles(split.tiling)
    display.start(len(split.pairs))
    with display, ahead(read, split.pairs, READERS, 2 * READERS) as examples:
        for pair, (inputs, target) in zip(split.pairs, examples):
            moved = [one[None].to(predictor.device) for one in inputs]
            logits = predictor.logits_of(moved) if joined is None else joined(moved[0])
            yield pair, logits, target[None].to(predictor.device)
            display.advance(doing, 1)
