"""Drawings of what annotation tools export."""

import base64
import io
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from first_contact.drawings import (
    HEIGHT,
    SIZE,
    WIDTH,
    Truth,
    disc,
    drawing,
    photo,
    save,
    write,
)

SQUARE = (10, 8, 30, 40)


def square(index: int = 1) -> np.ndarray:
    """(H, W) with one rectangle."""
    left, top, right, bottom = SQUARE
    label = np.zeros(SIZE, np.uint8)
    label[top:bottom, left:right] = index
    return label


def corners() -> list[list[int]]:
    left, top, right, bottom = SQUARE
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


@drawing
def exported_coco_of_splits(root: Path) -> Truth:
    """Roboflow: a COCO file for each split; category 0 is the name of the project."""
    flat, labels, splits = [v for p in corners() for v in p], {}, {}
    categories = [
        {"id": 0, "name": "dogs-a1b2", "supercategory": "none"},
        {"id": 1, "name": "dog", "supercategory": "dogs-a1b2"},
    ]
    for split, folder, number in (("train", "train", 6), ("val", "valid", 3)):
        images, annotations, splits[split] = [], [], set()
        for i in range(number):
            name = f"{split}{i}_jpg.rf.{i:032x}"
            save(root / folder / f"{name}.jpg", photo(i, square()))
            images.append({"id": i, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH})
            base = {"id": i, "image_id": i, "category_id": 1, "iscrowd": 0, "area": 640}
            annotations.append({**base, "bbox": [10, 8, 20, 32], "segmentation": [flat]})
            labels[name] = square()
            splits[split].add(name)
        table = {"categories": categories, "images": images, "annotations": annotations}
        write(root / folder / "_annotations.coco.json", {"info": {}, "licenses": [], **table})
    return Truth(labels, splits, names=("background", "dog"))


@drawing
def via_projects(root: Path) -> Truth:
    """VGG Image Annotator: via_region_data.json beside the images of each split."""
    labels, splits = {}, {}
    xs, ys = zip(*corners())
    shape = {"name": "polygon", "all_points_x": list(xs), "all_points_y": list(ys)}
    for split, number in (("train", 6), ("val", 3)):
        table, splits[split] = {}, set()
        for i in range(number):
            name = f"{split}{i}"
            save(root / split / f"{name}.jpg", photo(i, square()))
            region = {"shape_attributes": shape, "region_attributes": {"class": "leaf"}}
            entry = {"filename": f"{name}.jpg", "size": 9, "file_attributes": {}}
            table[f"{name}.jpg9"] = {**entry, "regions": [region]}
            labels[name] = square()
            splits[split].add(name)
        write(root / split / "via_region_data.json", table)
    return Truth(labels, splits, names=("background", "leaf"))


@drawing
def supervisely_bitmaps(root: Path) -> Truth:
    """meta.json, ds0/img, ds0/ann with bitmaps."""
    meta = {"title": "lemon", "shape": "bitmap", "color": "#51C6AA"}
    write(root / "meta.json", {"classes": [meta], "tags": [], "projectType": "images"})
    labels = {}
    for i in range(6):
        label = disc(i)
        y, x = np.nonzero(label)
        top, left = int(y.min()), int(x.min())
        crop = label[top : y.max() + 1, left : x.max() + 1].astype(bool)
        stream = io.BytesIO()
        Image.fromarray(crop).save(stream, "PNG")
        data = base64.b64encode(zlib.compress(stream.getvalue())).decode()
        bitmap = {"data": data, "origin": [left, top]}
        thing = {"classTitle": "lemon", "geometryType": "bitmap", "tags": [], "bitmap": bitmap}
        size = {"height": HEIGHT, "width": WIDTH}
        save(root / f"ds0/img/{i}.png", photo(i, label))
        entry = {"description": "", "tags": [], "size": size, "objects": [thing]}
        write(root / f"ds0/ann/{i}.png.json", entry)
        labels[f"{i}"] = label
    return Truth(labels, names=("background", "lemon"))


@drawing
def yolo_outlines(root: Path) -> Truth:
    """data.yaml, images/train, labels/train with outlines."""
    write(
        root / "data.yaml", "path: ../x\ntrain: images/train\nval: images/val\nnames:\n  0: dog\n"
    )
    points = " ".join(f"{x / WIDTH} {y / HEIGHT}" for x, y in corners())
    labels, splits = {}, {}
    for split, number in (("train", 6), ("val", 3)):
        splits[split] = set()
        for i in range(number):
            name = f"{split}{i}"
            save(root / f"images/{split}/{name}.jpg", photo(i, square()))
            write(root / f"labels/{split}/{name}.txt", f"0 {points}\n")
            labels[name] = square()
            splits[split].add(name)
    return Truth(labels, splits, names=("background", "dog"))


@drawing
def cvat_subsets(root: Path) -> Truth:
    """A project of CVAT: two subsets with the same names."""
    points = ";".join(f"{x},{y}" for x, y in corners())
    text = "<annotations><version>1.1</version><meta><project><labels><label><name>a</name>"
    text = f'<?xml version="1.0" encoding="utf-8"?>{text}</label></labels></project></meta>'
    labels: dict[str, np.ndarray] = {}
    splits: dict[str, set[str]] = {"train": set(), "val": set()}
    for split, subset in (("train", "Train"), ("val", "Validation")):
        for i in range(3):
            save(root / f"images/{subset}/img{i}.jpg", photo(i, square()))
            polygon = f'<polygon label="a" points="{points}" z_order="0"></polygon>'
            size = f'width="{WIDTH}" height="{HEIGHT}"'
            text += f'<image id="{len(labels)}" name="img{i}.jpg" subset="{subset}" {size}>'
            text += f"{polygon}</image>"
            labels[f"{subset}/img{i}"] = square()
            splits[split].add(f"{subset}/img{i}")
    write(root / "annotations.xml", f"{text}</annotations>")
    return Truth(labels, splits, names=("background", "a"))


@drawing
def boxes_of_yolo(root: Path) -> Truth:
    """A detection dataset: there is nothing to segment."""
    write(root / "data.yaml", "train: images/train\nval: images/val\nnames: [dog]\n")
    for split, number in (("train", 6), ("val", 3)):
        for i in range(number):
            save(root / f"images/{split}/{split}{i}.jpg", photo(i))
            write(root / f"labels/{split}/{split}{i}.txt", "0 0.5 0.5 0.3 0.4\n")
    return Truth({})


@drawing
def boxes_of_coco(root: Path) -> Truth:
    """A detection dataset: every segmentation is empty."""
    images, annotations = [], []
    for i in range(6):
        save(root / f"train/{i}.jpg", photo(i))
        images.append({"id": i, "file_name": f"{i}.jpg", "height": HEIGHT, "width": WIDTH})
        base = {"id": i, "image_id": i, "category_id": 1, "iscrowd": 0, "area": 400}
        annotations.append({**base, "bbox": [10, 10, 20, 20], "segmentation": []})
    categories = [{"id": 1, "name": "dog", "supercategory": "x"}]
    table = {"images": images, "annotations": annotations, "categories": categories}
    write(root / "train/_annotations.coco.json", table)
    return Truth({})
