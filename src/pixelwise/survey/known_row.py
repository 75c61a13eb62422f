"""A row of the tables of known data sets: the names that tell a set, and what it stores."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["values", "colors", "ids"]


@dataclass(frozen=True)
class Encoding:
    """One of the forms in which a set has its labels.

    Args:
        form: stored values of classes, colours of classes, or ids of objects.
        table: name of the classes in PALETTES, or of a class file that the set has, or "".
        object: without a table, the foreground class of black and white masks, or of ids of
            objects, of which 0 is background.
        labels: of the paths of labels in this form; "" = any.
        options: of `pixelwise convert`, that make label images of this form.
        legal: stored values that mean void, besides those of the table.
        void: whether the table's ignore_index is stored for void.
    """

    form: Form
    table: str = ""
    object: str = ""
    labels: str = ""
    options: tuple[str, ...] = ()
    legal: tuple[int, ...] = ()
    void: bool = True


@dataclass(frozen=True)
class Row:
    """A published data set. All patterns are searched for; folders end in "/".

    A set is recognised by its names together with a folder, another file or the size of images;
    by names alone where they are `unique`: both images and labels have names that only this set
    has. By less it merely looks like the set, and only where the row says that this is `enough`.

    Args:
        name: as people call it.
        source: what the row is known from.
        encodings: the first that fits the labels is theirs.
        images, labels: of the file names; "" = they tell nothing.
        image_folder, label_folder: of the paths with the root's own name; "" = they tell nothing.
        side: files next to the images or labels or above, one of which is enough;
            "name: pattern" must also contain the pattern.
        size: (height, width) of the images.
        unique: the names are those of no other set.
        enough: "names" or "folders" alone look like the set; "half" = folders do where at least
            half of the classes are seen and no other value; "" = neither does.
        unless: of the paths of images or labels of other sets that share the names.
        ask: what 0 means, or the like, must be asked even so: the tables to choose from.
        note: what else a person should know, such as an official split by names.
    """

    name: str
    source: str
    encodings: tuple[Encoding, ...]
    images: str = ""
    labels: str = ""
    image_folder: str = ""
    label_folder: str = ""
    side: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    unique: bool = False
    enough: Literal["", "names", "folders", "half"] = ""
    unless: str = ""
    ask: tuple[str, ...] = ()
    note: str = ""


def values(
    table: str, labels: str = "", legal: tuple[int, ...] = (), void: bool = True
) -> Encoding:
    """Grey or indexed values of the classes of a table."""
    return Encoding("values", table, labels=labels, legal=legal, void=void)


def colors(table: str, labels: str = "", nearest: bool = False) -> Encoding:
    """Colours of the classes of a table; nearest = some are a little off."""
    unknown = ("--unknown", "nearest") if nearest else ()
    options = ("--format", "color", "--classes", table, *unknown)
    return Encoding("colors", table, labels=labels, options=options)


def ids(table: str, divisor: int, labels: str = "") -> Encoding:
    """Ids of objects: divisor * class + number."""
    options = ("--format", "instances", "--divisor", str(divisor), "--classes", table)
    return Encoding("ids", table, labels=labels, options=options)


def mask(object: str, labels: str = "", color: str = "ffffff") -> Encoding:
    """Black and white masks of one class; others are thresholded, and lossy ones rounded."""
    classes = f"background=#000000,{object}=#{color}"
    options = ("--format", "color", "--classes", classes, "--unknown", "nearest")
    return Encoding("values", object=object, labels=labels, options=options)


def objects(object: str, labels: str = "") -> Encoding:
    """Numbers of the objects of an image, on background 0."""
    return Encoding("ids", object=object, labels=labels)


def own_file(name: str, labels: str = "") -> Encoding:
    """Values whose classes are in a file of the set."""
    return Encoding("values", name, labels=labels)
