"""Class tables of images from satellites, planes and drones."""

from pixelwise.labels.tables.class_table import ClassTable, colored, names_of

_LOVEDA_NAMES, _LOVEDA_COLORS = colored(
    """background ffffff, building ff0000, road ffff00, water 0000ff, barren 9f81b7, forest
    00ff00, agriculture ffc380"""
)

_ISPRS_NAMES, _ISPRS_COLORS = colored(
    """impervious surface ffffff, building 0000ff, low vegetation 00ffff, tree 00ff00, car
    ffff00, clutter ff0000"""
)

_ISAID_NAMES, _ISAID_COLORS = colored(
    """background 000000, ship 00003f, storage tank 003f3f, baseball diamond 003f00, tennis
    court 003f7f, basketball court 003fbf, ground track field 003fff, bridge 007f3f, large
    vehicle 007f7f, small vehicle 00007f, helicopter 0000bf, swimming pool 0000ff,
    roundabout 00bf7f, soccer field 007fbf, plane 007fff, harbor 00649b"""
)

_DEEPGLOBE_NAMES, _DEEPGLOBE_COLORS = colored(
    """urban 00ffff, agriculture ffff00, rangeland ff00ff, forest 00ff00, water 0000ff, barren
    ffffff"""
)

_OPENEARTHMAP_NAMES, _OPENEARTHMAP_COLORS = colored(
    """bareland 800000, rangeland 00ff24, developed space 949494, road ffffff, tree 226126,
    water 0045ff, agriculture 4bb549, building de1f07"""
)

_UAVID_NAMES, _UAVID_COLORS = colored(
    """clutter 000000, building 800000, road 804080, tree 008000, low vegetation 808000, moving
    car 400080, static car c000c0, human 404000"""
)

_SEMANTIC_DRONE_NAMES, _SEMANTIC_DRONE_COLORS = colored(
    """paved-area 804080, dirt 824c00, grass 006600, gravel 706757, water 1c2aa8, rocks 30291e,
    pool 003259, vegetation 6b8e23, roof 464646, wall 66669c, window fee40c, door fe940c,
    fence be9999, fence-pole 999999, person ff1660, dog 663300, car 098f96, bicycle 770b20,
    tree 333300, bald-tree befabe, ar-marker 709692, obstacle 028773"""
)

AERIAL: dict[str, ClassTable] = {
    "loveda": ClassTable(
        source="LoveDA (Wang et al. 2021): stored 1..7, 0 is no data",
        names=_LOVEDA_NAMES,
        colors=_LOVEDA_COLORS,
        values=tuple(range(1, 8)),
        ignore_values=(0,),
    ),
    "isprs": ClassTable(
        source=(
            "ISPRS semantic labeling of Potsdam and Vaihingen: six colours; the borders of the "
            "noBoundary labels are black, which is void; as indices they are 1..6 and 0"
        ),
        names=_ISPRS_NAMES,
        colors=_ISPRS_COLORS,
        values=tuple(range(1, 7)),
        ignore_values=(0,),
        void_colors=(("boundary", (0, 0, 0)),),
    ),
    "isaid": ClassTable(
        source=(
            "iSAID (Waqas Zamir et al. 2019): colours of ..._instance_color_RGB.png, or indices "
            "0..15 in patches, padded with 255"
        ),
        names=_ISAID_NAMES,
        colors=_ISAID_COLORS,
    ),
    "deepglobe": ClassTable(
        source="DeepGlobe land cover (Demir et al. 2018): six colours, unknown is black",
        names=_DEEPGLOBE_NAMES,
        colors=_DEEPGLOBE_COLORS,
        values=tuple(range(1, 7)),
        ignore_values=(0,),
        void_colors=(("unknown", (0, 0, 0)),),
    ),
    "landcoverai": ClassTable(
        source="LandCover.ai (Boguszewski et al. 2021): stored 0..4",
        names=names_of("background, building, woodland, water, road"),
    ),
    "floodnet": ClassTable(
        source="FloodNet (Rahnemoonfar et al. 2021): stored 0..9",
        names=names_of(
            """background, building-flooded, building-non-flooded, road-flooded, road-non-flooded,
            water, tree, vehicle, pool, grass"""
        ),
    ),
    "xview2": ClassTable(
        source="xView2 / xBD (Gupta et al. 2019): stored 0..4 in the targets after the disaster",
        names=names_of("background, no damage, minor damage, major damage, destroyed"),
    ),
    "openearthmap": ClassTable(
        source="OpenEarthMap (Xia et al. 2023): stored 1..8, 0 is unknown",
        names=_OPENEARTHMAP_NAMES,
        colors=_OPENEARTHMAP_COLORS,
        values=tuple(range(1, 9)),
        ignore_values=(0,),
        void_colors=(("unknown", (0, 0, 0)),),
    ),
    "uavid": ClassTable(
        source="UAVid (Lyu et al. 2020): eight colours; black is clutter, a class",
        names=_UAVID_NAMES,
        colors=_UAVID_COLORS,
    ),
    "semantic_drone": ClassTable(
        source="Semantic Drone Dataset of TU Graz: stored 1..22, 0 is unlabeled and 23 conflicting",
        names=_SEMANTIC_DRONE_NAMES,
        colors=_SEMANTIC_DRONE_COLORS,
        values=tuple(range(1, 23)),
        ignore_values=(0, 23),
        void_colors=(("unlabeled", (0, 0, 0)), ("conflicting", (255, 0, 0))),
    ),
}
