# Written by tests/write_stub.py (make stub) from the table of public names.
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Literal, overload

from pixelwise import metrics as metrics
from pixelwise.audit.config import AuditConfig as AuditConfig
from pixelwise.audit.findings import Finding as Finding
from pixelwise.audit.result import Audit as Audit
from pixelwise.audit.rules import RULES as RULES
from pixelwise.convert.config import ConvertConfig as ConvertConfig
from pixelwise.convert.report import ConvertReport as ConvertReport
from pixelwise.data.cut import Augmentation as Augmentation
from pixelwise.data.dataset import SegmentationDataset as SegmentationDataset
from pixelwise.demo.command import DemoConfig as DemoConfig
from pixelwise.demo.command import Lesson
from pixelwise.errors import MissingPackageError as MissingPackageError
from pixelwise.errors import PixelwiseError as PixelwiseError
from pixelwise.export.config import ExportConfig as ExportConfig
from pixelwise.export.manifest import Artefact as Artefact
from pixelwise.figures.figure import Figure as Figure
from pixelwise.init.config import InitConfig as InitConfig
from pixelwise.labels.classes import Classes as Classes
from pixelwise.labels.color import color_to_index as color_to_index
from pixelwise.labels.color import index_to_color as index_to_color
from pixelwise.labels.color import overlay as overlay
from pixelwise.labels.description import Description as Description
from pixelwise.labels.description import read_description as read_description
from pixelwise.labels.image import read_image as read_image
from pixelwise.labels.pairs import Pair as Pair
from pixelwise.labels.pairs import find_pairs as find_pairs
from pixelwise.labels.palettes import voc_colormap as voc_colormap
from pixelwise.labels.png import read_label as read_label
from pixelwise.labels.png import write_label as write_label
from pixelwise.labels.raster import Patch as Patch
from pixelwise.labels.rle import mask_to_rle as mask_to_rle
from pixelwise.labels.rle import rle_to_mask as rle_to_mask
from pixelwise.labels.shapes import Outline as Outline
from pixelwise.labels.shapes import polygons_to_label as polygons_to_label
from pixelwise.labels.tables.distinct import distinct_colormap as distinct_colormap
from pixelwise.logs.curves import Curves as Curves
from pixelwise.logs.curves import read_curves as read_curves
from pixelwise.logs.hooks import CheckpointSaved as CheckpointSaved
from pixelwise.logs.hooks import EpochDone as EpochDone
from pixelwise.logs.hooks import StepDone as StepDone
from pixelwise.losses.boundary import Boundary as Boundary
from pixelwise.losses.boundary import Hausdorff as Hausdorff
from pixelwise.losses.criterion import Criterion as Criterion
from pixelwise.losses.deep_supervision import DeepSupervision as DeepSupervision
from pixelwise.losses.hard_pixels import OHEM as OHEM
from pixelwise.losses.hard_pixels import TopK as TopK
from pixelwise.losses.lovasz import Lovasz as Lovasz
from pixelwise.losses.lovasz import LovaszHinge as LovaszHinge
from pixelwise.losses.mcc import MCC as MCC
from pixelwise.losses.pixel import BinaryCrossEntropy as BinaryCrossEntropy
from pixelwise.losses.pixel import CrossEntropy as CrossEntropy
from pixelwise.losses.pixel import Focal as Focal
from pixelwise.losses.pixel import Poly1 as Poly1
from pixelwise.losses.presets import PRESETS as PRESETS
from pixelwise.losses.region import Dice as Dice
from pixelwise.losses.region import FBeta as FBeta
from pixelwise.losses.region import GeneralizedDice as GeneralizedDice
from pixelwise.losses.region import Jaccard as Jaccard
from pixelwise.losses.region import Tversky as Tversky
from pixelwise.losses.skeleton import SoftCLDice as SoftCLDice
from pixelwise.losses.table import LOSSES as LOSSES
from pixelwise.losses.table import criterion as criterion
from pixelwise.losses.unified import FocalOfMean as FocalOfMean
from pixelwise.losses.unified import UnifiedFocal as UnifiedFocal
from pixelwise.metrics.confusion import ConfusionCounts as ConfusionCounts
from pixelwise.metrics.confusion import count_confusion as count_confusion
from pixelwise.metrics.means import CONVENTIONS as CONVENTIONS
from pixelwise.metrics.scores import classes_averaged as classes_averaged
from pixelwise.metrics.scores import dice as dice
from pixelwise.metrics.scores import f_beta as f_beta
from pixelwise.metrics.scores import frequency_weighted_iou as frequency_weighted_iou
from pixelwise.metrics.scores import iou as iou
from pixelwise.metrics.scores import mean_accuracy as mean_accuracy
from pixelwise.metrics.scores import mean_dice as mean_dice
from pixelwise.metrics.scores import mean_iou as mean_iou
from pixelwise.metrics.scores import pixel_accuracy as pixel_accuracy
from pixelwise.metrics.scores import precision as precision
from pixelwise.metrics.scores import recall as recall
from pixelwise.ops.activations import activate as activate
from pixelwise.ops.calibration import calibration_counts as calibration_counts
from pixelwise.ops.calibration import threshold_counts as threshold_counts
from pixelwise.ops.onehot import one_hot as one_hot
from pixelwise.ops.predict import confusion_matrix as confusion_matrix
from pixelwise.ops.predict import predict_label as predict_label
from pixelwise.ops.stats import PixelStats as PixelStats
from pixelwise.ops.stats import pixel_stats as pixel_stats
from pixelwise.ops.unknown import raise_if_unknown as raise_if_unknown
from pixelwise.pictures.layout import Shown as Shown
from pixelwise.pictures.show import show as show
from pixelwise.plan.config import TrainConfig as TrainConfig
from pixelwise.prediction.config import PredictConfig as PredictConfig
from pixelwise.prediction.predictor import Predictor as Predictor
from pixelwise.prediction.predictor import load_predictor as load_predictor
from pixelwise.ranks.rank_stats import stats_of_all_ranks as stats_of_all_ranks
from pixelwise.repair.command import fix as fix
from pixelwise.repair.result import Repaired as Repaired
from pixelwise.report.audit_page import audit_page as audit_page
from pixelwise.report.config import ReportConfig as ReportConfig
from pixelwise.run.dry_run import StepCost as StepCost
from pixelwise.run.dry_run import TrainingPlan as TrainingPlan
from pixelwise.run.trained import TrainedNetwork as TrainedNetwork
from pixelwise.run.trained import load_network as load_network
from pixelwise.score.compare import Comparison as Comparison
from pixelwise.score.config import ScoreConfig as ScoreConfig
from pixelwise.score.members import MultilabelScore as MultilabelScore
from pixelwise.score.record import Score as Score
from pixelwise.survey.statements import Survey as Survey
from pixelwise.weights.config import WeightsConfig as WeightsConfig
from pixelwise.weights.counts import LabelCounts as LabelCounts
from pixelwise.weights.counts import count_labels as count_labels
from pixelwise.weights.formulas import class_weights as class_weights
from pixelwise.weights.member_record import MemberWeights as MemberWeights
from pixelwise.weights.members import MemberLabelCounts as MemberLabelCounts
from pixelwise.weights.members import count_members as count_members
from pixelwise.weights.members import pos_weights as pos_weights
from pixelwise.weights.record import Weights as Weights

__version__: str

@overload
def audit(
    config: AuditConfig,
    executor: Executor | None = None,
    listed: int | None = 10000,
    progress: Callable[[int, int], None] | None = None,
) -> Audit: ...
@overload
def audit(
    data: str | Path | Description | None = None,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    image_prefix: str = "",
    image_suffix: str = "",
    label_prefix: str = "",
    label_suffix: str = "",
    quick: bool = False,
    deep: bool = False,
    html: str | Path | None = None,
    fix: str | Path | None = None,
    fix_rules: Sequence[str] = ("safe",),
    baseline: str | Path | None = None,
    write_baseline: str | Path | None = None,
    accept_rules: Sequence[str] = (),
    workers: int = 0,
    scheduler: str | None = None,
    max_gib: float | None = None,
    executor: Executor | None = None,
    listed: int | None = 10000,
    progress: Callable[[int, int], None] | None = None,
) -> Audit: ...
@overload
def convert(
    config: ConvertConfig,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConvertReport: ...
@overload
def convert(
    source: str | Path,
    *,
    format: Literal[
        "auto",
        "cityscapes",
        "cityscapes_ids",
        "labelme",
        "via",
        "supervisely",
        "coco_panoptic",
        "coco",
        "label_studio",
        "cvat",
        "array",
        "yolo",
        "masks",
        "color",
        "instances",
    ] = "auto",
    out: str | Path | None = None,
    images: str | Path | None = None,
    image_files: Literal["copy", "link", "none"] = "copy",
    classes: str | None = None,
    ignore: Sequence[str] = (),
    alias: Sequence[str] = (),
    background: str | None = None,
    task: Literal["multilabel"] | None = None,
    ignore_index: int | None = None,
    ignore_values: Sequence[int] = (),
    rule: Literal["center", "pillow", "coco"] = "center",
    order: Literal["file", "area", "z"] | None = None,
    unknown: Literal["error", "ignore", "skip", "nearest"] = "error",
    invalid: Literal["error", "skip"] = "error",
    boxes: bool = False,
    line_width: float = 10.0,
    storage: Literal["palette", "grey", "grey16"] = "palette",
    split: str | None = None,
    image_suffix: str = "",
    label_suffix: str = "",
    image_prefix: str = "",
    label_prefix: str = "",
    unpaired: Literal["error", "skip", "background"] = "error",
    bgr: bool = False,
    key: str | None = None,
    divisor: int = 0,
    sidecars: Sequence[str] = (),
    workers: int = 0,
    scheduler: str | None = None,
    max_gib: float | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConvertReport: ...
@overload
def demo(config: DemoConfig) -> Lesson: ...
@overload
def demo(
    *,
    out: str | Path = "demo",
    overwrite: bool = False,
    seed: int = 0,
    train: int = 96,
    val: int = 24,
    epochs: int = 26,
) -> Lesson: ...
@overload
def export(config: ExportConfig) -> Artefact: ...
@overload
def export(
    run: str | Path,
    *,
    format: Literal["onnx", "torch"] = "onnx",
    size: tuple[int, int] | None = None,
    any_size: bool = False,
    precision: Literal["fp32", "fp16", "int8"] = "fp32",
    threshold: float = 0.5,
    thresholds: Sequence[float] = (),
    thresholds_from: str | None = None,
    check: str = "",
    data: str | Path | None = None,
    tolerance: float = 0.0001,
    out: str | Path | None = None,
    overwrite: bool = False,
    trust: bool = False,
    max_gib: float | None = None,
) -> Artefact: ...
@overload
def init(config: InitConfig) -> Survey: ...
@overload
def init(
    folder: str | Path,
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    image_prefix: str | None = None,
    image_suffix: str | None = None,
    label_prefix: str | None = None,
    label_suffix: str | None = None,
    split_train: str | Path | None = None,
    split_val: str | Path | None = None,
    split_test: str | Path | None = None,
    unpaired: Literal["error", "skip"] | None = None,
    classes: str | None = None,
    ignore_values: Sequence[int | str] | None = None,
    foreground: int | None = None,
    task: Literal["multilabel"] | None = None,
    channels: Sequence[str] | None = None,
    bands: Sequence[int] | None = None,
    range: Sequence[float | str] | None = None,
    force: bool = False,
    accept_guesses: bool = False,
    max_gib: float | None = None,
) -> Survey: ...
@overload
def plan_training(config: TrainConfig) -> TrainingPlan: ...
@overload
def plan_training(
    data: str | Path | None = None,
    *,
    network: str = "fpn:tf_efficientnet_lite0",
    encoder_weights: Literal["auto", "imagenet", "offline", "none"] = "auto",
    start: str | Path | None = None,
    aux: float = 0.0,
    deep_supervision: bool = False,
    loss: str | None = None,
    class_weights: str = "none",
    zero: Literal["error", "zero", "max"] = "error",
    epochs: int = 20,
    batch: int = 8,
    accumulate: int = 1,
    lr: float = 0.001,
    encoder_lr_factor: float = 1.0,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    layer_decay: float = 1.0,
    freeze: Literal["none", "encoder"] = "none",
    weight_decay: float = 0.01,
    schedule: Literal["cosine", "poly", "constant"] = "cosine",
    warmup: float = 0.05,
    clip: float | None = 5.0,
    stop: Literal["none", "evidence"] = "none",
    stop_gain: float = 0.1,
    stop_window: int = 5,
    ema: float | None = None,
    scale: float = 1.0,
    crop: tuple[int, int] | None = None,
    scale_jitter: tuple[float, float] = (0.5, 2.0),
    flip: bool = True,
    color_jitter: float = 0.3,
    augment: str = "default",
    sample: Literal["uniform", "image-first", "class-first"] = "uniform",
    sample_share: float = 0.33,
    copy_paste: float = 0.0,
    paste_classes: Sequence[str] = (),
    more_data: Sequence[str] = (),
    train_split: str = "train",
    val_split: str = "val",
    tile: tuple[int, int] | None = None,
    overlap: float = 0.5,
    blend: Literal["gaussian", "equal"] = "gaussian",
    folds: int | None = None,
    fold_by: str = "",
    accept_guesses: bool = False,
    on_bad_image: Literal["error", "skip"] = "error",
    seed: int = 0,
    workers: int = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    devices: int = 1,
    sync_bn: Literal["auto", "yes", "no"] = "auto",
    compile: bool = False,
    precision: Literal["32", "bf16-mixed", "16-mixed"] = "32",
    max_gib: float | None = None,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    log_every: int = 10,
    log: Sequence[Literal["tensorboard", "wandb", "mlflow"]] = (),
    resume: str | Path | None = None,
    plan: bool = False,
    trust: bool = False,
) -> TrainingPlan: ...
@overload
def predict(config: PredictConfig) -> Path: ...
@overload
def predict(
    run: str | Path | Sequence[str | Path],
    *,
    split: str | None = None,
    data: str | Path | None = None,
    images: str | Path | None = None,
    image_prefix: str = "",
    image_suffix: str = "",
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    out: str | Path | None = None,
    overwrite: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    batch: int | None = None,
    trust: bool = False,
    max_gib: float | None = None,
    threshold: float = 0.5,
    thresholds: Sequence[float] = (),
    thresholds_from: str | None = None,
    format: Literal["png", "tiff"] = "png",
    post: Sequence[str] = (),
    calibration: bool = False,
    tile: tuple[int, int] | None = None,
    overlap: float = 0.5,
    blend: Literal["gaussian", "equal"] = "gaussian",
    confidence: Literal["max", "margin"] | None = None,
    temperature: float | Literal["auto"] = 1.0,
    unsure: Sequence[float] = (),
    expect: bool = False,
    dataset: bool = False,
) -> Path: ...
@overload
def report(config: ReportConfig) -> Path: ...
@overload
def report(
    source: str | Path,
    *,
    out: str | Path | None = None,
    compare: Sequence[str | Path] = (),
    worst: int = 8,
    best: int = 4,
    assets: bool = False,
    serve: bool = False,
    port: int = 8765,
    max_gib: float | None = None,
) -> Path: ...
@overload
def score(
    config: ScoreConfig,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Score | Comparison | MultilabelScore: ...
@overload
def score(
    predictions: str | Path,
    versus: str | Path | None = None,
    *,
    data: str | Path | None = None,
    split: str | None = None,
    accept_guesses: bool = False,
    labels: str | Path | None = None,
    images: str | Path | None = None,
    classes: str | None = None,
    prediction_prefix: str = "",
    prediction_suffix: str = "",
    label_prefix: str = "",
    label_suffix: str = "",
    image_prefix: str = "",
    image_suffix: str = "",
    convention: Literal[
        "present", "target", "absent_as_zero", "absent_as_one", "micro", "weighted", "per_image"
    ] = "present",
    like: Literal[
        "mmseg", "hf", "torchmetrics", "smp", "monai", "ultralytics", "cityscapes", "nnunet"
    ]
    | None = None,
    all: bool = False,
    boundary: bool = False,
    out: str | Path | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    max_gib: float | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Score | Comparison | MultilabelScore: ...
@overload
def train(
    config: TrainConfig,
    on_step: Callable[[StepDone], object] | None = None,
    on_epoch: Callable[[EpochDone], object] | None = None,
    on_checkpoint: Callable[[CheckpointSaved], object] | None = None,
) -> Path: ...
@overload
def train(
    data: str | Path | None = None,
    *,
    network: str = "fpn:tf_efficientnet_lite0",
    encoder_weights: Literal["auto", "imagenet", "offline", "none"] = "auto",
    start: str | Path | None = None,
    aux: float = 0.0,
    deep_supervision: bool = False,
    loss: str | None = None,
    class_weights: str = "none",
    zero: Literal["error", "zero", "max"] = "error",
    epochs: int = 20,
    batch: int = 8,
    accumulate: int = 1,
    lr: float = 0.001,
    encoder_lr_factor: float = 1.0,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    layer_decay: float = 1.0,
    freeze: Literal["none", "encoder"] = "none",
    weight_decay: float = 0.01,
    schedule: Literal["cosine", "poly", "constant"] = "cosine",
    warmup: float = 0.05,
    clip: float | None = 5.0,
    stop: Literal["none", "evidence"] = "none",
    stop_gain: float = 0.1,
    stop_window: int = 5,
    ema: float | None = None,
    scale: float = 1.0,
    crop: tuple[int, int] | None = None,
    scale_jitter: tuple[float, float] = (0.5, 2.0),
    flip: bool = True,
    color_jitter: float = 0.3,
    augment: str = "default",
    sample: Literal["uniform", "image-first", "class-first"] = "uniform",
    sample_share: float = 0.33,
    copy_paste: float = 0.0,
    paste_classes: Sequence[str] = (),
    more_data: Sequence[str] = (),
    train_split: str = "train",
    val_split: str = "val",
    tile: tuple[int, int] | None = None,
    overlap: float = 0.5,
    blend: Literal["gaussian", "equal"] = "gaussian",
    folds: int | None = None,
    fold_by: str = "",
    accept_guesses: bool = False,
    on_bad_image: Literal["error", "skip"] = "error",
    seed: int = 0,
    workers: int = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    devices: int = 1,
    sync_bn: Literal["auto", "yes", "no"] = "auto",
    compile: bool = False,
    precision: Literal["32", "bf16-mixed", "16-mixed"] = "32",
    max_gib: float | None = None,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    log_every: int = 10,
    log: Sequence[Literal["tensorboard", "wandb", "mlflow"]] = (),
    resume: str | Path | None = None,
    plan: bool = False,
    trust: bool = False,
    on_step: Callable[[StepDone], object] | None = None,
    on_epoch: Callable[[EpochDone], object] | None = None,
    on_checkpoint: Callable[[CheckpointSaved], object] | None = None,
) -> Path: ...
@overload
def weights(
    config: WeightsConfig,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Weights | MemberWeights: ...
@overload
def weights(
    data: str | Path,
    *,
    method: Literal["inverse", "median_frequency", "enet", "effective_number", "pos_weight"]
    | None = None,
    zero: Literal["error", "zero", "max"] = "error",
    beta: float | None = None,
    split: str = "train",
    accept_guesses: bool = False,
    out: str | Path | None = None,
    html: str | Path | None = None,
    drop_background: float | None = None,
    keep_list: str | Path | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    max_gib: float | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Weights | MemberWeights: ...
