"""Small annotated datasets for tests, written here; imports nothing of ours."""

import base64
import hashlib
import io
import json

import numpy as np
from PIL import Image

SIZE = (18, 30)  # height, width
SQUARE = [[2, 2], [12, 2], [12, 12], [2, 12]]
RIGHT = [[10, 4], [24, 4], [24, 16], [10, 16]]


def random_image(size=SIZE, seed=0):
    """(H, W, 3) uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def write_image(path, size=SIZE, orientation=None, seed=0):
    """An image file whose stored pixels are `random_image(size)`, with an EXIF orientation tag."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation is not None:
        exif[274] = orientation
    Image.fromarray(random_image(size, seed)).save(path, exif=exif)
    return path


def png_base64(array):
    """An array as a PNG in base64."""
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def shape(label, points, shape_type="polygon", **more):
    """A shape of labelme."""
    return {"label": label, "points": points, "shape_type": shape_type, "group_id": None, **more}


def write_labelme(folder, name="a", shapes=None, size=SIZE, orientation=None, **changes):
    """An image and its labelme file; returns the file."""
    image = write_image(folder / f"{name}.png", size, orientation, seed=len(name))
    swapped = orientation is not None and orientation >= 5
    height, width = size[::-1] if swapped else size
    table = {
        "version": "7.1.0",
        "flags": {},
        "shapes": [shape("cat", SQUARE)] if shapes is None else shapes,
        "imagePath": image.name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    return write_json(folder / f"{name}.json", {**table, **changes})


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def digests(folder):
    """SHA-256 of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def square(index=1, size=SIZE, background=0):
    """The label of SQUARE."""
    label = np.full(size, background, np.uint8)
    label[2:12, 2:12] = index
    return label
