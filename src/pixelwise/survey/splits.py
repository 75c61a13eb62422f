"""Where an unknown folder keeps its splits: in folders, in lists, or nowhere.

train/images, train/labels, val/images, ...      a folder for each split
images/train, labels/train, images/val, ...      the same the other way round
images, labels, train.txt, val.txt               a list of ids for each split
images, labels                                   folds; one of them is val
"""

from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.names import with_slashes
from pixelwise.labels.description import Split, fold_of
from pixelwise.survey.folder_names import SPLIT_NAMES
from pixelwise.survey.pairing import (
    FolderPair,
    find_match,
    image_folder,
    image_names,
    match_folders,
    subfolders,
)
from pixelwise.survey.statements import LIKELY, SURE, Statement
from pixelwise.text import plural

LIST_FOLDERS = ("", "splits", "lists", "ImageSets/Segmentation", "ImageSets")
FOLDS = 5


@dataclass(frozen=True)
class Layout:
    """The splits of a folder.

    Args:
        splits: by name; "train" is one of them.
        train_ids: the ids in the split train.
        statements: every conclusion.
    """

    splits: dict[str, Split]
    train_ids: frozenset[str]
    statements: tuple[Statement, ...]


def find_layout(root: Path, folders: tuple[Path, Path] | None = None) -> Layout:
    """Find the splits of a folder, and the images and labels in them.

    Args:
        root: the folder of the dataset.
        folders: of images and of labels, below the root; None = to be found.
    Raises:
        DatasetError: there are no images with labels.
    """
    layout = _outer_folders(root) if folders is None else None
    if layout is None:
        match = find_match(root) if folders is None else match_folders(*folders, by_name=True)
        if match is None and folders is not None:
            must = f"a folder of files whose names pair with those in {folders[0]}"
            raise DatasetError("init", "labels", must=must, got=folders[1])
        if match is None:
            raise _nothing_found(root)
        one_split = Layout(
            {"train": match.split(root)}, match.ids, (_match_statement(root, match),)
        )
        layout = _inner_folders(match, one_split) or _lists(root, match, one_split)
    return layout if "val" in layout.splits else _with_folds(layout)


def _outer_folders(root: Path) -> Layout | None:
    """train/images, train/labels, val/images, ..."""
    folders = _split_folders(root)
    matches = {name: find_match(folder) for name, folder in folders.items()}
    train = matches.get("train")
    if train is None:
        return None
    splits = {name: match.split(root) for name, match in matches.items() if match}
    if "test" in folders.keys() - splits.keys() and image_names(folders["test"]):
        splits["test"] = Split(_relative(image_folder(folders["test"]), root))
    statements = (_match_statement(root, train), *_split_statements(splits, "folders"))
    return Layout(splits, train.ids, statements)


def _inner_folders(match: FolderPair, one_split: Layout) -> Layout | None:
    """images/train, labels/train, images/val, ..."""
    image_folders, label_folders = _split_folders(match.images), _split_folders(match.labels)
    if "train" not in image_folders or "train" not in label_folders:
        return None
    whole = one_split.splits["train"]
    splits = {
        name: replace(
            whole,
            images=f"{whole.images}/{folder.name}",
            labels=f"{whole.labels}/{label_folders[name].name}" if name in label_folders else None,
        )
        for name, folder in image_folders.items()
        if name in label_folders or name == "test"
    }
    below = f"{image_folders['train'].name}/"
    train_ids = frozenset(i.removeprefix(below) for i in match.ids if i.startswith(below))
    return Layout(splits, train_ids, (*one_split.statements, *_split_statements(splits, "folders")))


def _lists(root: Path, match: FolderPair, one_split: Layout) -> Layout:
    """train.txt, val.txt, ... with ids, one a line; without them still one split."""
    whole, statements = one_split.splits["train"], one_split.statements
    for folder in LIST_FOLDERS:
        files = {n: f for n in SPLIT_NAMES for f in _existing_lists(root / folder, n)}
        ids = {name: _read_ids(file) for name, file in files.items()}
        known = [name for name in files if ids[name] & match.ids]
        if "train" in known:
            splits = {n: replace(whole, list=_relative(files[n], root)) for n in known}
            return Layout(
                splits, ids["train"], (*statements, *_split_statements(splits, "lists of ids"))
            )
        if files:
            names = ", ".join(file.name for file in files.values())
            reason = f"train must be among them and list ids such as {min(match.ids)}"
            statements = (
                *statements,
                Statement(LIKELY, f"{names} are not used as splits: {reason}"),
            )
    return replace(one_split, statements=statements)


def _existing_lists(folder: Path, split: str) -> list[Path]:
    files = (folder / f"{name}.txt" for name in SPLIT_NAMES[split])
    return [file for file in files if file.is_file()][:1]


def _read_ids(file: Path) -> frozenset[str]:
    try:
        lines = read_file(file).decode("utf-8-sig", "replace").splitlines()
    except Unreadable:
        return frozenset()
    return frozenset(with_slashes(line.strip()) for line in lines) - {""}


def _with_folds(layout: Layout) -> Layout:
    """Take the lowest fold that has a pair out of train, to be val."""
    used = sorted({fold_of(i, FOLDS) for i in layout.train_ids})
    if len(used) < 2:
        note = Statement(LIKELY, "there is no split val: train has too few pairs to take some out")
        return replace(layout, statements=(*layout.statements, note))
    kept = tuple(fold for fold in range(FOLDS) if fold != used[0])
    train = replace(layout.splits["train"], folds=FOLDS, keep=kept)
    val = replace(train, keep=(used[0],))
    count = sum(fold_of(i, FOLDS) == used[0] for i in layout.train_ids)
    which = f"{count:,} of {plural(len(layout.train_ids), 'pair')}: fold {used[0]} of {FOLDS}"
    note = Statement(LIKELY, f"split val is {which}, the first that is not empty; the others train")
    splits = {**layout.splits, "train": train, "val": val}
    return replace(layout, splits=splits, statements=(*layout.statements, note))


def _split_folders(folder: Path) -> dict[str, Path]:
    """The folders in a folder that are called like splits, by split."""
    folders = {f.name.lower(): f for f in subfolders(folder, needed=True)}
    found = {
        split: [folders[name] for name in names if name in folders]
        for split, names in SPLIT_NAMES.items()
    }
    return {split: several[0] for split, several in found.items() if several}


def _split_statements(splits: dict[str, Split], kind: str) -> list[Statement]:
    statements = [Statement(SURE, f"splits are {kind}: {', '.join(splits)}")]
    unlabelled = [name for name, split in splits.items() if split.labels is None]
    return statements + [Statement(LIKELY, f"split {name} has no labels") for name in unlabelled]


def _match_statement(root: Path, match: FolderPair) -> Statement:
    split = match.split(root)
    images = f"{split.images}/*{split.image_suffix}"
    labels = f"{split.labels}/*{split.label_suffix}"
    sureness = SURE if match.by_name else LIKELY
    return Statement(sureness, f"images are {images}, labels are {labels}")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _nothing_found(root: Path) -> DatasetError:
    number = len(image_names(root))
    constraint = "a folder of images and label images whose names pair up"
    got = f"{plural(number, 'image file')} without such labels" if number else "no image file"
    hint = (
        "Put them into folders called images and labels. Label images are indexed or grey PNGs: "
        "annotation files and colour labels become ones with `pixelwise convert`."
    )
    return DatasetError(root, "dataset", must=constraint, got=got, hint=hint)
