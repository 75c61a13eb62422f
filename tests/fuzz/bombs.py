"""Small files that say they are large: what a process takes that reads one, as it comes."""

import os
import struct
import sys
import zlib
from pathlib import Path

from convert.annotations import SQUARE, shape, write_image, write_json, write_labelme
from convert.test_convert_coco import write_coco
from fuzz.readers import image_readers, or_none
from labels.build_png import chunk, header, join
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import PixelwiseError
from pixelwise.labels.png import read_label

# twice the default limit: the file as it is unpacked, and the array that it becomes
MOST_BYTES = 2 << 30
SCALE = 1 if sys.platform == "darwin" else 1024


def zeros(size):
    """So many zeros, compressed without being in memory."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    packed = [packer.compress(block) for _ in range(size >> 20)]
    return b"".join([*packed, packer.compress(bytes(size & 0xFFFFF)), packer.flush()])


def png(path, width, height, depth, color, channels):
    rows = zeros(height * (1 + width * channels * depth // 8))
    path.write_bytes(join(header(width, height, depth, color), chunk(b"IDAT", rows)))


def grey_label(folder):
    png(folder / "a.png", 16384, 16384, 8, 0, 1)
    read_label(folder / "a.png")


def wide_label(folder):
    png(folder / "a.png", 16384, 16384, 16, 0, 1)
    read_label(folder / "a.png")


def color_image(folder):
    png(folder / "a.png", 16000, 16000, 8, 6, 4)
    image_readers(folder / "a.png")


def gif(folder):
    image = b"\x2c" + struct.pack("<HHHH", 0, 0, 20000, 20000) + b"\0\x08\x01\0\0"
    data = b"GIF89a" + struct.pack("<HHBBB", 20000, 20000, 0x80, 0, 0) + bytes(6) + image * 500
    (folder / "a.gif").write_bytes(data + b";")
    or_none(image_readers, folder / "a.gif")
    convert(ConvertConfig(folder / "a.gif", out=folder / "out", format="array", classes="voc"))


def npy(folder):
    import numpy as np

    file = folder / "a.npy"
    np.save(file, np.zeros((2, 2), np.uint8))
    data = file.read_bytes().replace(b"(2, 2), }" + b" " * 8, b"(99999, 99999), }")
    file.write_bytes(data)
    convert(ConvertConfig(file, out=folder / "out", classes="voc"))


def mat(folder):
    packed = zeros(1600 << 20)
    start = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    (folder / "a.mat").write_bytes(start + struct.pack("<II", 15, len(packed)) + packed)
    convert(ConvertConfig(folder / "a.mat", out=folder / "out", classes="voc"))


def run_lengths(folder):
    runs = {"size": [1 << 20, 1 << 20], "counts": [0, 1 << 40]}
    one = {"id": 1, "image_id": 1, "category_id": 17, "iscrowd": 1, "segmentation": runs}
    write_coco(folder / "s", [one])
    convert(ConvertConfig(folder / "s", out=folder / "out"))


def many_polygons(folder):
    write_labelme(folder / "s", shapes=[shape("cat", SQUARE * 1000)] * 200)
    convert(ConvertConfig(folder / "s", out=folder / "out"))


def sizes(folder):
    write_labelme(folder / "s", imageHeight=1 << 30, imageWidth=1 << 30, imagePath="none.png")
    convert(ConvertConfig(folder / "s", out=folder / "out", image_files="none"))


def class_numbers(folder):
    write_image(folder / "s/images/a.png")
    (folder / "s/labels").mkdir()
    (folder / "s/labels/a.txt").write_text("4000000000 0.1 0.1 0.9 0.1 0.5 0.9\n")
    convert(ConvertConfig(folder / "s", out=folder / "out"))


def nesting(folder):
    write_json(folder / "s/a.json", {})
    (folder / "s/a.json").write_text('{"shapes":' * 500_000)
    convert(ConvertConfig(folder / "s", out=folder / "out"))


BOMBS = (
    *(grey_label, wide_label, color_image, gif, npy, mat),
    *(run_lengths, many_polygons, sizes, class_numbers, nesting),
)


def peak_of(bomb, folder):
    """(bytes that a process takes which makes and reads a bomb, what went wrong)"""
    folder.mkdir()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(os.open(folder / "log", os.O_WRONLY | os.O_CREAT), 2)
            bomb(folder)
            status = 0
        except PixelwiseError:
            status = 0
        finally:
            os._exit(status)
    _, status, usage = os.wait4(child, 0)
    return usage.ru_maxrss * SCALE, "" if status == 0 else f"{bomb.__name__}: status {status}"


def explode(folder):
    """(largest peak in bytes above a process that reads nothing, its name, what went wrong)"""
    idle, _ = peak_of(lambda _: None, folder / "idle")
    peaks = {}
    wrong = []
    for bomb in BOMBS:
        peak, problem = peak_of(bomb, folder / bomb.__name__)
        peaks[bomb.__name__] = peak - idle
        wrong += [problem] * bool(problem)
        if peak - idle > MOST_BYTES:
            wrong.append(f"{bomb.__name__}: {(peak - idle) >> 20} MiB")
    return peaks, wrong


if __name__ == "__main__":
    import tempfile

    found, problems = explode(Path(tempfile.mkdtemp()))
    print({name: f"{peak >> 20} MiB" for name, peak in found.items()}, problems)
