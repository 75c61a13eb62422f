"""Defects of files among each other: geometry, pairs, splits, classes (rules G, P, S, R1, M).

Each function plants one and returns what must be found: (rule, {file: count}).
"""

import shutil

import numpy as np
from PIL import Image

from audit.clean_data import (
    COLORS,
    FILE,
    IMAGE,
    SIZE,
    TRAIN,
    labels_of,
    read,
    repaint,
    write_label,
    write_toml,
)


def other_size(folder):
    write_label(folder / FILE, read(folder / FILE)[:, :-3])
    return "G1", {FILE: 1}


def transposed(folder):
    write_label(folder / FILE, read(folder / FILE).T)
    return "G2", {FILE: 1}


def turned_by_tag(folder):
    exif = Image.Exif()
    exif[274] = 3
    Image.fromarray(read(folder / IMAGE)).save((folder / IMAGE).with_suffix(".jpg"), exif=exif)
    (folder / IMAGE).unlink()
    return "G5", {FILE: 1}


def mirrored(folder):
    write_label(folder / FILE, read(folder / FILE)[:, ::-1])
    return "G3", {FILE: 1}


def framed(folder):
    stored = read(folder / FILE)
    frame = np.full(SIZE, 2, np.uint8)
    frame[3:-3, 3:-3] = stored[3:-3, 3:-3]
    write_label(folder / FILE, frame)
    return "G4", {FILE: SIZE[0] * SIZE[1] - (SIZE[0] - 6) * (SIZE[1] - 6)}


def image_without_label(folder):
    (folder / FILE).unlink()
    return "P1", {IMAGE: 1}


def label_without_image(folder):
    (folder / IMAGE).unlink()
    return "P1", {FILE: 1}


def other_case(folder):
    for name in ("images/03.png", "labels/03.png"):
        (folder / "train" / name).rename(folder / "train" / name.replace("03", "scene_c"))
    (folder / "train/labels/scene_c.png").rename(folder / "train/labels/Scene_C.png")
    return "P1", {"train/images/scene_c.png": 1}


def two_images(folder):
    Image.fromarray(read(folder / IMAGE) // 2).save((folder / IMAGE).with_suffix(".bmp"))
    return "P1", {"train/images/03.png": 1}


def unknown_id(folder):
    write_toml(folder, more={"train": ['list = "train.txt"']})
    ids = [f"{i:02}" for i in TRAIN]
    (folder / "train.txt").write_text("\n".join([*ids, "99", "'05'", ""]), encoding="utf-8")
    return "P2", {"train.txt": 2}


def skipped_image(folder):
    write_toml(folder, more={"train": ['unpaired = "skip"']})
    (folder / FILE).unlink()
    return "P3", {IMAGE: 1}


def copy_of_pair(folder):
    shutil.copy(folder / IMAGE, folder / "val/images/30.png")
    shutil.copy(folder / FILE, folder / "val/labels/30.png")
    return "S1", {"val/images/30.png": 1}


def near_copy(folder):
    image = read(folder / IMAGE)
    Image.fromarray(np.where(image < 250, image + 1, image)).save(folder / "val/images/30.png")
    stored = read(folder / FILE)
    stored[0, 0] = 1
    write_label(folder / "val/labels/30.png", stored)
    return "S2", {"val/images/30.png": 1}


def copy_of_label(folder):
    shutil.copy(folder / FILE, folder / "train/labels/07.png")
    return "S4", {"train/labels/07.png": 1}


def other_mixture(folder):
    repaint(folder, lambda stored: np.where(stored == 0, 2, stored).astype(np.uint8), "val")
    return "S5", {"val/labels": 6}


def specks(folder):
    stored = read(folder / FILE)
    stored[1:-1:4, 1:-1:4] = (stored[1:-1:4, 1:-1:4] + 1) % 3
    write_label(folder / FILE, stored)
    return "R1", {FILE: None}


def twin_colors(folder):
    colors = [(0, 0, 0), (128, 0, 0), (128, 0, 0)]
    for path in labels_of(folder):
        palette = COLORS.copy()
        palette[:3] = colors
        write_label(path, read(path), palette)
    write_toml(folder, colors=colors)
    return "M1", {"dataset.toml": 2}


def void_as_class(folder):
    write_toml(folder, names=("ground", "disc", "unlabelled"))
    return "M1", {"dataset.toml": 1}


def copy_with_other_label(folder):
    shutil.copy(folder / IMAGE, folder / "train/images/30.png")
    shutil.copy(folder / "train/labels/05.png", folder / "train/labels/30.png")
    stored = read(folder / "train/labels/30.png")
    stored[0, 0] = 1
    write_label(folder / "train/labels/30.png", stored)
    return "S3", {"train/labels/30.png": 1}


def unused_list(folder):
    """The official val, as ids, paths or names of files; dataset.toml has another one."""
    lines = [f"images/{i:02}.png" for i in (2, 5, 7)]
    (folder / "ImageSets").mkdir()
    (folder / "ImageSets/val.txt").write_text("\n".join(lines))
    (folder / "ImageSets/notes.txt").write_text("\n".join(lines))
    return "P4", {"ImageSets/val.txt": 1}


def unused_folders(folder):
    """Images of a split that dataset.toml does not name, beside a folder of something else."""
    for name in ("test/images/90.png", "test/labels/90.png", "extra/91.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / IMAGE, folder / name)
    return "P4", {"test": 1}
