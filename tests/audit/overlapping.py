"""A clean dataset of classes that overlap, and the defects of it that only such a set can have.

A disc and a bar that crosses it; a ring of void around the disc, for the disc alone.
"""

import shutil

import numpy as np
from PIL import Image

from audit.clean_data import TRAIN, VAL, read, write_label

SIZE = (48, 64)
HEAD = """task = "multilabel"
ignore_values = [9]
[[classes]]
name = "disc"
[[classes]]
name = "bar"
"""


def draw(index):
    """(disc, bar): stored values of each class."""
    random = np.random.default_rng((17, index))
    y, x = np.ogrid[: SIZE[0], : SIZE[1]]
    cy, cx = random.uniform(0.35, 0.65, 2) * SIZE
    distance = np.hypot(y - cy, x - cx)
    disc = np.where(np.abs(distance - 12) < 1, 9, distance < 12).astype(np.uint8)
    bar = np.zeros(SIZE, np.uint8)
    bar[1 + index : -4, int(cx) - 3 : int(cx) + 3] = 1
    return disc, bar


def make_overlapping(folder, more=""):
    """Write the set; returns the folder."""
    for index in (*TRAIN, *VAL):
        split = folder / ("train" if index in TRAIN else "val")
        disc, bar = draw(index)
        image = np.random.default_rng((18, index)).normal(60, 6, (*SIZE, 3))
        image[..., 0] += 120 * (disc == 1)
        image[..., 2] += 120 * bar
        path = split / "images" / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path)
        for name, stored in (("disc", disc), ("bar", bar)):
            write_label(split / "labels" / name / f"{index:02}.png", stored)
    splits = "".join(
        f'[splits.{name}]\nimages = "{name}/images"\nlabels = "{name}/labels/{{class}}"\n{more}'
        for name in ("train", "val")
    )
    (folder / "dataset.toml").write_text(HEAD + splits, encoding="utf-8")
    return folder


def _again(folder):
    """The folder that was handed over, with the other set in it."""
    for split in ("train", "val"):
        shutil.rmtree(folder / split)
    return make_overlapping(folder)


def class_without_split(folder):
    """V17: no label of val has a bar."""
    for path in (_again(folder) / "val" / "labels" / "bar").iterdir():
        write_label(path, np.zeros(SIZE, np.uint8))
    return "V17", {"dataset.toml": 1}


def exclusive_overlap(folder):
    """V18: the bar crosses the disc, which dataset.toml rules out."""
    _again(folder)
    file = folder / "dataset.toml"
    file.write_text('exclusive = [["disc", "bar"]]\n' + file.read_text(encoding="utf-8"))
    counts = {}
    for index in (*TRAIN, *VAL):
        split = "train" if index in TRAIN else "val"
        disc, bar = draw(index)
        counts[f"{split}/labels/bar/{index:02}.png"] = int(((disc == 1) & (bar == 1)).sum())
    return "V18", counts


def same_classes(folder):
    """M2: the files of the disc lie in the folder of the bar too."""
    _again(folder)
    for path in folder.glob("*/labels/disc/*.png"):
        write_label(path.parent.parent / "bar" / path.name, read(path))
    return "M2", {"dataset.toml": 2}
