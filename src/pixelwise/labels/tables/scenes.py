"""Class tables of things and stuff, people, off-road scenes, fields and life under water."""

from pixelwise.labels.tables.class_table import ClassTable, colored, names_of

_SUIM_NAMES, _SUIM_COLORS = colored(
    """waterbody 000000, diver 0000ff, plant 00ff00, wreck 00ffff, robot ff0000, reef ff00ff,
    fish ffff00, sea floor ffffff"""
)

_LIP_NAMES, _LIP_COLORS = colored(
    """Background 000000, Hat 800000, Hair ff0000, Glove 005500, Sunglasses aa0033,
    UpperClothes ff5500, Dress 000055, Coat 0077dd, Socks 555500, Pants 005555, Jumpsuits
    553300, Scarf 345680, Skirt 008000, Face 0000ff, Left-arm 33aadd, Right-arm 00ffff,
    Left-leg 55ffaa, Right-leg aaff55, Left-shoe ffff00, Right-shoe ffaa00"""
)

_RUGD_NAMES, _RUGD_COLORS = colored(
    """dirt 6c4014, sand ffe5cc, grass 006600, tree 00ff00, pole 009999, water 0080ff, sky
    0000ff, vehicle ffff00, container ff007f, asphalt 404040, gravel ff8000, building
    ff0000, mulch 994c00, rock-bed 666600, log 660000, bicycle 00ff80, person cc99ff, fence
    6600cc, bush ff99cc, sign 006666, rock 99ccff, bridge 66ffff, concrete 65650b,
    picnic-table 72552f"""
)

_RELLIS3D_NAMES, _RELLIS3D_COLORS = colored(
    """dirt 6c4014, grass 006600, tree 00ff00, pole 009999, water 0080ff, sky 0000ff, vehicle
    ffff00, object ff007f, asphalt 404040, building ff0000, log 660000, person cc99ff, fence
    6600cc, bush ff99cc, concrete aaaaaa, barrier 2979ff, puddle 86ffef, mud 634222, rubble
    6e168a"""
)

_TAS500_NAMES, _TAS500_COLORS = colored(
    """asphalt c0c0c0, gravel 696969, soil a0522d, sand f4a460, bush 3cb371, forest 228b22, low
    grass 9acd32, high grass 008000, misc vegetation 006400, tree crown 00fa9a, tree trunk
    8b4513, building 013349, fence be9999, wall 00846f, car 00008e, bus 003c64, sky 87cefa,
    misc object 800080, pole 999999, traffic sign ffff00, person dc143c, animal ffb6c1, ego
    vehicle dcdcdc"""
)

_FREIBURG_FOREST_NAMES, _FREIBURG_FOREST_COLORS = colored(
    """road aaaaaa, grass 00ff00, vegetation 666633, tree 003c00, sky 0078ff, obstacle 000000"""
)

_CWFID_NAMES, _CWFID_COLORS = colored("""soil 000000, weed ff0000, crop 00ff00""")

# 182 names, of which eleven never occur
_COCO_STUFF = names_of(
    """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire
    hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant,
    bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis,
    snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
    tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple,
    sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted
    plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone,
    microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
    hair drier, toothbrush, banner, blanket, branch, bridge, building-other, bush, cabinet,
    cage, cardboard, carpet, ceiling-other, ceiling-tile, cloth, clothes, clouds, counter,
    cupboard, curtain, desk-stuff, dirt, door-stuff, fence, floor-marble, floor-other,
    floor-stone, floor-tile, floor-wood, flower, fog, food-other, fruit, furniture-other,
    grass, gravel, ground-other, hill, house, leaves, light, mat, metal, mirror-stuff, moss,
    mountain, mud, napkin, net, paper, pavement, pillow, plant-other, plastic, platform,
    playingfield, railing, railroad, river, road, rock, roof, rug, salad, sand, sea, shelf,
    sky-other, skyscraper, snow, solid-other, stairs, stone, straw, structural-other, table,
    tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete, wall-other,
    wall-panel, wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind,
    window-other, wood"""
)
_NEVER_IN_COCO_STUFF = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)
_COCO_STUFF_VALUES = tuple(i for i in range(182) if i not in _NEVER_IN_COCO_STUFF)

_PASCAL_CONTEXT = names_of(
    """background, aeroplane, bicycle, bird, boat, bottle, bus, car, cat, chair, cow, table,
    dog, horse, motorbike, person, pottedplant, sheep, sofa, train, tvmonitor, bag, bed,
    bench, book, building, cabinet, ceiling, cloth, computer, cup, door, fence, floor,
    flower, food, grass, ground, keyboard, light, mountain, mouse, curtain, platform, sign,
    plate, road, rock, shelves, sidewalk, sky, snow, bedclothes, track, tree, truck, wall,
    water, window, wood"""
)

_NYU40 = names_of(
    """wall, floor, cabinet, bed, chair, sofa, table, door, window, bookshelf, picture,
    counter, blinds, desk, shelves, curtain, dresser, pillow, mirror, floor-mat, clothes,
    ceiling, books, refrigerator, television, paper, towel, shower-curtain, box, whiteboard,
    person, night-stand, toilet, sink, lamp, bathtub, bag, other-structure, other-furniture,
    other-prop"""
)
_CIHP = tuple("Torso-skin" if name == "Jumpsuits" else name for name in _LIP_NAMES)

SCENES: dict[str, ClassTable] = {
    "coco_stuff": ClassTable(
        source="COCO-Stuff (Caesar et al. 2018): the 171 classes that occur, stored as the id in "
        "labels.txt - 1, 0..181; void 255",
        names=_COCO_STUFF,
        values=_COCO_STUFF_VALUES,
    ),
    "coco_stuff_171": ClassTable(
        source="COCO-Stuff, the same classes as stored in labelTrainIds.png: 0..170, void 255",
        names=_COCO_STUFF,
    ),
    "coco_stuff_10k": ClassTable(
        source="COCO-Stuff 10k as converted by mmsegmentation: 1..171, 0 is unlabelled",
        names=_COCO_STUFF,
        values=tuple(range(1, 172)),
        ignore_values=(0,),
    ),
    "pascal_context": ClassTable(
        source="Pascal Context (Mottaghi et al. 2014): 59 classes stored as 1..59; 0 is void",
        names=_PASCAL_CONTEXT[1:],
        values=tuple(range(1, 60)),
        ignore_values=(0,),
    ),
    "pascal_context_60": ClassTable(
        source="Pascal Context, the same with 0 as the class background",
        names=_PASCAL_CONTEXT,
    ),
    "nyu40": ClassTable(
        source="NYU Depth v2 in 40 classes (Gupta et al. 2013): stored 1..40, 0 is unlabelled",
        names=_NYU40,
        values=tuple(range(1, 41)),
        ignore_values=(0,),
    ),
    "sunrgbd": ClassTable(
        source="SUN RGB-D (Song et al. 2015): the first 37 classes of NYU, stored 1..37; 0 is void",
        names=_NYU40[:37],
        values=tuple(range(1, 38)),
        ignore_values=(0,),
    ),
    "pets": ClassTable(
        source="Oxford-IIIT Pet trimaps (Parkhi et al. 2012): 1 pet, 2 background, 3 the border, "
        "which is not classified and so void",
        names=("background", "pet"),
        colors=((0, 0, 0), (255, 255, 255)),
        values=(2, 1),
        ignore_values=(3,),
    ),
    "suim": ClassTable(
        source=(
            "SUIM (Islam et al. 2020): eight colours, one bit a channel; black is water, a class"
        ),
        names=_SUIM_NAMES,
        colors=_SUIM_COLORS,
    ),
    "lip": ClassTable(
        source="Look into Person (Gong et al. 2017): stored 0..19; colours of its visualisation",
        names=_LIP_NAMES,
        colors=_LIP_COLORS,
    ),
    "cihp": ClassTable(
        source="Crowd Instance-level Human Parsing (Gong et al. 2018): Category_ids, 0..19",
        names=_CIHP,
        colors=_LIP_COLORS,
    ),
    "atr": ClassTable(
        source="ATR human parsing (Liang et al. 2015): stored 0..17",
        names=names_of(
            """Background, Hat, Hair, Sunglasses, Upper-clothes, Skirt, Pants, Dress, Belt,
            Left-shoe, Right-shoe, Face, Left-leg, Right-leg, Left-arm, Right-arm, Bag, Scarf"""
        ),
    ),
    "rugd": ClassTable(
        source=(
            "RUGD (Wigness et al. 2019): colours of RUGD_annotation-colormap.txt, or ids 1..24; "
            "void is black and 0"
        ),
        names=_RUGD_NAMES,
        colors=_RUGD_COLORS,
        values=tuple(range(1, 25)),
        ignore_values=(0,),
        void_colors=(("void", (0, 0, 0)),),
    ),
    "rellis3d": ClassTable(
        source="RELLIS-3D (Jiang et al. 2021): ids with gaps, void 0 and black",
        names=_RELLIS3D_NAMES,
        colors=_RELLIS3D_COLORS,
        values=(1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 17, 18, 19, 23, 27, 31, 33, 34),
        ignore_values=(0,),
        void_colors=(("void", (0, 0, 0)),),
    ),
    "tas500": ClassTable(
        source="TAS500 (Metzger et al. 2020): labels_ids 0..22, void 255",
        names=_TAS500_NAMES,
        colors=_TAS500_COLORS,
    ),
    "freiburg_forest": ClassTable(
        source=(
            "Freiburg Forest (Valada et al. 2016): six colours, of which black is obstacle; "
            "void is white"
        ),
        names=_FREIBURG_FOREST_NAMES,
        colors=_FREIBURG_FOREST_COLORS,
        void_colors=(("void", (255, 255, 255)),),
    ),
    "cwfid": ClassTable(
        source=(
            "Crop/Weed Field Image Dataset (Haug and Ostermann 2014): colours of the annotations"
        ),
        names=_CWFID_NAMES,
        colors=_CWFID_COLORS,
    ),
}
