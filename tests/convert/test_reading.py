"""Annotation files are opened once in a run, whatever the run has to know of them."""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from convert.annotations import (
    SIZE,
    SQUARE,
    digests,
    png_base64,
    random_image,
    shape,
    square,
    write_image,
    write_json,
    write_labelme,
)
from pixelwise.convert import reading
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, RunError
from pixelwise.legend.read import read_rows
from worker_jobs import die_reading

OPENED = []


def record(event, arguments):
    """What Python opens, as long as a test asks for it."""
    if event == "open" and OPENED and isinstance(arguments[0], str):
        OPENED[0].append(arguments[0])


sys.addaudithook(record)


@pytest.fixture
def opened():
    """Paths of all files that are opened from here on, each as often as it is."""
    OPENED.append([])
    yield OPENED[0]
    OPENED.clear()


def write_images(folder):
    """Twelve images, 00.png to 11.png."""
    return [write_image(folder / f"{number:02}.png") for number in range(12)]


def labelme(folder):
    for number in range(12):
        write_labelme(folder, f"{number:02}")


def labelme_embedded(folder):
    for number in range(12):
        changes = {"imageData": png_base64(random_image()), "imageHeight": None}
        shapes = [shape("cat", [[3, 2], [8, 5]], "mask", mask=png_base64(square()[:4, :6]))]
        write_labelme(folder, f"{number:02}", shapes, **changes)


def labelme_without_size(folder):
    for number in range(12):
        write_labelme(folder, f"{number:02}", imageHeight=None)


def coco(folder, **changes):
    images = write_images(folder)
    height, width = SIZE
    content = {
        "images": [
            {"id": n, "file_name": image.name, "height": height, "width": width}
            for n, image in enumerate(images)
        ],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [
            {"image_id": n, "category_id": 3, "segmentation": [np.ravel(SQUARE).tolist()]}
            for n in range(12)
        ],
        **changes,
    }
    write_json(folder / "all.json", content)
    write_json(folder / "info.json", {"contributor": "somebody"})


def coco_panoptic(folder):
    for number in range(12):
        ids = np.stack([square(7), square(0), square(0)], axis=-1)
        (folder / "all").mkdir(parents=True, exist_ok=True)
        Image.fromarray(ids).save(folder / f"all/{number:02}.png")
    segments = [{"id": 7, "category_id": 3}]
    entries = [
        {"image_id": n, "file_name": f"{n:02}.png", "segments_info": segments} for n in range(12)
    ]
    coco(folder, annotations=entries)


def cvat(folder):
    height, width = SIZE
    points = ";".join(f"{x},{y}" for x, y in SQUARE)
    images = "".join(
        f'<image id="{n}" name="{image.name}" width="{width}" height="{height}">'
        f'<polygon label="cat" points="{points}"/></image>'
        for n, image in enumerate(write_images(folder))
    )
    (folder / "annotations.xml").write_text(f"<annotations>{images}</annotations>")


def yolo(folder):
    (folder / "labels").mkdir(parents=True)
    for image in write_images(folder / "images"):
        text = "0 0.1 0.1 0.5 0.1 0.5 0.5\n"
        (folder / f"labels/{image.stem}.txt").write_text(text)


def yolo_with_names(folder):
    yolo(folder)
    (folder / "data.yaml").write_text("names: [cat]\n")


def label_studio(folder):
    height, width = SIZE
    value = {"points": [[10, 10], [50, 10], [50, 50]], "polygonlabels": ["cat"]}
    result = {"type": "polygonlabels", "value": value}
    result |= {"original_height": height, "original_width": width}
    tasks = [
        {"data": {"image": image.name}, "annotations": [{"result": [result]}]}
        for image in write_images(folder)
    ]
    write_json(folder / "export.json", tasks)


def cityscapes(folder):
    for image in write_images(folder.parent / "leftImg8bit"):
        image.rename(image.with_name(f"{image.stem}_leftImg8bit.png"))
        objects = [{"label": "car", "polygon": SQUARE}]
        content = {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": objects}
        write_json(folder / f"{image.stem}_gtFine_polygons.json", content)


def masks(folder):
    for number in range(12):
        write_image(folder / f"{number:02}/images/{number:02}.png")
        for color, name in ((square(255), "x"), (np.repeat(square(1)[:, :, None], 3, 2), "y")):
            (folder / f"{number:02}/masks").mkdir(exist_ok=True)
            Image.fromarray(color).save(folder / f"{number:02}/masks/{name}.png")


def array(folder):
    folder.mkdir()
    (folder.parent / "classes.txt").write_text("a\nb\n")
    for number in range(12):
        np.save(folder / f"{number:02}.npy", square())


@pytest.mark.parametrize("again", [False, True], ids=["new", "again"])
@pytest.mark.parametrize(
    "write",
    [
        *(labelme, labelme_embedded, labelme_without_size, coco, coco_panoptic, cvat),
        *(yolo, yolo_with_names, label_studio, cityscapes, masks, array),
    ],
    ids=lambda write: write.__name__,
)
def test_every_file_of_a_source_is_opened_once(tmp_path, opened, write, again):
    """Annotations, images, classes; by a run that makes labels, and by one that finds them done."""
    write(tmp_path / "source")
    classes = str(tmp_path / "classes.txt") if write is array else None
    config = ConvertConfig(tmp_path / "source", out=tmp_path / "out", classes=classes)
    for _ in range(again):
        convert(config)
    opened.clear()
    assert convert(config).resumed == 12 * again
    read = Counter(path for path in opened if not path.startswith(f"{tmp_path}/out"))
    read = {path: n for path, n in read.items() if path.startswith(str(tmp_path))}
    assert len(read) >= 12
    assert {path: n for path, n in read.items() if n > 1} == {}


@pytest.mark.parametrize(
    ("name", "text"), [("a.json", '{"names": ["a", "b"]}'), ("a.txt", "a\nb\n")]
)
def test_a_class_file_is_opened_once(tmp_path, opened, name, text):
    """By the reader that looks what it is, which hands on what it has read."""
    (tmp_path / name).write_text(text)
    opened.clear()
    assert read_rows(tmp_path / name).names == ("a", "b")
    assert opened == [str(tmp_path / name)]


def test_every_annotation_is_parsed_once(tmp_path, monkeypatch):
    """By detect, by the look for classes, or by the worker."""
    parsed = []
    for name in ("reading", "formats.labelme", "formats.cityscapes"):
        module = import_module(f"pixelwise.convert.{name}")
        parse = module.parse_json
        monkeypatch.setattr(
            module,
            "parse_json",
            lambda data, where, p=parse: (parsed.append(where), p(data, where))[1],
        )
    labelme(tmp_path / "source")
    convert(ConvertConfig(tmp_path / "source", out=tmp_path / "out"))
    assert sorted(Counter(parsed).values()) == [1] * 12


@pytest.mark.parametrize(
    "write", [labelme, labelme_embedded, yolo], ids=lambda write: write.__name__
)
def test_what_does_not_fit_into_memory_is_read_again(tmp_path, monkeypatch, write):
    """The labels, images and keys are the same, and a second run finds them done."""
    write(tmp_path / "source")
    convert(ConvertConfig(tmp_path / "source", out=tmp_path / "whole"))
    monkeypatch.setattr(reading, "HANDED_ON", 0)
    config = ConvertConfig(tmp_path / "source", out=tmp_path / "out")
    convert(config)
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
    assert convert(config).resumed == 12


def test_a_file_that_is_damaged_is_opened_once_too(tmp_path, opened):
    """detect, find and the worker say the same about it."""
    labelme(tmp_path / "source")
    (tmp_path / "source/00.json").write_text("{")
    opened.clear()
    (failed,) = convert(ConvertConfig(tmp_path / "source", out=tmp_path / "out")).failed
    assert "00.json: file must be valid JSON" in failed
    assert opened.count(str(tmp_path / "source/00.json")) == 1


def test_a_number_too_large_for_a_coordinate_is_named(tmp_path):
    """JSON integers may have hundreds of digits."""
    write_labelme(tmp_path / "source", shapes=[shape("cat", [[0, 0], [9, 0], [9, 10**400]])])
    with pytest.raises(DatasetError, match=r"shapes\[0\] \(cat\) has points that are"):
        convert(ConvertConfig(tmp_path / "source", out=tmp_path / "out"))


def test_a_file_that_kills_the_process_which_reads_it_is_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
        pytest.warns(RuntimeWarning, match="a worker was lost"),
        pytest.raises(RunError, match=r"a\.json: the worker process was killed twice") as caught,
    ):
        list(reading.Reading(processes).each([("a.json", path)], die_reading))
    assert caught.value.where == str(path)
