"""Readers of arrays, annotation files, class files and dataset.toml."""

import io
import json

import numpy as np
from PIL import Image

from convert.annotations import (
    SIZE,
    SQUARE,
    shape,
    square,
    write_labelme,
)
from convert.test_convert_cityscapes import thing, write_cityscapes
from convert.test_convert_coco import panoptic_ids, write_coco, write_panoptic
from convert.test_convert_cvat import POLYGON, write_cvat
from convert.test_convert_label_studio import result, task, write_export
from convert.test_convert_supervisely import bitmap, png, write_supervisely
from convert.test_convert_supervisely import thing as sly_thing
from convert.test_convert_via import POLYGON as VIA_POLYGON
from convert.test_convert_via import project_3, region, write_via
from convert.test_convert_yolo import write_yolo
from fuzz.readers import Reader
from legend.test_forms import FORMS
from make import make_dataset
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.legend.read import read_rows


def animated(folder):
    frames = [Image.fromarray(square(n), "P") for n in (1, 2)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])


def converting(source, **settings):
    """Convert a file or folder below the folder."""

    def read(folder):
        return convert(ConvertConfig(folder / source, out=folder / "out", **settings))

    return read


def wrote(*writes):
    def make(folder):
        for name, content in writes:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def mat(compressed):
    def make(folder):
        from scipy.io import savemat

        content = {"inst": {"Segmentation": square(2), "Classes": np.arange(3)}}
        savemat(folder / "a.mat", content, do_compression=compressed)

    return make


def read_dataset(folder):
    found = read_description(folder)
    return [found.pairs(split) for split in found.splits]


def dataset_with_list(folder):
    data = make_dataset(folder, 3, 1, size=(21, 31))
    text = (data / "dataset.toml").read_text()
    (data / "dataset.toml").write_text(
        text.replace('"train/labels"', '"train/labels"\nlist = "l.txt"')
    )
    (data / "l.txt").write_text("00\n01\n")


def class_file(suffix):
    def make(folder):
        classes = Classes.named("voc")
        classes.save(folder / f"c{suffix}")

    return make


VOC = {"classes": "voc"}
ARRAYS = [
    Reader(
        "npy array",
        "s/a.npy",
        "npy",
        wrote(("s/a.npy", npy(square(2)))),
        converting("s", format="array", **VOC),
    ),
    Reader(
        "npy of floats",
        "s/a.npy",
        "npy",
        wrote(("s/a.npy", npy(square(2) / 1.0))),
        converting("s", format="array", **VOC),
    ),
    Reader("mat array", "a.mat", "mat", mat(False), converting("a.mat", **VOC)),
    Reader("packed mat array", "a.mat", "mat", mat(True), converting("a.mat", **VOC)),
    Reader(
        "GIF array",
        "a.gif",
        "binary",
        lambda f: Image.fromarray(square(2)).save(f / "a.gif"),
        converting("a.gif", format="array", **VOC),
    ),
    Reader("animated GIF", "a.gif", "binary", animated, converting("a.gif", format="array", **VOC)),
    Reader(
        "colour label",
        "s/a.png",
        "png",
        lambda f: (
            (f / "s").mkdir() or Image.fromarray(np.stack([square(9)] * 3, -1)).save(f / "s/a.png")
        ),
        converting("s", format="color", classes="sky=#000000,car=#090909"),
    ),
    Reader(
        "instance label",
        "s/a.png",
        "png",
        lambda f: (
            (f / "s").mkdir()
            or Image.fromarray(square(3).astype(np.uint16) * 1000).save(f / "s/a.png")
        ),
        converting("s", format="instances", divisor=1000, **VOC),
    ),
    Reader(
        "panoptic PNG",
        "s/pan/a.png",
        "png",
        lambda f: write_panoptic(
            f / "s", panoptic_ids(), [{"id": 70000, "category_id": 17}, {"id": 5, "category_id": 3}]
        ),
        converting("s/pan.json"),
    ),
]
RLE = {"size": list(SIZE), "counts": [20, 40, 480]}
COCO = [
    {
        "id": 1,
        "image_id": 1,
        "category_id": 17,
        "iscrowd": 0,
        "area": 100,
        "bbox": [2, 2, 10, 10],
        "segmentation": [[float(v) for p in SQUARE for v in p]],
    },
    {
        "id": 2,
        "image_id": 1,
        "category_id": 3,
        "iscrowd": 1,
        "area": 40,
        "bbox": [0, 0, 3, 18],
        "segmentation": RLE,
    },
]
ANNOTATIONS = [
    Reader(
        "labelme",
        "s/a.json",
        "json",
        lambda f: write_labelme(
            f / "s", shapes=[shape("cat", SQUARE), shape("dog", [[3, 3], [9, 9]], "rectangle")]
        ),
        converting("s"),
    ),
    Reader(
        "COCO", "s/instances.json", "json", lambda f: write_coco(f / "s", COCO), converting("s")
    ),
    Reader(
        "panoptic",
        "s/pan.json",
        "json",
        lambda f: write_panoptic(
            f / "s", panoptic_ids(), [{"id": 70000, "category_id": 17}, {"id": 5, "category_id": 3}]
        ),
        converting("s/pan.json"),
    ),
    Reader(
        "Cityscapes",
        "s/gtFine/train/aachen/aachen_000000_000019_gtFine_polygons.json",
        "json",
        lambda f: write_cityscapes(f / "s", [thing("car"), thing("sky", [[0, 0], [9, 0], [9, 9]])]),
        converting("s/gtFine", images=None),
    ),
    Reader(
        "Label Studio",
        "s/export.json",
        "json",
        lambda f: write_export(
            f / "s",
            [
                task(
                    [
                        result(),
                        result(
                            "rectanglelabels", "dog", x=10, y=10, width=20, height=20, rotation=5
                        ),
                    ]
                )
            ],
        ),
        converting("s"),
    ),
    Reader(
        "CVAT",
        "s/annotations.xml",
        "xml",
        lambda f: (
            (f / "s").mkdir()
            or write_cvat(
                f / "s",
                POLYGON + '<mask label="cat" rle="3, 4, 5" left="2" top="2" width="4" height="3"/>',
            )
        ),
        converting("s"),
    ),
    Reader(
        "VIA",
        "s/via_region_data.json",
        "json",
        lambda f: write_via(
            f / "s",
            region(VIA_POLYGON, kind="cat"),
            region({"name": "ellipse", "cx": 9, "cy": 9, "rx": 4, "ry": 2, "theta": 1}, kind="dog"),
        ),
        converting("s"),
    ),
    Reader("VIA 3", "s/project.json", "json", lambda f: project_3(f / "s"), converting("s")),
    Reader(
        "Supervisely",
        "s/ds0/ann/a.png.json",
        "json",
        lambda f: write_supervisely(
            f / "s",
            sly_thing(points={"exterior": SQUARE, "interior": [[[4, 4], [8, 4], [8, 8]]]}),
            sly_thing("dog", "bitmap", **bitmap(png(np.ones((4, 4), bool)))),
        ),
        converting("s"),
    ),
    Reader(
        "Supervisely meta",
        "s/meta.json",
        "json",
        lambda f: write_supervisely(f / "s", sly_thing()),
        converting("s"),
    ),
    Reader("YOLO", "s/labels/a.txt", "text", lambda f: write_yolo(f / "s"), converting("s")),
    Reader(
        "YOLO names",
        "s/data.yaml",
        "text",
        lambda f: (
            write_yolo(f / "s")
            and (f / "s/data.yaml").write_text("path: .\nnames:\n  0: cat\n  1: 'a dog'\nnc: 2\n")
        ),
        converting("s"),
    ),
]
CLASSES = [
    Reader(
        "classes TOML", "c.toml", "text", class_file(".toml"), lambda f: Classes.load(f / "c.toml")
    ),
    Reader(
        "classes JSON", "c.json", "json", class_file(".json"), lambda f: Classes.load(f / "c.json")
    ),
    Reader(
        "classes text",
        "c.txt",
        "text",
        wrote(("c.txt", "# CamVid\n128 0 0 house\n0 128 0 tree\n")),
        lambda f: Classes.load(f / "c.txt"),
    ),
    Reader(
        "dataset.toml",
        "dataset.toml",
        "text",
        lambda f: make_dataset(f, 2, 1, size=(21, 31)),
        read_dataset,
    ),
    Reader("list of ids", "l.txt", "text", dataset_with_list, read_dataset),
]
for kind, name, text in (
    ("text", "c.csv", "r,g,b,name\n128,0,0,house\n0,128,0,tree\n"),
    ("text", "c.yaml", "names:\n  0: house\n  1: tree\n"),
    ("json", "c.json", json.dumps([{"id": 1, "name": "house", "color": [1, 2, 3]}])),
):
    CLASSES.append(
        Reader(
            f"converting with {name}",
            name,
            kind,
            lambda f, n=name, t=text: (
                write_labelme(f / "s", shapes=[shape("house", SQUARE)]),
                (f / n).write_text(t),
            ),
            lambda f, n=name: convert(ConvertConfig(f / "s", out=f / "out", classes=str(f / n))),
        )
    )
for form in ("QGIS style", "mmsegmentation", "Cityscapes", "GIMP", "ESRI", "semicolons", "pbtxt"):
    name, text, _ = FORMS[form]
    CLASSES.append(
        Reader(
            *(f"class file of {form}", name, "text", wrote((name, text))),
            lambda f, n=name: read_rows(f / n),
        )
    )
