"""Classes that overlap: dataset.toml, the files of each class, and what is read from them."""

import numpy as np
import pytest
from PIL import Image
from tests.make import write_stored

import pixelwise as pw
from pixelwise.errors import DatasetError, LabelError, PairingError
from pixelwise.files.records import from_plain, to_plain
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, read_description, write_description
from pixelwise.labels.overlap.members import read_members, write_members
from pixelwise.labels.pairs import Pair

HEAD = """task = "multilabel"
ignore_values = [9]
[[classes]]
name = "car"
[[classes]]
name = "tv/monitor"
file = "tv"
value = [7, 255]
"""
TRAIN = '[splits.train]\nimages = "images"\nlabels = "labels/{class}"\n'
CLASSES = Classes(["car", "tv/monitor"], values=[1, (7, 255)], ignore_values=9, files=["car", "tv"])
CAR = np.array([[0, 1, 9], [1, 1, 0]], np.uint8)
TV = np.array([[7, 255, 0], [0, 9, 9]], np.uint8)


def write(folder, text=HEAD + TRAIN, ids=("a", "b"), without=(), form="labels/{}/{}.png"):
    """A set of images 2x3, each with the label files of both classes but for those left out."""
    (folder / "images").mkdir(parents=True)
    (folder / "dataset.toml").write_text(text)
    for id in ids:
        Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(folder / "images" / f"{id}.png")
        for name, stored in (("car", CAR), ("tv", TV)):
            path = folder / form.format(name, id)
            path.parent.mkdir(parents=True, exist_ok=True)
            if (name, id) not in without:
                write_stored(path, stored)
    return folder


def test_each_class_has_its_own_plane_and_its_own_void(tmp_path):
    """0 = not the class, its values = 1, void = 255; a pixel may be in both classes or none."""
    description = read_description(write(tmp_path))
    assert description.classes == CLASSES
    assert description.num_channels == 2
    pairs = description.pairs("train")
    assert [pair.id for pair in pairs] == ["a", "b"]
    assert all(pair.label is None and pair.is_labelled for pair in pairs)
    assert [f.parent.name for f in pairs[0].labels] == ["car", "tv"]
    members = read_members(pairs[0], CLASSES)
    assert members.dtype == np.uint8
    assert members.tolist() == [[[0, 1, 255], [1, 1, 0]], [[1, 1, 0], [0, 255, 255]]]


def test_what_is_written_is_read(tmp_path):
    """Description and label files, with every key and with defaults."""
    for files in (["car", "tv"], ["a car", "b"]):
        classes = Classes(["car", "tv"], files=files, ignore_index=254, ignore_values=3)
        split = Split("images", "x/{class}", label_prefix="{class}_", missing="absent")
        description = Description(tmp_path, classes, {"train": split}, "multilabel")
        write_description(description, tmp_path)
        assert read_description(tmp_path) == description
        for suffix in (".toml", ".json"):
            classes.save(tmp_path / f"classes{suffix}")
            assert Classes.load(tmp_path / f"classes{suffix}") == classes
        members = np.random.default_rng(5).choice([0, 1, 254], (2, 5, 4)).astype(np.uint8)
        write_members(tmp_path, "one", members, classes)
        labels = tuple(tmp_path / file / "one.png" for file in files)
        with Image.open(labels[0]) as written:
            assert written.mode == "P"
        read = read_members(Pair("one", tmp_path / "no.png", labels=labels), classes)
        assert np.array_equal(read, members)


@pytest.mark.parametrize(
    ("keys", "form"),
    [
        ('labels = "labels"\nlabel_suffix = "_{class}"', "labels/{1}_{0}.png"),
        ('labels = "labels"\nlabel_prefix = "{class}-"', "labels/{0}-{1}.png"),
        ('labels = "images"\nlabel_suffix = "_{class}"', "images/{1}_{0}.png"),
    ],
)
def test_the_class_may_be_in_prefix_or_suffix_also_beside_the_images(tmp_path, keys, form):
    """A label of one class is no image of another class."""
    text = f'{HEAD}[splits.train]\nimages = "images"\n{keys}\n'
    pairs = read_description(write(tmp_path, text, form=form)).pairs("train")
    assert [pair.id for pair in pairs] == ["a", "b"]
    assert read_members(pairs[1], CLASSES)[1, 0].tolist() == [1, 1, 0]


def test_the_longer_suffix_has_the_file(tmp_path):
    """ "a_big_car.png" is of the class big_car, not a label of "a_big" for the class car."""
    text = (
        'task = "multilabel"\n[[classes]]\nname = "car"\n[[classes]]\nname = "big_car"\n'
        '[splits.train]\nimages = "images"\nlabels = "labels"\nlabel_suffix = "_{class}"\n'
    )
    folder = write(tmp_path, text, form="labels/{1}_{0}.png", without=[("tv", "a"), ("tv", "b")])
    for id in "ab":
        write_stored(folder / "labels" / f"{id}_big_car.png", CAR)
    pairs = read_description(folder).pairs("train")
    assert next([f.name for f in pair.labels] for pair in pairs) == ["a_car.png", "a_big_car.png"]


def test_a_missing_file_is_refused_or_an_absent_class(tmp_path):
    """`missing` decides; a label without an image is refused either way."""
    folder = write(tmp_path, without=[("tv", "b"), ("car", "b")])
    with pytest.raises(
        PairingError, match=r"class car: every image must have .* missing = .absent. there"
    ):
        read_description(folder).pairs("train")
    assert len(read_description(folder).unpaired_files("train")) == 1
    (folder / "dataset.toml").write_text(HEAD + TRAIN + 'missing = "absent"\n')
    description = read_description(folder)
    assert description.unpaired_files("train") == []
    b = description.pairs("train")[1]
    assert b.labels == (None, None)
    assert b.is_labelled
    assert read_members(b, CLASSES).tolist() == np.zeros((2, 2, 3)).tolist()
    write_stored(folder / "labels" / "tv" / "c.png", TV)
    with pytest.raises(PairingError, match=r"class tv/monitor: every label must have an image"):
        description.pairs("train")
    (folder / "dataset.toml").write_text(HEAD + TRAIN + 'unpaired = "skip"\n')
    assert [pair.id for pair in read_description(folder).pairs("train")] == ["a"]


def test_a_value_that_means_nothing_is_named_with_its_file(tmp_path):
    """Nothing is guessed: 255 is void for one class and a value of the other."""
    folder = write(tmp_path)
    pair = read_description(folder).pairs("train")[0]
    write_stored(pair.labels[0], np.array([[0, 2, 2], [1, 5, 0]], np.uint8))
    with pytest.raises(LabelError, match=r"car.a\.png: stored values must be .* got 2 .*5 "):
        read_members(pair, CLASSES)
    write_stored(pair.labels[0], np.zeros((3, 2), np.uint8))
    with pytest.raises(LabelError, match=r"tv.a\.png: size \(H, W\) must be \(3, 2\) as in .*car"):
        read_members(pair, CLASSES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + TRAIN.replace("/{class}", ""), r"splits.train.labels must be with \{class\} in it"),
        (HEAD.replace("multilabel", "multiclass") + TRAIN, r"has a key file, .* overlap"),
        (HEAD.replace('file = "tv"\n', "") + TRAIN, r"names that a file can have, got 'tv/monit"),
        (HEAD.replace('"tv"', '"CAR"') + TRAIN, "different in more than capital letters"),
        (HEAD.replace('"tv"', '"../x"') + TRAIN, "names that a file can have"),
        (HEAD.replace("[7, 255]", "0") + TRAIN, "claimed only once, got 0 for not tv/monitor and"),
        (HEAD + TRAIN.replace("labels/{class}", "../{class}"), "stays in the folder"),
        (HEAD + "exclusive = 1\n", "exclusive"),
        ('[[classes]]\nname = "a"\n' + TRAIN, "is for classes that overlap"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, text, message):
    """The message names the file and the key."""
    with pytest.raises(DatasetError, match=message):
        read_description(write(tmp_path, text))


def test_links_out_of_the_set_are_refused(tmp_path):
    """What is read stays in the folder of the dataset, in every class."""
    folder = write(tmp_path / "set")
    write_stored(tmp_path / "other.png", TV)
    path = folder / "labels" / "tv" / "a.png"
    path.unlink()
    path.symlink_to(tmp_path / "other.png")
    with pytest.raises(DatasetError, match="1 link out of it"):
        read_description(folder).pairs("train")


def test_overlapping_classes_are_no_class_of_a_value():
    """Whoever asks for one class a pixel is told, instead of given a wrong answer."""
    with pytest.raises(LabelError, match="may overlap, so no value is one class"):
        CLASSES.to_index(np.zeros((2, 2), np.uint8))
    with pytest.raises(LabelError, match="may overlap"):
        CLASSES.palette()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("fix", lambda folder: pw.fix(folder, folder / "out")),
        ("audit --fix", lambda folder: pw.audit(folder, fix=folder / "out")),
    ],
)
def test_commands_that_take_one_class_a_pixel_say_so(tmp_path, name, command):
    """One sentence, no crash and no number."""
    with pytest.raises(DatasetError, match=f"{name} takes one class a pixel, and these classes ov"):
        command(write(tmp_path))


def test_classes_that_do_not_overlap_are_read_back_from_a_record():
    """A record of a run holds files = [], which means the same as none."""
    classes = Classes(["sky", "road"])
    assert from_plain(Classes, to_plain(classes), "run", DatasetError) == classes
