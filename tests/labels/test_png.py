"""Label files: the number in the file is the number in the array, or there is no array."""

import os
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFile

from labels.build_png import build_png, chunk, header, join
from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError, RunError
from pixelwise.labels import png
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import count_stored, label_size, read_label, write_label

ALL_BYTES = np.arange(256, dtype=np.uint8).reshape(8, 32)
THREE = Classes(["ground", "disc", "bar"], colors=[(9, 8, 7), (1, 2, 3), (4, 5, 6)])
INTEGERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
LABELS = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16]),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(label=LABELS)
def test_what_is_written_is_read(tmp_path, label):
    """read(write(label)) == label for every value of 8 and 16 bits."""
    write_label(tmp_path / "a.png", label)
    assert np.array_equal(read_label(tmp_path / "a.png"), label)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
@pytest.mark.parametrize("mode", ["P", "L"])
@pytest.mark.parametrize("shape", [(1, 1), (31, 33), (300, 211)])
def test_a_file_is_counted_like_its_label(tmp_path, shape, mode, suffix):
    """count_stored = np.unique of read_label, whoever wrote the file."""
    label = np.random.default_rng(2).choice([0, 3, 254, 255], shape).astype(np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(label, "L").convert(mode).save(path)
    expected = np.unique(read_label(path), return_counts=True)
    for found, right in zip(count_stored(path), expected):
        np.testing.assert_array_equal(found, right)


def test_a_file_of_16_bits_is_counted(tmp_path):
    """Every value by itself."""
    write_label(tmp_path / "a.png", np.array([[70, 60000, 70]]))
    values, pixels = count_stored(tmp_path / "a.png")
    assert (values.tolist(), pixels.tolist()) == ([70, 60000], [2, 1])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_integer_dtype_is_written_by_value(tmp_path, dtype):
    """The dtype of the array says nothing about the values; the array is not modified."""
    label = np.array([[0, 1, 1], [1, 0, 0]]).astype(dtype)
    before = label.copy()
    write_label(tmp_path / "a.png", label[:, ::-1])
    assert np.array_equal(read_label(tmp_path / "a.png"), before[:, ::-1])
    assert np.array_equal(label, before)


@pytest.mark.parametrize("classes", [None, THREE, Classes(["only"])])
def test_few_classes_squeeze_no_value_into_fewer_bits(tmp_path, classes):
    """Void 255 next to three classes survives: the palette always has 256 entries."""
    write_label(tmp_path / "a.png", ALL_BYTES, classes)
    assert np.array_equal(read_label(tmp_path / "a.png"), ALL_BYTES)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.mode, len(image.getpalette())) == ("P", 768)
        assert np.array_equal(np.asarray(image), ALL_BYTES)


@pytest.mark.parametrize("high", [255, 256, 65535])
def test_16_bits_are_used_when_a_value_needs_them(tmp_path, high):
    """Up to 255 a file is indexed with 8 bits; above, it is 16-bit grey."""
    label = np.array([[0, high]])
    write_label(tmp_path / "a.png", label)
    found = read_label(tmp_path / "a.png")
    assert found.tolist() == label.tolist()
    assert found.dtype == np.min_scalar_type(high)


@pytest.mark.parametrize(("storage", "mode"), [("palette", "P"), ("grey", "L"), ("grey16", "I;16")])
def test_a_label_is_stored_as_asked(tmp_path, storage, mode):
    """The values are the same in each storage."""
    write_label(tmp_path / "a.png", ALL_BYTES, storage=storage)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), ALL_BYTES)
    assert np.array_equal(read_label(tmp_path / "a.png"), ALL_BYTES)


def test_8_bit_grey_holds_no_value_above_255(tmp_path):
    """The message names the storage that does; an unknown one is refused."""
    with pytest.raises(
        ArgumentError, match=r"must be 0\.\.255, got 256\.\.256. Use storage=.grey16."
    ):
        write_label(tmp_path / "a.png", [[256]], storage="grey")
    with pytest.raises(ArgumentError, match="storage must be one of palette, grey, grey16"):
        write_label(tmp_path / "a.png", [[1]], storage="gray")


def test_the_palette_shows_stored_values(tmp_path):
    """Palette entry v is the colour of the class that v means, not of class index v."""
    classes = Classes(["ground", "disc"], [(9, 9, 9), (8, 8, 8)], values=[3, (200, 7)])
    write_label(tmp_path / "a.png", [[3, 200]], classes)
    with Image.open(tmp_path / "a.png") as image:
        palette = np.reshape(image.getpalette(), (256, 3))
    expected = voc_colormap()
    expected[3], expected[[200, 7]] = (9, 9, 9), (8, 8, 8)
    assert np.array_equal(palette, expected)


def test_a_label_gives_the_same_bytes_every_time(tmp_path):
    """Files can be compared and recognised by their hash."""
    write_label(tmp_path / "a.png", ALL_BYTES, THREE)
    write_label(tmp_path / "b.png", ALL_BYTES.astype(np.int64), THREE)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_file_holds_pixels_and_palette_and_nothing_else(tmp_path):
    """No date, no program, no transparency: header, 256 colours, pixels, end."""
    write_label(tmp_path / "a.png", [[0, 1], [2, 255]])
    data = (tmp_path / "a.png").read_bytes()
    colors = chunk(b"PLTE", voc_colormap().tobytes())
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\1\0\2\xff", 6))
    assert data == join(header(2, 2, 8, 3), colors, pixels)


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path):
    """The only file in the new folder is the label."""
    write_label(tmp_path / "new" / "folder" / "a.png", ALL_BYTES)
    assert [p.name for p in (tmp_path / "new" / "folder").iterdir()] == ["a.png"]


def test_what_would_not_be_read_back_equal_is_not_written(tmp_path, monkeypatch):
    """The old file stays when encoding goes wrong."""
    write_label(tmp_path / "a.png", [[1]])
    monkeypatch.setattr(png, "encode_png", lambda *_: build_png([[2]]))
    with pytest.raises(LabelError, match=r"a\.png: label must be equal when read back"):
        write_label(tmp_path / "a.png", [[3]])
    assert read_label(tmp_path / "a.png").tolist() == [[1]]


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        ([[0.0, 1.0]], ArgumentTypeError, "integer or bool dtype, got dtype float64"),
        ([[0, -1]], ArgumentError, r"label must be 0\.\.65535, got -1\.\.0"),
        ([[0, 65536]], ArgumentError, r"label must be 0\.\.65535, got 0\.\.65536"),
        ([0, 1], ArgumentError, r"label must be \(H, W\) with at least one pixel, got \(2,\)"),
        (np.zeros((2, 2, 3), int), ArgumentError, r"label must be \(H, W\), got \(2, 2, 3\)"),
        (np.zeros((0, 4), int), ArgumentError, r"at least one pixel, got \(0, 4\)"),
    ],
)
def test_what_is_no_label_is_not_written(tmp_path, label, error, message):
    """Nothing is rounded, wrapped or reshaped on the way to a file."""
    with pytest.raises(error, match=f"write_label: .*{message}"):
        write_label(tmp_path / "a.png", label)
    assert list(tmp_path.iterdir()) == []


def test_only_png_is_written(tmp_path):
    """A label saved as JPEG would be ruined, so the name decides before anything is done."""
    with pytest.raises(ArgumentError, match=r"a name ending in \.png, got .*a\.jpg"):
        write_label(tmp_path / "a.jpg", ALL_BYTES)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    """The message has the path; a file in the place of a folder is such a case."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/a\.png: file must be writable, got"):
        write_label(tmp_path / "file" / "a.png", ALL_BYTES)


# ---- files of others


@pytest.mark.parametrize(("depth", "scale"), [(1, 255), (2, 85), (4, 17)])
def test_grey_below_8_bits_is_not_scaled(tmp_path, depth, scale):
    """Pillow multiplies these samples (1-bit ones become bool); a label wants them as stored."""
    samples = np.arange(1 << depth).reshape(1, -1)
    (tmp_path / "a.png").write_bytes(build_png(samples, depth, color_type=0))
    assert read_label(tmp_path / "a.png").tolist() == samples.tolist()
    with Image.open(tmp_path / "a.png") as image:
        assert (np.asarray(image.convert("L")) == samples * scale).all(), "Pillow does scale"


def test_an_index_behind_a_short_palette_is_read_as_stored(tmp_path):
    """Void 255 in a file with four colours is 255; only showing it is undefined."""
    (tmp_path / "a.png").write_bytes(build_png(ALL_BYTES))
    assert np.array_equal(read_label(tmp_path / "a.png"), ALL_BYTES)


def test_an_orientation_tag_is_not_applied(tmp_path):
    """Neither images nor labels are turned, so they stay on top of each other."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ALL_BYTES).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_label(tmp_path / "a.png"), ALL_BYTES)


def save_as(path, mode, **options):
    Image.fromarray(ALL_BYTES).convert(mode).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "options", "message"),
    [
        ("a.png", "RGB", {}, "one-channel image, got RGB. Convert it with color_to_index"),
        ("a.png", "RGBA", {}, "got RGBA. Convert it with color_to_index.* drops the alpha"),
        ("a.png", "LA", {}, "got grey with alpha. Keep the grey channel: write_label"),
        ("a.jpg", "L", {}, "stored without loss, got a JPEG file.*color_to_index"),
        ("a.webp", "RGB", {}, "stored without loss, got a WebP file"),
        ("a.webp", "RGB", {"lossless": True}, "got a colour WebP file. Convert it with color_to"),
        ("a.gif", "L", {}, "an indexed PNG, got a GIF file. .*renumber the palette"),
        ("a.tif", "RGB", {}, "one-channel image, got RGB. Convert it with color_to_index"),
        ("a.bmp", "RGB", {}, "one-channel image, got RGB. Convert it with color_to_index"),
    ],
)
def test_colour_and_lossy_files_are_refused_with_the_way_out(
    tmp_path, name, mode, options, message
):
    """The sentence names the file, what it holds and the call that converts it."""
    path = save_as(tmp_path / name, mode, **options)
    with pytest.raises(LabelError, match=f"{name}: label must be .*{message}"):
        read_label(path)


def test_a_jpeg_is_recognised_by_its_bytes(tmp_path):
    """A suffix says nothing about what is inside."""
    save_as(tmp_path / "a.jpg", "L")
    os.rename(tmp_path / "a.jpg", tmp_path / "a.png")
    with pytest.raises(LabelError, match="got a JPEG file"):
        read_label(tmp_path / "a.png")


def test_a_bmp_named_png_is_read(tmp_path):
    """Datasets exist whose label files are BMP under another name."""
    save_as(tmp_path / "a.bmp", "L")
    os.rename(tmp_path / "a.bmp", tmp_path / "a.png")
    assert np.array_equal(read_label(tmp_path / "a.png"), ALL_BYTES)
    assert label_size(tmp_path / "a.png") == (8, 32)


def test_an_animated_png_is_refused(tmp_path):
    """Pillow would take the first frame without a word."""
    frames = [Image.fromarray(ALL_BYTES), Image.fromarray(ALL_BYTES[::-1])]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(LabelError, match="one image, got an animation"):
        read_label(tmp_path / "a.png")


@pytest.mark.parametrize("pillow_forgives", [False, True])
def test_a_truncated_file_is_refused_whatever_pillow_is_told(
    tmp_path, monkeypatch, pillow_forgives
):
    """Pillow's global switch to accept truncated files would turn the missing rows into class 0."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", pillow_forgives)
    noise = np.random.default_rng(3).integers(0, 256, (64, 64), dtype=np.uint8)
    data = build_png(noise)
    (tmp_path / "a.png").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(LabelError, match=r"a complete PNG file, got one .* after 4\d of 64 rows"):
        read_label(tmp_path / "a.png")


def make_nothing(path):
    """No file of this name."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_nothing, "an existing file, got No such file"),
        (os.mkdir, "a regular file, got a folder"),
        (os.mkfifo, "a regular file, got a pipe"),
        (lambda path: path.write_bytes(b""), "a file with content, got an empty file"),
        (lambda path: path.write_text("<!DOCTYPE html>"), "got a file that starts with b'<!DOC"),
        (lambda path: os.symlink("/dev/zero", path), "a regular file, got a device"),
        (lambda path: os.symlink(path, path), "an existing file, got Too many levels"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "a PNG file, got one without a head"),
    ],
    ids=["missing", "folder", "pipe", "empty", "html", "device", "loop", "headless"],
)
@pytest.mark.parametrize("read", [read_label, label_size, count_stored])
def test_what_is_no_image_file_is_refused_without_waiting(tmp_path, read, make, message):
    """One sentence each; a pipe or a device is never opened."""
    make(tmp_path / "a.png")
    with pytest.raises(LabelError, match=rf"a\.png: label must be .*{message}"):
        read(tmp_path / "a.png")


def test_a_huge_header_is_refused_before_decoding(tmp_path):
    """60,000 x 60,000 pixels in one kilobyte."""
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    (tmp_path / "a.png").write_bytes(join(header(60_000, 60_000, 8, 3), pixels))
    with pytest.raises(LabelError, match="at most 268,435,456 pixels, got 60,000 x 60,000"):
        read_label(tmp_path / "a.png")
    assert label_size(tmp_path / "a.png") == (60_000, 60_000)


def test_the_pixel_limit_can_be_set_and_is_our_own(tmp_path, monkeypatch):
    """Pillow's global limit is neither used nor changed."""
    write_label(tmp_path / "a.png", ALL_BYTES)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert np.array_equal(read_label(tmp_path / "a.png", max_pixels=256), ALL_BYTES)
    assert Image.MAX_IMAGE_PIXELS == 10
    with pytest.raises(LabelError, match="at most 255 pixels, got 32 x 8"):
        read_label(tmp_path / "a.png", max_pixels=255)


@pytest.mark.parametrize("name", ["café.png", "-rf.png", " a b .png", "x" * 251 + ".png"])
def test_any_name_that_the_file_system_allows_works(tmp_path, name):
    """Names are passed on as they are; the temporary file does not make them longer."""
    write_label(tmp_path / name, ALL_BYTES)
    assert np.array_equal(read_label(tmp_path / name), ALL_BYTES)


def test_the_camvid_labels_are_the_ones_pillow_reads(shared):
    """8-bit grey is the one case that every reader agrees on."""
    for path in sorted((shared / "data" / "camvid" / "val" / "labels").glob("*.png"))[:20]:
        with Image.open(path) as image:
            assert np.array_equal(read_label(path), np.asarray(image))


def test_the_nuclei_instances_keep_16_bits(shared):
    """Instance ids above 255 are not cut."""
    path = min((shared / "data" / "dsb2018" / "instances").glob("*.png"))
    with Image.open(path) as image:
        assert image.mode == "I;16"
        assert np.array_equal(read_label(path), np.asarray(image))
    assert read_label(path).dtype == np.uint16
