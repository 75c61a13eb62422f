"""Colours and class tables of well-known datasets, as data.

Three numbers are kept apart: the class index (the row of a table), the stored value (what label
files hold; equal to the index where a table gives no values), and the display colour.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentTypeError, check_range
from pixelwise.labels.tables.aerial import AERIAL
from pixelwise.labels.tables.class_table import (
    ClassTable,
    Color,
    color_of,
    colors_of,
    names_of,
)
from pixelwise.labels.tables.scenes import SCENES
from pixelwise.labels.tables.street import STREET

# What Pascal VOC shows void as: the last entry of its colour map.
VOID_COLOR: Color = (224, 224, 192)
# Where void is striped it differs from any class by more than its shade.
_STRIPES = np.array([(150, 156, 163), (198, 202, 207)], np.uint8)
_STRIPE_WIDTH = 4


def striped(height: int, width: int) -> NDArray[np.uint8]:
    """(height, width, 3) grey stripes, which stand for void."""
    y, x = np.indices((height, width))
    return _STRIPES[(x + y) // _STRIPE_WIDTH % 2]


def voc_colormap(n: int = 256) -> NDArray[np.uint8]:
    """The display colours of the indices 0..n-1 by the rule of Pascal VOC.

    Bits 0, 3, 6, ... of the index make red, bits 1, 4, 7, ... green and bits 2, 5, 8, ... blue;
    the first bit of each is its most significant one. So all 2^24 colours are distinct.

    Args:
        n: number of colours, 1..2^24.
    Returns:
        (n, 3) uint8 RGB. Row 255 is (224, 224, 192), the colour of void.
    Raises:
        ArgumentError: n is outside its range.
        ArgumentTypeError: it is not an integer.
    Source: PASCAL Visual Object Classes Challenge 2012, development kit, VOClabelcolormap.m.
    Example:
        >>> pw.voc_colormap(3).tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    if not isinstance(n, int | np.integer):
        raise ArgumentTypeError("voc_colormap", "n", must="an integer", got=repr(n))
    check_range("voc_colormap", "n", n, 1, 1 << 24)
    index = np.arange(n)
    colors = np.zeros((n, 3), np.uint8)
    for channel in range(3):
        for bit in range(8):
            colors[:, channel] |= ((index >> (3 * bit + channel) & 1) << (7 - bit)).astype(np.uint8)
    return colors


def _voc_colors(n: int) -> tuple[Color, ...]:
    return tuple((int(r), int(g), int(b)) for r, g, b in voc_colormap(n))


_VOC_NAMES = names_of(
    """background, aeroplane, bicycle, bird, boat, bottle, bus, car, cat, chair, cow, diningtable,
    dog, horse, motorbike, person, pottedplant, sheep, sofa, train, tvmonitor"""
)

# name, id (labelIds.png), trainId (labelTrainIds.png; 255 = void), colour
_CITYSCAPES = (
    ("unlabeled", 0, 255, "000000"),
    ("ego vehicle", 1, 255, "000000"),
    ("rectification border", 2, 255, "000000"),
    ("out of roi", 3, 255, "000000"),
    ("static", 4, 255, "000000"),
    ("dynamic", 5, 255, "6f4a00"),
    ("ground", 6, 255, "510051"),
    ("road", 7, 0, "804080"),
    ("sidewalk", 8, 1, "f423e8"),
    ("parking", 9, 255, "faaaa0"),
    ("rail track", 10, 255, "e6968c"),
    ("building", 11, 2, "464646"),
    ("wall", 12, 3, "66669c"),
    ("fence", 13, 4, "be9999"),
    ("guard rail", 14, 255, "b4a5b4"),
    ("bridge", 15, 255, "966464"),
    ("tunnel", 16, 255, "96785a"),
    ("pole", 17, 5, "999999"),
    ("polegroup", 18, 255, "999999"),
    ("traffic light", 19, 6, "faaa1e"),
    ("traffic sign", 20, 7, "dcdc00"),
    ("vegetation", 21, 8, "6b8e23"),
    ("terrain", 22, 9, "98fb98"),
    ("sky", 23, 10, "4682b4"),
    ("person", 24, 11, "dc143c"),
    ("rider", 25, 12, "ff0000"),
    ("car", 26, 13, "00008e"),
    ("truck", 27, 14, "000046"),
    ("bus", 28, 15, "003c64"),
    ("caravan", 29, 255, "00005a"),
    ("trailer", 30, 255, "00006e"),
    ("train", 31, 16, "005064"),
    ("motorcycle", 32, 17, "0000e6"),
    ("bicycle", 33, 18, "770b20"),
)
_CITYSCAPES_TRAINED = tuple(row for row in _CITYSCAPES if row[2] != 255)
# a pole group is shown as a pole
_CITYSCAPES_VOID_COLORS = tuple(
    (name, color_of(color))
    for name, _, train_id, color in _CITYSCAPES
    if train_id == 255 and (name == "unlabeled" or color not in ("000000", "999999"))
)
_CITYSCAPES_SOURCE = "Cityscapes dataset, class definitions of its evaluation scripts"

_ADE20K_NAMES = names_of(
    """wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk,
    person, earth, door, table, mountain, plant, curtain, chair, car, water, painting, sofa, shelf,
    house, sea, mirror, rug, field, armchair, seat, fence, desk, rock, wardrobe, lamp, bathtub,
    railing, cushion, base, box, column, signboard, chest of drawers, counter, sand, sink,
    skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow,
    screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill,
    bench, countertop, stove, palm, kitchen island, computer, swivel chair, boat, bar,
    arcade machine, hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight, booth,
    television, airplane, dirt track, apparel, pole, land, bannister, escalator, ottoman,
    bottle, buffet, poster, stage, van, ship, fountain, conveyer belt, canopy, washer, plaything,
    swimming pool, stool, barrel, basket, waterfall, tent, bag, minibike, cradle, oven, ball, food,
    step, tank, trade name, microwave, pot, animal, bicycle, lake, dishwasher, screen, blanket,
    sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate,
    monitor, bulletin board, shower, radiator, glass, clock, flag"""
)
_ADE20K_COLORS = colors_of(
    """787878 b47878 06e6e6 503232 04c803 787850 8c8c8c cc05ff e6e6e6 04fa07 e005ff ebff07 96053d
    787846 08ff33 ff0652 8fff8c ccff04 ff3307 cc4603 0066c8 3de6fa ff0633 0b66ff ff0747 ff09e0
    0907e6 dcdcdc ff095c 7009ff 08ffd6 07ffe0 ffb806 0aff47 ff290a 07ffff e0ff08 6608ff ff3d06
    ffc207 ff7a08 00ff14 ff0829 ff0599 0633ff eb0cff a09614 00a3ff 8c8c8c fa0a0f 14ff00 1fff00
    ff1f00 ffe000 99ff00 0000ff ff4700 00ebff 00adff 1f00ff 0bc8c8 ff5200 00fff5 003dff 00ff70
    00ff85 ff0000 ffa300 ff6600 c2ff00 008fff 33ff00 0052ff 00ff29 00ffad 0a00ff adff00 00ff99
    ff5c00 ff00ff ff00f5 ff0066 ffad00 ff0014 ffb8b8 001fff 00ff3d 0047ff ff00cc 00ffc2 00ff52
    000aff 0070ff 3300ff 00c2ff 007aff 00ffa3 ff9900 00ff0a ff7000 8fff00 5200ff a3ff00 ffeb00
    08b8aa 8500ff 00ff5c b800ff ff001f 00b8ff 00d6ff ff0070 5cff00 00e0ff 70e0ff 46b8a0 a300ff
    9900ff 47ff00 ff00a3 ffcc00 ff008f 00ffeb 85ff00 ff00eb f500ff ff007a fff500 0abed4 d6ff00
    00ccff 1400ff ffff00 0099ff 0029ff 00ffcc 2900ff 29ff00 ad00ff 00f5ff 4700ff 7a00ff 00ffb8
    005cff b8ff00 0085ff ffd600 19c2c2 66ff00 5c00ff"""
)

_KNOWN: dict[str, ClassTable] = {
    "voc": ClassTable(
        source="PASCAL VOC 2012: indexed PNGs, 0..20, void 255; colours by voc_colormap",
        names=_VOC_NAMES,
        void_colors=(("void", VOID_COLOR),),
    ),
    "camvid": ClassTable(
        source="CamVid in the 11 classes of SegNet (Badrinarayanan et al. 2017), void 11; "
        "colours of the first CamVid class of each group (Brostow et al. 2009)",
        names=names_of(
            """sky, building, pole, road, pavement, tree, sign_symbol, fence, car, pedestrian,
            bicyclist"""
        ),
        colors=colors_of(
            """808080 800000 c0c080 804080 0000c0 808000 c08080 404080 400080 404000 0080c0"""
        ),
        ignore_values=(11,),
        void_colors=(("void", (0, 0, 0)),),
    ),
    "cityscapes": ClassTable(
        source=f"{_CITYSCAPES_SOURCE}: the 19 classes in labelTrainIds.png, void 255",
        names=tuple(name for name, *_ in _CITYSCAPES_TRAINED),
        colors=tuple(color_of(color) for *_, color in _CITYSCAPES_TRAINED),
        void_colors=_CITYSCAPES_VOID_COLORS,
    ),
    "cityscapes_ids": ClassTable(
        source=f"{_CITYSCAPES_SOURCE}: the same 19 classes as stored in labelIds.png",
        names=tuple(name for name, *_ in _CITYSCAPES_TRAINED),
        colors=tuple(color_of(color) for *_, color in _CITYSCAPES_TRAINED),
        values=tuple(stored for _, stored, *_ in _CITYSCAPES_TRAINED),
        ignore_values=tuple(stored for _, stored, train_id, _ in _CITYSCAPES if train_id == 255),
        void_colors=_CITYSCAPES_VOID_COLORS,
    ),
    "cityscapes_all": ClassTable(
        source=f"{_CITYSCAPES_SOURCE}: all 34 ids in labelIds.png; some share a colour",
        names=tuple(name for name, *_ in _CITYSCAPES),
        colors=tuple(color_of(color) for *_, color in _CITYSCAPES),
    ),
    "ade20k": ClassTable(
        source="ADE20K SceneParse150 (Zhou et al. 2017): stored 1..150 in the order of "
        "objectInfo150.txt, first name of each; 0 is everything else, not evaluated; colours of "
        "its visualisation code, where road and skyscraper share one",
        names=_ADE20K_NAMES,
        colors=_ADE20K_COLORS,
        values=tuple(range(1, 151)),
        ignore_values=(0,),
        void_colors=(("other", (0, 0, 0)),),
    ),
    "binary": ClassTable(
        source="foreground masks as image editors save them: 0, and 1 or 255; 255 is not void",
        names=("background", "foreground"),
        colors=((0, 0, 0), (255, 255, 255)),
        values=(0, (1, 255)),
    ),
    "objects": ClassTable(
        source="label images that number the objects of each image: 0 is none of them",
        names=("background", "object"),
        colors=((0, 0, 0), (128, 0, 0)),
        values=(0, "other"),
    ),
}
_KNOWN |= STREET | AERIAL | SCENES
_KNOWN["potsdam"] = _KNOWN["vaihingen"] = _KNOWN.pop("isprs")
# a table without colours has those of Pascal VOC
PALETTES: dict[str, ClassTable] = {
    name: table if table.colors else replace(table, colors=_voc_colors(len(table.names)))
    for name, table in _KNOWN.items()
}
