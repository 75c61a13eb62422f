"""A clean data set, and one function for every defect that is planted into it, alone.

Everything is drawn and written here with numpy and Pillow; nothing of ours is imported.
Eighteen pairs of 48 x 64 pixels: ground 0, disc 1, bar 2, and a ring of void, 255. The edges of an
image are where the classes of its label meet.
"""

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from labels import build_png

TRAIN, VAL = range(12), range(12, 18)
SIZE = (48, 64)
NAMES = ("ground", "disc", "bar")
VOID = 255
FILE = "train/labels/03.png"
IMAGE = "train/images/03.png"
_SHADES = np.array([(90, 140, 90), (200, 60, 50), (60, 80, 210), (140, 140, 140)], np.float64)


def draw_label(index, size=SIZE):
    """(H, W) stored values."""
    random = np.random.default_rng((7, index))
    height, width = size
    y, x = np.ogrid[:height, :width]
    cy, cx = random.uniform(0.35, 0.65, 2) * (height, width)
    distance = np.hypot(y - cy, x - cx)
    label = np.zeros(size, np.uint8)
    bar = int(random.integers(2, width - 10))
    label[4:-4, bar : bar + 6] = 2
    label[distance < height / 4] = 1
    label[np.abs(distance - height / 4) < 1] = VOID
    return label


def draw_image(label, index):
    """(H, W, 3) uint8, a shade for each class and some noise."""
    noise = np.random.default_rng((8, index)).normal(0, 6, (*label.shape, 3))
    kind = np.where(label == VOID, 3, np.minimum(label, 2))
    return (_SHADES[kind] + noise).clip(0, 255).astype(np.uint8)


def voc_colors():
    """(256, 3): the bits of the index, dealt out to red, green and blue."""
    index = np.arange(256)
    rgb = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            rgb[:, channel] |= (((index >> 3 * bit + channel) & 1) << 7 - bit).astype(np.uint8)
    return rgb


COLORS = voc_colors()


def write_label(path, stored, palette=COLORS):
    """An indexed PNG of 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.frombytes("P", stored.shape[::-1], np.ascontiguousarray(stored).tobytes())
    picture.putpalette(np.asarray(palette, np.uint8).tobytes())
    picture.save(path)


def read(path):
    """The array of a picture, as Pillow has it."""
    with Image.open(path) as picture:
        return np.array(picture)


def write_toml(folder, names=NAMES, colors=None, task="multiclass", more=None):
    """dataset.toml with the splits train and val; more holds further lines of each split."""
    lines = [f'task = "{task}"']
    for number, name in enumerate(names):
        lines += ["[[classes]]", f'name = "{name}"', f"value = {number}"]
        lines += [f"color = {list(color)}" for color in (colors or [])[number : number + 1]]
    for split in ("train", "val"):
        lines += [f"[splits.{split}]", f'images = "{split}/images"', f'labels = "{split}/labels"']
        lines += (more or {}).get(split, [])
    (folder / "dataset.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_clean(folder, label=draw_label, image=draw_image, **toml):
    """Write the clean data set; returns the folder."""
    for index in (*TRAIN, *VAL):
        split = "train" if index in TRAIN else "val"
        stored = label(index)
        write_label(folder / split / "labels" / f"{index:02}.png", stored)
        path = folder / split / "images" / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image(stored, index)).save(path)
    write_toml(folder, **toml)
    return folder


def labels_of(folder, split="*"):
    """Every label file, in order."""
    return sorted(folder.glob(f"{split}/labels/*.png"))


def repaint(folder, change, split="*"):
    """Write every label again, changed."""
    for path in labels_of(folder, split):
        write_label(path, change(read(path)))


def without_void(stored):
    """Ground where void was."""
    return np.where(stored == VOID, 0, stored).astype(np.uint8)


# Each function plants one defect and returns what must be found: (rule, {file: count}).


def jpeg(folder):
    stored = read(folder / FILE)
    (folder / FILE).unlink()
    Image.fromarray(stored).save((folder / FILE).with_suffix(".jpg"))
    return "F1", {"train/labels/03.jpg": 1}


def jpeg_called_png(folder):
    Image.fromarray(read(folder / FILE)).save(folder / FILE, "JPEG")
    return "F1", {FILE: 1}


def gif(folder):
    Image.fromarray(read(folder / FILE)).save((folder / FILE).with_suffix(".gif"))
    (folder / FILE).unlink()
    return "F1", {"train/labels/03.gif": 1}


def bmp_called_png(folder):
    with Image.open(folder / FILE) as picture:
        picture.load()
        picture.save(folder / FILE, "BMP")
    return "F2", {FILE: 1}


def cut(folder):
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[: len(data) - 60])
    return "F3", {FILE: 1}


def cut_in_header(folder):
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:20])
    return "F3", {FILE: 1}


def no_bytes(folder):
    (folder / FILE).write_bytes(b"")
    return "F3", {FILE: 1}


def web_page(folder):
    (folder / FILE).write_text("<html>404</html>")
    return "F3", {FILE: 1}


def too_large(folder):
    head = build_png.header(60000, 60000, 8, 0)
    (folder / FILE).write_bytes(build_png.join(head, build_png.chunk(b"IDAT", b"\x78\x9c")))
    return "F3", {FILE: 1}


def circular_link(folder):
    (folder / FILE).unlink()
    (folder / FILE).symlink_to(folder / FILE)
    return "F3", {FILE: 1}


def cut_image(folder):
    (folder / IMAGE).write_bytes((folder / IMAGE).read_bytes()[:20])
    return "F3", {IMAGE: 1}


def transparent(folder):
    with Image.open(folder / FILE) as picture:
        picture.save(folder / FILE, transparency=0)
    return "F4", {FILE: 1}


def interlaced(folder):
    data = (folder / FILE).read_bytes()
    head = build_png.header(SIZE[1], SIZE[0], 8, 3, interlaced=True)
    palette = build_png.chunk(b"PLTE", COLORS.tobytes())
    stored = read(folder / FILE)
    rows = [
        b"\0" + stored[y::dy, x::dx][row].tobytes()
        for x, y, dx, dy in build_png.ADAM7
        for row in range(stored[y::dy, x::dx].shape[0])
    ]
    body = build_png.chunk(b"IDAT", build_png.zlib.compress(b"".join(rows)))
    assert data[:8] == build_png.SIGNATURE
    (folder / FILE).write_bytes(build_png.join(head, palette, body))
    return "F4", {FILE: 1}


def grey(folder):
    Image.fromarray(read(folder / FILE)).save(folder / FILE)
    return "F5", {FILE: 1}


def few_grey_bits(folder):
    stored = without_void(read(folder / FILE))
    rows = b"".join(b"\0" + build_png.pack_row(row, 4) for row in stored)
    body = build_png.chunk(b"IDAT", build_png.zlib.compress(rows))
    (folder / FILE).write_bytes(build_png.join(build_png.header(*SIZE[::-1], 4, 0), body))
    return "F6", {FILE: 1}


def few_palette_bits(folder):
    write_label(folder / FILE, without_void(read(folder / FILE)), COLORS[:4])
    return "F7", {FILE: 1}


def short_palette(folder):
    stored = read(folder / FILE)
    rows = b"".join(b"\0" + row.tobytes() for row in stored)
    head = build_png.header(*SIZE[::-1], 8, 3)
    palette = build_png.chunk(b"PLTE", COLORS[:20].tobytes())
    body = build_png.chunk(b"IDAT", build_png.zlib.compress(rows))
    (folder / FILE).write_bytes(build_png.join(head, palette, body))
    return "F8", {FILE: int((stored == VOID).sum())}


def other_palette(folder):
    write_label(folder / FILE, read(folder / FILE), COLORS[::-1])
    return "F9", {FILE: 1}


def shifted_palette(folder):
    shifted = np.concatenate([COLORS[1:], COLORS[:1]])
    for path in labels_of(folder):
        write_label(path, read(path), shifted)
    return "F9", {path.relative_to(folder).as_posix(): 1 for path in labels_of(folder)}


def three_equal_channels(folder):
    Image.fromarray(np.repeat(read(folder / FILE)[:, :, None], 3, 2)).save(folder / FILE)
    return "F10", {FILE: 1}


def one_channel_used(folder):
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, :, 2] = read(folder / FILE)
    Image.fromarray(picture).save(folder / FILE)
    return "F10", {FILE: 1}


def colors_of_classes(folder):
    Image.fromarray(COLORS[read(folder / FILE)]).save(folder / FILE)
    return "F10", {FILE: 1}


def swapped_colors(folder):
    Image.fromarray(COLORS[read(folder / FILE)][:, :, ::-1].copy()).save(folder / FILE)
    return "F11", {FILE: 1}


def alpha(folder):
    clear = np.full(SIZE, 255, np.uint8)
    clear[:5, :7] = 0
    Image.fromarray(np.dstack([COLORS[read(folder / FILE)], clear])).save(folder / FILE)
    return "F12", {FILE: 35}


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
    """Foreground is 1 in a clean binary data set, and 255 in this one."""
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
    return "G2", {FILE: 1}


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


def annotated(folder, shapes, size=SIZE, more=()):
    """labelme files beside the images: notes for 03, and for others."""
    for name, content in (("03", shapes), *more):
        table = {
            "version": "7.1.0",
            "flags": {},
            "shapes": [
                {"label": label, "points": points, "shape_type": kind, "group_id": None}
                for label, points, kind in content
            ],
            "imagePath": f"{name}.png",
            "imageData": None,
            "imageHeight": size[0],
            "imageWidth": size[1],
        }
        Path(folder, f"train/images/{name}.json").write_text(json.dumps(table), encoding="utf-8")


JSON = "train/images/03.json"
SQUARE = [[5, 5], [25, 5], [25, 25], [5, 25]]


def good_annotation(folder):
    """Nothing wrong: twin points, points outside, shapes that share a border by a corner only."""
    outside = [[30, 30], [80, 30], [80, 46], [30, 46], [30, 46]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", outside, "polygon")])


def bad_shapes(folder):
    annotated(
        folder,
        [
            ("disc", [[1, 1], [5, 5]], "polygon"),
            ("disc", [[5, 5], [25, 25], [25, 5], [5, 25]], "polygon"),
            ("bar", [[2, 2], [9, 9], [4, 4]], "polygon"),
            ("bar", [[200, 200], [210, 200], [210, 210]], "polygon"),
            ("bar", SQUARE, "blob"),
            ("mooon", [[40, 30], [50, 30], [50, 40]], "polygon"),
            ("disc", SQUARE, "polygon"),
        ],
    )
    return "R2", {JSON: 6}


def no_json(folder):
    (folder / JSON).write_text('{"shapes": [', encoding="utf-8")
    return "R2", {JSON: 1}


def spellings(folder):
    apart = [[30, 5], [40, 5], [40, 25]]
    annotated(
        folder,
        [("disc", SQUARE, "polygon"), ("disc ", apart, "polygon")],
        more=[("04", [("disc", SQUARE, "polygon")])],
    )
    return "R3", {JSON: 1}


def hidden_shape(folder):
    large = [[2, 2], [40, 2], [40, 40], [2, 40]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", large, "polygon")])
    return "R4", {JSON: 21 * 21}


def shared_border(folder):
    beside = [[25, 5], [45, 5], [45, 25], [25, 25]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", beside, "polygon")])
    return "R5", {JSON: 21}


def other_image_size(folder):
    annotated(folder, [("disc", SQUARE, "polygon")], size=(48, 60))
    return "R6", {JSON: 1}


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


# S3 cannot stand without S1: the image is there twice.
COMES_WITH = {"S3": {"S1"}}
NEEDS_IMAGES = (mirrored, near_copy)
PLANTS = (
    *(jpeg, jpeg_called_png, gif, bmp_called_png, cut, cut_in_header, no_bytes, web_page),
    *(too_large, circular_link, cut_image, transparent, interlaced, grey, few_grey_bits),
    *(few_palette_bits, short_palette, other_palette, shifted_palette, three_equal_channels),
    *(one_channel_used, colors_of_classes, swapped_colors, alpha, unknown_color, smooth_colors),
    *(smooth_values, smooth_classes, noisy_colors, noisy_values, unknown_value, binary, off_by_one),
    *(label_ids, no_void_in_val, fractions, negative, sixteen_bits, absent_class),
    *(class_in_val_only, empty, all_void, other_size, transposed, turned_by_tag, mirrored, framed),
    *(image_without_label, label_without_image, other_case, two_images, unknown_id, copy_of_pair),
    *(near_copy, copy_with_other_label, copy_of_label, other_mixture, specks, bad_shapes, no_json),
    *(spellings, hidden_shape, shared_border, other_image_size, twin_colors, void_as_class),
)
