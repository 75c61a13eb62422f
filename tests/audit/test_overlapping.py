"""Audits of classes that overlap: every label rule in the files of each class, and their own."""

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from audit.clean_data import read, write_label
from audit.overlapping import SIZE, make_overlapping
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description, write_description


def table(result):
    """{(rule, file)}"""
    return {(finding.rule, finding.file) for finding in result.findings}


@pytest.mark.parametrize("how", [{}, {"deep": True}, {"quick": True}])
def test_a_clean_set_has_no_finding(tmp_path, how):
    """Most of an image is of no class, and that is how it should be."""
    result = pw.audit(make_overlapping(tmp_path / "set"), **how)
    assert table(result) == set()
    assert result.pairs == {"train": 12, "val": 6}
    assert result.files == 3 * 18


def test_a_label_rule_names_the_file_of_the_class(tmp_path):
    """Unknown values, a lossy file, a cut file, another size."""
    folder = make_overlapping(tmp_path / "set")
    labels = folder / "train" / "labels"
    stored = read(labels / "bar" / "03.png")
    stored[5:15, 40:60] = 77
    write_label(labels / "bar" / "03.png", stored)
    data = (labels / "disc" / "04.png").read_bytes()
    (labels / "disc" / "04.png").write_bytes(data[:-40])
    write_label(labels / "bar" / "05.png", np.ones((10, 12), np.uint8))
    found = table(pw.audit(folder))
    assert ("V4", "train/labels/bar/03.png") in found
    assert ("F3", "train/labels/disc/04.png") in found
    assert ("G1", "train/labels/bar/05.png") in found
    assert not any(rule == "V4" and "disc" in file for rule, file in found)


def test_an_image_that_is_wrong_is_found_once(tmp_path):
    """Not once for each class."""
    folder = make_overlapping(tmp_path / "set")
    image = folder / "train" / "images" / "03.png"
    image.write_bytes(image.read_bytes()[:-40])
    (folder / "val" / "images" / "12.png").write_bytes(
        (folder / "train" / "images" / "01.png").read_bytes()
    )
    result = pw.audit(folder)
    assert result.totals["F3"].files == 1
    assert result.totals["S1"].files == 1


@pytest.mark.parametrize(("missing", "found"), [("error", {"P1"}), ("absent", set())])
def test_a_file_that_is_missing_is_said_with_its_class(tmp_path, missing, found):
    """missing = "absent" says that the class is nowhere in the image."""
    folder = make_overlapping(tmp_path / "set", more=f'missing = "{missing}"\n')
    (folder / "train" / "labels" / "bar" / "03.png").unlink()
    result = pw.audit(folder)
    assert set(result.totals) == found
    assert all("of class bar" in finding.detail for finding in result.findings)


def test_a_misspelt_file_is_found_where_a_class_may_be_absent(tmp_path):
    """A typo looks like an absent class."""
    folder = make_overlapping(tmp_path / "set", more='missing = "absent"\n')
    bar = folder / "train" / "labels" / "bar"
    for kind in ("images", "labels/disc"):
        (folder / "train" / kind / "03.png").rename(folder / "train" / kind / "street.png")
    (bar / "03.png").rename(bar / "Street.png")
    (finding,) = pw.audit(folder).findings
    assert finding.rule == "P1"
    assert finding.other == "train/labels/bar/Street.png"


def test_suffixes_of_classes_in_one_folder_are_told_apart(tmp_path):
    """car is the end of police_car, and images lie beside the labels."""
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
        for place, name in enumerate(("car", "police_car")):
            stored = np.zeros(SIZE, np.uint8)
            stored[8 + number : 30, 6 : 20 + 10 * place + number] = 1
            write_label(folder / f"{number}_{name}.png", stored)
    (folder / "dataset.toml").write_text(
        'task = "multilabel"\n[[classes]]\nname = "car"\n[[classes]]\nname = "police_car"\n'
        '[splits.train]\nimages = "."\nlabels = "."\nlabel_suffix = "_{class}"\n'
    )
    assert len(read_description(folder).pairs("train")) == 6
    result = pw.audit(folder)
    assert {rule for rule, _ in table(result)} == set()
    assert result.files == 18


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ('[["disc", "wheel"]]', r"exclusive\[0\] must be one of disc, bar, got 'wheel'"),
        ('[["disc"]]', r"exclusive\[0\] must be two or more different classes, got 'disc'"),
        ('[["disc", "disc"]]', "must be two or more different classes"),
        ('"disc"', "exclusive must be a list"),
    ],
)
def test_exclusive_names_classes(tmp_path, groups, message):
    """The message has the key and the names."""
    folder = make_overlapping(tmp_path / "set")
    file = folder / "dataset.toml"
    file.write_text(f"exclusive = {groups}\n{file.read_text()}")
    with pytest.raises(DatasetError, match=message):
        read_description(folder)


def test_exclusive_is_for_classes_that_overlap_and_is_written_back(tmp_path):
    """The description that is written is the one that was read."""
    folder = make_overlapping(tmp_path / "set")
    file = folder / "dataset.toml"
    file.write_text(f'exclusive = [["disc", "bar"]]\n{file.read_text()}')
    description = read_description(folder)
    write_description(description, folder)
    assert read_description(folder) == description
    assert description.exclusive == (("disc", "bar"),)
    file.write_text('exclusive = [["a", "b"]]\n[[classes]]\nname = "a"\n[[classes]]\nname = "b"\n')
    with pytest.raises(DatasetError, match="exclusive is for classes that overlap"):
        read_description(folder)


def test_the_page_shows_them_and_a_repair_says_that_it_cannot(tmp_path):
    """One sentence, before anything is written."""
    folder = make_overlapping(tmp_path / "set")
    label = folder / "train" / "labels" / "bar" / "03.png"
    write_label(label, np.where(read(label) == 1, 77, 0).astype(np.uint8))
    result = pw.audit(folder, html=tmp_path / "page.html")
    assert "77" in (tmp_path / "page.html").read_text()
    assert "--fix" not in result.text()
    for call in (
        lambda: pw.audit(folder, fix=tmp_path / "out"),
        lambda: pw.fix(folder, tmp_path / "out"),
    ):
        with pytest.raises(
            DatasetError, match=r"fix takes one class a pixel, and .* anew\. See docs"
        ):
            call()
    assert not (tmp_path / "out").exists()


def test_a_folder_without_description_is_audited_with_its_question(tmp_path):
    """Masks of each class are recognised; what they mean is asked."""
    folder = make_overlapping(tmp_path / "set")
    (folder / "dataset.toml").unlink()
    for path in folder.glob("*/labels/disc/*.png"):
        write_label(path, np.where(read(path) == 1, 1, 0).astype(np.uint8))
    result = pw.audit(folder)
    assert any("--task multilabel" in line for line in result.questions)
    assert result.errors == 0
    assert result.files == 3 * 18


def test_a_baseline_accepts_what_was_found(tmp_path):
    """In the files of every class."""
    folder = make_overlapping(tmp_path / "set")
    label = folder / "train" / "labels" / "bar" / "03.png"
    write_label(label, np.where(read(label) == 1, 77, 0).astype(np.uint8))
    first = pw.audit(folder, write_baseline=tmp_path / "base.json")
    again = pw.audit(folder, baseline=tmp_path / "base.json")
    assert first.findings
    assert not again.findings
    assert again.accepted == len(first.findings)
