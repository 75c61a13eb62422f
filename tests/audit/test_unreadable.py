"""A file that cannot be read is found without decoding images, and each cause has its own words."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import pixelwise.audit.headers
from audit.clean_data import FILE, IMAGE, make_clean, read
from labels import build_png
from pixelwise.cli.entry import main
from pixelwise.errors import PixelwiseError
from pixelwise.report.audit_page import audit

PICTURE = Image.fromarray(np.random.default_rng(9).integers(0, 256, (48, 64, 3), np.uint8))
CUT, SEVERAL = "A copy or a download was cut off", "It is an animation or has several pages"


def cut(suffix, share=0.6, **options):
    """An image file that ends early."""

    def write(path):
        path.unlink()
        path = path.with_suffix(suffix)
        PICTURE.save(path, **options)
        data = path.read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return write


def animation(suffix):
    def write(path):
        path.unlink()
        more = [PICTURE.rotate(90 * n) for n in (1, 2)]
        PICTURE.save(path.with_suffix(suffix), save_all=True, append_images=more)

    return write


def bomb(path):
    """Gigabytes of zeros in a few bytes."""
    head = build_png.header(60000, 60000, 8, 2)
    body = build_png.chunk(b"IDAT", zlib.compress(bytes(1000)))
    path.write_bytes(build_png.join(head, body))


def no_file(make):
    def write(path):
        path.unlink()
        make(path)

    return write


# what is written in place of an image, and how its cause begins
IMAGES = {
    "a PNG that is cut": (cut(".png"), CUT),
    "a PNG without its last bytes": (cut(".png", 0.99), CUT),
    "a JPEG that is cut": (cut(".jpg"), CUT),
    "a JPEG without its last bytes": (cut(".jpg", 0.998), CUT),
    "a progressive JPEG that is cut": (cut(".jpg", progressive=True), CUT),
    "a TIFF that is cut": (cut(".tif"), CUT),
    "a BMP that is cut": (cut(".bmp"), CUT),
    "a WebP that is cut": (cut(".webp"), CUT),
    "a GIF that is cut": (cut(".gif"), CUT),
    "an animated GIF": (animation(".gif"), SEVERAL),
    "an animated WebP": (animation(".webp"), SEVERAL),
    "an animated PNG": (animation(".png"), SEVERAL),
    "a TIFF of several pages": (animation(".tif"), SEVERAL),
    "an empty file": (lambda path: path.write_bytes(b""), "The program that wrote it was stopped"),
    "a web page": (lambda path: path.write_text("<html>404</html>"), "It was saved under the name"),
    "a file that is too large": (bomb, "It has more than an image may have"),
    "a pipe": (no_file(os.mkfifo), "Its name is that of an image, but there is no file"),
    "a link to nothing": (no_file(lambda p: p.symlink_to("none.png")), "It is a link to a file"),
}


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_that_cannot_be_used_is_found_without_deep_and_its_true_cause_is_said(
    kind, quick, tmp_path
):
    """Cut and animated images too, by their ends; the text has the cause of this one."""
    folder = make_clean(tmp_path / "data")
    write, cause = IMAGES[kind]
    write(folder / IMAGE)
    found = audit(folder, quick=quick)
    (finding,) = [f for f in found.findings if f.rule == "F3"]
    assert finding.file.startswith("train/images/03.")
    assert finding.cause.startswith(cause)
    assert f"  cause   {finding.cause}" in found.text()
    assert (CUT in found.text()) == (cause == CUT)


@pytest.mark.parametrize("kind", [k for k in IMAGES if "TIFF of" not in k and "GIF" not in k])
def test_a_label_that_cannot_be_used_has_its_true_cause_too(kind, tmp_path):
    """Labels are decoded; lossy ones only looked at."""
    folder = make_clean(tmp_path / "data")
    write, cause = IMAGES[kind]
    write(folder / FILE)
    (finding,) = [f for f in audit(folder).findings if f.rule == "F3"]
    assert finding.cause.startswith(cause)


def test_a_file_without_permission_is_not_called_damaged(tmp_path, monkeypatch):
    """As the system says it to a user who may not read."""
    folder = make_clean(tmp_path / "data")
    real = os.open

    def refuse(path, *rest, **options):
        if str(path).endswith(IMAGE):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **options)

    monkeypatch.setattr(pixelwise.audit.headers.os, "open", refuse)
    (finding,) = audit(folder).findings
    assert finding.detail == "it must be a readable file, got Permission denied"
    assert finding.cause == "This user may not read it. Change its permissions or its owner."


def test_several_causes_are_listed_each_with_an_example(tmp_path):
    """Not only that of the first file."""
    folder = make_clean(tmp_path / "data")
    for number, kind in enumerate(
        ("a PNG that is cut", "an empty file", "a pipe", "an animated PNG")
    ):
        IMAGES[kind][0](folder / f"train/images/0{number}.png")
    text = audit(folder).text()
    assert text.count("error F3") == 1
    assert text.count("  e.g.  ") == text.count("  cause ") == 4


def test_bytes_that_changed_are_damage_and_not_a_cut_copy(tmp_path):
    """The length is right; a checksum is not."""
    folder = make_clean(tmp_path / "data")
    data = bytearray((folder / FILE).read_bytes())
    data[-20] ^= 1
    (folder / FILE).write_bytes(data)
    (finding,) = audit(folder).findings
    assert finding.cause.startswith("Bytes of it have changed")


def test_bytes_behind_the_end_and_a_photograph_with_a_preview_are_no_findings(tmp_path):
    """Programs append what they like."""
    folder = make_clean(tmp_path / "data")
    for number, suffix in enumerate((".png", ".jpg")):
        (folder / f"train/images/0{number}.png").unlink()
        path = folder / f"train/images/0{number}{suffix}"
        Image.fromarray(read(folder / f"train/images/0{number + 4}.png")).save(path)
        path.write_bytes(path.read_bytes() + struct.pack("<1000I", *range(1000)))
    assert [f.rule for f in audit(folder).findings if f.rule == "F3"] == []


PIPES = [
    "dataset.toml",
    "train.txt",
    "baseline.json",
    "classes.txt",
    FILE,
    IMAGE,
    "train/labels/a.json",
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", PIPES)
@pytest.mark.parametrize("command", ["audit", "audit --quick", "audit --deep", "init --force"])
def test_a_pipe_in_place_of_a_file_is_a_finding_or_one_sentence_and_never_waited_for(
    command, name, tmp_path, capsys
):
    """Nobody writes into it: whoever opened it to read would wait for ever."""
    folder = make_clean(tmp_path / "data")
    text = (folder / "dataset.toml").read_text()
    listed = text.replace("[splits.train]", '[splits.train]\nlist = "train.txt"')
    (folder / "dataset.toml").write_text(listed)
    (folder / "train.txt").write_text("".join(f"{n:02}\n" for n in range(12)))
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    words = [*command.split(), str(folder)]
    words += ["--baseline", str(folder / name)] * (name == "baseline.json" and "audit" in command)
    assert main(words) in (0, 1, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_an_unreadable_baseline_is_one_sentence(tmp_path):
    """It names the file."""
    folder = make_clean(tmp_path / "data")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(PixelwiseError, match=r"pipe\.json: .*must be a regular file, got a pipe"):
        audit(folder, baseline=tmp_path / "pipe.json")
