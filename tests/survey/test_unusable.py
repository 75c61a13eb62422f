"""Labels whose values are no classes stop with the command that makes label images."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.survey.drawn_labels import (
    HEIGHT,
    WIDTH,
    X,
    Y,
    as_jpeg,
    disc,
    drawn,
    objects,
    regions,
    resized,
)

from pixelwise.cli import main
from pixelwise.errors import LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import read_label, write_label
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.given import Given

SEEDS = [0, 100]


def noisy(label):
    """0..6 in place of 0, 249..255 in place of 255."""
    noise = np.random.default_rng(int(label.sum())).integers(0, 7, label.shape)
    return np.where(label > 128, label - noise, label + noise)


def flat_spot(label, value):
    """A small area of one grey in the midst of that of the largest value."""
    y, x = (int(np.median(some)) for some in np.nonzero(label == label.max()))
    spotted = label.copy()
    spotted[y - 3 : y + 4, x - 3 : x + 4] = value
    return spotted


# draw, classes of the command
SOFT = {
    "resized": (lambda n: resized(disc(n, 255)), [0, 255]),
    "enlarged": (lambda n: resized(disc(n, 255), 2), [0, 255]),
    "enlarged much": (lambda n: resized(disc(n, 255), 4), [0, 255]),
    "resized with overshoot": (lambda n: resized(disc(n, 255), 0.5, Image.LANCZOS), [0, 255]),
    "means of four": (lambda n: resized(disc(n, 255), 0.5, Image.BOX), [0, 255]),
    "inverted": (lambda n: resized(255 - disc(n, 255)), [0, 255]),
    "one soft file": (lambda n: (resized(disc(n, 255)), disc(n, 255))[n % 12 > 0], [0, 255]),
    "JPEG": (lambda n: as_jpeg(disc(n, 255)), [0, 255]),
    "fine JPEG": (lambda n: as_jpeg(disc(n, 255), 98), [0, 255]),
    "noise everywhere": (lambda n: noisy(disc(n, 255)), [0, 255]),
    "noise of 0": (lambda n: np.where(disc(n) > 0, 255, noisy(disc(n, 0))), [0, 255]),
    "noise that covers an area": (lambda n: flat_spot(resized(disc(n, 255), 2), 249), [0, 255]),
    "two greys": (lambda n: resized(disc(n, 128)), [0, 128]),
    "three greys": (lambda n: resized(regions(n, [0, 128, 255])), [0, 128, 255]),
    "three greys as JPEG": (lambda n: as_jpeg(regions(n, [0, 128, 255])), [0, 128, 255]),
    "four greys": (lambda n: resized(regions(n, [0, 85, 170, 255])), [0, 85, 170, 255]),
    "indices 0 and 5": (lambda n: resized(disc(n, 5)), [0, 5]),
    "indices 0 and 3": (lambda n: resized(disc(n, 3)), [0, 3]),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", SOFT)
def test_soft_labels_stop_with_a_command_that_takes_the_nearest_level(survey, capsys, kind, seed):
    draw, levels = SOFT[kind]
    labels = drawn(draw, seed=seed)
    with pytest.raises(LabelError, match=r"labels? have soft borders") as told:
        survey(labels)
    program, *words = shlex.split(str(told.value).split("nearest level: ")[1])
    assert program == "pixelwise"
    assert main(words) == 0, capsys.readouterr().err
    out = Path(words[words.index("--out") + 1])
    found = [read_label(path) for path in sorted((out / "labels").rglob("*.png"))]
    nearest = [np.abs(label[..., None] - np.array(levels)).argmin(-1) for label in labels]
    assert all(np.mean(a != b) < 0.01 for a, b in zip(found, nearest, strict=True))


def test_soft_labels_with_a_palette_are_converted_by_its_colours(survey, tmp_path):
    """Values 0 and 5, shown in the colours of Pascal VOC; what is between becomes one of them."""
    labels = drawn(lambda n: resized(disc(n, 5)))
    with pytest.raises(LabelError):
        survey(labels)
    for number, label in enumerate(labels):
        write_label(tmp_path / f"labels/{number:02}.png", label)
    with pytest.raises(LabelError, match="background=#000000,foreground=#800080") as told:
        survey_folder(tmp_path)
    words = shlex.split(str(told.value).split("nearest level: ")[1])[1:]
    assert main(words) == 0
    found = read_label(Path(words[words.index("--out") + 1]) / "labels/00.png")
    assert set(found[labels[0] == 5]) == {1}
    assert set(found[labels[0] == 0]) == {0}


@pytest.mark.parametrize(
    "draw",
    [lambda n: resized(regions(n, range(6))), lambda n: as_jpeg(regions(n, range(0, 12, 2)))],
)
def test_soft_class_indices_stop_too_though_no_command_can_repair_them(survey, draw):
    with pytest.raises(LabelError, match=r"labels? .*(resized like images|soft borders)"):
        survey(drawn(draw))


def test_a_few_soft_class_indices_are_named(survey):
    labels = drawn(lambda n: regions(n, range(6)))
    labels[3] = resized(labels[3])
    meaning, statements = survey(labels)
    assert len(meaning.classes) == 6
    assert statements[0].text.startswith("1 label has rims of values in between")
    assert "labels/03.png" in statements[0].text


def test_stripes_of_a_pixel_are_not_soft(survey):
    """Their values lie between those on both sides, and one of each pair."""

    def stripes(seed):
        cuts = np.sort(np.random.default_rng(seed).integers(2, WIDTH - 2, 6))
        return np.broadcast_to(np.searchsorted(cuts, np.arange(WIDTH)), (HEIGHT, WIDTH))

    meaning, _ = survey(drawn(stripes))
    assert len(meaning.classes) == 7


def blurred(label, radius):
    image = Image.fromarray(label.astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))


STRANGE = {
    "a height": lambda n: 60 + n + X + Y // 2,
    "noise": lambda n: np.random.default_rng(n).integers(0, 256, (HEIGHT, WIDTH)),
    "probabilities": lambda n: 255 / (1 + np.exp((np.hypot(Y - 48, X - 50 - n) - 20) / 6)),
    "a wide blur": lambda n: blurred(disc(n, 255), 14),
    "a depth of 16 bits": lambda n: 1000 + n + 37 * X + 91 * Y,
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_holds_no_classes_stops(survey, kind):
    with pytest.raises(LabelError, match=r"are these label images\? They have [\d,]+ "):
        survey(drawn(STRANGE[kind]))


IDS = {
    "cityscapes": (
        lambda n: np.where(objects(5 + n) > 0, 25999 + objects(5 + n), regions(n, [7, 11, 23])),
        "--divisor 1000 --classes cityscapes_ids",
    ),
    "tracks": (
        lambda n: (
            np.where(objects(5 + n) > 3, 2000, 1000) * (objects(5 + n) > 0) + 3 * objects(5 + n)
        ),
        "--divisor 1000 --out",
    ),
    "kitti": (
        lambda n: np.where(
            objects(5 + n) > 0, 26 * 256 + objects(5 + n), 256 * regions(n, [7, 23])
        ),
        "--divisor 256 --classes cityscapes_ids",
    ),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_class_and_object_stop_with_a_command_that_keeps_the_class(survey, kind):
    draw, options = IDS[kind]
    labels = drawn(draw)
    with pytest.raises(LabelError, match="hold class and object") as told:
        survey(labels)
    assert f"--format instances {options}" in str(told.value)
    words = shlex.split(str(told.value).split("class alone: ")[1])[1:]
    assert main(words) == 0
    found = read_label(Path(words[words.index("--out") + 1]) / "labels/00.png")
    divisor = int(words[words.index("--divisor") + 1])
    classes = np.where(labels[0] >= divisor, labels[0] // divisor, labels[0])
    assert len(np.unique(found)) == len(np.unique(classes))


@pytest.mark.parametrize(("names", "first"), [(["skin", "mole"], "skin"), (["mole"], "background")])
def test_names_that_are_known_are_those_of_the_levels(survey, names, first):
    """One name is that of the foreground."""
    with pytest.raises(LabelError, match=f"{first}=#000000,mole=#ffffff"):
        survey(drawn(lambda n: resized(disc(n, 255))), Classes(names))


VOC_COLORS = voc_colormap()[:5]


def with_palettes(root, order):
    """Labels of five classes; order(file) says which entry of its palette has which colour."""
    for number in range(8):
        colors = order(number)
        value_of = {tuple(color): value for value, color in enumerate(colors.tolist())}
        values = np.array([value_of.get(tuple(c), n) for n, c in enumerate(VOC_COLORS.tolist())])
        stored = values[regions(number, range(5))].astype(np.uint8)
        image = Image.frombytes("P", (WIDTH, HEIGHT), stored.tobytes())
        image.putpalette(colors.ravel().tolist())
        for folder in ("images", "labels"):
            (root / folder).mkdir(exist_ok=True)
        image.save(root / f"labels/{number}.png")
        noise = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(noise).save(root / f"images/{number}.png")


def test_palettes_in_another_order_stop_with_a_command_that_takes_the_colours(tmp_path):
    with_palettes(tmp_path, lambda n: np.random.default_rng(n).permutation(VOC_COLORS))
    with pytest.raises(LabelError, match="stored as another value in other files") as told:
        survey_folder(tmp_path)
    words = shlex.split(str(told.value).split("the colours: ")[1])[1:]
    assert main(words) == 0
    out = Path(words[words.index("--out") + 1]) / "labels"
    ranks = np.argsort(np.argsort([r << 16 | g << 8 | b for r, g, b in VOC_COLORS.tolist()]))
    assert all(
        np.array_equal(read_label(out / f"{n}.png"), ranks[regions(n, range(5))]) for n in range(8)
    )
    kept = survey_folder(tmp_path, Given(ignore_values=()))
    assert kept.description.classes.values == ((0,), (1,), (2,), (3,), (4,))


@pytest.mark.parametrize(
    "order",
    [
        lambda _: VOC_COLORS,
        lambda n: np.random.default_rng(n).integers(0, 256, (5, 3)),
        lambda _: np.concatenate([VOC_COLORS[:4], VOC_COLORS[1:2]]),
    ],
)
def test_palettes_with_other_colours_say_nothing_about_values(tmp_path, order):
    with_palettes(tmp_path, order)
    assert survey_folder(tmp_path).description.classes.names == tuple(
        f"class_{n}" for n in range(5)
    )


def test_labels_of_one_colour_are_not_converted_by_it(tmp_path):
    """The values are in the alpha channel."""
    with_palettes(tmp_path, lambda _: VOC_COLORS)
    for number in range(8):
        alpha = Image.fromarray(disc(number, 255).astype(np.uint8))
        black = Image.new("L", alpha.size)
        Image.merge("RGBA", [black, black, black, alpha]).save(tmp_path / f"labels/{number}.png")
    with pytest.raises(LabelError, match="without alpha"):
        survey_folder(tmp_path)


def test_a_white_surrounding_is_said_where_the_command_calls_it_foreground(survey, tmp_path):
    labels = drawn(lambda n: 255 - disc(n, 255))
    with pytest.raises(LabelError, match=r"255 has \d+ % .*; if 0 is foreground, exchange"):
        survey([resized(label) for label in labels])
    for number, label in enumerate(labels):
        Image.fromarray(label.astype(np.uint8)).convert("RGB").save(
            tmp_path / f"labels/{number:02}.png"
        )
        Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / f"images/{number:02}.png")
    with pytest.raises(LabelError, match=r"has \d+ % .*; if the first is foreground, exchange"):
        survey_folder(tmp_path)


def test_the_colour_that_pascal_voc_has_for_void_is_called_so(tmp_path):
    with_palettes(tmp_path, lambda _: VOC_COLORS)
    for path in (tmp_path / "labels").iterdir():
        label = np.array(Image.open(path).convert("RGB"))
        label[:4] = 224, 224, 192
        Image.fromarray(label).save(path)
    with pytest.raises(LabelError, match="void=#e0e0c0"):
        survey_folder(tmp_path)
