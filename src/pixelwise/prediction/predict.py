"""Predict label images with a trained network: indexed PNGs in the dataset's stored values."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pixelwise.allocator import freed_memory_kept
from pixelwise.audit.headers import Header, read_start
from pixelwise.data.resize import STRIDE, network_size
from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    setting,
)
from pixelwise.files.content import Unreadable
from pixelwise.files.folder import (
    check_free,
    make_folder,
    part_of,
    remove,
    remove_leftovers,
)
from pixelwise.files.lock import locked
from pixelwise.files.names import check_names, real_path
from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.labels.bands.geotiff import check_geotiff
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, read_description
from pixelwise.labels.pairs import Pair
from pixelwise.labels.splits.names import folder_of_split, split_parts
from pixelwise.labels.storage_notes import count_kinds, storage_notes
from pixelwise.plan.bad_images import all_of
from pixelwise.prediction import calibration
from pixelwise.prediction.confidence import FOLDER as CONFIDENCE_FOLDER
from pixelwise.prediction.confidence import (
    Confidence,
    check_probabilities,
    confidence_for,
    make_confidence_folder,
    sums_in,
    write_confidence,
)
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.dataset import names_of, write_dataset
from pixelwise.prediction.images import check_classes, images_of
from pixelwise.prediction.label_files import SUFFIXES
from pixelwise.prediction.members import Members, find_members
from pixelwise.prediction.pipeline import Work, images_in_memory
from pixelwise.prediction.post import about_post, check_whole, with_post
from pixelwise.prediction.predictor import Predictor, predictor_of
from pixelwise.prediction.temperature import with_temperature
from pixelwise.prediction.thresholds import with_thresholds
from pixelwise.prediction.tiled import TiledWork
from pixelwise.prediction.unfinished import FILE as UNFINISHED
from pixelwise.prediction.unfinished import (
    Unfinished,
    finished,
    key_of,
    read_unfinished,
)
from pixelwise.progress import Display
from pixelwise.ranks.distributed import choose_device
from pixelwise.score.calibration import FILE as CALIBRATION_FILE
from pixelwise.score.calibration import calibration_of
from pixelwise.score.record import DataSplit
from pixelwise.score.thresholds import OPTIMISTIC
from pixelwise.settings import command_line, field_of, takes_settings
from pixelwise.survey.photographs import photographs
from pixelwise.text import plural, some
from pixelwise.tiles.grid import Tiling, tiling_of

FILE = "prediction.json"


@dataclass(frozen=True)
class Selection:
    """Which images are predicted, with which classes, where they are from and what they are."""

    pairs: list[Pair]
    classes: Classes
    data: str | None
    split: str | None
    name: str
    images: ImageKind
    task: str


@dataclass(frozen=True)
class Failure:
    """An image that could not be predicted, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Prediction:
    """A folder of predictions.

    Attributes:
        images: how many there were to predict.
        failed: those that could not be predicted.
    """

    folder: Path
    images: int
    failed: tuple[Failure, ...]

    def finding(self) -> str:
        """What exit code 1 is for; "" if every image was predicted."""
        if not self.failed:
            return ""
        return (
            f"predict: {len(self.failed):,} of {plural(self.images, 'image')} could not be "
            f"predicted: {some((one.reason for one in self.failed), separator='; ')}. "
            f"{self.folder / FILE} lists all. When they are repaired, the same command predicts "
            "them alone."
        )


@takes_settings(PredictConfig)
def predict(config: PredictConfig) -> Path:
    """Predict every image of a split or a folder, each by itself, at the image's own size.

    Images that cannot be predicted are left out with a warning, and listed in prediction.json. The
    same call predicts them when they are repaired, and goes on when it was interrupted.

    Args:
        config: which run, which images, which folder to make; or these settings as keywords,
            `predict("runs/street-1", split="test")`.
    Returns:
        The folder: one PNG per image under the image's id, in the dataset's stored values and
        palette, or one per class and image in a folder of the class if classes overlap;
        prediction.json, and calibration.json if asked for. It appears when all images have been
        tried.
    Raises:
        PixelwiseError: no complete checkpoint, other classes than the network's, no image that can
            be predicted, no label to calibrate against, or a folder that already has something in
            it.
    """
    found = predict_images(config)
    if found.failed:
        warnings.warn(found.finding(), stacklevel=3)
    return found.folder


@takes_settings(PredictConfig)
def predict_images(config: PredictConfig) -> Prediction:
    """Predict as `predict` does; images that could not be predicted are in the result."""
    device = choose_device("predict", config.device)
    display = Display()
    members = find_members(config, display.line)
    chosen = select_images(config, members)
    out = config.out or members.default_out(chosen.name)
    asked = command_line(config)
    tiling = tiles_of(config, members, display)
    check_whole(config, tiling)
    config, thresholds = with_thresholds(config, members, device, display, tiling)
    config, post = with_post(config, members, device, display)
    check_probabilities(config, chosen.classes)
    config, temperature = with_temperature(config, members, device, display, tiling)
    wanted = confidence_for(config, chosen.classes)
    with locked(out, "predict", display.line) as is_locked:
        if is_locked:
            remove_leftovers(out)
        suffix = SUFFIXES[config.format]
        check_names("predict", out, names_of(config, chosen.pairs, suffix))
        check_thresholds("predict", config, chosen.classes, members.first.about.task)
        if config.format == "tiff":
            check_geotiff()
        if config.calibration:
            calibration.check_labelled(chosen.pairs)
        begun = begin(out, config, members, chosen, tiling)
        about = {
            "command": asked,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **members.described(config),
            "data": chosen.data,
            "split": chosen.split,
            "images": len(chosen.pairs),
            "threshold": list(config.thresholds) or config.threshold,
            "tiles": to_plain(tiling),
            "format": config.format,
        }
        if wanted is not None:
            place = temperature and temperature.dataset
            about["confidence"] = {**wanted.of_record, "temperature_from": place}
        about |= about_post(config, post, DataSplit(chosen.data, chosen.split), display.line)
        if thresholds is not None:
            used = thresholds.as_used(DataSplit(chosen.data, chosen.split))
            about["thresholds_from"] = used
            if used["same_images"]:
                display.line(f"predict: {OPTIMISTIC}")
        with finished(begun, out, display), freed_memory_kept():
            predictor = predictor_of(members, device, config.trust)
            failed = predict_into(begun, config, chosen, predictor, tiling, wanted, display)
            write_json(begun.folder / FILE, {**about, "failed": failed})
            if not failed:
                (begun.folder / UNFINISHED).unlink(missing_ok=True)
    return Prediction(out, len(chosen.pairs), failed)


def tiles_of(config: PredictConfig, members: Members, display: Display) -> Tiling | None:
    """The tiles that are asked for, or else those with which the runs were scored.

    Raises:
        ArgumentError: the runs were scored with others, or an image is in several sizes.
    """
    found, whole = tiling_of(config), setting("tile", (0, 0))
    if config.tile is None and (scored := members.agreed("tiling")) is not None:
        found = scored
        display.line(f"predict: {found.text()}, as in training; whole images with --tile 0 0")
    if found is not None and len(members.image_scales) > 1:
        event = f"tiles are of images in one size, and here are {len(members.image_scales)}"
        raise ArgumentError("predict", event=event, hint=f"Whole images: {whole}.")
    if config.tile is not None and found is not None:
        (scale,) = members.image_scales
        height, width = network_size(found.tile, scale)
        if (height, width) != tuple(scale * side for side in found.tile):
            line = f"tiles are {height} x {width} at the network, the nearest multiples of {STRIDE}"
            display.line(f"predict: {line}")
    return found


def begin(
    out: Path,
    config: PredictConfig,
    members: Members,
    chosen: Selection,
    tiling: Tiling | None,
) -> Unfinished:
    """Where to write, and what is there already: a folder with failed images is completed.

    Anything else is done in a folder beside it, where an interrupted attempt of the same images is
    gone on with. Probabilities are counted while images are predicted, so with calibration all are.

    Raises:
        RunError: the folder has something else in it.
    """
    given: tuple[Any, ...] = (config.thresholds,) if config.thresholds else ()
    wanted = confidence_for(config, chosen.classes)
    given += () if wanted is None else (wanted,)
    bands = () if chosen.images.is_rgb else (chosen.images.channels,)
    networks, *views = members.key()
    tiles = () if tiling is None else (tiling,)
    steps = (config.post,) if config.post else ()
    options = (*given, *bands, *tiles, *views, *steps)
    key = key_of(*networks, chosen.classes, config.threshold, *options)
    place = str(config.images and real_path(config.images))
    files: tuple[str, ...] = () if config.format == "png" else (config.format,)
    files += ("dataset",) if config.dataset else ()
    # which of several images of an id it is
    named = config.image_prefix, config.image_suffix
    names = (named,) if any(named) else ()
    source = key_of(key, chosen.data, chosen.split, place, *files, *names)
    again = config.overwrite or config.calibration
    found = None if again else read_unfinished(out, source)
    if found is None:
        hint = f"Give {setting('overwrite', True)} to replace it."
        check_free("predict", out, hint, FILE if config.overwrite else None)
        part = part_of(out)
        if not part.is_symlink() and not config.calibration:
            found = read_unfinished(part, source)
        if found is None:
            remove(part)
            make_folder(part)
            found = Unfinished(part, source, {})
    found.parts = chosen.classes.files or found.parts
    found.suffix = SUFFIXES[config.format]
    if wanted is not None and wanted.written:
        found.parts += (CONFIDENCE_FOLDER,)
        make_confidence_folder(found.folder)
    found.remove_leftovers()
    found.forget_others(pair.id for pair in chosen.pairs)
    return found


def check_thresholds(where: str, config: PredictConfig, classes: Classes, task: str) -> None:
    """Raise unless the settings are for the task and for its classes, which overlap or do not.

    Raises:
        ArgumentError: naming the setting.
    """
    if config.calibration and classes.files:
        event = f"{setting('calibration')} takes one class a pixel, and these classes overlap"
        raise ArgumentError(where, event=event)
    if task == "multiclass" and config.threshold != field_of(PredictConfig, "threshold").default:
        must = "left out for a multiclass task, which has no thresholds"
        raise ArgumentError(where, "threshold", must=must, got=config.threshold)
    wanted = len(classes) if classes.files else 0
    if len(config.thresholds) not in (0, wanted):
        must = f"one for each of the {wanted} classes" if wanted else "given for a multilabel task"
        raise ArgumentError(where, "thresholds", must=must, got=config.thresholds)


def predict_into(
    begun: Unfinished,
    config: PredictConfig,
    chosen: Selection,
    predictor: Predictor,
    tiling: Tiling | None,
    wanted: Confidence | None,
    display: Display,
) -> tuple[Failure, ...]:
    """Predict the images that are not done yet; what could not be predicted and why.

    Raises:
        PixelwiseError: that is all of them.
        RunError: the file system refuses.
    """
    todo = [
        pair
        for pair in chosen.pairs
        if not begun.is_done(pair.id, pair.image)
        or (wanted is not None and sums_in(begun.notes.get(pair.id), chosen.classes) is None)
    ]
    if len(todo) < len(chosen.pairs):
        display.line(f"predict: going on; {len(todo):,} of {len(chosen.pairs):,} images are left")
    headers = headers_of(todo)
    if chosen.images.is_rgb:
        for note in storage_notes(count_kinds(headers), len(todo)):
            display.line(f"predict: {note}")
    display.start(len(todo))
    with begun.journal() as journal, display:
        work = Work(predictor, chosen.classes, config, journal, chosen.images, wanted)
        tiled = None if tiling is None else TiledWork(work, tiling)
        large = [pair for pair in todo if tiled is not None and tiled.takes(pair)]
        in_tiles = {pair.id for pair in large}
        others = [pair for pair in todo if pair.id not in in_tiles]
        bytes_a_pixel = chosen.images.bytes_a_pixel * predictor.pixels_a_pixel
        most = images_in_memory(headers, config.batch or 1, bytes_a_pixel)
        advance = partial(display.advance, "predicting")
        work.run(others, most, advance)
        for pair in large:
            assert tiled is not None  # it takes these
            tiled.run(pair, advance)
    failed = {pair.id: work.failed[pair.id] for pair in todo if pair.id in work.failed}
    if not begun.done:
        raise all_of("predict", list(failed.values()), "no image could be predicted", "")
    if config.calibration:
        counts = work.counts
        dataset, by = DataSplit(chosen.data, chosen.split), command_line(config)
        found = calibration_of(counts.confidence, counts.thresholds, config.threshold, dataset, by)
        write_json(begun.folder / CALIBRATION_FILE, found)
    done = [pair for pair in chosen.pairs if pair.id in begun.done]
    by = command_line(config)
    if wanted is not None:
        about = DataSplit(chosen.data, chosen.split), by
        notes = [(pair.id, begun.notes[pair.id]) for pair in done]
        write_confidence(begun.folder, notes, wanted, chosen.classes, *about)
    if config.dataset:
        channels = chosen.images.channels
        write_dataset(begun.folder, done, chosen.classes, chosen.task, channels, f"by {by}")
    return tuple(Failure(id, error.without_hint) for id, error in failed.items())


def headers_of(pairs: list[Pair]) -> list[Header]:
    """Headers of the images that have one; what is wrong with others is said when they are read."""
    headers = []
    for pair in pairs:
        with suppress(Unreadable):
            headers.append(read_start(str(pair.image)))
    return headers


def select_images(config: PredictConfig, members: Members) -> Selection:
    """The images that the settings name.

    Raises:
        ArgumentError: several networks, and neither a dataset nor a split that all have.
        DatasetError: the dataset has other classes than the network.
    """
    about = members.first.about
    if config.images is not None:
        pairs = photographs(config.images, config.image_prefix, config.image_suffix)
        name = real_path(config.images).name
        return Selection(pairs, about.classes, None, None, name, about.images, about.task)
    path = real_path(config.data or Path(members.agreed("dataset")))
    description = read_description(path)
    split = config.split or members.agreed("val_split")
    split_parts(split, description.splits, str(description.root / FILE_NAME), DatasetError)
    check_classes(description, about)
    pairs, folder = description.pairs(split), folder_of_split(split)
    images = images_of(description, about.images)
    task = description.task
    return Selection(pairs, description.classes, str(path), split, folder, images, task)
