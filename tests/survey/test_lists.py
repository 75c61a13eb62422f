"""Lists of ids in the forms that data sets have them."""

import pytest

from pixelwise.survey.lists import find_lists, match_lines, read_list, read_splits

IDS = ("a 1", "b_2", "c.3", "10", "0")


@pytest.mark.parametrize(
    "line",
    [
        "{id}",
        "{id}.png",
        "images/{id}.jpg",
        "./images/{id}.jpg",
        "/SegNet/CamVid/train/{id}.png",
        r"C:\data\images\{id}.jpg",
        "/data/train/{id}.png /data/trainannot/{id}.png",
        "images/{id}.jpg,labels/{id}.png",
        "images/{id}.jpg\tlabels/{id}.png",
        '"{id}"',
    ],
)
def test_a_list_may_have_ids_names_paths_or_pairs(tmp_path, line):
    ids = ("b_2", "c.3", "10", "0")
    lines = [line.format(id=id) for id in ids[:3]]
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n\n")
    assert read_list(tmp_path / "train.txt", ids) == {"b_2", "c.3", "10"}


def test_names_with_blanks_are_found_in_lines_of_one_name(tmp_path):
    (tmp_path / "train.txt").write_text("a 1\nimages/a 1.png\n")
    assert read_list(tmp_path / "train.txt", IDS) == {"a 1"}


def test_columns_beside_the_id_are_passed_over(tmp_path):
    (tmp_path / "train.csv").write_text("image,label\nb_2 1 1 1\n10,7,8\n")
    assert read_list(tmp_path / "train.csv", IDS) == {"b_2", "10"}


@pytest.mark.parametrize("name", ["{}_sat.jpg", "image_{}.png", "img/tile-{}_rgb.tif"])
def test_what_precedes_and_follows_the_ids_in_names_is_left_out(tmp_path, name):
    ids = [f"{number:03d}" for number in range(20)]
    (tmp_path / "val.txt").write_text("".join(f"{name.format(id)}\n" for id in ids[:8]))
    assert read_list(tmp_path / "val.txt", ids) == set(ids[:8])


def test_ids_in_folders_are_found_by_their_names_unless_two_have_one(tmp_path):
    (tmp_path / "train.txt").write_text("a\nb\ntrain/c\n")
    ids = ("train/a", "train/b", "val/b", "val/c", "train/c")
    assert read_list(tmp_path / "train.txt", ids) == {"train/a", "train/c"}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"nothing\nof it\n"])
def test_a_list_of_something_else_names_no_id(tmp_path, content):
    (tmp_path / "train.txt").write_bytes(content)
    assert read_list(tmp_path / "train.txt", IDS) == frozenset()
    assert read_list(tmp_path / "missing.txt", IDS) == frozenset()


def lists(folder, **ids_of):
    folder.mkdir(parents=True, exist_ok=True)
    for name, ids in ids_of.items():
        (folder / f"{name}.txt").write_text("".join(f"{id}\n" for id in ids))


def found(*folders, ids="abcdef"):
    return {split: set(named) for split, (_, named) in find_lists(folders, ids).items()}


def test_lists_of_splits_are_found_beside_the_folders_and_in_folders_of_lists(tmp_path):
    lists(tmp_path / "ImageSets/Segmentation", train="abc", val="de", trainval="abcde")
    assert found(tmp_path / "x", tmp_path) == {"train": set("abc"), "val": set("de")}


def test_a_list_of_train_and_val_is_train_where_there_is_none_of_train_alone(tmp_path):
    lists(tmp_path, trainval="abcd", test="ef")
    assert found(tmp_path) == {"train": set("abcd"), "test": set("ef")}


@pytest.mark.parametrize(
    "name", ["train_list", "list_train", "trainIds", "training-files", "Train1"]
)
def test_the_names_of_lists_may_have_words_that_say_nothing(tmp_path, name):
    lists(tmp_path, **{name.replace("trainIds", "train_ids"): "abc", "valid": "de"})
    assert found(tmp_path) == {"train": set("abc"), "val": set("de")}


def test_lists_that_overlap_or_of_one_class_or_without_train_are_no_splits(tmp_path):
    lists(tmp_path / "1", train="abc", val="cd")
    lists(tmp_path / "2", car_train="abc", car_val="de")
    lists(tmp_path / "3", val="abc", test="de")
    lists(tmp_path / "4", train="xyz", val="de")
    assert [found(tmp_path / name) for name in "1234"] == [{}, {}, {}, {}]


def test_a_list_of_the_folders_of_sequences_names_all_files_below(tmp_path):
    (tmp_path / "val.txt").write_text("bus\n")
    assert read_list(tmp_path / "val.txt", ("bear/0", "bus/0", "bus/1")) == {"bus/0", "bus/1"}


def test_what_only_some_lines_have_is_no_affix(tmp_path):
    """The lists of tiles that are cut from an image do not name the image."""
    lines = [f"tile{image}_{tile}" for image in range(3) for tile in range(4)]
    (tmp_path / "train.txt").write_text("\n".join(lines))
    assert read_list(tmp_path / "train.txt", ("tile0", "tile1", "tile2")) == frozenset()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("splits.json", '{"train": ["a.png", "b.png"], "valid": ["c.png"]}'),
        ("splits_final.json", '[{"train": ["a", "b"], "val": ["c"]}, {"train": [], "val": []}]'),
        ("split.json", '{"fold_0": {"train": ["a", "b"], "val": ["c"]}}'),
        ("split.json", '{"train": [{"i": "x/a.png"}, {"i": "x/b.png"}], "val": [{"i": "c.png"}]}'),
        ("metadata.csv", "id,age,split\na,3,train\nb,4,train\nc,5,val\n"),
        ("two.csv", "id,group,split\na,dev,train\nb,dev,train\nc,dev,val\n"),
        ("table.csv", "Split,file\ntrain,a.png\ntrain,b.png\nvalidation,c.png\n"),
    ],
)
def test_one_file_may_have_several_splits(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    found = read_splits(tmp_path / name)
    names = {id: id for id in "abc"}
    assert {split: set(match_lines(lines, names).ids) for split, lines in found.items()} == {
        "train": {"a", "b"},
        "val": {"c"},
    }


@pytest.mark.parametrize("text", ["", "{", "[]", '{"names": ["a"]}', '{"train": 3}', "a,b\n1,2\n"])
@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_other_files_have_no_splits(tmp_path, text, suffix):
    (tmp_path / f"x{suffix}").write_text(text)
    assert read_splits(tmp_path / f"x{suffix}") == {}
