"""Lightning: steps whose loss is that of the whole batch, on any number of ranks and in parts.

class Streets(ExactSteps, lightning.LightningModule):
    def __init__(self, network):
        super().__init__(pw.criterion("ce + dice", 19, upsample="bilinear"), 19, accumulate=4)
        self.network = network

    def forward(self, image):
        return self.network(image)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data.distributed import DistributedSampler

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.integrate.accumulate import gradient_in_parts
from pixelwise.integrate.inputs import CheckedLoss, as_counts_of_images, counts_of_images
from pixelwise.losses.criterion import Criterion
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import mean_iou
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.plan.parts import check_sums
from pixelwise.ranks.distributed import add_over_ranks, sum_over_ranks
from pixelwise.ranks.rank_stats import loss_over_ranks

WHERE = "ExactSteps"


class ExactSteps:
    """Training and validation steps, to be mixed into a LightningModule before its other base.

    loss = criterion(logits of all images of all ranks and parts, their targets)

    A batch is (image, target); `unpack` may be overridden for another form. The mean IoU of all
    validation images is logged as "val_mean_iou", and `val_counts` has the counts behind it.

    With accumulate > 1 each batch of the loader is computed in so many parts, to take less memory,
    and still is one step of the one optimizer: optimisation is manual then, and schedulers are
    stepped here. BatchNorm normalises each part by itself.

    Args:
        criterion: the loss; with accumulate > 1 all its terms have to be formulas on sums.
        num_classes: C; 2 for one sigmoid channel.
        accumulate: parts of a batch, >= 1.
        convention: of "val_mean_iou", a name in CONVENTIONS.
        others: what the other bases take.
    Raises:
        ArgumentError, ArgumentTypeError: no Criterion, a term that is not a formula on sums, an
            unknown convention.
    """

    def __init__(
        self: Any,
        criterion: Criterion,
        num_classes: int,
        accumulate: int = 1,
        convention: Convention = "present",
        **others: Any,
    ) -> None:
        super().__init__(**others)
        check_range(WHERE, "accumulate", accumulate, low=1)
        check_choice(WHERE, "convention", convention, CONVENTIONS)
        self.checked = CheckedLoss(criterion)
        check_sums(WHERE, accumulate, criterion)
        self.num_classes, self.accumulate, self.convention = num_classes, accumulate, convention
        self.automatic_optimization = accumulate == 1
        self.val_counts = ConfusionCounts.zero(num_classes)
        self._start_counts()

    @property
    def criterion(self: Any) -> Criterion:
        """The loss."""
        return self.checked.criterion

    def unpack(self, batch: Any) -> tuple[Tensor, Tensor]:
        """(image (N, ...), target (N, *S)) of what a loader gives."""
        image, target = batch
        return image, target

    def training_step(self: Any, batch: Any, batch_idx: int) -> Tensor:
        """The loss of a batch; with accumulate > 1 its gradient and the step as well."""
        image, target = self.unpack(batch)
        if self.accumulate == 1:
            logits = self._logits(image)
            loss = loss_over_ranks(self.criterion, logits, target)
        else:
            loss = self._step_in_parts(image, target, batch_idx)
        self.log("train_loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """Count the pixels of a batch."""
        image, target = self.unpack(batch)
        ignored, activation = self.criterion.ignore_index, self.criterion.activation
        rows = counts_of_images(WHERE, self(image), target, self.num_classes, ignored, activation)
        matrix = rows.sum(0)
        self._matrix = matrix if self._matrix is None else self._matrix + matrix
        self._numbers[0] += target.numel()
        self._numbers[1] += len(rows)
        if self.convention == "per_image":
            scores = [mean_iou(counts) for counts in as_counts_of_images(rows)]
            self._numbers[2] += float(np.nansum(scores))
            self._numbers[3] += int(np.count_nonzero(~np.isnan(scores)))

    def on_validation_epoch_start(self: Any) -> None:
        """Start counting anew.

        Raises:
            ArgumentError: a sampler repeats or leaves out images to make the ranks equal.
        """
        refuse_repeats(self.trainer.val_dataloaders)
        self._start_counts()

    def on_validation_epoch_end(self: Any) -> None:
        """Add the counts of all ranks, and log the mean IoU.

        Raises:
            ArgumentError: a target on a GPU was neither a class nor ignored.
        """
        if self.device.type == "cuda":
            raise_if_unknown()
        square = self.num_classes, self.num_classes
        own = self._matrix
        if own is None:  # a rank without images adds nothing
            own = torch.zeros(square, dtype=torch.int64, device=self.device)
        matrix = sum_over_ranks(own).cpu().numpy()
        pixels, images, total, scored = add_over_ranks(self._numbers, self.device)
        self.val_counts = ConfusionCounts(matrix, int(pixels) - int(matrix.sum()), int(images))
        if self.convention == "per_image":
            value = total / scored if scored else float("nan")
        else:
            value = mean_iou(self.val_counts, self.convention)
        self.log("val_mean_iou", value, prog_bar=True)

    def on_fit_start(self: Any) -> None:
        """Look at what configure_optimizers gave.

        Raises:
            ArgumentError: several optimizers, or a scheduler that waits for a score, in parts.
        """
        if self.automatic_optimization:
            return
        if len(self.trainer.optimizers) != 1:
            got = f"{len(self.trainer.optimizers)} optimizers"
            raise ArgumentError(WHERE, "configure_optimizers", must="one, in parts", got=got)
        schedulers = [config.scheduler for config in self.trainer.lr_scheduler_configs]
        if any(isinstance(one, ReduceLROnPlateau) for one in schedulers):
            must = "without ReduceLROnPlateau, in parts"
            raise ArgumentError(WHERE, "configure_optimizers", must=must, got="one")

    def on_train_epoch_end(self: Any) -> None:
        """Step the schedulers of epochs, in parts.

        Raises:
            ArgumentError: a target on a GPU was neither a class nor ignored.
        """
        if self.device.type == "cuda":
            raise_if_unknown()
        self._step_schedulers("epoch", self.current_epoch)

    def _start_counts(self: Any) -> None:
        self._matrix = None  # no buffer: those are copied from the first rank to the others
        self._numbers = [0, 0, 0.0, 0]  # pixels, images, Σ score of an image, images with a score

    def _logits(self: Any, image: Tensor) -> Tensor:
        logits = self(image)
        self.checked.check(logits)
        return logits

    def _step_in_parts(self: Any, image: Tensor, target: Tensor, batch_idx: int) -> Tensor:
        optimizer = self.optimizers()
        optimizer.zero_grad()

        def backward(term: Tensor, last: bool) -> None:
            with optimizer.toggle_model(sync_grad=last):
                self.manual_backward(term)

        loss = gradient_in_parts(
            self.criterion,
            self._logits,
            image,
            target,
            parts=self.accumulate,
            channels=1 if self.criterion.activation == "sigmoid" else self.num_classes,
            backward=backward,
            buffers=list(self.buffers()),
        )
        optimizer.step()
        self._step_schedulers("step", batch_idx)
        return loss

    def _step_schedulers(self: Any, interval: str, index: int) -> None:
        if self.automatic_optimization:
            return
        for config in self.trainer.lr_scheduler_configs:
            if config.interval == interval and (index + 1) % config.frequency == 0:
                self.lr_scheduler_step(config.scheduler, None)


def refuse_repeats(loaders: Any) -> None:
    """Raise if a DistributedSampler repeats images, or leaves some out, to make ranks equal.

    Args:
        loaders: a DataLoader, or a collection of them.
    Raises:
        ArgumentError: it does, so that the score would not be that of the data set.
    """
    for loader in _flat(loaders):
        sampler = getattr(loader, "sampler", None)
        if isinstance(sampler, DistributedSampler):
            images, counted = len(sampler.dataset), sampler.total_size  # type: ignore[arg-type]
            if counted != images:
                hint = (
                    "Give each rank its own part, Subset(dataset, range(rank, len(dataset), world))"
                    ", with Trainer(use_distributed_sampler=False)."
                )
                must, got = f"each of {images} images once", f"{counted} on all ranks"
                raise ArgumentError(WHERE, "val_dataloaders", must=must, got=got, hint=hint)


def _flat(loaders: Any) -> Iterator[Any]:
    if isinstance(loaders, dict):
        loaders = list(loaders.values())
    if isinstance(loaders, Sequence):
        for one in loaders:
            yield from _flat(one)
    elif loaders is not None:
        yield loaders
