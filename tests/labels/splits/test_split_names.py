"""Names of splits in commands: folds part a split, joined splits are their union."""

import re
import zlib

import pytest

from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.labels.splits.names import (
    SplitPart,
    fold_number,
    fold_split,
    folder_of_split,
    group_of,
    split_parts,
)

AB = Classes(["a", "b"])
TRAIN, VAL = [f"s{i % 4}_{i:03}" for i in range(40)], [f"v{i}_0" for i in range(7)]


def add_pairs(folder, ids):
    for kind, suffix in (("images", "jpg"), ("labels", "png")):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for key in ids:
            (folder / kind / f"{key}.{suffix}").write_bytes(b"")


@pytest.fixture
def description(tmp_path):
    add_pairs(tmp_path / "train", TRAIN)
    add_pairs(tmp_path / "val", VAL)
    splits = {name: Split(f"{name}/images", f"{name}/labels") for name in ("train", "val")}
    return Description(tmp_path, AB, splits)


def ids(description, split):
    return [pair.id for pair in description.pairs(split)]


@pytest.mark.parametrize("by", ["", "by_"])
@pytest.mark.parametrize("folds", [2, 3])
def test_folds_are_a_partition_and_the_others_are_the_rest(description, folds, by):
    of = [ids(description, f"train.{k + 1}of{folds}{by}") for k in range(folds)]
    assert sorted(i for own in of for i in own) == sorted(TRAIN)
    for k, own in enumerate(of, 1):
        rest = ids(description, f"train.not{k}of{folds}{by}")
        assert sorted(own + rest) == sorted(TRAIN)


def test_a_joined_split_is_the_union_and_its_folds_are_those_of_its_parts(description):
    assert ids(description, "train+val") == sorted(TRAIN + VAL)
    of = ids(description, fold_split("train+val", description.splits, 1, 2, ""))
    assert of == sorted(i for i in TRAIN + VAL if fold_number(i, 2) == 1)
    part = ids(description, "train.1of2+val")
    assert part == sorted([i for i in TRAIN if fold_number(i, 2) == 1] + VAL)


def test_a_group_is_in_one_fold():
    """s0_000, s0_004, ... begin alike up to the first "_"."""
    of = {i.split("_")[0]: set() for i in TRAIN}
    for i in TRAIN:
        of[i.split("_")[0]].add(fold_number(i, 3, "_"))
    assert all(len(folds) == 1 for folds in of.values())
    assert len({fold_number(i, 3) for i in TRAIN if i.startswith("s0")}) == 3


@pytest.mark.parametrize(
    ("id", "by", "group"),
    [
        ("0001TP_006690", "_", "0001TP_"),
        ("aachen/aachen_000000_000019", "/", "aachen/"),
        ("aachen/aachen_000000_000019", "_*_", "aachen/aachen_000000_"),
        ("tile_12_0_512", "_*_", "tile_12_"),
        ("alone", "_", "alone"),
        ("one_only", "_*_", "one_only"),
        ("anything", "", "anything"),
        ("anything", "*", ""),
    ],
)
def test_a_group_is_the_beginning_of_an_id(id, by, group):
    assert group_of(id, by) == group


def test_folds_are_independent_of_those_that_dataset_toml_draws():
    """A split that keeps 4 of 5 folds of crc32 has pairs in all 5 folds."""
    kept = [f"{i:04}" for i in range(500) if zlib.crc32(f"{i:04}".encode()) % 5]
    sizes = [sum(fold_number(i, 5) == k for i in kept) for k in range(1, 6)]
    assert min(sizes) > len(kept) / 5 / 2


def test_a_fold_is_known_for_every_name():
    """Also where a file's name is not valid text; it never changes, as runs depend on it."""
    assert [fold_number(i, 5) for i in ("0001TP_006690", "café", "\udce9")] == [1, 5, 2]


@pytest.mark.parametrize(
    "text",
    [
        "train",
        "train.2of5",
        "train.not2of5",
        "train.2of5by_",
        "train.not1of3by_*_",
        "train.1of2by/",
    ],
)
def test_what_is_written_is_read(text):
    (part,) = split_parts(text, ["train"], "dataset.toml")
    assert str(part) == text


def test_a_name_of_the_dataset_is_that_split_whatever_it_looks_like():
    names = ["train+val", "a.1of2", "train", "val"]
    assert split_parts("train+val", names, "") == (SplitPart("train+val"),)
    assert split_parts("a.1of2", names, "") == (SplitPart("a.1of2"),)
    assert split_parts("a.1of2+val", names, "") == (SplitPart("a.1of2"), SplitPart("val"))
    assert fold_split("train+val", names, 1, 2, "") == "train+val.1of2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trian", r"one of train, val, got 'trian'. Did you mean 'train'"),
        ("train+tets", r"one of train, val, got 'tets'"),
        ("train+", r"one of train, val, got ''"),
        ("train.6of5", r"fold K of N with 1 <= K <= N and 2 <= N <= 1,000, got 'train\.6of5'"),
        ("train.0of5", r"fold K of N .* got 'train\.0of5'"),
        ("train.1of1", r"fold K of N .* got 'train\.1of1'"),
        ("train.1of5.1of2", r"one of train, val, got 'train\.1of5'"),
        ("train.1of", r"one of train, val, got 'train\.1of'"),
    ],
)
def test_what_is_neither_a_split_nor_a_fold_is_named(text, message):
    with pytest.raises(ArgumentError, match=f"dataset.toml: split must be {message}"):
        split_parts(text, ["train", "val"], "dataset.toml")


def test_an_id_in_two_splits_that_are_joined_is_refused(description, tmp_path):
    add_pairs(tmp_path / "val", ["s0_000"])
    message = "1 id in more than one of train and val: s0_000. Predictions and scores are by id"
    with pytest.raises(DatasetError, match=message):
        description.pairs("train+val")


def test_a_fold_without_a_pair_is_refused(description):
    empty = next(k for k in range(1, 41) if all(fold_number(i, 40) != k for i in VAL))
    with pytest.raises(DatasetError, match=rf"split val\.{empty}of40 has no pair. Take fewer"):
        description.pairs(f"val.{empty}of40")


def test_a_folder_of_a_split_has_a_name_that_every_system_allows():
    assert folder_of_split("train.1of5by_*_+val.1of5by/") == "train.1of5by_-_+val.1of5by-"
    assert re.fullmatch(r"[\w.+-]+", folder_of_split('a:b\\c"d<e>f|g?h'))
