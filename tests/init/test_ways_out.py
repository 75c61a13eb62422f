"""Every advice that audit and init print leads on, until a command ends with exit code 0."""

import json
import re
import shlex

import numpy as np
import pytest
from PIL import Image

from make import draw
from pixelwise.cli.entry import main
from pixelwise.labels.description import read_description

SIZE, NUMBER = (97, 129), 6
COLORS = np.zeros((256, 3), np.uint8)
COLORS[:3] = [(20, 30, 40), (220, 20, 60), (0, 120, 250)]
# how commands are introduced in what is printed
ADVICE = re.compile(
    r"(?:repair  |again: |first: |class: |in it: |more: |them out: )(pixelwise .+?)"
    r"(?:; pixelwise| \((?:likely|please)|$)",
    re.MULTILINE,
)
TURNED, UPSIDE_DOWN = Image.Exif(), Image.Exif()
TURNED[0x0112], UPSIDE_DOWN[0x0112] = 6, 3


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def images(folder, exif=None, turn=0, suffix=".jpg"):
    """Draw the images, stored with so many quarter turns; gives their labels."""
    labels = []
    for number in range(NUMBER):
        image, label = draw(number, SIZE)
        options = {} if exif is None else {"exif": exif}
        save(folder / f"images/{number}{suffix}", np.rot90(image, turn).copy(), **options)
        labels.append(np.where(label == 255, 0, label).astype(np.uint8))
    return labels


def rgb_labels(folder):
    for number, label in enumerate(images(folder)):
        save(folder / f"labels/{number}.png", COLORS[label])


def rgba_labels(folder):
    for number, label in enumerate(images(folder)):
        save(folder / f"labels/{number}.png", np.dstack([COLORS[label], 255 + 0 * label]))


def grey_jpeg_masks(folder):
    for number, label in enumerate(images(folder)):
        save(folder / f"labels/{number}.jpg", np.where(label > 0, 255, 0).astype(np.uint8))


def colour_jpeg_labels(folder):
    for number, label in enumerate(images(folder, suffix=".png")):
        save(folder / f"labels/{number}.jpg", COLORS[label], quality=90)


def smooth_rgb_labels(folder):
    """Resized with interpolation."""
    for number, label in enumerate(images(folder)):
        small = Image.fromarray(COLORS[label]).resize((64, 48), Image.Resampling.BILINEAR)
        save(folder / f"labels/{number}.png", np.asarray(small.resize(label.shape[::-1])))


def colours_in_folders_of_splits(folder):
    for split in ("train", "val"):
        for number, label in enumerate(images(folder / split)):
            save(folder / split / f"labels/{number}.png", COLORS[label])


def array_labels(folder):
    for number, label in enumerate(images(folder)):
        (folder / "labels").mkdir(exist_ok=True)
        np.save(folder / f"labels/{number}.npy", label)


def image_without_label(folder):
    for number, label in enumerate(images(folder)):
        save(folder / f"labels/{number}.png", label)
    (folder / "labels/3.png").unlink()


def label_without_image_in_a_split(folder):
    for split in ("train", "val"):
        for number, label in enumerate(images(folder / split)):
            save(folder / split / f"labels/{number}.png", label)
    (folder / "train/images/2.jpg").unlink()


def turned_photographs(folder):
    """Labels drawn on what a viewer shows."""
    for number, label in enumerate(images(folder, TURNED, turn=1)):
        save(folder / f"labels/{number}.png", label)


def turned_and_grey_jpeg(folder):
    for number, label in enumerate(images(folder, TURNED, turn=1)):
        save(folder / f"labels/{number}.jpg", np.where(label > 0, 255, 0).astype(np.uint8))


FOLDERS = [
    *(rgb_labels, rgba_labels, grey_jpeg_masks, colour_jpeg_labels, smooth_rgb_labels),
    *(colours_in_folders_of_splits, array_labels, image_without_label, turned_photographs),
    *(label_without_image_in_a_split, turned_and_grey_jpeg),
]


def run(command, capsys):
    """(exit code, the commands that it prints)."""
    words = shlex.split(command)
    assert words[0] == "pixelwise"
    try:
        code = main(words[1:])
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    advice = ADVICE.findall(printed.out + printed.err)
    return code, [one for line in advice for one in line.split(" && ")]


def follow(command, capsys):
    """The commands that were run: each the first advice of the one before it."""
    todo, done = [command], []
    while todo:
        command = todo.pop(0)
        assert command not in done, f"a circle: {[*done, command]}"
        code, advice = run(command, capsys)
        done.append(command)
        todo = todo or advice
    assert code == 0, done
    return done


@pytest.mark.parametrize("first", ["audit", "init"])
@pytest.mark.parametrize("make", FOLDERS, ids=lambda make: make.__name__)
def test_who_follows_the_printed_commands_gets_a_dataset_without_errors(
    make, first, tmp_path, capsys
):
    """Each command as it was printed, in order; the last one ends with 0, and so does its audit."""
    folder = tmp_path / "my data"
    make(folder)
    done = follow(f"pixelwise {first} '{folder}'", capsys)
    made = [folder, tmp_path / "my data-converted", tmp_path / "my data-fixed"]
    last = [path for path in made if (path / "dataset.toml").is_file()][-1]
    assert run(f"pixelwise audit '{last}'", capsys)[0] == 0, done
    description = read_description(last)
    assert all(description.pairs(split) for split in description.splits)


def test_images_with_an_orientation_tag_whose_labels_fit_the_stored_pixels_have_no_error(
    tmp_path, capsys
):
    """Sizes that agree in one way only decide; that the tag is not applied is said with a count."""
    for number, label in enumerate(images(tmp_path / "a", TURNED)):
        save(tmp_path / f"a/labels/{number}.png", label)
    assert main(["audit", str(tmp_path / "a")]) == 0
    printed = capsys.readouterr().out
    assert "6 of 6 images have an orientation tag (EXIF): it is applied neither to" in printed
    assert " G" not in printed.split("images:")[0]


def test_an_orientation_tag_that_sizes_cannot_decide_is_a_warning_and_its_repair_must_be_asked_for(
    tmp_path, capsys
):
    """Turned by 180 degrees: the label may have been drawn on either frame."""
    for number, label in enumerate(images(tmp_path / "a", UPSIDE_DOWN, turn=2)):
        save(tmp_path / f"a/labels/{number}.png", label)
    code, advice = run(f"pixelwise audit {tmp_path}/a", capsys)
    assert code == 0
    assert advice[-1].endswith("--fix-rules safe G5")
    assert [run(command, capsys)[0] for command in advice] == [0]
    fixed = np.asarray(Image.open(tmp_path / "a-fixed/images/1.png")).astype(int)
    stored = np.asarray(Image.open(tmp_path / "a/images/1.jpg")).astype(int)
    assert (fixed == stored[::-1, ::-1]).all()


def test_a_label_and_image_that_are_turned_without_a_tag_are_left_with_the_reason(tmp_path):
    """Nothing says which way; the copy has them as they were."""
    for number, label in enumerate(images(tmp_path / "a", turn=1)):
        save(tmp_path / f"a/labels/{number}.png", label)
    main(["init", str(tmp_path / "a")])
    assert main(["audit", str(tmp_path / "a"), "--fix", str(tmp_path / "b")]) == 1
    left = json.loads((tmp_path / "b/fix.json").read_text())["left"]
    assert {one["rule"] for one in left} == {"G2"}
    assert left[0]["reason"] == "no orientation tag of the image says how it is to be turned"


def test_images_without_labels_become_background_by_the_command_in_the_question(tmp_path, capsys):
    """It takes the classes from the dataset.toml in which the question is open."""
    image_without_label(tmp_path / "a")
    assert main(["init", str(tmp_path / "a")]) == 1
    command = re.search(r"all background: pixelwise (.+)", capsys.readouterr().out)
    assert command is not None
    assert main(shlex.split(command[1])) == 0
    (labels,) = {s.labels for s in read_description(tmp_path / "a-converted").splits.values()}
    assert not np.asarray(Image.open(tmp_path / f"a-converted/{labels}/3.png")).any()
