"""MATLAB 5 files: read as SciPy writes them; a damaged one is a sentence."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest

from pixelwise.convert.pixels.array_files import decode_mat
from pixelwise.errors import DatasetError
from pixelwise.files.content import VARIABLE

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM"
LABEL = np.random.default_rng(1).integers(0, 9, (6, 4))


def element(kind, body, size=None):
    padding = b"\0" * (-len(body) % 8)
    return struct.pack("<II", kind, len(body) if size is None else size) + body + padding


def matrix(shape, kind, *content, name=b"x", flags=0):
    """The bytes of a matrix: kind 2 = structure, 5 = sparse, 6 = double, 9 = uint8."""
    body = element(6, struct.pack("<II", kind | flags << 8, 0))
    body += element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, name)
    return element(14, body + b"".join(content))


def packed(body):
    data = zlib.compress(body)
    return struct.pack("<II", 15, len(data)) + data


def saved(content, **options):
    savemat = pytest.importorskip("scipy.io", reason="SciPy is not installed").savemat
    file = io.BytesIO()
    savemat(file, content, **options)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_every_class_of_numbers_reads_as_scipy_writes_it(dtype, compressed):
    inner = {"text": "abc", "list": np.array([[1], [2]]), "none": [], "label": LABEL.astype(dtype)}
    others = {"cube": np.zeros((2, 2, 2)), "cell": np.array([1, "x"], object), "one": 3.5}
    data = saved({**others, "GT": {"a": {"b": inner}}}, do_compression=compressed)
    np.testing.assert_array_equal(decode_mat("a.mat", data), LABEL.astype(dtype))


def test_files_of_the_other_byte_order_are_read():
    head = HEADER[:124] + b"\1\0" + b"MI"
    body = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 2, 2)
    body += struct.pack(">HH4s", 1, 1, b"x") + struct.pack(">II4h", 3, 8, 1, 2, 3, -4)
    data = head + struct.pack(">II", 14, len(body)) + body
    np.testing.assert_array_equal(decode_mat("a.mat", data), [[1, 3], [2, -4]])


def test_whole_doubles_that_matlab_stored_as_bytes_stay_bytes():
    data = HEADER + matrix((2, 2), 6, element(2, b"\1\2\3\4"))
    found = decode_mat("a.mat", data)
    np.testing.assert_array_equal(found, [[1, 3], [2, 4]])
    assert found.dtype == np.uint8


def nested(levels):
    content = matrix((2, 2), 9, element(2, b"1234"))
    for _ in range(levels):
        names = struct.pack("<HHi", 5, 4, 8) + element(1, b"f".ljust(8, b"\0"))
        content = matrix((1, 1), 2, names, content)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (matrix((2, 2), 6, flags=0x08), "an array of real numbers, got x, which is complex"),
        (matrix((4, 4), 5), "an array of real numbers, got x, which is sparse"),
        (matrix((1, 1), 3), "an array of real numbers, got x, which is an object"),
        (nested(2000), "structures of at most 16 levels"),
        (element(14, b"") * 200_000, "a file of at most 100,000 elements"),
        (matrix((2, 2), 9, element(2, b"1234"), name=b"n" * 999), "names of at most 255 letters"),
        (packed(matrix((30_000, 30_000), 9)), "at most 268,435,456 pixels, got 30,000 x 30,000"),
        (matrix((30_000, 30_000), 9), "at most 268,435,456 pixels"),
        (packed(element(14, bytes(16), 0xFFFFFFF0)), "unpacks to at most 1 GiB, got 4,294,967,2"),
        (
            packed(element(14, matrix((2, 2), 9)[8:] + bytes(2000), 300)),
            "other than 300 bytes behind compression",
        ),
        (packed(nested(2))[:-9], "an undamaged .mat file"),
        (matrix((3, 3), 9, element(2, b"1234")), r"4 bytes for \(3, 3\) of uint8"),
        (element(14, b"", 999), "an element of 999 bytes in 0"),
        (element(99, b""), "an element of type 99 in place of a matrix"),
        (b"", r"a single \(H, W\) array, got none"),
    ],
    ids=[
        *("complex", "sparse", "object", "deep", "many", "name", "packed", "size", "bomb"),
        *("claims less", "cut", "cut numbers", "claims more", "kind", "empty"),
    ],
)
def test_a_mat_file_that_is_not_a_label_is_one_sentence(content, message):
    with pytest.raises(DatasetError, match=message):
        decode_mat("a.mat", HEADER + content)


def test_arrays_that_are_not_labels_are_not_unpacked():
    """A vector of a MiB beside the label is passed over by its header alone."""
    vector = matrix((1, 1 << 20), 9, element(2, bytes(1 << 20)))
    label = matrix((2, 2), 9, element(2, b"1234"), name=b"y")
    found = decode_mat("a.mat", HEADER + packed(vector) + packed(label))
    assert found.shape == (2, 2)


def test_what_all_compressed_matrices_take_together_is_limited(monkeypatch):
    monkeypatch.setenv(VARIABLE, repr(1 / 1024))
    label = matrix((800, 800), 9, element(2, bytes(800 * 800)))
    assert decode_mat("a.mat", HEADER + packed(label)).shape == (800, 800)
    with pytest.raises(DatasetError, match="unpacks to at most"):
        decode_mat("a.mat", HEADER + packed(label) * 2)


def damaged(data, random):
    """A copy with some bytes changed, cut out or put in, most of them near the start."""
    out = bytearray(data)
    for _ in range(random.integers(1, 4)):
        place = int(random.integers(0, min(len(out), random.choice([200, 10_000]))))
        length = int(random.integers(1, 9))
        new = random.choice([b"", b"\xff" * length, random.bytes(length)])
        out[place : place + length] = bytes(new)
    return bytes(out)


@pytest.mark.parametrize("compressed", [False, True])
def test_no_damage_of_a_mat_file_is_anything_but_an_array_or_a_sentence(compressed):
    """Also damage of what is behind the compression."""
    random = np.random.default_rng(5)
    plain = nested(2) + matrix((6, 4), 6, element(2, bytes(24)), name=b"label")
    for _ in range(1500):
        body = packed(damaged(plain, random)) if compressed else damaged(plain, random)
        with suppress(DatasetError):
            decode_mat("a.mat", HEADER + body)
