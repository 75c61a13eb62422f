"""Names of files that pair with images but hold no classes, or not those that are wanted.

Published data sets and training scripts put colour copies, ids of objects, depth, outlines, fields
of view, second opinions and predictions beside the labels, under the names of the images.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Role = Literal["image", "label"]


@dataclass(frozen=True)
class Decoy:
    """One kind of files that are neither labels nor, mostly, images.

    Args:
        kind: what such files hold, as a message calls it.
        folder: of the names of their folders; None = those prove nothing.
        stem: of their names without extension; None = those prove nothing.
        beside: of a folder or file next to theirs, without which the names prove nothing.
        images: such files are no images of the data set either.
    """

    kind: str
    folder: str | None = None
    stem: str | None = None
    beside: str | None = None
    images: bool = True


def _words(words: str) -> str:
    """Names that have one of the words at their end or are followed by digits: x_color, depth2."""
    return rf"(?:^|[ _.\-])(?:{words})s?(?:[ _\-]?\d+)?$"


_COLORS = "colou?r|colou?red|(?:gt|label|labels|mask|masks)_?colou?r|(?:semantic|label|mask|gt)_rgb"
_INSTANCES = "instance|instance_?id|inst(?:_label|_id)?|instance_?(?:train_?|level3)ids?|bitmask"
_PREDICTIONS = "pred|predict|predicted|prediction|inference|result|prob|probabilit(?:y|ie)|logit"
_SHOWN = "visuali[sz]ation|viz|vis|overlay|overlaid|blend|blended|preview|thumbnail|thumb"
_DEPTH = (
    "depth|disparity|disp|disp_(?:n?occ)_\\d|dsm|dem|dtm|ndsm|chm|height_?map|surface_normal|flow"
)
_OUTLINES = "boundar(?:y|ie)|border|edge|contour|outline|skeleton|distance|weight_?map|centers"
_WEAK = "superpixel|confidence|uncertainty|saliency|heat_?map"

DECOYS = (
    Decoy("colour copies of labels", _words(_COLORS), _words(_COLORS), images=False),
    Decoy("colour copies of labels", r"^(RGB_)?colou?r_?(image_)?(mask|label|map)s?", images=False),
    # CIHP keeps class indices in Category_ids and colours in Categories
    Decoy("colour copies of labels", r"^Categories$", beside=r"^Category_ids$"),
    Decoy("ids of objects", _words(_INSTANCES), _words(_INSTANCES)),
    Decoy("ids of objects", r"^SegmentationObject|^(Human|Instance)(s|_ids)?$|^panoptic"),
    Decoy("ids of objects", None, r"instance(Train|level3)?Ids$|_instance_id_RGB$|_panoptic"),
    Decoy("ids of objects", r"^(ins|pan)_seg$|^seg_track", beside=r"^sem_seg$"),
    Decoy("parts of objects", None, r"_parts_\d+$"),
    Decoy("depth or motion", _words(_DEPTH), _words(_DEPTH)),
    Decoy("another camera", r"^rightImg8bit|^image_3$", r"_rightImg8bit$"),
    Decoy("reference images without labels", r"^(train|val|test)_ref$", r"_ref_rgb_anon$"),
    Decoy("fields of view", _words("fov|field_of_view|roi_mask"), _words("fov|fov_mask")),
    Decoy("fields of view", r"^masks?$", beside=r"^(1st_manual|manual1?|manual_1|vessels?)$"),
    Decoy("fields of view", None, r"_(training|test)_mask$|^\d\d_(h|g|dr)_mask$"),
    Decoy("valid pixels", r"^masks$", beside=r"^boundaries$"),
    Decoy("outlines", _words(_OUTLINES), _words(_OUTLINES)),
    Decoy("superpixels or maps of scores", _words(_WEAK), _words(_WEAK)),
    Decoy("attributes", r"^ISIC.*_Task2_", r"_attribute_\w+$"),
    Decoy("invalid pixels", None, r"_inv(Ids|Gray)$"),
    Decoy(
        "a second observer",
        r"^(2nd|second)[_ ]?(manual|observer|expert|reader|annotator)|^labels?-vk$",
        r"(_manual2|_2ndHO|\.vk|(observer|annotator|expert|reader|rater)_?2)$",
    ),
    Decoy("coarse labels", r"coarse", r"coarse", beside=r"fine"),
    Decoy("predictions", _words(_PREDICTIONS), _words(_PREDICTIONS)),
    Decoy("predictions", rf"^(?:{_PREDICTIONS})s?[ _\-]", rf"^(?:{_PREDICTIONS})s?[ _\-]"),
    Decoy("predictions", r"^outputs?$", beside=r"(?i)^(images?|labels?|masks?|train)$"),
    Decoy("pictures for people", _words(_SHOWN), _words(_SHOWN)),
    Decoy("pictures for people", r"(Class|Object)_?Visuali[sz]ation$"),
    Decoy("drivable area or lanes", r"^(drivable|lane)$", beside=r"^sem_seg$"),
    Decoy("mirrored labels", r"_segmentations_reversed$"),
)


def decoy_of(name: str, role: Role = "label", beside: Collection[str] = ()) -> str | None:
    """What a file holds instead of classes, by its name: "depth or motion"; None = nothing says so.

    Capital letters do not matter. It proves nothing: a folder may have no better labels than these.

    Args:
        name: path of the file relative to the dataset, with "/"; a path that ends in "/" is a
            folder, of which only the folders count.
        role: what the file is to be.
        beside: names of the folders next to its folder, and of files next to it.
    """
    path = PurePosixPath(name)
    folders = path.parts if name.endswith("/") else path.parts[:-1]
    stem = "" if name.endswith("/") else path.name.removesuffix(".gz").rsplit(".", 1)[0]
    for decoy in DECOYS:
        if role == "image" and not decoy.images:
            continue
        if decoy.beside and not any(_fits(decoy.beside, other) for other in beside):
            continue
        if any(_fits(decoy.folder, folder) for folder in folders) or _fits(decoy.stem, stem):
            return decoy.kind
    return None


def _fits(pattern: str | None, name: str) -> bool:
    return pattern is not None and bool(name) and bool(re.search(pattern, name, re.IGNORECASE))
