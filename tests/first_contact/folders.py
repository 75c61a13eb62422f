"""Drawings of folders whose names are the trap."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from first_contact.drawings import (
    BINARY,
    HEIGHT,
    SIZE,
    VOID,
    WIDTH,
    Truth,
    disc,
    drawing,
    photo,
    random,
    save,
    stripes,
    write,
)


@drawing
def field_of_view(root: Path) -> Truth:
    """mask/ is what the camera sees, the same in all files; 1st_manual/ has the vessels."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    view = ((((y - 24) ** 2 + (x - 32) ** 2) < 22**2) * 255).astype(np.uint8)
    labels = {}
    for i in range(21, 29):
        label = np.zeros(SIZE, np.uint8)
        label[8 + i % 9 : 10 + i % 9, 12:50] = 1
        save(root / f"images/{i}_training.tif", photo(i, label))
        save(root / f"mask/{i}_training_mask.gif", view)
        save(root / f"1st_manual/{i}_manual1.gif", BINARY[label])
        labels[f"{i}"] = label
    return Truth(labels, answer={"labels": "1st_manual"})


@drawing
def predictions_beside_test_images(root: Path) -> Truth:
    """test/ has grey images and the results of somebody's network."""
    labels = {f"{i}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"train/image/{name}.png", photo(i, label)[..., 0])
        save(root / f"train/label/{name}.png", BINARY[label])
        save(root / f"test/{i}.png", photo(50 + i, disc(50 + i))[..., 0])
        noise = random(i).integers(0, 50, SIZE)
        save(root / f"test/{i}_predict.png", (200 * disc(50 + i) + noise).astype(np.uint8))
    return Truth(labels)


def _splits(root: Path, image: str, label: str, stored: Callable, **numbers: int) -> Truth:
    """Files of each split where two patterns say, and what they mean."""
    labels: dict[str, np.ndarray] = {}
    splits: dict[str, set[str]] = {}
    for k, (split, number) in enumerate(numbers.items()):
        splits[split] = set()
        for i in range(number):
            name, index = f"{split}{i:02d}", stripes(10 * k + i, 4)
            save(
                root / image.format(s=split, S=split.capitalize(), n=name), photo(10 * k + i, index)
            )
            save(root / label.format(s=split, S=split.capitalize(), n=name), stored(index))
            labels[name] = index
            splits[split].add(name)
    return Truth(labels, splits)


@drawing
def a_folder_of_labels_for_each_split(root: Path) -> Truth:
    """train, trainannot, val, valannot, test, testannot, and lists of pairs with other roots."""
    numbers = {"train": 8, "val": 4, "test": 4}
    truth = _splits(root, "{s}/{n}.png", "{s}annot/{n}.png", np.uint8, **numbers)
    for split, names in truth.splits.items():
        lines = [f"/data/{split}/{n}.png /data/{split}annot/{n}.png\n" for n in sorted(names)]
        write(root / f"{split}.txt", "".join(lines))
    return truth


@drawing
def capital_split_labels(root: Path) -> Truth:
    """Train, Train_Labels, Val, Val_Labels."""
    return _splits(root, "{S}/{n}.jpg", "{S}_Labels/{n}.png", np.uint8, train=8, val=4)


@drawing
def years_of_splits(root: Path) -> Truth:
    """images/train2017 and annotations/train2017."""
    image, label = "images/{s}2017/{n}.jpg", "annotations/{s}2017/{n}.png"
    return _splits(root, image, label, np.uint8, train=8, val=4)


COLORS = np.array([[128, 128, 128], [128, 0, 0], [128, 64, 128], [0, 128, 192]], np.uint8)


@drawing
def colours_of_each_split(root: Path) -> Truth:
    """train, train_labels in colours with _L, and class_dict.csv."""
    names = ("Sky", "Building", "Road", "Bicyclist")
    rows = [f"{n},{r},{g},{b}\n" for n, (r, g, b) in zip(names, COLORS.tolist())]
    write(root / "class_dict.csv", "name,r,g,b\n" + "".join(rows))
    numbers = {"train": 8, "val": 4, "test": 4}
    image, label = "{s}/{n}.png", "{s}_labels/{n}_L.png"
    truth = _splits(root, image, label, COLORS.__getitem__, **numbers)
    return Truth(truth.labels, truth.splits, names=names)


@drawing
def training_input_and_ground_truth(root: Path) -> Truth:
    """Split words inside of long names of folders."""
    labels, splits = {}, {}
    for split, word, number in (("train", "Training", 8), ("val", "Validation", 4)):
        splits[split] = set()
        for i in range(number):
            name = f"ISIC_{i + 50 * (split == 'val'):07d}"
            label = disc(i + len(split))
            save(root / f"ISIC2018_Task1-2_{word}_Input/{name}.jpg", photo(i, label))
            stored = BINARY[label]
            save(root / f"ISIC2018_Task1_{word}_GroundTruth/{name}_segmentation.png", stored)
            labels[name] = label
            splits[split].add(name)
    return Truth(labels, splits)


@drawing
def gif_masks_of_a_split(root: Path) -> Truth:
    """train and train_masks; the masks are GIF files."""
    labels = {f"c{i}_01": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"train/{name}.jpg", photo(i, label))
        save(root / f"train_masks/{name}_mask.gif", Image.fromarray(BINARY[label]))
    return Truth(labels)


@drawing
def channels_in_names(root: Path) -> Truth:
    """nnU-Net: imagesTr with _0000, labelsTr, dataset.json."""
    labels = {f"case_{i:03d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"imagesTr/{name}_0000.png", photo(i, label)[..., 0])
        save(root / f"labelsTr/{name}.png", label)
    for i in range(3):
        save(root / f"imagesTs/case_{90 + i:03d}_0000.png", photo(i)[..., 0])
    table = {"channel_names": {"0": "L"}, "labels": {"background": 0, "tumour": 1}}
    write(root / "dataset.json", {**table, "numTraining": 8, "file_ending": ".png"})
    return Truth(labels, names=("background", "tumour"))


@drawing
def good_parts_without_masks(root: Path) -> Truth:
    """MVTec: nothing is drawn where nothing is broken."""
    labels = {}
    for i in range(5):
        save(root / f"train/good/{i:03d}.png", photo(i))
        save(root / f"test/good/{i:03d}.png", photo(20 + i))
    for kind in ("crack", "cut"):
        for i in range(5):
            label = disc(i + len(kind))
            save(root / f"test/{kind}/{i:03d}.png", photo(i, label))
            save(root / f"ground_truth/{kind}/{i:03d}_mask.png", BINARY[label])
            labels[f"{kind}/{i:03d}"] = label
    return Truth(labels, answer={"unpaired": "skip"})


@drawing
def colours_beside_photographs(root: Path) -> Truth:
    """DeepGlobe: X_sat.jpg and X_mask.png in one folder; valid and test have no labels."""
    colors = np.array([[0, 255, 255], [255, 255, 0], [255, 0, 255]], np.uint8)
    names = ("urban_land", "agriculture_land", "rangeland")
    rows = [f"{n},{r},{g},{b}\n" for n, (r, g, b) in zip(names, colors.tolist())]
    write(root / "class_dict.csv", "name,r,g,b\n" + "".join(rows))
    labels = {f"{31 * i}": stripes(i, 3) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"train/{name}_sat.jpg", photo(i, label))
        save(root / f"train/{name}_mask.png", colors[label])
    for i in range(3):
        save(root / f"valid/{900 + i}_sat.jpg", photo(90 + i))
        save(root / f"test/{950 + i}_sat.jpg", photo(95 + i))
    return Truth(labels, names=names)


@drawing
def colours_in_long_names(root: Path) -> Truth:
    """Potsdam: the names of images and labels end differently, in folders with numbers."""
    colors = [[255, 255, 255], [0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]]
    labels = {f"top_potsdam_2_{10 + i}": stripes(i, 6) for i in range(6)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"2_Ortho_RGB/{name}_RGB.tif", photo(i, label))
        save(root / f"5_Labels_all/{name}_label.tif", np.array(colors, np.uint8)[label])
    return Truth(labels)


@drawing
def masks_beside_images(root: Path) -> Truth:
    """Roboflow: X.jpg and X_mask.png in the folder of the split, _classes.csv."""
    labels, splits = {}, {}
    for k, (split, folder, number) in enumerate(
        (("train", "train", 8), ("val", "valid", 4), ("test", "test", 4))
    ):
        splits[split] = set()
        table = "Pixel Value, Class\n0, background\n1, Car\n2, Road\n3, umbrella"
        write(root / folder / "_classes.csv", table)
        for i in range(number):
            name = f"{split}{i}_jpg.rf.{i:032x}"
            label = stripes(10 * k + i, 3)
            save(root / folder / f"{name}.jpg", photo(i, label))
            save(root / folder / f"{name}_mask.png", label)
            labels[name] = label
            splits[split].add(name)
    return Truth(labels, splits, names=("background", "Car", "Road", "umbrella"))


@drawing
def some_images_without_labels(root: Path) -> Truth:
    """Three of twelve images have no label yet."""
    labels = {f"{i:02d}": disc(i) for i in range(9)}
    for i in range(12):
        save(root / f"images/{i:02d}.png", photo(i, disc(i)))
    for name, label in labels.items():
        save(root / f"labels/{name}.png", label)
    return Truth(labels, answer={"unpaired": "skip"})


@drawing
def prefixes(root: Path) -> Truth:
    """image_0001.png and gt_0001.png."""
    labels = {f"{i:04d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/image_{name}.png", photo(i, label))
        save(root / f"masks/gt_{name}.png", label)
    return Truth(labels)


@drawing
def sites_with_equal_names(root: Path) -> Truth:
    """Every site has its own images and labels; their names are equal."""
    labels = {}
    for k, site in enumerate(("aachen", "bergisch")):
        for i in range(6):
            label = disc(10 * k + i)
            save(root / f"{site}/{i}_0_rgb.png", photo(10 * k + i, label))
            save(root / f"{site}/{i}_0_seg.png", label)
            labels[f"{site}/{i}_0"] = label
    return Truth(labels)


@drawing
def sites_with_folders_of_kinds(root: Path) -> Truth:
    """LoveDA: Train/Rural/images_png and Train/Rural/masks_png."""
    labels, splits = {}, {}
    for split in ("train", "val"):
        splits[split] = set()
        for site in ("Rural", "Urban"):
            for i in range(4):
                name = f"{i + 10 * len(site + split) + 100 * (site == 'Urban')}"
                stored = np.array([1, 2, 3, 4, 5, 6, 7], np.uint8)[stripes(int(name), 7)]
                stored[:4] = 0
                folder = root / split.capitalize() / site
                save(folder / f"images_png/{name}.png", photo(i, stored))
                save(folder / f"masks_png/{name}.png", stored)
                labels[name] = np.where(stored == 0, VOID, stored - 1).astype(np.uint8)
                splits[split].add(name)
    return Truth(labels, splits)


@drawing
def a_folder_for_each_patient(root: Path) -> Truth:
    """image.png and mask.png, again and again."""
    labels = {f"p{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"{name}/image.png", photo(i, label))
        save(root / f"{name}/mask.png", BINARY[label])
    return Truth(labels)


@drawing
def a_folder_for_each_class(root: Path) -> Truth:
    """images/X.jpg, masks/body/X.png, masks/door/X.png."""
    labels = {}
    for i in range(8):
        name, body, door = f"{i:02d}", disc(i), disc(i + 30, (4, 6))
        save(root / f"images/{name}.jpg", photo(i, body))
        save(root / f"masks/body/{name}.png", BINARY[body])
        label = body.copy()
        if i % 2:
            door &= 1 - body
            save(root / f"masks/door/{name}.png", BINARY[door])
            label[door > 0] = 2
        labels[name] = label
    return Truth(labels, names=("background", "body", "door"))


@drawing
def a_file_for_each_class(root: Path) -> Truth:
    """masks/X_car.png and masks/X_road.png."""
    labels = {}
    for i in range(6):
        name, road = f"{i:02d}", stripes(i, 2)
        car = disc(i, (4, 7)) & (1 - road)
        save(root / f"images/{name}.png", photo(i, road))
        save(root / f"masks/{name}_car.png", BINARY[car])
        save(root / f"masks/{name}_road.png", BINARY[road])
        labels[name] = np.where(car > 0, 1, 2 * road).astype(np.uint8)
    return Truth(labels, names=("background", "car", "road"))


@drawing
def boxes_beside_colour_labels(root: Path) -> Truth:
    """VOC: Annotations holds boxes, SegmentationClass colours, labelmap.txt their names."""
    table = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ntool:250,50,83::\n"
    write(root / "labelmap.txt", table)
    colors = np.array([[0, 0, 0], [250, 50, 83]], np.uint8)
    labels = {f"{i:02d}": disc(i) for i in range(6)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"JPEGImages/{name}.jpg", photo(i, label))
        save(root / f"SegmentationClass/{name}.png", colors[label])
        box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
        text = f"<filename>{name}.jpg</filename><object><name>tool</name>{box}</object>"
        write(root / f"Annotations/{name}.xml", f"<annotation>{text}</annotation>")
    write(root / "ImageSets/Segmentation/default.txt", "".join(f"{n}\n" for n in labels))
    return Truth(labels, names=("background", "tool"))
