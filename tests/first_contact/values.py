"""Drawings of label images whose values are the trap."""

from pathlib import Path

import numpy as np

from first_contact.drawings import (
    BINARY,
    BLACK_WHITE,
    VOID,
    Truth,
    disc,
    drawing,
    photo,
    rim,
    save,
    soft,
    stripes,
    write,
)


@drawing
def soft_binary_masks(root: Path) -> Truth:
    """Masks of 0 and 255 that were resized like images."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"masks/{name}.png", soft(label, BINARY))
    return Truth(labels)


@drawing
def soft_grey_levels(root: Path) -> Truth:
    """Three grey levels that were resized like images."""
    labels = {f"{i:02d}": stripes(i, 3) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"masks/{name}.png", soft(label, np.array([0, 128, 255])))
    return Truth(labels)


@drawing
def three_grey_levels(root: Path) -> Truth:
    """0, 128 and 255 are three classes."""
    labels = {f"{i:02d}": stripes(i, 3) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"labels/{name}.png", np.array([0, 128, 255], np.uint8)[label])
    return Truth(labels)


@drawing
def values_of_few_pixels(root: Path) -> Truth:
    """Two of thirty files have a few pixels of values that are no class."""
    labels = {f"{i:02d}": disc(i) for i in range(30)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        if i in (4, 9):
            label[3, 5:7] = VOID
            stored = label.copy()
            stored[3, 5:7] = 37, 24 + i
            save(root / f"labels/{name}.png", stored)
        else:
            save(root / f"labels/{name}.png", label)
    return Truth(labels, answer={"ignore_values": (28, 33, 37)})


@drawing
def the_object_is_0(root: Path) -> Truth:
    """The surroundings are 1, in most of the pixels."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"labels/{name}.png", 1 - label)
    return Truth(labels, answer={"foreground": 0})


@drawing
def void_in_areas(root: Path) -> Truth:
    """255 is a third class: it covers areas and not borders."""
    labels = {f"{i:02d}": stripes(i, 3) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"labels/{name}.png", np.array([0, 1, 255], np.uint8)[label])
    return Truth(labels, answer={"ignore_values": ()})


@drawing
def void_at_borders(root: Path) -> Truth:
    """255 is void: it lies between the classes."""
    labels = {}
    for i in range(8):
        label = stripes(i, 4)
        label[rim(label)] = VOID
        labels[f"{i:02d}"] = label
        save(root / f"images/{i:02d}.png", photo(i, np.minimum(label, 4)))
        save(root / f"labels/{i:02d}.png", label)
    return Truth(labels)


@drawing
def trimaps(root: Path) -> Truth:
    """1 is the object, 2 what is around it, 3 the border between; files of a Mac beside them."""
    labels = {}
    for i in range(8):
        label = disc(i)
        name = f"Abyssinian_{i}"
        stored = np.where(label, 1, 2).astype(np.uint8)
        stored[rim(label)] = 3
        save(root / f"images/{name}.jpg", photo(i, label))
        save(root / f"annotations/trimaps/{name}.png", stored)
        (root / f"annotations/trimaps/._{name}.png").write_bytes(b"\0\5\x16\7" + bytes(120))
        write(
            root / f"annotations/xmls/{name}.xml", "<annotation><filename>x</filename></annotation>"
        )
        index = label.copy()
        index[rim(label)] = VOID
        labels[name] = index
    names = list(labels)
    write(root / "annotations/trainval.txt", "".join(f"{n} 1 1 1\n" for n in names[:6]))
    write(root / "annotations/test.txt", "".join(f"{n} 1 1 1\n" for n in names[6:]))
    return Truth(labels, names=("background", "pet"))


@drawing
def numbers_of_instances(root: Path) -> Truth:
    """Cityscapes with nothing but instanceIds: id * 1000 + number, in 16 bits."""
    stored = np.array([7, 11, 23, 24000, 26000, 26020], np.uint16)
    index = np.array([0, 2, 10, 11, 13, 13], np.uint8)
    labels, splits = {}, {}
    for split, number in (("train", 6), ("val", 3)):
        splits[split] = set()
        for i in range(number):
            name = f"aachen_{i + 50 * (split == 'val'):06d}_000019"
            label = stripes(i, 6)
            save(root / f"leftImg8bit/{split}/aachen/{name}_leftImg8bit.png", photo(i))
            save(root / f"gtFine/{split}/aachen/{name}_gtFine_instanceIds.png", stored[label])
            labels[name] = index[label]
            splits[split].add(name)
    return Truth(labels, splits)


@drawing
def black_and_white_jpegs(root: Path) -> Truth:
    """Masks saved as JPEG files in three channels."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.jpg", photo(i, label))
        save(root / f"masks/{name}.jpg", BLACK_WHITE[label], quality=90)
    return Truth(labels)


@drawing
def grey_jpegs(root: Path) -> Truth:
    """Masks saved as JPEG files in one channel."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.jpg", photo(i, label))
        save(root / f"masks/{name}.jpg", BINARY[label], quality=75)
    return Truth(labels)


@drawing
def black_and_white_in_colour(root: Path) -> Truth:
    """Masks of black and white saved in three channels."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.jpg", photo(i, label))
        save(root / f"masks/{name}.png", BLACK_WHITE[label])
    return Truth(labels)


@drawing
def tiff_masks(root: Path) -> Truth:
    """0 and 255 in TIFF files."""
    labels = {f"{i:02d}": disc(i) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.tif", photo(i, label))
        save(root / f"gt/{name}.tif", BINARY[label])
    return Truth(labels)


@drawing
def a_class_that_never_occurs(root: Path) -> Truth:
    """Four names, three values."""
    labels = {f"{i:02d}": stripes(i, 3) for i in range(8)}
    for i, (name, label) in enumerate(labels.items()):
        save(root / f"images/{name}.png", photo(i, label))
        save(root / f"labels/{name}.png", label)
    write(root / "classes.txt", "sky\nroad\ncar\nbus\n")
    return Truth(labels, names=("sky", "road", "car", "bus"))
