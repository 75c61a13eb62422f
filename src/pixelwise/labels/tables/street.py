"""Class tables of street scenes; those of Cityscapes are in palettes.py."""

from pixelwise.labels.tables.class_table import ClassTable, colored

_CAMVID32_NAMES, _CAMVID32_COLORS = colored(
    """Animal 408040, Archway c00080, Bicyclist 0080c0, Bridge 008040, Building 800000, Car
    400080, CartLuggagePram 4000c0, Child c08040, Column_Pole c0c080, Fence 404080,
    LaneMkgsDriv 8000c0, LaneMkgsNonDriv c00040, Misc_Text 808040, MotorcycleScooter c000c0,
    OtherMoving 804040, ParkingBlock 40c080, Pedestrian 404000, Road 804080, RoadShoulder
    8080c0, Sidewalk 0000c0, SignSymbol c08080, Sky 808080, SUVPickupTruck 4080c0,
    TrafficCone 000040, TrafficLight 004040, Train c04080, Tree 808000, Truck_Bus c080c0,
    Tunnel 400040, VegetationMisc c0c000, Wall 40c000"""
)

_MAPILLARY_NAMES, _MAPILLARY_COLORS = colored(
    """Bird a52a2a, Ground Animal 00c000, Curb c4c4c4, Fence be9999, Guard Rail b4a5b4, Barrier
    5a7896, Wall 66669c, Bike Lane 8040ff, Crosswalk - Plain 8c8cc8, Curb Cut aaaaaa,
    Parking faaaa0, Pedestrian Area 606060, Rail Track e6968c, Road 804080, Service Lane
    6e6e6e, Sidewalk f423e8, Bridge 966464, Building 464646, Tunnel 96785a, Person dc143c,
    Bicyclist ff0000, Motorcyclist ff0064, Other Rider ff00c8, Lane Marking - Crosswalk
    c88080, Lane Marking - General ffffff, Mountain 40aa40, Sand e6a032, Sky 4682b4, Snow
    beffff, Terrain 98fb98, Vegetation 6b8e23, Water 00aa1e, Banner ffff80, Bench fa001e,
    Bike Rack 648cb4, Billboard dcdcdc, Catch Basin dc8080, CCTV Camera de2828, Fire Hydrant
    64aa1e, Junction Box 282828, Mailbox 212121, Manhole 6480a0, Phone Booth 8e0000, Pothole
    466496, Street Light d2aa64, Pole 999999, Traffic Sign Frame 808080, Utility Pole
    000050, Traffic Light faaa1e, Traffic Sign (Back) c0c0c0, Traffic Sign (Front) dcdc00,
    Trash Can 8c8c14, Bicycle 770b20, Boat 9600ff, Bus 003c64, Car 00008e, Caravan 00005a,
    Motorcycle 0000e6, On Rails 005064, Other Vehicle 804040, Trailer 00006e, Truck 000046,
    Wheeled Slow 0000c0, Car Mount 202020, Ego Vehicle 780a0a"""
)

_IDD_NAMES, _IDD_COLORS = colored(
    """road 804080, parking faaaa0, sidewalk f423e8, rail track e6968c, person dc143c, rider
    ff0000, motorcycle 0000e6, bicycle 770b20, autorickshaw ffcc36, car 00008e, truck
    000046, bus 003c64, vehicle fallback 888f99, curb dcbe28, wall 66669c, fence be9999,
    guard rail b4a5b4, billboard ae4043, traffic sign dcdc00, traffic light faaa1e, pole
    999999, obs-str-bar-fallback a9bbd6, building 464646, bridge 966464, vegetation 6b8e23,
    sky 4682b4"""
)

STREET: dict[str, ClassTable] = {
    "camvid32": ClassTable(
        source="CamVid as released: 31 classes in colours, and void in black (Brostow et al. 2009)",
        names=_CAMVID32_NAMES,
        colors=_CAMVID32_COLORS,
        void_colors=(("void", (0, 0, 0)),),
    ),
    "mapillary": ClassTable(
        source=(
            "Mapillary Vistas 1.2 (Neuhold et al. 2017): indices in the order of "
            "config_v1.2.json, whose last, 65, is Unlabeled; some share a colour in other "
            "versions"
        ),
        names=_MAPILLARY_NAMES,
        colors=_MAPILLARY_COLORS,
        ignore_values=(65,),
        void_colors=(("Unlabeled", (0, 0, 0)),),
    ),
    "idd": ClassTable(
        source=(
            "India Driving Dataset (Varma et al. 2019): level3Ids 0..25, void 255; named after "
            "the first of the labels that share an id"
        ),
        names=_IDD_NAMES,
        colors=_IDD_COLORS,
    ),
}
