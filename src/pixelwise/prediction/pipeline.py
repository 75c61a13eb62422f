"""From images to label images: read ahead, compute together, write behind.

    read, in threads  ->  the network, images of one size at once  ->  write, in threads

However many images are in memory or go through the network at once, the files are the same, and
their order in the journal is that of the images.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pixelwise.audit.headers import Header
from pixelwise.errors import ArgumentError, DatasetError, LabelError, PixelwiseError, setting
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import write_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import write_label
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.nan import check_no_nan
from pixelwise.post.steps import apply_steps, read_step
from pixelwise.prediction import calibration
from pixelwise.prediction.confidence import (
    Confidence,
    Expected,
    beside_label,
    expected_sums,
    labels_and_bytes,
)
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.images import as_of_run
from pixelwise.prediction.label_files import label_files
from pixelwise.prediction.predictor import Inputs, Predictor
from pixelwise.prediction.unfinished import Journal, Stamp, stamp_of
from pixelwise.run.trained import same_sizes
from pixelwise.sums import ahead, behind

# Pixels of the images that are in memory beside those in the network: 16 of 1024x2048, ...
AHEAD_PIXELS = 2**25
MOST_AHEAD = 32  # ... but no more images than that
# Pixels at the network of a batch on a GPU, which hides what starting a kernel costs. A CPU has no
# such costs, and one image at a time stays in its caches.
GPU_BATCH_PIXELS = 2**22
READERS, WRITERS = min(16, os.cpu_count() or 1), 2


def images_in_memory(headers: list[Header], batch: int, bytes_a_pixel: float = 3) -> int:
    """How many images are read before the network takes them, so that the largest ones fit."""
    largest = max((header.height * header.width for header in headers), default=1)
    return max(batch, min(MOST_AHEAD, int(3 * AHEAD_PIXELS // (bytes_a_pixel * largest))), 1)


@dataclass(frozen=True)
class Ready:
    """An image that has been read.

    Attributes:
        stamp: of its file, before it was read.
        size: (height, width) on disk.
        inputs: (channels, h, w) each, as the networks take it.
    """

    pair: Pair
    stamp: Stamp
    size: tuple[int, int]
    inputs: Inputs

    def sizes(self) -> Hashable:
        """What is equal for images that go through the network together."""
        return self.size, tuple(one.shape for one in self.inputs)


@dataclass(frozen=True)
class Computed:
    """What the network says of an image.

    Attributes:
        logits: (1, C, h, w).
        label: (H, W) class indices, or (C, H, W) of classes that overlap; on
            their way to the CPU until the event `copied`.
        suspect: () bool, likewise: whether a logit may be NaN.
        sure: (H, W) confidence bytes, likewise, if they are asked for.
        expected: sums of probabilities, likewise.
    """

    pair: Pair
    stamp: Stamp
    logits: Tensor
    label: Tensor
    suspect: Tensor
    copied: Any
    sure: Tensor | None = None
    expected: Expected | None = None


class Work:
    """What is done with an image, from its file to its label image.

    Attributes:
        failed: id -> why an image could not be predicted.
        counts: of probabilities, with config.calibration.
        asked: what is asked for of the confidence of pixels; None: nothing.
    """

    def __init__(
        self,
        predictor: Predictor,
        classes: Classes,
        config: PredictConfig,
        journal: Journal,
        images: ImageKind,
        asked: Confidence | None = None,
    ) -> None:
        self.asked = asked
        self.predictor, self.classes, self.config = predictor, classes, config
        self.journal, self.begun, self.images = journal, journal.unfinished, images
        self.device = predictor.device
        self.failed: dict[str, PixelwiseError] = {}
        self.counts = calibration.no_counts(predictor.activation)
        self.steps = tuple(read_step(words, classes.names) for words in config.post)

    def run(self, pairs: list[Pair], most: int, advance: Callable[[int], None]) -> None:
        """Predict images.

        Args:
            pairs: in the order in which they are predicted.
            most: images that are read ahead, and label images at most that are written behind.
            advance: called with a number of images that are done, or have failed.
        """
        # one that waits keeps its logits, which may take more memory than its image
        waiting = 2 * WRITERS + (self.config.batch or 1) if self.device.type == "cpu" else most
        with (
            behind(self.write, WRITERS, min(waiting, most)) as write,
            ahead(self.read, pairs, READERS, most) as read,
        ):
            readable = self.readable(read, advance)
            for batch in same_sizes(readable, Ready.sizes, self.images_at_once):
                for one in self.compute(batch):
                    write(one)
                advance(len(batch))

    def read(self, pair: Pair) -> Ready | tuple[Pair, PixelwiseError]:
        """Read an image, in a thread; or why it cannot be read."""
        stamp = stamp_of(pair.image)
        try:
            image, _ = self.images.read(pair.image)
            inputs = self.predictor.inputs_of(image, str(pair.image))
            return Ready(pair, stamp, image.shape[:2], inputs)
        except DatasetError as error:
            return pair, error if self.config.images is None else as_of_run(error, self.images)

    def readable(
        self, images: Iterable[Ready | tuple[Pair, PixelwiseError]], advance: Callable[[int], None]
    ) -> Iterator[Ready]:
        """The images that can be read; of the others it is noted that they have failed."""
        for one in images:
            match one:
                case Ready(pair=pair):
                    self.begun.forget(pair.id)
                    yield one
                case pair, error:
                    self.begun.forget(pair.id)
                    self.failed[pair.id] = error
                    advance(1)

    def images_at_once(self, one: Ready) -> int:
        """How many images of the size of this one go through the network together."""
        if self.config.batch is not None:
            return self.config.batch
        pixels = 0 if self.device.type == "cpu" else GPU_BATCH_PIXELS
        return max(1, min(MOST_AHEAD, pixels // max(image[0].numel() for image in one.inputs)))

    @torch.no_grad()
    def compute(self, batch: list[Ready]) -> list[Computed]:
        """The labels of images of one size; those that cannot be predicted alone are left out."""
        size = height, width = batch[0].size
        inputs = [torch.stack(images) for images in zip(*(one.inputs for one in batch))]
        on_gpu = self.device.type == "cuda"
        try:
            inputs = [images.pin_memory() for images in inputs] if on_gpu else inputs
            moved = [images.to(self.device, non_blocking=True) for images in inputs]
            logits = self.predictor.logits_of(moved)
            threshold = self.config.thresholds or self.config.threshold
            sure = None
            if self.asked is None:
                labels = self.predictor.labels_of(logits, size, threshold)
            else:
                made = size, self.predictor.activation, threshold, self.asked
                labels, sure = labels_and_bytes(logits, *made)
            # of +inf and -inf too, so that this only suspects
            suspects = logits.flatten(1).sum(1, dtype=compute_dtype(logits.dtype)).isnan()
        except torch.OutOfMemoryError:
            event = f"out of GPU memory for an image of {height}x{width}"
        else:
            host, suspects = (t.to("cpu", non_blocking=True) for t in (labels, suspects))
            sures = [None] * len(batch) if sure is None else sure.to("cpu", non_blocking=True)
            copied = torch.cuda.current_stream(self.device).record_event() if on_gpu else None
            return [
                Computed(one.pair, one.stamp, own, label, suspect, copied, bytes_of, expected)
                for one, own, label, suspect, bytes_of, expected in zip(
                    batch, logits.split(1), host, suspects, sures, self.expected(logits, labels)
                )
                if self.count(one.pair, own)
            ]
        torch.cuda.empty_cache()
        if len(batch) > 1:
            return [found for one in batch for found in self.compute([one])]
        hint = f"Use {setting('device', 'cpu')}."
        image = batch[0].pair.image
        self.failed[batch[0].pair.id] = DatasetError(image, "image", event=event, hint=hint)
        return []

    def expected(self, logits: Tensor, labels: Tensor) -> Iterator[Expected | None]:
        """The expected sums of each image, if they are asked for."""
        for own, label in zip(logits.split(1), labels.split(1)):
            wanted = self.asked is not None and self.asked.expects and not bool(own.isnan().any())
            about = self.predictor.activation, self.asked.temperature if self.asked else 1.0
            yield expected_sums(own, label, *about) if wanted else None

    def count(self, pair: Pair, logits: Tensor) -> bool:
        """Count the probabilities of an image if that is asked for; False if it has failed."""
        if not self.config.calibration:
            return True
        try:
            check_no_nan(str(pair.image), logits)
            self.counts += calibration.count_probabilities(
                logits, pair, self.classes, self.predictor.activation
            )
        except (LabelError, ArgumentError) as error:
            self.failed[pair.id] = error
        return pair.id not in self.failed

    def write(self, before: Future | None, one: Computed) -> None:
        """Write a label image, in a thread; it is done after the one before it.

        Raises:
            RunError: the file system refuses.
        """
        pair, error, note = one.pair, None, None
        if one.copied is not None:
            one.copied.synchronize()
        try:
            if one.suspect:
                check_no_nan(str(pair.image), one.logits)
            folder = self.begun.folder
            label: Any = apply_steps(one.label.numpy(), self.steps, self.classes)
            if self.asked is not None and one.sure is not None:
                file = self.asked, folder, pair, label.shape, self.classes, self.config.format
                with beside_label(*file) as beside:
                    label = beside.take(label, one.sure.numpy(), one.expected)
                note = beside.sums.as_lists()
            if self.config.format == "tiff":
                asked = label.shape[-2:], self.classes, self.config.format
                with label_files(folder, pair.image, pair.id, *asked) as write:
                    write(label)
            elif self.classes.files:
                write_members(folder, pair.id, label, self.classes)
            else:
                stored = self.classes.to_stored(label)
                write_label(folder / f"{pair.id}.png", stored, self.classes)
        except (ArgumentError, LabelError) as found:
            error = self.failed[pair.id] = found
        finally:  # also after an error, so that whoever comes next is behind all before this one
            if before is not None:
                wait([before])
        if error is None:
            self.journal.add(pair.id, one.stamp, note)
