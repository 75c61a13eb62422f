"""Where convert reads and writes: hidden names, links, pipes, devices, damaged lists of its own."""

import os

import pytest

from convert.annotations import write_image, write_json, write_labelme
from pixelwise.cli import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import ArgumentError, DatasetError, RunError


def run(source, **settings):
    return convert(ConvertConfig(source, out=source.parent / "out", **settings))


HIDDEN = [".a.png", "x/.a.png", ".x/a.png", "./.a.png", "x/..a/b.png", ".png"]


@pytest.mark.parametrize("name", HIDDEN)
def test_names_that_a_dataset_would_not_show_are_refused(tmp_path, name):
    """find_pairs leaves hidden files out, so they would be written and never read."""
    write_image(tmp_path / "source/a.png")
    image = {"id": 1, "file_name": name, "height": 18, "width": 30}
    content = {"images": [image], "categories": [{"id": 1, "name": "cat"}], "annotations": []}
    write_json(tmp_path / "source/a.json", content)
    with pytest.raises(DatasetError, match=r"without '\.\.', hidden names or"):
        run(tmp_path / "source/a.json", image_files="none")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["labels", "images", "labels/street", "images/street/old"])
def test_a_folder_of_the_result_that_is_a_link_is_seen_before_anything_is_written(tmp_path, kind):
    """What is written would land somewhere else."""
    source = tmp_path / "source"
    write_labelme(source, "street/old/a")
    run(source)
    (tmp_path / "out" / kind).rename(tmp_path / "elsewhere")
    (tmp_path / "out" / kind).symlink_to(tmp_path / "elsewhere")
    write_labelme(source, "street/old/b")
    with pytest.raises(ArgumentError, match="a folder without links in it, got .*out/" + kind):
        run(source)
    assert [path.stem for path in tmp_path.glob("elsewhere/**/*.png")] == ["a"]


@pytest.mark.parametrize("name", ["dataset.toml", "convert.json", "convert.jsonl"])
def test_a_file_of_the_result_that_is_a_link_is_refused(tmp_path, name):
    write_labelme(tmp_path / "source")
    (tmp_path / "mine").write_text("text")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "mine")
    with pytest.raises(ArgumentError, match="a folder without links in it"):
        run(tmp_path / "source")
    assert (tmp_path / "mine").read_text() == "text"


def test_the_folder_of_the_result_itself_may_be_a_link(tmp_path):
    """The user has said where it is."""
    write_labelme(tmp_path / "source")
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    assert run(tmp_path / "source").files == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"id": ' * 100_000,
        '{"id": "a", "objects": ' + "9" * 5000 + "}",
        '{"id": 1, "key": [], "label": {}}\nnull\n"x"\n[1]',
        '{"id": "a", "key": "k", "label": "l", "image_name": ""}',
        '{"id": "a", "key": "k", "label": "l", "image_name": "../../mine"}',
    ],
    ids=["deep", "deep objects", "digits", "types", "no image", "elsewhere"],
)
def test_a_damaged_list_of_what_is_done_means_that_nothing_is(tmp_path, text):
    write_labelme(tmp_path / "source")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/convert.jsonl").write_text(text + "\n")
    report = run(tmp_path / "source")
    assert (report.files, report.resumed) == (1, 0)


def test_a_pipe_in_place_of_a_file_is_never_waited_for(tmp_path):
    """As source, image, label, list of what is done; each by its name."""
    write_labelme(tmp_path / "source")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes/a.png")
    for source in (tmp_path / "pipes", tmp_path / "pipes/a.png"):
        with pytest.raises(DatasetError, match="a regular file, got a pipe"):
            run(source)
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out/convert.jsonl")
    with pytest.raises(RunError, match="a regular file, got a pipe"):
        run(tmp_path / "source")
    (tmp_path / "out/convert.jsonl").unlink()
    run(tmp_path / "source")
    (tmp_path / "out/labels/a.png").unlink()
    os.mkfifo(tmp_path / "out/labels/a.png")
    assert run(tmp_path / "source").resumed == 0
    (tmp_path / "source/a.png").unlink()
    os.mkfifo(tmp_path / "source/a.png")
    with pytest.raises(DatasetError, match="a regular file, got a pipe"):
        run(tmp_path / "source")


def test_a_device_is_not_a_source(tmp_path, capsys):
    for words in (["/dev/zero"], ["/dev/zero", "--format", "coco"]):
        assert main(["convert", *words, "--out", str(tmp_path / "out")]) == 2
        assert "must be a regular file, got a device" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--out", "--images", "--classes", "--split"])
def test_a_path_with_a_nul_or_of_thousands_of_letters_is_one_sentence(tmp_path, capsys, option):
    write_labelme(tmp_path / "source")
    for value in ("a\0b", str(tmp_path / ("x" * 300)), "y/" * 3000 + "y"):
        assert main(["convert", str(tmp_path / "source"), option, value]) == 2
        assert capsys.readouterr().err.startswith("pixelwise: ")
