"""Defects of annotation files (rules R2 to R6), and a file without any.

Each function plants one and returns what must be found: (rule, {file: count}).
"""

import json
from pathlib import Path

from audit.clean_data import SIZE


def annotated(folder, shapes, size=SIZE, more=()):
    """labelme files beside the images: notes for 03, and for others."""
    for name, content in (("03", shapes), *more):
        table = {
            "version": "7.1.0",
            "flags": {},
            "shapes": [
                {"label": label, "points": points, "shape_type": kind, "group_id": None}
                for label, points, kind in content
            ],
            "imagePath": f"{name}.png",
            "imageData": None,
            "imageHeight": size[0],
            "imageWidth": size[1],
        }
        Path(folder, f"train/images/{name}.json").write_text(json.dumps(table), encoding="utf-8")


JSON = "train/images/03.json"
SQUARE = [[5, 5], [25, 5], [25, 25], [5, 25]]


def good_annotation(folder):
    """Nothing wrong: twin points, points outside, shapes that share a border by a corner only."""
    outside = [[30, 30], [80, 30], [80, 46], [30, 46], [30, 46]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", outside, "polygon")])


def bad_shapes(folder):
    annotated(
        folder,
        [
            ("disc", [[1, 1], [5, 5]], "polygon"),
            ("disc", [[5, 5], [25, 25], [25, 5], [5, 25]], "polygon"),
            ("bar", [[2, 2], [9, 9], [4, 4]], "polygon"),
            ("bar", [[200, 200], [210, 200], [210, 210]], "polygon"),
            ("bar", SQUARE, "blob"),
            ("mooon", [[40, 30], [50, 30], [50, 40]], "polygon"),
            ("disc", SQUARE, "polygon"),
        ],
    )
    return "R2", {JSON: 6}


def no_json(folder):
    (folder / JSON).write_text('{"shapes": [', encoding="utf-8")
    return "R2", {JSON: 1}


def spellings(folder):
    apart = [[30, 5], [40, 5], [40, 25]]
    annotated(
        folder,
        [("disc", SQUARE, "polygon"), ("disc ", apart, "polygon")],
        more=[("04", [("disc", SQUARE, "polygon")])],
    )
    return "R3", {JSON: 1}


def hidden_shape(folder):
    large = [[2, 2], [40, 2], [40, 40], [2, 40]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", large, "polygon")])
    return "R4", {JSON: 21 * 21}


def shared_border(folder):
    beside = [[25, 5], [45, 5], [45, 25], [25, 25]]
    annotated(folder, [("disc", SQUARE, "polygon"), ("bar", beside, "polygon")])
    return "R5", {JSON: 21}


def other_image_size(folder):
    annotated(folder, [("disc", SQUARE, "polygon")], size=(48, 60))
    return "R6", {JSON: 1}
