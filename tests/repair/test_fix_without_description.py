"""audit --fix of a folder without dataset.toml: the copy gets the one that init would write."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli import main
from pixelwise.init.command import init
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.report.audit_page import audit
from repair.fix_data import NUMBER, colors_of, label_of, make, save


@pytest.fixture
def data(tmp_path):
    """No dataset.toml, and the names of the classes in a text file."""
    make(tmp_path / "data")
    (tmp_path / "data/dataset.toml").unlink()
    (tmp_path / "data/classes.txt").write_text("ground\ndisc\nbar\npole\n")
    return tmp_path / "data"


def few_bits(data):
    """Rule F6 in one label: 4 bits a pixel."""
    stored = np.where(label_of(2) == 255, 0, label_of(2))
    Image.fromarray(stored).save(data / "labels/02.png", bits=4)


def turned_image(data, number):
    """Its tag says that it is to be turned clockwise, as its label is."""
    path = data / f"images/{number:02}.png"
    with Image.open(path) as image:
        upright = np.asarray(image)
    path.unlink()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.rot90(upright)).save(path.with_suffix(".tif"), exif=exif)
    return upright


def test_the_copy_gets_the_description_that_init_would_write(data, tmp_path):
    """The same classes, splits and notes."""
    few_bits(data)
    assert main(["audit", str(data), "--fix", str(tmp_path / "out")]) == 0
    survey = init(data)
    found = read_description(tmp_path / "out")
    assert found.classes == survey.description.classes
    assert found.splits == survey.description.splits
    assert found.open == survey.description.open
    text = (tmp_path / "out/dataset.toml").read_text()
    assert all(f"# {note}" in text for note in survey.notes)
    assert (tmp_path / "out/classes.txt").read_bytes() == (data / "classes.txt").read_bytes()
    assert not audit(tmp_path / "out").totals.keys() & {"F5", "F6"}
    for number in range(NUMBER):
        name = f"labels/{number:02}.png"
        assert np.array_equal(read_label(tmp_path / "out" / name), read_label(data / name))


def test_the_command_that_is_printed_works_as_it_is(data, capsys):
    """No other command has to be run before."""
    few_bits(data)
    command = audit(data).repair("F6")
    assert command == f"pixelwise audit {data} --fix {data}-fixed"
    assert main(command.split()[1:]) == 0
    assert "repaired F6" in capsys.readouterr().out
    assert main(["audit", f"{data}-fixed"]) == 0


def test_the_same_call_twice_gives_the_same_bytes(data, tmp_path):
    """Also of the dataset.toml that it writes."""
    few_bits(data)
    main(["audit", str(data), "--fix", str(tmp_path / "out")])
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*.*")}
    main(["audit", str(data), "--fix", str(tmp_path / "out")])
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*.*")} == before


def test_images_are_turned_where_labels_are_colours_and_no_description_can_be_written(
    data, tmp_path, capsys
):
    """What needs no classes is repaired; the labels keep their bytes, with the reason."""
    (data / "classes.txt").unlink()
    for number in range(NUMBER):
        save(data / f"labels/{number:02}.png", colors_of(label_of(number)))
    upright = turned_image(data, 4)
    assert audit(data).repair("G2") == f"pixelwise audit {data} --fix {data}-fixed"
    assert audit(data).repair("F10").startswith("pixelwise convert")
    main(["audit", str(data), "--fix", str(tmp_path / "out")])
    with Image.open(tmp_path / "out/images/04.png") as image:
        assert np.array_equal(np.asarray(image), upright)
    assert not (tmp_path / "out/dataset.toml").exists()
    name = "labels/00.png"
    assert (tmp_path / "out" / name).read_bytes() == (data / name).read_bytes()
    assert "its classes are not known, as there is no dataset.toml" in capsys.readouterr().out
    assert "G2" not in audit(tmp_path / "out").totals


def test_lists_that_init_would_write_are_in_the_copy(data, tmp_path):
    """Splits of official lists, which name files."""
    (data / "train.txt").write_text("".join(f"images/{n:02}.png\n" for n in range(4)))
    (data / "test.txt").write_text("".join(f"images/{n:02}.png\n" for n in range(4, NUMBER)))
    few_bits(data)
    before = audit(data)
    assert not before.totals.keys() & {"P1", "P2", "P4", "S1"}
    assert main(["audit", str(data), "--fix", str(tmp_path / "out")]) == 0
    after = audit(tmp_path / "out")
    assert after.pairs == before.pairs
    assert before.pairs["test"] == 2
    assert not after.totals.keys() & {"P1", "P2", "P4", "S1"}


def test_open_questions_stay_open_in_the_copy_with_commands_that_answer_them(
    data, tmp_path, capsys
):
    """An image without a label: is it left out?"""
    few_bits(data)
    (data / "labels/05.png").unlink()
    main(["audit", str(data), "--fix", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert f"pixelwise init {data} --force --unpaired skip" in printed
    text = (tmp_path / "out/dataset.toml").read_text()
    assert f"pixelwise init {tmp_path}/out --force --unpaired skip" in text
    assert len(read_description(tmp_path / "out").open) == 1
    assert main(["init", f"{tmp_path}/out", "--force", "--unpaired", "skip"]) == 0
    assert read_description(tmp_path / "out").open == ()
    assert "repaired F6" in printed
