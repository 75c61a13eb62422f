"""Labels that were resized like images, masks with soft edges, and labels in another place.

The scenes are drawn as those of the demo: textured, with a border of void around every object.
"""

import functools
import io
import shlex

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pixelwise.cli import main
from pixelwise.demo.scenes import NAMES, draw_scene
from pixelwise.errors import LabelError
from pixelwise.init.command import init
from pixelwise.labels.png import read_label
from pixelwise.report.audit_page import audit

SIZE, NUMBER = (128, 160), 4
SCENES = [draw_scene(3, index, SIZE) for index in range(NUMBER)]


@functools.cache
def twenty_scenes(size=SIZE):
    return [draw_scene(17, index, size) for index in range(20)]


def resized(label, size, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(label).resize(size, how))


def blurred(label, radius):
    return np.asarray(Image.fromarray(label).filter(ImageFilter.GaussianBlur(radius)))


def as_jpeg(label, quality=75):
    file = io.BytesIO()
    Image.fromarray(label).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def mask(label):
    return np.where((label == 3) | (label == 4), 255, 0).astype(np.uint8)


def spread(label):
    return np.where(label == 255, 0, 30 * label).astype(np.uint8)


EIGHT = (NAMES, range(8), 255)
# what a label becomes: itself; then its classes as they are described
RESIZED = {
    "enlarged": (lambda x: resized(x, (320, 256)), EIGHT),
    "reduced": (lambda x: resized(x, (96, 80)), EIGHT),
    "bicubic": (lambda x: resized(x, (320, 256), Image.Resampling.BICUBIC), EIGHT),
    "rotated": (
        lambda x: np.asarray(Image.fromarray(x).rotate(7, Image.Resampling.BILINEAR)),
        EIGHT,
    ),
    "grey levels enlarged": (
        lambda x: resized(spread(x), (320, 256)),
        (NAMES, range(0, 240, 30), None),
    ),
    "grey levels reduced": (
        lambda x: resized(spread(x), (96, 80)),
        (NAMES, range(0, 240, 30), None),
    ),
    "mask enlarged": (lambda x: resized(mask(x), (320, 256)), (("a", "b"), (0, 255), None)),
    "mask reduced": (lambda x: resized(mask(x), (96, 80)), (("a", "b"), (0, 255), None)),
    "soft mask": (lambda x: blurred(mask(x), 2), (("a", "b"), (0, 255), None)),
    "very soft mask": (lambda x: blurred(mask(x), 6), (("a", "b"), (0, 255), None)),
    "soft mask of 0 and 1": (lambda x: blurred(mask(x), 2), (("a", "b"), (0, 1), None)),
}


def write(folder, change=lambda label: label, table=None, scenes=SCENES):
    """Images, changed labels and, with a table of classes, dataset.toml."""
    for number, (image, label) in enumerate(scenes):
        stored = np.ascontiguousarray(change(label))
        for name, pixels in (("images", resized(image, stored.shape[::-1])), ("labels", stored)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name / f"{number}.png", compress_level=1)
    if table is not None:
        names, values, void = table
        lines = [f'task = "{"binary" if len(names) == 2 else "multiclass"}"']
        lines += [f"ignore_values = [{void}]"] * (void is not None)
        for name, value in zip(names, values, strict=True):
            lines += ["[[classes]]", f'name = "{name}"', f"value = {value}"]
        lines += ["[splits.train]", 'images = "images"', 'labels = "labels"']
        (folder / "dataset.toml").write_text("\n".join(lines) + "\n")
    return folder


def errors(found):
    return {f.rule for f in found.findings if f.rule[0] in "FVG"}


@pytest.mark.parametrize("kind", RESIZED)
def test_a_label_that_was_resized_like_an_image_is_found_by_that_rule_and_not_as_a_missing_class(
    kind, tmp_path
):
    """Of described classes: V2, whose cause is interpolation; V4 would ask for more classes."""
    change, table = RESIZED[kind]
    found = audit(write(tmp_path, change, table))
    assert errors(found) - {"V11"} == {"V2"}
    assert found.totals["V2"].files == NUMBER


@pytest.mark.parametrize("kind", RESIZED)
def test_it_is_found_too_where_classes_are_guessed(kind, tmp_path):
    """Values of interpolation are not guessed to be classes or numbers of objects."""
    found = audit(write(tmp_path, RESIZED[kind][0]))
    assert errors(found) == {"V2"}
    assert found.totals["V2"].files == NUMBER


def test_init_refuses_a_soft_mask_and_audit_prints_the_same_command_which_works(tmp_path):
    """A soft mask has two classes, not one for every step between them."""
    write(tmp_path / "a", RESIZED["mask enlarged"][0])
    with pytest.raises(LabelError, match="4 of 4 labels have soft borders") as refused:
        init(tmp_path / "a")
    command = audit(tmp_path / "a").repair("V2")
    assert command in refused.value.hint
    assert main(shlex.split(command)[1:]) == 0
    for number, (_, label) in enumerate(SCENES):
        stored = np.where(resized(mask(label), (320, 256)) < 128, 0, 1)
        written = tmp_path / f"a-converted/labels/{number}.png"
        assert np.array_equal(read_label(written), stored)
    assert "V2" not in audit(tmp_path / "a-converted").totals


@pytest.mark.parametrize(("quality", "change"), [(75, mask), (75, spread), (95, spread)])
def test_the_noise_of_a_jpeg_file_is_not_called_interpolation(quality, change, tmp_path):
    """It was saved as a PNG later: V3."""
    values = (0, 255) if change is mask else range(0, 240, 30)
    table = (NAMES[: len(values)], values, None)
    found = audit(write(tmp_path, lambda label: as_jpeg(change(label), quality), table))
    assert "V2" not in errors(found)


def test_labels_with_many_thin_and_small_objects_are_not_called_interpolated(tmp_path):
    """Each object has a number of its own; lines of one pixel, and objects of a few."""

    def objects(label):
        random = np.random.default_rng(int(label.sum()))
        stored = np.zeros((128, 160), np.uint8)
        for number in range(1, 250):
            y, x = random.integers(0, 120), random.integers(0, 150)
            height, width = random.integers(1, 4, 2) * (1 + 3 * random.integers(0, 2, 2))
            stored[y : y + height, x : x + width] = number
        return stored

    assert "V2" not in errors(audit(write(tmp_path, objects)))


PLACES = {
    "mirrored left to right": lambda label: label[:, ::-1],
    "flipped upside down": lambda label: label[::-1],
    "turned by 180 degrees": lambda label: label[::-1, ::-1],
    "moved 8 pixels left": lambda label: np.roll(label, 8, 1),
    "moved 8 pixels right": lambda label: np.roll(label, -8, 1),
    "moved 8 pixels up": lambda label: np.roll(label, 8, 0),
    "moved 6 pixels down": lambda label: np.roll(label, -6, 0),
    "moved 8 pixels up and 8 pixels left": lambda label: np.roll(label, (8, 8), (0, 1)),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_label_in_another_place_than_its_image_is_found_by_deep(place, tmp_path):
    """Each label, with what brings it back."""
    found = audit(write(tmp_path, PLACES[place], EIGHT), deep=True)
    assert found.totals["G3"].files == NUMBER
    assert all(place in f.detail for f in found.of_rule("G3"))


def with_grain(scenes, noise):
    """The same scenes with noise of so many grey values."""
    random = np.random.default_rng(noise)
    return [
        ((image + random.normal(0, noise, image.shape)).clip(0, 255).astype(np.uint8), label)
        for image, label in scenes
    ]


@pytest.mark.parametrize("noise", [20, 40, 60])
@pytest.mark.parametrize("place", ["mirrored left to right", "moved 8 pixels right"])
def test_a_label_in_another_place_is_found_in_images_with_grain_too(place, noise, tmp_path):
    """The grain is as strong as the edges."""
    found = audit(
        write(tmp_path, PLACES[place], EIGHT, scenes=with_grain(SCENES, noise)), deep=True
    )
    assert found.totals["G3"].files == NUMBER
    assert all(place in f.detail for f in found.of_rule("G3"))


@pytest.mark.parametrize("noise", [20, 60, 200])
def test_grain_alone_is_no_finding_of_deep(noise, tmp_path):
    """Labels in their place, below grain from weak to where nothing can be seen."""
    scenes = with_grain(twenty_scenes(), noise)
    found = audit(write(tmp_path, table=EIGHT, scenes=scenes), deep=True)
    assert "G3" not in found.totals


@pytest.mark.parametrize("size", [(128, 160), (96, 200), (240, 320)])
def test_labels_in_their_place_are_no_finding_of_deep(size, tmp_path):
    """Twenty scenes of each size."""
    found = audit(write(tmp_path, table=EIGHT, scenes=twenty_scenes(size)), deep=True)
    assert set(found.totals) <= {"V11", "V12"}


@pytest.mark.parametrize("number", [12, 60, 300])
def test_single_pixels_in_areas_of_another_class_are_found_by_deep(number, tmp_path):
    """As a threshold or a colour-selection tool leaves them."""

    def specks(label):
        random, stored = np.random.default_rng(number), label.copy()
        y, x = random.integers(2, 126, 2 * number), random.integers(2, 158, 2 * number)
        stored[y, x] = random.integers(0, 8, 2 * number)
        return stored

    found = audit(write(tmp_path, specks, EIGHT), deep=True)
    assert {f.file for f in found.findings if f.rule in ("R1", "V2")} == {
        f"labels/{n}.png" for n in range(NUMBER)
    }


@pytest.mark.parametrize(
    ("deep", "turned", "rules"),
    [
        (False, False, {"G5"}),
        (False, True, {"G5"}),
        (True, False, set()),
        (True, True, {"G3", "G5"}),
    ],
)
def test_edges_say_whether_a_label_lies_on_the_turned_image(deep, turned, rules, tmp_path):
    """Its tag says turned by 180 degrees, and the label has no tag: right data, or not."""
    write(tmp_path, (lambda label: label[::-1, ::-1]) if turned else np.asarray, EIGHT)
    exif = Image.Exif()
    exif[274] = 3
    for path in sorted((tmp_path / "images").glob("*.png")):
        with Image.open(path) as image:
            image.save(path.with_suffix(".jpg"), exif=exif, quality=95)
        path.unlink()
    assert errors(audit(tmp_path, deep=deep)) - {"V11", "V12"} == rules


@pytest.mark.parametrize("kind", ["soft mask", "grey levels enlarged"])
def test_soft_labels_whose_classes_nobody_knows_are_an_error_with_a_command(
    kind, tmp_path, monkeypatch
):
    """Where a survey refuses to guess them."""

    def refuse(*_args, **_options):
        raise LabelError(tmp_path, "labels", event="they are soft", command="pixelwise convert a")

    monkeypatch.setattr("pixelwise.audit.source.survey_folder", refuse)
    found = audit(write(tmp_path / "a", RESIZED[kind][0]))
    assert errors(found) == {"V2"}
    assert found.totals["V2"].files == NUMBER
    assert found.repair("V2") == "pixelwise convert a"
    assert found.questions == ()


def test_what_a_survey_refuses_and_no_rule_explains_is_said_first(tmp_path, monkeypatch):
    """With what to do."""

    def refuse(*_args, **_options):
        raise LabelError(tmp_path, "labels", must="label images", got="heights", hint="Do this.")

    monkeypatch.setattr("pixelwise.audit.source.survey_folder", refuse)
    found = audit(write(tmp_path / "a"))
    assert found.questions == (f"{tmp_path}: labels must be label images, got heights.", "Do this.")
    assert "please decide:\n  " in found.text()
