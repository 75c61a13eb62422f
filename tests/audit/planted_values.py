"""Defects of what label files hold: values and colours of no class (rules V).

Each function plants one and returns what must be found: (rule, {file: count}).
"""

import shutil

import numpy as np
from PIL import Image

from audit.clean_data import (
    COLORS,
    FILE,
    NAMES,
    SIZE,
    VOID,
    draw_image,
    draw_label,
    labels_of,
    make_clean,
    read,
    repaint,
    without_void,
    write_label,
    write_toml,
)


def unknown_color(folder):
    picture = COLORS[read(folder / FILE)]
    picture[10:14, 20:23] = (17, 250, 99)
    Image.fromarray(picture).save(folder / FILE)
    return "V1", {FILE: 12}


def smooth_colors(folder):
    picture = COLORS[without_void(draw_label(3))]
    half = Image.fromarray(picture).resize((32, 24), Image.Resampling.NEAREST)
    smooth = np.asarray(half.resize((64, 48), Image.Resampling.BILINEAR))
    known = (smooth[:, :, None] == COLORS[:3]).all(axis=3).any(axis=2)
    Image.fromarray(smooth).save(folder / FILE)
    return "V2", {FILE: int((~known).sum())}


def smooth_values(folder):
    half = Image.fromarray(draw_label(3)).resize((32, 24), Image.Resampling.NEAREST)
    smooth = np.asarray(half.resize((64, 48), Image.Resampling.BILINEAR))
    write_label(folder / FILE, smooth)
    return "V2", {FILE: int((~np.isin(smooth, (0, 1, 2, VOID))).sum())}


def smooth_classes(folder):
    stored = without_void(read(folder / FILE))
    stored[stored == 1] = 0
    bar = np.flatnonzero((stored == 2).any(axis=0))
    stored[4:-4, [bar[0] - 1, bar[-1] + 1]] = 1
    write_label(folder / FILE, stored)
    return "V2", {FILE: int((stored == 1).sum())}


def noisy_colors(folder):
    (folder / "noise.jpg").unlink(missing_ok=True)
    Image.fromarray(COLORS[draw_label(3)]).save(folder / "noise.jpg", quality=80)
    noisy = read(folder / "noise.jpg")
    (folder / "noise.jpg").unlink()
    known = (noisy[:, :, None] == COLORS[[0, 1, 2, VOID]]).all(axis=3).any(axis=2)
    Image.fromarray(noisy).save(folder / FILE)
    return "V3", {FILE: int((~known).sum())}


def noisy_values(folder):
    stored = draw_label(3).astype(int)
    noise = np.random.default_rng(5).integers(-9, 10, SIZE)
    near = np.zeros(SIZE, bool)
    near[8:40, 16:48] = True
    noisy = np.where(near, (stored + noise).clip(0, 255), stored).astype(np.uint8)
    write_label(folder / FILE, noisy)
    return "V3", {FILE: int((~np.isin(noisy, (0, 1, 2, VOID))).sum())}


def unknown_value(folder):
    stored = read(folder / FILE)
    stored[20:23, 5:9] = 77
    write_label(folder / FILE, stored)
    return "V4", {FILE: 12}


def binary(folder):
    """Foreground is 1 in a clean binary dataset, and 255 in this one."""
    shutil.rmtree(folder)
    folder.mkdir()
    make_clean(
        folder, label=lambda i: (draw_label(i) == 1) * np.uint8(255), names=NAMES[:2], task="binary"
    )
    found = {p.relative_to(folder).as_posix(): p for p in labels_of(folder)}
    return "V5", {name: int((read(path) == 255).sum()) for name, path in found.items()}


def off_by_one(folder):
    repaint(folder, lambda stored: np.where(stored == VOID, VOID, stored + 1).astype(np.uint8))
    found = {p.relative_to(folder).as_posix(): int((read(p) == 3).sum()) for p in labels_of(folder)}
    return "V6", found


def label_ids(folder):
    """Every class of Cityscapes in every label, as label ids instead of train ids."""
    ids = np.array([7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33], np.uint8)
    names = [f"class {n}" for n in range(19)]

    def stripes(index):
        label = np.repeat(np.arange(19), 3)[None, :].repeat(48, axis=0)
        return ids[np.roll(label, index, axis=1)]

    shutil.rmtree(folder)
    folder.mkdir()
    make_clean(folder, stripes, lambda s, i: draw_image(s % 3, i), names=names)
    unknown = {
        p.relative_to(folder).as_posix(): int((read(p) > 18).sum()) for p in labels_of(folder)
    }
    return "V7", unknown


def no_void_in_val(folder):
    repaint(folder, without_void, "val")
    return "V8", {"val/labels": 6}


def fractions(folder):
    (folder / FILE).unlink()
    values = without_void(draw_label(3)).astype(np.float32)
    values[7, 9], values[8, 9] = 0.5, np.nan
    Image.fromarray(values).save((folder / FILE).with_suffix(".tif"))
    return "V9", {"train/labels/03.tif": 2}


def negative(folder):
    (folder / FILE).unlink()
    values = without_void(draw_label(3)).astype(np.int32)
    values[10:12, 3] = -1
    Image.fromarray(values).save((folder / FILE).with_suffix(".tif"))
    return "V9", {"train/labels/03.tif": 2}


def sixteen_bits(folder):
    for path in labels_of(folder):
        Image.fromarray(read(path).astype(np.uint16)).save(path)
    return "V10", {path.relative_to(folder).as_posix(): 1 for path in labels_of(folder)}


def absent_class(folder):
    write_toml(folder, names=(*NAMES, "moon"))
    return "V11", {"dataset.toml": 0}


def class_in_val_only(folder):
    write_toml(folder, names=(*NAMES, "moon"))
    stored = read(folder / "val/labels/14.png")
    stored[:3, :4] = 3
    write_label(folder / "val/labels/14.png", stored)
    return "V11", {"dataset.toml": 12}


def empty(folder):
    stored = np.zeros(SIZE, np.uint8)
    stored[0, :9] = VOID
    write_label(folder / FILE, stored)
    return "V12", {FILE: stored.size - 9}


def all_void(folder):
    write_label(folder / FILE, np.full(SIZE, VOID, np.uint8))
    return "V13", {FILE: SIZE[0] * SIZE[1]}


def rogue_value(folder):
    """A class that nobody has named, of three pixels."""
    write_toml(folder, names=(*NAMES, "class_3"))
    stored = read(folder / FILE)
    stored[20, 5:8] = 3
    write_label(folder / FILE, stored)
    return "V14", {FILE: 3}


def inverted(folder):
    """All but the disc is foreground."""
    shutil.rmtree(folder)
    folder.mkdir()
    make_clean(
        folder,
        label=lambda i: (draw_label(i) != 1).astype(np.uint8),
        names=NAMES[:2],
        task="binary",
    )
    return "V15", {"dataset.toml": sum(int(read(p).sum()) for p in labels_of(folder))}


def ids_of_objects(folder):
    """Each object of class 24 or 26 is described as a class of its own."""
    values = {0}
    for number, path in enumerate(labels_of(folder)):
        stored = without_void(read(path)).astype(np.uint16)
        ids = np.array([0, 24_000 + number % 3, 26_000 + number % 5], np.uint16)[stored]
        Image.fromarray(ids).save(path)
        values.update(ids.ravel().tolist())
    lines = ['task = "multiclass"']
    for index, value in enumerate(sorted(values)):
        lines += ["[[classes]]", f'name = "class_{index}"', f"value = {value}"]
    for split in ("train", "val"):
        lines += [f"[splits.{split}]", f'images = "{split}/images"', f'labels = "{split}/labels"']
    (folder / "dataset.toml").write_text("\n".join(lines), encoding="utf-8")
    return "V16", {"train/labels": 18}
