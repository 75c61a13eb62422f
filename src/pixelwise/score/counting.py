"""Predicted label images beside their labels: which ones they are, and all counts. No torch."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path

from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    PairingError,
    RunError,
    check_choice,
    setting,
)
from pixelwise.files.affixes import NO_AFFIXES, Affixes, likely_affixes
from pixelwise.files.json_file import get
from pixelwise.files.names import real_path
from pixelwise.files.results import read_object
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, read_settled, without_overlap
from pixelwise.labels.pairs import Pair, complete_pairs, find_pairing
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.splits.names import folder_of_split
from pixelwise.legend.read import read_classes
from pixelwise.score.config import ScoreConfig
from pixelwise.score.one_image import ImageCounts, Item, count_item
from pixelwise.score.record import DataSplit
from pixelwise.sums import Progress, map_over
from pixelwise.text import plural, shell_line, some

# One takes milliseconds; a task takes a fraction of one to be handed over.
ITEMS_A_TASK = 16
# Files of fewer pixels are decoded in less time than Python needs for them, which threads share.
PIXELS_FOR_THREADS = 1 << 18
# Predictions in the formats that predict writes; of both, the last.
PREDICTED = (".tif", ".png")


@dataclass(frozen=True)
class ScoreInputs:
    """What is scored: items, their classes, and where they come from.

    Attributes:
        folders: one of predictions, or two that are compared.
        channels: of the images.
    """

    folders: tuple[Path, ...]
    items: list[Item]
    classes: Classes
    task: str
    dataset: DataSplit
    channels: Channels = RGB


@dataclass(frozen=True)
class Overlapping:
    """What is scored where classes overlap: folders with a folder of each class, and a split."""

    folders: tuple[Path, ...]
    description: Description
    dataset: DataSplit
    split: str


def count_items(
    inputs: ScoreInputs,
    config: ScoreConfig,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[tuple[ImageCounts, ...]]:
    """The counts of every image, one for each of its predictions, in the order of the items.

    Without an executor threads share large images; what comes out is the same.

    Raises:
        LabelError: as count_item.
    """
    count = partial(
        count_item,
        classes=inputs.classes,
        under_void=config.all or config.like is not None,
        boundary=config.boundary,
        channels=inputs.channels,
    )
    items = inputs.items
    spread = partial(map_over, fn=count, chunk=ITEMS_A_TASK, name=attrgetter("id"))
    if executor is not None or len(items) <= ITEMS_A_TASK:
        return list(spread(items, executor=executor, progress=progress))
    first = list(spread(items[:1], progress=_behind(progress, 0, len(items))))
    height, width = first[0][0].size
    with ExitStack() as at_end:
        if height * width >= PIXELS_FOR_THREADS:
            executor = ThreadPoolExecutor(os.cpu_count())
            at_end.callback(executor.shutdown, cancel_futures=True)
        shown = _behind(progress, len(first), len(items))
        return first + list(spread(items[1:], executor=executor, progress=shown))


def _behind(progress: Progress | None, done: int, total: int) -> Progress | None:
    """The progress of items that come after others of the same job."""
    return None if progress is None else lambda number, _: progress(done + number, total)


def find_inputs(config: ScoreConfig) -> ScoreInputs | Overlapping:
    """Pair predictions with labels, from a dataset or from bare folders.

    Raises:
        DatasetError: there is no such folder, or the split has no labels.
        PairingError: a label has no prediction, or two predictions are of different labels.
    """
    given = (config.predictions, config.versus)
    folders = tuple(prediction_folder(p, config.split) for p in given if p is not None)
    if config.labels is not None:
        items = bare_items(config, folders, config.labels)
        classes, task = find_classes(config, folders)
        return ScoreInputs(folders, items, classes, task, DataSplit(None, None))
    data, split = find_dataset(config, folders)
    description = read_settled(data, config.accept_guesses)
    description.parts(split)  # or there is no such split
    if description.task == MULTILABEL:
        return Overlapping(folders, description, DataSplit(str(data), split), split)
    items = predicted_items(description.pairs(split), folders, prediction_affixes(config))
    dataset = DataSplit(str(data), split)
    about = (description.classes, description.task, dataset, description.channels)
    return ScoreInputs(folders, items, *about)


def prediction_folder(predictions: Path, split: str | None) -> Path:
    """The folder of label images: itself, or of a run folder predictions/SPLIT in it.

    Without a split it is the one that the run was scored on, or else val.

    Raises:
        DatasetError: there is none.
    """
    folder = predictions
    if (predictions / "predictions").is_dir():
        names = [folder_of_split(name) for name in (split or scored_split(predictions), "val")]
        folders = [predictions / "predictions" / name for name in names[: 1 if split else 2]]
        folder = next(filter(Path.is_dir, folders), folders[0])
    if not folder.is_dir():
        got = f"no folder {folder}"
        raise DatasetError("score", "predictions", must="a folder of label images", got=got)
    return folder


def scored_split(run: Path) -> str:
    """The split that a run was scored on while it was trained; "val" if its folder does not say."""
    if (run / "folds.json").is_file():
        return get(str(run / "folds.json"), read_object(run / "folds.json"), "split", str)
    if not (run / "config.json").is_file():
        return "val"
    settings = read_object(run / "config.json").get("config")
    split = settings.get("val_split") if isinstance(settings, dict) else None
    return split if isinstance(split, str) else "val"


def not_predicted(folder: Path) -> RunError:
    """The error for a folder without prediction.json, and what to do with it."""
    if (folder / "config.json").is_file():
        hint = f"It is a run. Predict first: {shell_line(['pixelwise', 'predict', str(folder)])}"
    else:
        data, labels = setting("data"), setting("labels")
        hint = f"Say what these label images are scored against: give {data} or {labels}."
    must, got = "a folder that pixelwise predict made", f"{folder} with no prediction.json in it"
    return RunError("score", "predictions", must=must, got=got, hint=hint)


def find_dataset(config: ScoreConfig, folders: tuple[Path, ...]) -> tuple[Path, str]:
    """The dataset and split of the settings, or else of the prediction.json of every folder.

    Raises:
        RunError: there is no prediction.json.
        DatasetError: the images that were predicted are not those of a dataset.
        PairingError: two folders have different ones.
    """
    if config.data is not None:
        return real_path(config.data), config.split or "val"
    found = []
    for folder in folders:
        path = folder / "prediction.json"
        if not path.is_file():
            raise not_predicted(folder)
        about = read_object(path)
        data, split = (get(str(path), about, key, str, type(None)) for key in ("data", "split"))
        if data is None:
            labels, classes = setting("labels"), setting("classes")
            hint = f"They are of a bare folder of images: give {labels} and {classes}."
            raise DatasetError("score", "predictions", must="of a dataset", got="none", hint=hint)
        found.append((real_path(data), config.split or split or "val"))
    if found[0] != found[-1]:
        got = " and ".join(f"split {split} of {data}" for data, split in found)
        hint = f"Give {setting('data')} and {setting('split')} to score both on the same labels."
        raise PairingError("score", "predictions", must="of the same labels", got=got, hint=hint)
    return found[0]


def find_classes(config: ScoreConfig, folders: tuple[Path, ...]) -> tuple[Classes, str]:
    """Classes of a file, of a well-known name, or of the dataset that was predicted; the task.

    Raises:
        ArgumentError: none are given, and the predictions do not say of which dataset they are.
    """
    text = config.classes
    if text is None:
        data = next(filter(None, map(predicted_dataset, folders)), None)
        if data is None:
            event = f"{setting('labels')} need {setting('classes')}"
            hint = (
                f"Give a class file or a known dataset as {setting('classes')}: "
                f"{folders[0]} has no prediction.json that names a dataset."
            )
            raise ArgumentError("score", event=event, hint=hint)
        works = (
            "Predictions of a run, in a folder for each class, are scored without these settings."
        )
        settled = read_settled(data, config.accept_guesses)
        description = without_overlap(settled, f"score {setting('labels')}", works)
        return description.classes, description.task
    if text not in PALETTES and not Path(text).is_file():
        check_choice("score", "classes", text, [*PALETTES, "a file"])
    return read_classes(text), "multiclass"


def predicted_dataset(folder: Path) -> Path | None:
    """The dataset that prediction.json names, or else the one that its run was trained on."""
    path = folder / "prediction.json"
    if not path.is_file():
        return None
    about = read_object(path)
    data = get(str(path), about, "data", str, type(None))
    networks = get(str(path), about, "networks", list, type(None)) or [about]
    checkpoint = get(str(path), networks[0], "checkpoint", str, type(None))
    if data is None and checkpoint is not None:
        run = Path(checkpoint).parent / "config.json"
        trained = read_object(run).get("dataset") if run.is_file() else None
        data = trained.get("path") if isinstance(trained, dict) else None
    return Path(data) if isinstance(data, str) else None


def prediction_affixes(config: ScoreConfig) -> Affixes:
    """What stands around the ids in the names of predictions."""
    return Affixes(config.prediction_prefix, config.prediction_suffix)


def bare_items(config: ScoreConfig, folders: tuple[Path, ...], labels: Path) -> list[Item]:
    """Predictions and labels of the same ids, and images if there is a folder of them.

    Raises:
        PairingError: a label has no prediction, or the reverse.
    """
    affixes = prediction_affixes(config), Affixes(config.label_prefix, config.label_suffix)
    pairs = [
        complete_pairs(
            find_pairing(folder, labels, *affixes, image="prediction"),
            image="prediction",
            left_out="",
        )
        for folder in folders
    ]
    shown = {}
    if config.images is not None:
        of_images = Affixes(config.image_prefix, config.image_suffix)
        shown = find_pairing(config.images, None, of_images).image_of
    return [
        Item(same[0].id, tuple(p.image for p in same), same[0].label, shown.get(same[0].id))
        for same in zip(*pairs, strict=True)
        if same[0].label
    ]


def predicted_items(
    pairs: list[Pair], folders: tuple[Path, ...], affixes: Affixes = NO_AFFIXES
) -> list[Item]:
    """The predictions of every labelled pair of a split.

    Raises:
        PairingError: naming labels without a prediction.
        DatasetError: the split has no labels.
    """
    labelled = [p for p in pairs if p.label]
    if not labelled:
        raise DatasetError("score", "split", must="one with labels", got=f"{len(pairs)} images")
    found: list[dict[str, Path]] = []
    for folder in folders:
        if affixes:
            there = find_pairing(folder, None, affixes, image="prediction").image_of
        else:
            named = ((p.id, folder / f"{p.id}{end}") for end in PREDICTED for p in labelled)
            there = {id: file for id, file in named if file.is_file()}
        missing = [p.id for p in labelled if p.id not in there]
        if missing:
            names = (f"{affixes.prefix}{id}{affixes.suffix}" for id in missing)
            got = f"{len(missing)} without: {some(f'{name}.png' for name in names)}"
            hint = why_missing(folder) or other_names(folder, missing)
            must = f"predicted in {folder}"
            raise PairingError("score", "every label", must=must, got=got, hint=hint)
        found.append(there)
    return [
        Item(p.id, tuple(there[p.id] for there in found), p.label, p.image)
        for p in labelled
        if p.label
    ]


def other_names(folder: Path, ids: list[str]) -> str:
    """The prefix and suffix with which the predictions in a folder are those of the ids."""
    names = [os.path.splitext(name)[0] for name in walk_files(folder, IMAGE_SUFFIXES)]
    prediction, label = likely_affixes(sorted(names), sorted(ids)) or (NO_AFFIXES, NO_AFFIXES)
    if label or not prediction:
        return ""
    parts = {"prediction_prefix": prediction.prefix, "prediction_suffix": prediction.suffix}
    return f"Did you mean {' and '.join(setting(k, v) for k, v in parts.items() if v)}?"


def why_missing(folder: Path) -> str:
    """What prediction.json says of images that could not be predicted."""
    try:
        failed = read_object(folder / "prediction.json").get("failed")
    except RunError:
        return ""
    if not isinstance(failed, list) or not failed:
        return ""
    reasons = [one.get("reason") if isinstance(one, dict) else one for one in failed]
    return (
        f"{plural(len(failed), 'image')} could not be predicted: {some(reasons, separator='; ')}. "
        "Repair them and run the same predict again."
    )


def path_from(path: Path, folder: Path) -> str:
    """The path relative to `folder` if it lies inside it, else absolute."""
    path, folder = real_path(path), real_path(folder)
    inside = path.is_relative_to(folder)
    return (path.relative_to(folder) if inside else path).as_posix()
