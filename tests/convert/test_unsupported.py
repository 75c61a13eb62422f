"""Exports of tools that convert does not read are named, with a way on."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convert.annotations import random_image, write_image, write_json
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.detect import detect
from pixelwise.errors import DatasetError
from pixelwise.init.command import init
from pixelwise.init.config import InitConfig

POINTS = [[2, 2], [12, 2], [12, 12]]
JSONS = {
    "Segment Anything": {
        "image": {"image_id": 1, "file_name": "a.jpg", "width": 30, "height": 18},
        "annotations": [{"id": 1, "predicted_iou": 0.9, "stability_score": 0.9}],
    },
    "VoTT": {"name": "p", "securityToken": "x", "tags": [], "assets": {"1": {"regions": []}}},
    "VoTT JSON": {"asset": {"name": "a.jpg"}, "regions": [], "version": "2.2.0"},
    "ISAT": {"info": {"description": "ISAT", "name": "a.png"}, "objects": []},
    "EISeg": [{"name": "roof", "labelIdx": 1, "color": [9, 9, 9], "points": POINTS}],
    "SuperAnnotate": {"metadata": {"name": "a.png"}, "instances": []},
    "SuperAnnotate JSON": [{"type": "polygon", "classId": 3, "points": [1, 2, 3, 4, 5, 6]}],
    "JSON-MIN": [{"id": 1, "image": "a.png", "annotation_id": 4, "lead_time": 2.0}],
    "JSON-MIN of": [{"image": "a", "tag": [{"points": POINTS, "original_width": 30}]}],
    "Labelbox": [{"External ID": "a.png", "Label": {"objects": []}}],
    "V7": {"version": "2.0", "item": {"name": "a.png", "slots": []}, "annotations": []},
    "CreateML": [{"image": "a.png", "annotations": [{"label": "cat", "coordinates": {"x": 1}}]}],
    "COCO results": [{"image_id": 1, "category_id": 3, "segmentation": [], "score": 0.5}],
    "captions": {"images": [], "annotations": [{"image_id": 1, "caption": "a cat"}]},
    "Dataloop": {"filename": "/a.png", "annotations": [{"type": "segment", "coordinates": []}]},
    "Kili": [{"externalId": "a", "jsonResponse": {}}],
    "Encord": [{"label_hash": "1", "data_units": {}}],
    "Scale": [{"task_id": "1", "response": {"annotations": []}}],
    "Hasty": {"label_classes": [], "images": []},
    "Datumaro": {"info": {}, "categories": {"label": {"labels": []}}, "items": []},
    "Segments.ai": {"dataset": {"samples": [{"name": "a.png"}]}},
    "FiftyOne": {"samples": [{"filepath": "a.png"}]},
    "GeoJSON": {"type": "FeatureCollection", "features": []},
    "xView2": {"features": {"lng_lat": [], "xy": []}},
    "BDD100K": [{"name": "a.jpg", "labels": [{"category": "car", "box2d": {}}]}],
}
TEXTS = {
    "boxes of Pascal VOC": (
        "a.xml",
        "<annotation><object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
    ),
    "polygons of LabelMe": (
        "a.xml",
        "<annotation><object><polygon><pt><x>1</x></pt></polygon></object></annotation>",
    ),
    "ASAP": ("a.xml", '<?xml version="1.0"?>\n<ASAP_Annotations></ASAP_Annotations>'),
    "Aperio": ("a.xml", "<Annotations><Annotation></Annotation></Annotations>"),
    "Label Studio": ("a.xml", "<View><Image/></View>"),
    "VGG Image Annotator": (
        "a.csv",
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes\n",
    ),
    "run lengths": ("train.csv", "ImageId,EncodedPixels\na.png,1 3\n"),
    "Segment Anything": ("metadata.csv", "id,area,bbox_x0,predicted_iou,stability_score\n"),
    "boxes": ("a.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\n"),
    "Labelbox": ("a.ndjson", json.dumps({"data_row": {}, "projects": {}}) + "\n{}\n"),
}


def refused(source):
    with pytest.raises(DatasetError) as caught:
        detect(source)
    return str(caught.value)


@pytest.mark.parametrize("tool", JSONS)
def test_json_of_another_tool_is_named_beside_photographs_too(tmp_path, tool):
    """By its path and in its folder, and never as colours of a photograph."""
    write_image(tmp_path / "a.jpg")
    file = write_json(tmp_path / "b.json", JSONS[tool])
    for message in (refused(file), refused(tmp_path)):
        assert f"{file}: format must be" in message
        assert tool in message


@pytest.mark.parametrize("tool", TEXTS)
def test_other_text_of_another_tool_is_named_beside_photographs_too(tmp_path, tool):
    """By its path and in its folder."""
    write_image(tmp_path / "a.jpg")
    name, text = TEXTS[tool]
    (tmp_path / name).write_text(text)
    for message in (refused(tmp_path / name), refused(tmp_path)):
        assert f"{name}: format must be" in message
        assert tool in message


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.geojson", "shapes of a GIS"),
        ("a.SHP", "shapes of a GIS"),
        ("train.tfrecord", "a TFRecord"),
        ("a.roi", "regions of ImageJ"),
        ("imagesTr/a.nii.gz", "a volume"),
    ],
)
def test_files_that_are_not_opened_are_named(tmp_path, name, kind):
    """By the end of their names."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\0")
    assert f"{name}: format must be one that can be recognised, got {kind}" in refused(tmp_path)


@pytest.mark.parametrize(
    ("line", "tool"),
    [
        ("0 0.5 0.5 0.25 0.25", "text of YOLO"),
        ("2 0.1 0.1 0.2 0.1 0.2 0.2", "text of YOLO"),
        ("2 2 12 2 12 12 2 12 plane 0", "boxes of DOTA"),
        ("Car 0.00 0 -1.58 5 3 9 9 1.65 1.67 3.64 -0.65 1.71 46.7 -1.59", "boxes of KITTI"),
    ],
)
def test_lines_beside_photographs_are_named(tmp_path, line, tool):
    """YOLO's with the command that reads them."""
    write_image(tmp_path / "set/a.jpg")
    (tmp_path / "set/a.txt").write_text(f"\n{line}\n")
    message = refused(tmp_path / "set")
    assert f"a.txt: format must be one that can be recognised, got {tool}" in message


def test_the_command_for_text_of_yolo_reads_it(tmp_path):
    """Text and images in one folder."""
    write_image(tmp_path / "set/a.jpg")
    (tmp_path / "set/a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    words = shlex.split(refused(tmp_path / "set").partition("pixelwise convert ")[2].rstrip("."))
    options = dict(zip(words[1::2], words[2::2]))
    config = ConvertConfig(
        Path(words[0]),
        format=options["--format"],
        images=Path(options["--images"]),
        out=tmp_path / "out",
    )
    assert convert(config).objects == 1


def test_init_names_the_tool_too(tmp_path):
    """Where it finds no labels."""
    write_image(tmp_path / "a.jpg")
    (tmp_path / "a.xml").write_text(TEXTS["boxes of Pascal VOC"][1])
    with pytest.raises(DatasetError, match=r"a\.xml is boxes of Pascal VOC \(XML\)\. Boxes say"):
        init(InitConfig(tmp_path))


@pytest.mark.parametrize("content", [{}, {"a": 1}, [], [[]], [1], "x", {"annotations": 3}, None])
def test_json_of_no_tool_at_all_names_none(tmp_path, content):
    """Of whatever type; beside an image of its name it is what is asked about."""
    write_image(tmp_path / "a.jpg")
    file = write_json(tmp_path / "a.json", content)
    assert "a.json: format must be one that can be recognised, got JSON of an" in refused(tmp_path)
    assert "Known are labelme, COCO" in refused(file)


def test_images_that_tools_write_one_by_one_are_named(tmp_path):
    """Masks of Label Studio, and labels of labelme whose numbers differ from folder to folder."""
    write_image(tmp_path / "png/task-7-annotation-8-by-1-tag-car-0.png")
    assert "Export the project as JSON" in refused(tmp_path / "png")
    write_image(tmp_path / "voc/a_json/label.png")
    (tmp_path / "voc/a_json/label_names.txt").write_text("_background_\ncat\n")
    assert "numbers differ from folder to folder" in refused(tmp_path / "voc")


def test_labels_in_a_folder_of_labels_count_more_than_boxes_beside_them(tmp_path):
    """As in Pascal VOC, which has both."""
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "x.png")
    folder = tmp_path / "voc/SegmentationClass"
    folder.mkdir(parents=True)
    (tmp_path / "x.png").rename(folder / "x.png")
    (tmp_path / "voc/Annotations").mkdir()
    (tmp_path / "voc/Annotations/x.xml").write_text(TEXTS["boxes of Pascal VOC"][1])
    assert detect(tmp_path / "voc")[0] == "array"


def test_colours_beside_json_of_other_names_are_labels(tmp_path):
    """A list of classes, as datumaro writes it."""
    Image.fromarray(random_image()).save(tmp_path / "a.png")
    write_json(tmp_path / "settings.json", {"x": 3})
    assert detect(tmp_path)[0] == "color"


def test_a_file_of_cvat_may_have_any_name(tmp_path):
    """It is known by its first element."""
    (tmp_path / "task_1.xml").write_text("<annotations><version>1.1</version></annotations>")
    write_image(tmp_path / "a.jpg")
    assert detect(tmp_path) == ("cvat", tmp_path / "task_1.xml")


def test_the_command_for_text_of_yolo_beside_its_images_takes_all_folders(tmp_path):
    for split in ("train", "val"):
        write_image(tmp_path / "yolo" / split / f"{split}.png")
        (tmp_path / "yolo" / split / f"{split}.txt").write_text("0 0.1 0.1 0.2 0.1 0.2 0.2")
    with pytest.raises(DatasetError, match=r"text of YOLO\. pixelwise convert \S*/yolo --format"):
        detect(tmp_path / "yolo")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("masks.zip", "x", "an archive. Unpack it first"),
        ("data.h5", "x", "a file of HDF5"),
        ("train.tfrecord-00000-of-00010", "x", "a TFRecord"),
        ("a.parquet", "x", "a database or table"),
        ("train.csv", "img,pixels\na.jpg,1 5 9 3\n", "a table of run lengths"),
        ("labels_x.csv", "car,10,10,20,20,a.jpg,64,48\n", "boxes"),
        ("train-bbox.csv", "ImageID,XMin,XMax,YMin,YMax\na,0,1,0,1\n", "boxes"),
        ("p.csv", "image,id,label,annotation_id,lead_time\na,1,b,2,3\n", "Label Studio (CSV)"),
        ("export.json", '{"data_row": {}, "projects": {}}\n' * 2, "a Labelbox export"),
        ("annotations.json", '{"a.jpg": {"instances": []}}', "SuperAnnotate JSON"),
        ("test.json", '{"images": [], "categories": []}', "without annotations"),
        ("a.json", '[{"predicted_iou": 1, "stability_score": 1}]', "Segment Anything"),
    ],
)
def test_what_lies_beside_photographs_alone_is_named(tmp_path, name, content, expected):
    for n in range(2):
        write_image(tmp_path / f"export/images/{n}.png", (90, 120), n)
    (tmp_path / "export" / name).write_text(content)
    for command in (
        lambda: convert(ConvertConfig(source=tmp_path / "export", out=tmp_path / "out")),
        lambda: init(InitConfig(tmp_path / "export")),
    ):
        with pytest.raises(DatasetError) as error:
            command()
        assert name in str(error.value)
        assert expected in str(error.value)
