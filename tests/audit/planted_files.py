"""Defects of label files as files: format, header, palette, channels (rules F).

Each function plants one and returns what must be found: (rule, {file: count}).
"""

import numpy as np
from PIL import Image

from audit.clean_data import (
    COLORS,
    FILE,
    IMAGE,
    SIZE,
    VOID,
    labels_of,
    read,
    without_void,
    write_label,
)
from labels import build_png

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


def twelve_bits(folder):
    samples = read(folder / IMAGE)[:, :, 0].astype(np.uint16) * 16
    Image.fromarray(samples).save(folder / IMAGE)
    return "F13", {IMAGE: 1}


def other_samples(folder):
    Image.fromarray(read(folder / IMAGE)[:, :, 0].astype(np.uint16) * 257).save(folder / IMAGE)
    return "F14", {IMAGE: 1}
