"""mmsegmentation: a loss for the registry MODELS, a metric for METRICS, a head without a resize.

    custom_imports = dict(imports=["pixelwise.integrate.mmseg"])
    loss_decode = dict(type="PixelwiseLoss", loss="ce + dice", num_classes=19)
    val_evaluator = dict(type="PixelwiseIoU")

Both are registered when this module is imported by mmengine, or by `register`.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, check_range
from pixelwise.integrate.host import classes_on_hosts, host
from pixelwise.integrate.inputs import (
    CheckedLoss,
    as_counts_of_images,
    counts_of_images,
    refuse_channels,
    scores_of_images,
)
from pixelwise.losses.options import Factors
from pixelwise.losses.table import criterion
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.ops.predict import confusion_matrix


class PixelwiseLoss(CheckedLoss):
    """A loss for `loss_decode` of a head.

    loss_weight · criterion(seg_logit, seg_label), over valid pixels

    Args:
        loss: of which terms, as in criterion: "ce + 0.5 * dice".
        num_classes: C of the head.
        class_weights: factor of each class, or None.
        ignore_index: of the head; void.
        loss_weight: factor of this loss, >= 0.
        loss_name: begins with "loss_": only such losses are differentiated.
    Raises:
        ArgumentError: another name, a negative weight, and as criterion.
    """

    def __init__(
        self,
        loss: str,
        num_classes: int,
        class_weights: Factors = None,
        ignore_index: int = 255,
        loss_weight: float = 1.0,
        loss_name: str = "loss_pixelwise",
    ) -> None:
        made = criterion(
            loss,
            num_classes=num_classes,
            class_weights=class_weights,
            ignore_index=ignore_index,
            upsample="bilinear",
        )
        super().__init__(made)
        check_range("PixelwiseLoss", "loss_weight", loss_weight, low=0)
        if not loss_name.startswith("loss_"):
            must = 'a name that begins with "loss_", the only ones that are differentiated'
            raise ArgumentError("PixelwiseLoss", "loss_name", must=must, got=loss_name)
        self.ignore_index, self.loss_weight, self.loss_name = ignore_index, loss_weight, loss_name

    def forward(
        self,
        seg_logit: Tensor,
        seg_label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            seg_logit: (N, C, h, w), at the size of the label or smaller.
            seg_label: (N, H, W) class indices.
            weight: (N, H, W) factor of each pixel, of a sampler, or None.
            ignore_index: of the head, that of this loss.
            avg_factor: None: the mean is over valid pixels.
            reduction_override: None or "mean".
        Raises:
            ArgumentError, ArgumentTypeError: another ignore_index, avg_factor or reduction, a
                one-hot label, probabilities, and as Criterion.
        """
        where = "PixelwiseLoss"
        if ignore_index != self.ignore_index:
            hint = f"Give the loss ignore_index={ignore_index} as well."
            must, got = f"{self.ignore_index}, as this loss was made", ignore_index
            raise ArgumentError(where, "ignore_index", must=must, got=got, hint=hint)
        if avg_factor is not None:
            must = "None: the mean is over valid pixels"
            raise ArgumentError(where, "avg_factor", must=must, got=avg_factor)
        check_choice(where, "reduction_override", reduction_override, (None, "mean"))
        refuse_channels(where, seg_label, seg_logit.dim(), seg_logit.shape[1])
        self.check(seg_logit)
        return self.loss_weight * self.criterion(seg_logit, seg_label, weight)


class NativeStride:
    """A head whose losses take logits at its own stride, to be mixed in before its class.

    class Head(NativeStride, FCNHead): ...

    The resize to the label's size is inside the loss, so no tensor of N·C·H·W elements exists. All
    losses of the head have to be PixelwiseLoss.
    """

    def loss_by_feat(self: Any, seg_logits: Tensor, batch_data_samples: Any) -> dict[str, Tensor]:
        """Losses by name, and acc_seg, the pixel accuracy in percent.

        Args:
            seg_logits: (N, C, h, w).
            batch_data_samples: as the head's own method takes them.
        Raises:
            ArgumentError: align_corners, which interpolates otherwise, or a pixel sampler, which
                needs logits at full size.
            ArgumentTypeError: another loss.
        """
        where = type(self).__name__
        if self.align_corners:
            raise ArgumentError(where, "align_corners", must="False", got=True)
        if self.sampler is not None:
            got = type(self.sampler).__name__
            raise ArgumentError(where, "sampler", must="None at native stride", got=got)
        label = self._stack_batch_gt(batch_data_samples).squeeze(1)
        several = isinstance(self.loss_decode, nn.ModuleList)
        losses: dict[str, Tensor] = {}
        for one in self.loss_decode if several else [self.loss_decode]:
            if not isinstance(one, PixelwiseLoss):
                got = type(one).__name__
                raise ArgumentTypeError(where, "loss_decode", must="PixelwiseLoss", got=got)
            value = one(seg_logits, label, ignore_index=self.ignore_index)
            losses[one.loss_name] = losses.get(one.loss_name, 0) + value
        with torch.no_grad():
            activation = one.criterion.activation
            counts = confusion_matrix(seg_logits, label, activation, ignore_index=self.ignore_index)
            losses["acc_seg"] = 100 * counts.trace() / counts.sum().clamp(min=1)
        return losses


class _PixelwiseIoU:
    """Scores of all images, as a BaseMetric of mmengine.

    mean_iou by the convention, pixel_accuracy, mean_accuracy and iou_NAME, 0..1

    The result of an image is its counts, so ranks are put together exactly, without the images that
    were repeated. Labels are taken as they come: reduce_zero_label has been applied when they were
    loaded.

    Args:
        ignore_index: ignored target value.
        convention: a name in CONVENTIONS.
        options: those of BaseMetric: collect_device, prefix, collect_dir.
    Raises:
        MissingPackageError: mmengine is not installed.
        ArgumentError: unknown convention.
    Absent classes: what the convention says.
    """

    default_prefix = "pixelwise"

    def __init__(
        self: Any, ignore_index: int = 255, convention: Convention = "present", **options: Any
    ) -> None:
        super().__init__(**options)
        check_choice("PixelwiseIoU", "convention", convention, CONVENTIONS)
        self.ignore_index, self.convention = ignore_index, convention

    def process(self: Any, data_batch: Any, data_samples: Sequence[Any]) -> None:  # noqa: ARG002
        """Count the pixels of a batch.

        Args:
            data_batch: what the loader gave; not used.
            data_samples: for each image pred_sem_seg and gt_sem_seg, each with data (1, H, W).
        """
        where, classes = "PixelwiseIoU", len(self._names())
        for sample in data_samples:
            pred, target = (sample[key]["data"] for key in ("pred_sem_seg", "gt_sem_seg"))
            rows = counts_of_images(where, pred, target, classes, self.ignore_index)
            self.results.append(rows[0].cpu().numpy())

    def compute_metrics(self: Any, results: Sequence[np.ndarray]) -> dict[str, float]:
        """The scores of all images by name.

        Args:
            results: counts (C, C) of each image.
        """
        images = as_counts_of_images(np.stack(results)) if results else []
        return scores_of_images(images, self._names(), self.convention)

    def _names(self: Any) -> list[str]:
        meta = self.dataset_meta or {}
        if not meta.get("classes"):
            must, got = "given in dataset_meta", "none"
            raise ArgumentError("PixelwiseIoU", "classes", must=must, got=got)
        return list(meta["classes"])


_on_host = classes_on_hosts(
    globals(), {"PixelwiseIoU": (_PixelwiseIoU, "mmengine.evaluator:BaseMetric")}
)


def __getattr__(name: str) -> Any:
    return _on_host(name)


def register() -> None:
    """Make PixelwiseLoss and PixelwiseIoU known to configs, once.

    mmsegmentation's registries look in those of mmengine.

    Raises:
        MissingPackageError: mmengine is not installed.
    """
    registry = host("register", "mmengine.registry")
    entries = (registry.MODELS, PixelwiseLoss), (registry.METRICS, _on_host("PixelwiseIoU"))
    for found, entry in entries:
        if entry.__name__ not in found.module_dict:
            found.register_module(module=entry)


if "mmengine" in sys.modules:  # custom_imports of a config
    register()
