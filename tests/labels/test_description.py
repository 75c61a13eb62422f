"""dataset.toml: what is written is read, what is wrong is named with file and key."""

import os
import zlib

import pytest

from pixelwise.errors import ArgumentError, DatasetError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import (
    Description,
    Split,
    fold_of,
    read_description,
    write_description,
)

AB = Classes(["a", "b"], values=[(0, 7), "other"], ignore_values=[11])
HEAD = '[[classes]]\nname = "a"\n[[classes]]\nname = "b"\n'
IMAGES = '[splits.train]\nimages = "images"\n'


def write(folder, text):
    (folder / "dataset.toml").write_text(text)
    return folder


def add_pairs(folder, *ids):
    for kind, ending in (("images", "jpg"), ("labels", "png")):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for key in ids:
            (folder / kind / f"{key}.{ending}").write_bytes(b"")


def ids(pairs):
    return [pair.id for pair in pairs]


def test_what_is_written_is_read(tmp_path):
    """read(write(description)) == description, with every field set or left out."""
    splits = {
        "train": Split(
            *("images", "labels", "_im.jpg", "_gt.png", "train.txt", 5, (1, 2, 3, 4)),
            *("im_", "gt_", "skip"),
        ),
        'odd "name" #1': Split("."),
    }
    description = Description(tmp_path, AB, splits, "binary")
    file = write_description(description, tmp_path, comments=("guessed:\nvoid is 11", "\x00"))
    assert file == tmp_path / "dataset.toml"
    assert read_description(tmp_path) == description
    assert read_description(str(file)) == description
    assert file.read_text().startswith("# guessed:\n# void is 11\n#  \n\ntask = ")


def test_the_file_is_what_a_person_would_write(tmp_path):
    """Only what was set; the text is the format's own documentation."""
    classes = Classes(["sky", "road"], values=[3, 0])
    description = Description(tmp_path, classes, {"train": Split("images", "labels")})
    text = write_description(description, tmp_path / "small.toml").read_text()
    assert text == (
        'task = "multiclass"\nignore_index = 255\n\n'
        '[[classes]]\nname = "sky"\nvalue = 3\ncolor = [0, 0, 0]\n\n'
        '[[classes]]\nname = "road"\nvalue = 0\ncolor = [128, 0, 0]\n\n'
        '[splits.train]\nimages = "images"\nlabels = "labels"\n'
    )


def test_the_shortest_file_has_names_and_a_folder(tmp_path):
    """Everything else has a default."""
    description = read_description(write(tmp_path, HEAD + IMAGES))
    assert description == Description(tmp_path, Classes(["a", "b"]), {"train": Split("images")})
    assert description.num_channels == 2


def test_the_example_in_the_documentation_is_read(tmp_path):
    """The docstring of the module is a valid file."""
    from pixelwise.labels import description as module

    example = module.__doc__.split("\n\n", 1)[1]
    split = read_description(write(tmp_path, example)).splits["train"]
    assert split == Split(
        *("train/images", "train/labels", ".bmp", ".png", "train.txt", 5, (1, 2, 3, 4)),
        *("image_", "mask_", "skip"),
    )


def test_a_binary_task_has_one_channel(tmp_path):
    """Background and foreground are distinguished by one sigmoid."""
    assert read_description(write(tmp_path, 'task = "binary"\n' + HEAD)).num_channels == 1


def test_pairs_of_a_split(tmp_path):
    """Folders are relative to the folder of the file; a split without labels has none."""
    add_pairs(tmp_path, "b", "a")
    text = HEAD + IMAGES + 'labels = "labels"\n[splits.test]\nimages = "images"\n'
    description = read_description(write(tmp_path, text))
    assert ids(description.pairs("train")) == ["a", "b"]
    assert description.pairs("train")[0].label == tmp_path / "labels" / "a.png"
    assert [pair.label for pair in description.pairs("test")] == [None, None]


def test_a_list_chooses_ids(tmp_path):
    """Blank lines and Windows line ends do not matter."""
    add_pairs(tmp_path, "a", "b", "c")
    (tmp_path / "train.txt").write_bytes(b"c\r\n\r\n a \r\n")
    description = read_description(write(tmp_path, HEAD + IMAGES + 'list = "train.txt"\n'))
    assert ids(description.pairs("train")) == ["a", "c"]


def test_prefixes_and_files_without_a_partner_are_settings_of_a_split(tmp_path):
    """unpaired = "skip" leaves them out, "error" names the line that does."""
    add_pairs(tmp_path, "im_1", "im_2", "im_3", "3")
    for name in ("images/3.jpg", "labels/im_1.png", "labels/im_2.png"):
        (tmp_path / name).unlink()
    (tmp_path / "labels" / "2.png").write_bytes(b"")
    (tmp_path / "labels" / "9.png").write_bytes(b"")
    text = HEAD + IMAGES + 'labels = "labels"\nimage_prefix = "im_"\n'
    with pytest.raises(PairingError, match=r'unpaired = "skip" under \[splits\.train\] in dataset'):
        read_description(write(tmp_path, text)).pairs("train")
    skipping = read_description(write(tmp_path, text + 'unpaired = "skip"\n'))
    assert ids(skipping.pairs("train")) == ["2", "3"]
    left = skipping.unpaired_files("train")
    assert [os.path.basename(f) for f in left] == ["im_1.jpg", "9.png", "im_3.png"]


def test_a_split_without_any_pair_names_the_lines_that_pair_its_files(tmp_path):
    """In the words of dataset.toml, also where files without a partner are left out."""
    add_pairs(tmp_path, "image_1", "image_2")
    for number in (1, 2):
        (tmp_path / f"labels/image_{number}.png").rename(tmp_path / f"labels/mask_{number}.png")
    text = HEAD + IMAGES + 'labels = "labels"\nunpaired = "skip"\n'
    lines = (
        r'Did you mean image_prefix = "image_" and label_prefix = "mask_" under \[splits\.train\]'
    )
    with pytest.raises(PairingError, match=lines):
        read_description(write(tmp_path, text)).pairs("train")


def test_folds_divide_pairs_by_their_id_alone(tmp_path):
    """Every pair is in exactly one fold, and stays there when others are added."""
    names = [f"{i:03}" for i in range(60)]
    add_pairs(tmp_path, *names[::2])
    splits = {
        "train": Split("images", "labels", folds=5, keep=(1, 2, 3, 4)),
        "val": Split("images", "labels", folds=5, keep=(0,)),
    }
    description = Description(tmp_path, AB, splits)
    before = set(ids(description.pairs("val")))
    assert before | set(ids(description.pairs("train"))) == set(names[::2])
    assert before.isdisjoint(ids(description.pairs("train")))
    assert before == {name for name in names[::2] if zlib.crc32(name.encode()) % 5 == 0}
    add_pairs(tmp_path, *names)
    assert before == set(ids(description.pairs("val"))) & set(names[::2])


def test_a_fold_is_known_for_every_name():
    """crc32 of the bytes of the name, also where these are no valid text."""
    expected = [zlib.crc32(name) % 5 for name in (b"0001TP_006690", b"caf\xc3\xa9", b"\xe9")]
    assert [fold_of(name, 5) for name in ("0001TP_006690", "café", "\udce9")] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "task = 'multi'\n" + HEAD,
            "task must be one of multiclass, binary, multilabel, got 'multi'",
        ),
        ("task = 'binary'\n" + HEAD + "[[classes]]\nname='c'", "task must be multiclass unless"),
        (HEAD + "[splits]\ntrain = 'x'", "splits.train must be a table, got 'x'"),
        (
            HEAD + "[splits.train]\nlabels = 'x'",
            r"splits\.train\.images must be given, got nothing",
        ),
        (
            HEAD + IMAGES + "label = 'x'",
            r"splits\.train\.key must be .*got 'label'\. Did you mean 'labels'",
        ),
        (HEAD + IMAGES + "labels = 3", r"splits\.train\.labels must be text, got 3"),
        (HEAD + IMAGES + "folds = true", r"splits\.train\.folds must be an integer, got True"),
        (HEAD + IMAGES + "unpaired = 'x'", r"splits\.train\.unpaired must be one of error, skip"),
        (HEAD + IMAGES + "folds = 1", r"splits\.train\.folds must be >= 2, got 1"),
        (HEAD + IMAGES + "folds = 10001", r"splits\.train\.folds must be <= 10,000, got 10001"),
        (HEAD + IMAGES + "keep = [0]", r"splits\.train\.folds must be >= 2, got 0\. Remove"),
        (HEAD + IMAGES + "folds = 5", r"keep must be a list of different folds 0\.\.4, got \[\]"),
        (HEAD + IMAGES + "folds = 5\nkeep = [5]", r"different folds 0\.\.4, got \[5\]"),
        (HEAD + IMAGES + "folds = 5\nkeep = [1, 1]", r"different folds 0\.\.4, got \[1, 1\]"),
        (HEAD + IMAGES + "folds = 5\nkeep = [[1]]", r"keep\[0\] must be an integer, got \[1\]"),
        (HEAD + HEAD, "Classes: names must be different"),
        ("ignore_index = 1\n" + HEAD, "ignore_index must be outside of the class indices"),
        ("task = multiclass", "file must be valid TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path, text, message):
    """The message begins with the path of the file."""
    with pytest.raises(DatasetError, match=rf"\S*/dataset\.toml: .*{message}"):
        read_description(write(tmp_path, text))


@pytest.mark.parametrize("path", ["../x", "images/../../x", "/etc", "", "a\\u0000b"])
@pytest.mark.parametrize("key", ["images", "labels", "list"])
def test_a_path_may_not_leave_the_folder(tmp_path, key, path):
    """A dataset from someone else reads no other files of this machine."""
    table = {"images": "images", key: path}
    lines = "".join(f'{name} = "{value}"\n' for name, value in table.items())
    message = rf"dataset\.toml: splits\.s\.{key} must be a relative path that stays in the folder"
    with pytest.raises(DatasetError, match=message):
        read_description(write(tmp_path, f"{HEAD}[splits.s]\n{lines}"))


def test_a_link_may_not_leave_the_folder_either(tmp_path):
    """Where a path ends counts, not how it is written."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    os.symlink(outside, inside / "images")
    with pytest.raises(DatasetError, match=r"splits\.train\.images must be a relative path"):
        read_description(write(inside, HEAD + IMAGES))


def test_a_link_to_itself_is_a_missing_folder(tmp_path):
    """It leads nowhere, so not out of the folder either."""
    os.symlink(tmp_path / "images", tmp_path / "images")
    description = read_description(write(tmp_path, HEAD + IMAGES))
    with pytest.raises(DatasetError, match=r"splits\.train\.images must be an existing folder"):
        description.pairs("train")


def test_a_description_made_by_hand_is_checked_too(tmp_path):
    """The same rules, wherever it comes from."""
    with pytest.raises(
        DatasetError, match=r"Description: splits\.train\.images must be a relative"
    ):
        Description(tmp_path, AB, {"train": Split("../x")})


def test_a_missing_file_is_named(tmp_path):
    """A folder without dataset.toml is not a dataset yet."""
    with pytest.raises(DatasetError, match=r"one without\. Make one with: pixelwise init "):
        read_description(tmp_path)


def test_a_split_that_cannot_be_used_says_why(tmp_path):
    """Unknown name, missing folder, missing list, unmatched ids, nothing left."""
    splits = {
        "train": Split("images", "labels"),
        "gone": Split("nowhere"),
        "listed": Split("images", list="gone.txt"),
        "empty": Split("images", list="empty.txt"),
    }
    description = Description(tmp_path, AB, splits)
    add_pairs(tmp_path, "a")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "labels" / "a.png").unlink()
    with pytest.raises(ArgumentError, match=r"split must be one of train, .*Did you mean 'train'"):
        description.pairs("trian")
    with pytest.raises(DatasetError, match=r"splits\.gone\.images must be an existing folder"):
        description.pairs("gone")
    with pytest.raises(DatasetError, match=r"gone\.txt: file must be readable UTF-8 text"):
        description.pairs("listed")
    with pytest.raises(PairingError, match="every image must have a label, got 1 without"):
        description.pairs("train")
    with pytest.raises(DatasetError, match=r"splits\.empty must be a pair, got none"):
        description.pairs("empty")


def test_a_folder_whose_name_is_too_long_for_the_system_is_not_there(tmp_path):
    (tmp_path / "dataset.toml").write_text(HEAD + f'[splits.train]\nimages = "{"x" * 300}"\n')
    with pytest.raises(DatasetError, match=r"splits\.train\.images must be an existing folder"):
        read_description(tmp_path).pairs("train")
