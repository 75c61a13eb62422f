"""The command `export`: a trained network becomes an artefact with a certificate."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.headers import read_start
from pixelwise.errors import ArgumentError, DatasetError, RunError, setting
from pixelwise.export.certificate import Compared, target_of
from pixelwise.export.config import NO_CHECK, ExportConfig
from pixelwise.export.formats import EXPORTS, INPUT, OUTPUT, Model
from pixelwise.export.golden import draw_golden, write_golden, write_golden_label
from pixelwise.export.manifest import (
    FILE,
    GOLDEN_LABEL,
    Artefact,
    Certificate,
    Contract,
    Manifest,
    stored_values,
)
from pixelwise.export.network import Deployed, Size
from pixelwise.export.quantize import evenly, quantize
from pixelwise.export.serving import FILE as TRITON
from pixelwise.export.serving import triton_config
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import (
    GIB,
    MAX_BYTES,
    Unreadable,
    how_to_allow,
    max_unpacked,
    read_file,
)
from pixelwise.files.folder import check_free, remove_leftovers, staged_folder
from pixelwise.files.lock import locked
from pixelwise.files.names import real_path
from pixelwise.files.results import made_by, write_json
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.pairs import Pair
from pixelwise.networks.licenses import license_of_first_weights
from pixelwise.plan.splits import labelled_pairs
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.images import check_classes, images_of
from pixelwise.prediction.members import Members
from pixelwise.prediction.predict import check_thresholds
from pixelwise.prediction.thresholds import with_thresholds
from pixelwise.progress import Display
from pixelwise.run.checkpoint import BEST, LAST, WEIGHTS, Checkpoint, find_checkpoint
from pixelwise.run.run_folder import saved_config
from pixelwise.run.trained import TrainedNetwork, trained_network
from pixelwise.score.compare import Difference, numbers
from pixelwise.settings import command_line, takes_settings
from pixelwise.sums import ahead
from pixelwise.text import plural, some

READERS = 2
ANY_SIZE_EXAMPLE = (128, 160)
GOLDEN_TOLERANCE = 0.001  # of pixels: processors sum in other orders


@dataclass(frozen=True)
class CheckSplit:
    """What an artefact is compared on."""

    data: str
    split: str
    pairs: list[Pair]
    classes: Classes
    images: ImageKind


@takes_settings(ExportConfig)
def export(config: ExportConfig) -> Artefact:
    """Make a trained network one file that takes an image and gives its label image.

    samples of an image -> resizing of training, normalisation, network, upsampling, argmax or
    thresholds, stored values -> label image of the same size. The file is run over a split and
    compared with the network, pixel by pixel.

    Args:
        config: which run, in which format and precision, for images of which size; or these
            settings as keywords, `export("runs/street-1", size=(360, 480))`.
    Returns:
        The folder and its manifest: model.onnx or model.pt2, manifest.json with the certificate,
        golden.png and its label, config.pbtxt of the Triton server, runner.py.
    Raises:
        PixelwiseError: no complete checkpoint; images of several sizes and none was asked for; an
            operator of the network that the format does not have.
        MissingPackageError: onnx, onnxscript or onnxruntime is not installed.
    """
    display = Display()
    checkpoint = find_checkpoint(config.run, (BEST, LAST), display.line)
    about, row = checkpoint.about, EXPORTS[config.format]
    folder = checkpoint.folder.parent
    out = config.out or folder / "export"
    hint = f"Give {setting('overwrite', True)} to replace it."
    # other programs have files called manifest.json
    check_free("export", out, hint, GOLDEN_LABEL if config.overwrite else None)
    for package in row.packages:
        import_module(package)
    asked = command_line(config)
    given = PredictConfig(
        *(config.run,),
        threshold=config.threshold,
        thresholds=config.thresholds,
        thresholds_from=config.thresholds_from,
        trust=config.trust,
    )
    members = Members((checkpoint,), checkpoint, folder)
    given, _ = with_thresholds(given, members, "cpu", display)
    check_thresholds("export", given, about.classes, about.task)
    thresholds = thresholds_of(given, checkpoint)
    check = None if config.check == NO_CHECK else check_split(config, checkpoint)
    size = choose_size(config, check)
    network = trained_network(checkpoint, config.trust)
    made = contract(network, size)
    pairs = [] if check is None else fitting_pairs(check, made)
    calibration = calibration_images(config, checkpoint, made)
    with locked(out, "export", display.line) as is_locked:
        if is_locked:
            remove_leftovers(out)
        with staged_folder(out) as staging:
            path = staging / row.file
            display.line(f"export: writing {row.file}")
            deployed = Deployed(network, size, thresholds, config.precision == "fp16")
            row.write(deployed, network.images, size or ANY_SIZE_EXAMPLE, path)
            if calibration:
                images = (network.images.read(pair.image)[0] for pair in calibration)
                quantize(path, map(planes, images))
            network = trained_network(checkpoint, config.trust)  # fp16 has changed the other one
            model = row.load(path)
            golden = draw_golden(network.images, size or ANY_SIZE_EXAMPLE)
            label = model(planes(golden))[0]
            write_golden_label(staging / GOLDEN_LABEL, label)
            files = [row.file, write_golden(staging, golden), GOLDEN_LABEL]
            run = (folder / "config.json").is_file()
            first = saved_config(folder).encoder_weights if run else "unknown"
            manifest = Manifest(
                **made_by(asked),
                format=config.format,
                precision=config.precision,
                contract=made,
                images=network.images,
                classes=about.classes,
                task=about.task,
                scale=about.scale,
                stored=stored_values(about.classes),
                thresholds=thresholds,
                network=about.network,
                checkpoint_sha256=about.sha256[WEIGHTS],
                epoch=about.epoch,
                first_weights=first,
                license=license_of_first_weights(about.network, first),
                calibration=len(calibration),
                versions={name: version(name) for name in row.packages},
                sha256={name: digest(staging / name) for name in files},
                golden_tolerance=GOLDEN_TOLERANCE,
                certificate=None,
            )
            if check is not None:
                differ = int((reference(network, golden, thresholds) != label).sum())
                found = certify(config, model, network, check, pairs, differ, thresholds, display)
                manifest = replace(manifest, certificate=found)
            write_json(staging / FILE, manifest)
            if config.format == "onnx":
                text = triton_config(made, len(about.classes))
                atomic_write(staging / TRITON, text.encode())
                atomic_write(staging / "runner.py", runner_source())
    return Artefact(out, manifest)


def runner_source() -> bytes:
    """The text of runner.py."""
    return read_file(Path(__file__).parent / "runner.py")


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(read_file(path, most=MAX_BYTES)).hexdigest()


def thresholds_of(config: PredictConfig, checkpoint: Checkpoint) -> tuple[float, ...]:
    """One for each sigmoid channel; () for a multiclass task."""
    about = checkpoint.about
    if about.task == "multiclass":
        return ()
    return config.thresholds or (config.threshold,) * about.num_channels


def contract(network: TrainedNetwork, size: Size | None) -> Contract:
    """What the artefact takes and gives.

    Raises:
        ArgumentError: images of the size take more memory than a file may.
    """
    check_memory(size, network.images)
    overlap = bool(network.classes.files)
    most = max(stored_values(network.classes))
    return Contract(
        input=INPUT,
        input_dtype=network.images.dtype,
        channels=len(network.images.channels),
        size=size,
        multiple=1 if size else 32,
        output=OUTPUT,
        output_dtype="uint8" if most <= 255 else "uint16",
        output_layout="NCHW" if overlap else "NHW",
    )


def check_split(config: ExportConfig, checkpoint: Checkpoint) -> CheckSplit:
    """The labelled pairs on which the artefact is compared.

    Raises:
        DatasetError: the dataset is not there, or has other classes or no labels.
    """
    about = checkpoint.about
    data, split = real_path(config.data or Path(about.dataset)), config.check or about.val_split
    try:
        description = read_description(data)
    except DatasetError as error:
        error.add_hint(f"Give {setting('data')}, or {setting('check', NO_CHECK)}.")
        raise
    check_classes(description, about)
    pairs, images = labelled_pairs(description, split), images_of(description, about.images)
    return CheckSplit(str(data), split, pairs, description.classes, images)


def choose_size(config: ExportConfig, check: CheckSplit | None) -> Size | None:
    """The size of the images; None: any.

    Raises:
        RunError: it was not asked for, and the images of the split have several.
    """
    if config.size is not None or config.any_size:
        return config.size
    ways = f"Give {setting('size')}, height and width,"
    if check is None:
        event = f"{setting('size')} must be given where there is no split to compare on"
        raise RunError("export", event=event, hint=f"{ways} of the images.")
    sizes = Counter(filter(None, map(size_of, check.pairs)))
    if len(sizes) != 1:
        shown = some([f"{h} x {w} ({n:,})" for (h, w), n in sizes.most_common()])
        event = f"the images of {check.split} have {plural(len(sizes), 'size')}: {shown}"
        hint = f"{ways} of the images that the artefact is for or {setting('any_size', True)}."
        raise RunError("export", event=event, hint=hint)
    return next(iter(sizes))


def check_memory(size: Size | None, images: ImageKind) -> None:
    """Raise unless an image of a size may be in memory.

    Raises:
        ArgumentError: it takes more than a file may.
    """
    height, width = size or ANY_SIZE_EXAMPLE
    need, limit = height * width * images.bytes_a_pixel, max_unpacked()
    if need > limit:
        must = f"that of images which take at most {limit / GIB:.3g} GiB"
        got = f"{height:,} x {width:,}, which takes {need / GIB:,.1f} GiB"
        raise ArgumentError("export", "size", must=must, got=got, hint=how_to_allow(need))


def size_of(pair: Pair) -> Size | None:
    """(height, width) of an image; None if it cannot be read, which is said later."""
    try:
        header = read_start(str(pair.image))
    except Unreadable:
        return None
    return header.height, header.width


def planes(image: NDArray[Any]) -> NDArray[Any]:
    """(H, W, C) -> (1, C, H, W)."""
    return np.ascontiguousarray(image.transpose(2, 0, 1))[None]


def reference(
    network: TrainedNetwork, image: NDArray[Any], thresholds: tuple[float, ...]
) -> NDArray[Any]:
    """What the artefact should give: the label of `predict`, in the values that it stores."""
    index = network.predict(image, thresholds or 0.5)
    return index if network.classes.files else network.classes.to_stored(index)


def calibration_images(config: ExportConfig, checkpoint: Checkpoint, made: Contract) -> list[Pair]:
    """Images of the train split, evenly spaced, for int8; none for other precisions.

    Raises:
        RunError: none has the size that the artefact takes.
    """
    if config.precision != "int8":
        return []
    description = read_description(real_path(config.data or Path(checkpoint.about.dataset)))
    path = checkpoint.folder.parent
    split = saved_config(path).train_split if (path / "config.json").is_file() else "train"
    pairs = [p for p in description.pairs(split) if (s := size_of(p)) and made.takes(s)]
    if not pairs:
        event = f"no image of {split}, on which int8 is calibrated, has the size of the artefact"
        raise RunError("export", event=event)
    return [pairs[i] for i in evenly(len(pairs))]


def fitting_pairs(check: CheckSplit, made: Contract) -> list[Pair]:
    """The pairs whose images an artefact takes; those that cannot be read are refused later.

    Raises:
        RunError: there are none.
    """
    pairs = [p for p in check.pairs if (size := size_of(p)) is None or made.takes(size)]
    if not pairs:
        event = f"no image of {check.split} has the size of the artefact"
        hint = f"Give another split, or {setting('check', NO_CHECK)}."
        raise RunError("export", event=event, hint=hint)
    return pairs


def certify(
    config: ExportConfig,
    model: Model,
    network: TrainedNetwork,
    check: CheckSplit,
    pairs: list[Pair],
    golden_differ: int,
    thresholds: tuple[float, ...],
    display: Display,
) -> Certificate:
    """Run the artefact over a split, and compare it with the network.

    Raises:
        DatasetError, LabelError: a pair cannot be read.
    """
    compared, classes = Compared(), check.classes
    display.start(len(pairs))
    with display, ahead(partial(read_pair, check=check), pairs, READERS, 2 * READERS) as read:
        for image, target in read:
            wanted = reference(network, image, thresholds)
            label = model(planes(image))[0]
            compared.add(wanted, label)
            own = network.classes
            if not own.files:
                wanted, label = (own.to_index(x) for x in (wanted, label))
            compared.score(target, wanted, label, classes)
            display.advance("comparing", 1)
    share = compared.differ / compared.pixels
    return Certificate(
        data=Path(check.data).name,  # an artefact goes to others
        split=check.split,
        images=len(pairs),
        left_out=len(check.pairs) - len(pairs),
        pixels=compared.pixels,
        differ=compared.differ,
        at_distance=tuple(compared.at_distance.tolist()),
        golden_differ=golden_differ,
        mean_iou=Difference(**numbers(compared.difference())),
        tolerance=config.tolerance,
        passed=share <= config.tolerance,
    )


def read_pair(pair: Pair, check: CheckSplit) -> tuple[NDArray[Any], NDArray[Any]]:
    """The samples of an image and its target."""
    image, _ = check.images.read(pair.image)
    return image, target_of(pair, check.classes, check.images.channels)
