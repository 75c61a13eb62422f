"""What the defect of each rule of the audit looks like: planted in a small drawn label."""

from functools import cache

import numpy as np
from PIL import Image

from rule_drawing import (
    BUILDING,
    CAR,
    COLORS,
    HEIGHT,
    ROAD,
    SKY,
    VOID,
    WIDTH,
    ZOOM,
    Array,
    Draw,
    bars,
    binary,
    colored,
    enlarged,
    grey,
    joined,
    marked,
    mixed,
    outlined,
    photo,
    saved,
    street,
    values,
    written,
)

GOOD = ("0", "1", "2", "3")
Panels = list[Image.Image]


def with_void() -> Array:
    """The street with void along its lower border."""
    label = street()
    label[17:] = VOID
    return label


def beside(defect: Array, label: Array | None = None) -> Panels:
    """The label as it should be, and a picture of the defect."""
    return [enlarged(colored(street() if label is None else label)), enlarged(defect)]


def renumbered(*words: str, label: Array | None = None) -> Panels:
    """The stored values as they should be, and as they are."""
    shown = street() if label is None else label
    return [values(shown, GOOD), values(shown, words)]


def two_values(*words: str) -> Panels:
    """A binary label with its values as they should be, and as they are."""
    at = ((2, 4), (10, 15))
    panel = lambda pair: written(  # noqa: E731
        enlarged(colored(binary() * CAR)), [(y, x, word) for (y, x), word in zip(at, pair)]
    )
    return [panel(("0", "1")), panel(words)]


def cut() -> Panels:
    label = colored(street())
    label[9:] = 228
    return beside(label)


def widened_palette() -> Panels:
    label = with_void()
    void = label == VOID
    good = marked(enlarged(colored(label)), void)
    return [good, enlarged(colored(np.where(void, 77, label)))]


def shifted_palette() -> Panels:
    colors = {SKY: COLORS[VOID], BUILDING: COLORS[SKY], ROAD: COLORS[BUILDING], CAR: COLORS[ROAD]}
    return beside(colored(street(), colors))


def transparent() -> Panels:
    label = colored(street())
    y, x = np.indices(label.shape[:2])
    board = np.where((y // 2 + x // 2) % 2, 255, 205)[:, :, None]
    label[:, 15:] = ((label.astype(int) + 2 * board) // 3).astype(np.uint8)[:, 15:]
    return beside(label)


def foreign_color() -> Panels:
    label = colored(street())
    label[4:9, 18:27] = (200, 60, 160)
    return beside(label)


def interpolated() -> Panels:
    steps = np.array([0, 80, 160, 240], np.uint8)[street()]
    small = Image.fromarray(steps).resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BILINEAR)
    soft = small.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    return [enlarged(grey(steps)), enlarged(grey(np.array(soft)))]


def scattered() -> Panels:
    steps = np.array([0, 80, 160, 240], np.uint8)[street()]
    return [enlarged(grey(steps)), enlarged(saved(grey(steps), "JPEG", quality=25))]


def unknown_value() -> Panels:
    label = street()
    label[6:11, 17:24] = 37
    there = marked(values(label, GOOD), label == 37)
    return [values(street(), GOOD), written(there, [(8, 20, "37")])]


def few_pixels() -> Panels:
    label = colored(street())
    label[5, 20:22] = label[6, 20] = (0, 0, 0)
    return beside(label)


def instances() -> Panels:
    label = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
    for left in (2, 12, 22):
        label[7:13, left : left + 6] = CAR
    at = [(10, 4), (10, 14), (10, 24)]
    panel = lambda words: written(  # noqa: E731
        enlarged(colored(label)), [(y, x, word) for (y, x), word in zip(at, words)]
    )
    return [panel(("3", "3", "3")), panel(("3001", "3002", "3003"))]


def overlapping() -> Panels:
    y, x = np.indices((HEIGHT, WIDTH))
    left, right = (y > 3) & (y < 13) & (x > 2) & (x < 18), (y > 6) & (y < 17) & (x > 11) & (x < 27)
    label = np.where(right, CAR, np.where(left, BUILDING, SKY)).astype(np.uint8)
    apart = np.where(left, BUILDING, np.where(right, CAR, SKY)).astype(np.uint8)
    return [enlarged(colored(apart)), marked(enlarged(colored(label)), left & right)]


def one_line() -> Panels:
    label = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    label[4:16, 4:15], label[4:16, 15:26] = BUILDING, CAR
    both = np.zeros(label.shape, bool)
    both[4:16, 15] = True
    return [enlarged(colored(label)), marked(enlarged(colored(label)), both)]


def other_size() -> Panels:
    return [enlarged(photo(street())), enlarged(colored(street()), ZOOM * 5 // 8)]


def turned() -> Panels:
    return [enlarged(np.rot90(photo(street())).copy(), 5), enlarged(colored(street()), 5)]


def on_top(label: Array, image: Array | None = None) -> Panels:
    shown = photo(street()) if image is None else image
    return [enlarged(mixed(shown, street())), enlarged(mixed(shown, label))]


def framed() -> Panels:
    label = colored(street())
    label[:2], label[-2:], label[:, :2], label[:, -2:] = [(0, 0, 0)] * 4
    return beside(label)


def turned_square() -> Panels:
    square = street()[:, :HEIGHT]
    image = photo(square)
    return [enlarged(mixed(image, square)), enlarged(mixed(image, np.rot90(square)))]


def near_copy() -> Panels:
    return [enlarged(photo(street())), enlarged(photo(street(1), 1))]


def two_labels() -> Panels:
    other = street()
    other[10:16, 10:17] = ROAD
    return [
        enlarged(photo(street()), 6),
        enlarged(colored(street()), 6),
        enlarged(colored(other), 6),
    ]


def one_label() -> Panels:
    images = [enlarged(photo(street()), 6), enlarged(photo(street(12), 3), 6)]
    return [*images, enlarged(colored(street()), 6)]


def isolated() -> Panels:
    label, rng = street(), np.random.default_rng(4)
    for y, x in zip(rng.integers(0, HEIGHT, 22), rng.integers(0, WIDTH, 22)):
        label[y, x] = (label[y, x] + 2) % 4
    return beside(colored(label))


def crossed() -> Panels:
    ground = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    corners = [(4, 5), (4, 24), (16, 24), (16, 5)]
    bow = [corners[i] for i in (0, 1, 3, 2)]
    return [outlined(enlarged(colored(ground)), points) for points in (corners, bow)]


def too_large() -> Panels:
    shape = [(12.0, 10.0), (10.0, 11.0), (10.0, 15.0), (12.0, 17.0), (16.0, 17.0), (16.0, 10.0)]
    larger = [(y * 1.4 - 4, x * 1.4) for y, x in shape]
    return [outlined(enlarged(photo(street())), points) for points in (shape, larger)]


def splits(train: list[float], val: list[float]) -> Panels:
    names = ("sky", "building", "road", "car")
    return [bars(dict(zip(names, shares))) for shares in (train, val)]


def filled(value: int, *others: tuple[int, int]) -> Panels:
    label = np.full((HEIGHT, WIDTH), value, np.uint8)
    for y, x in others:
        label[y, x] = CAR
    panels = beside(colored(label))
    return [panels[0], marked(panels[1], label == VOID)]


def same_masks() -> Panels:
    shown = grey((street() == CAR) * np.uint8(255))
    return [enlarged(shown), enlarged(shown)]


# what the picture shows; of rules about files and names there is a listing and no picture
ABOUT = {
    "F1": "Colours of a label before and after it was saved as JPEG.",
    "F2": "labels/street_03.png   begins with ff d8 ff: a JPEG file\n"
    "labels/street_04.png   begins with 89 50 4e 47: a PNG file",
    "F3": "The lower half of the file is missing.",
    "F4": "A note in the file says that the label lies on its side: another program turns it.",
    "F5": "labels/street_01.png   indexed, 8 bits\nlabels/street_02.png   RGB\n"
    "labels/street_03.png   grey, 16 bits",
    "F6": "Stored are 0 to 3 in 4 bits; another program reads 0, 17, 34 and 51.",
    "F7": "Values 0, 18, 33 and 255 in 4 bits have become 0, 2, 1 and 15.",
    "F8": "Void, hatched on the left, has no colour in the palette: it is shown as black.",
    "F9": "The same stored values with the colours of a palette that is shifted by one.",
    "F10": "One value a pixel, and three samples a pixel.",
    "F11": "Red and blue are swapped.",
    "F12": "The right half of the label is transparent.",
    "F13": "12 bits in samples of 16: the upper 8 bits are shown.",
    "F14": "images/tile_01.tif   3 bands of 8 bits\nimages/tile_02.tif   4 bands of 16 bits",
    "V1": "An area has a colour that no class has.",
    "V2": "Values of a label, as grey, that was resized with interpolation.",
    "V3": "Values of a label, as grey, that was a JPEG once.",
    "V4": "An area has the stored value 37, which is neither a class nor void.",
    "V5": "The object is stored as 255, which means void elsewhere.",
    "V6": "Every stored value is one too large.",
    "V7": "Stored are the ids 23, 11, 7 and 26 where train ids 10, 2, 0 and 13 are expected.",
    "V8": "Labels of train have void, hatched; labels of val have none.",
    "V9": "Fractions, negative values and NaN are stored.",
    "V10": "Two bytes a pixel, of which the first is always 0.",
    "V11": "Pixels of each class in val and in train: train has no car.",
    "V12": "All but two pixels are one class.",
    "V13": "All pixels are void.",
    "V14": "Three pixels have a value that is found nowhere else.",
    "V15": "The object is stored as 0, and what surrounds it as 1.",
    "V16": "Every car has a number of its own.",
    "V17": "Pixels of each class in train and in val: val has no car.",
    "V18": "Two classes that exclude each other have pixels in common, which are hatched.",
    "G1": "An image, and its label at another size.",
    "G2": "An image that stands, and its label that lies.",
    "G3": "Label over image: on the right the label is mirrored.",
    "G4": "A frame of one value lies around the label.",
    "G5": "Label over image: on the right the label was drawn on the turned image.",
    "P1": "images/street_01.jpg   labels/street_01.png\nimages/street_02.jpg   -\n"
    "-                      labels/steet_02.png",
    "P2": "train.txt, line 7: street_93   images/street_93.jpg does not exist",
    "P3": "images/street_05.jpg   -   left out",
    "P4": "dataset.toml: [splits.train], [splits.val]\ntest.txt    a list that no split uses",
    "S1": "train/street_07.jpg and val/street_91.jpg are the same image.",
    "S2": "An image of train and the next one of the same video in val.",
    "S3": "One image, which is there twice, and its two labels.",
    "S4": "Two images, and the one label that both have.",
    "S5": "Pixels of each class in train and in val.",
    "R1": "Single pixels of other classes are scattered over the label.",
    "R2": "A shape with four corners, and one whose sides cross.",
    "R3": "car   812 shapes\nCar     3 shapes\ncra     1 shape",
    "R4": "Shapes of two classes overlap, hatched: what is painted later hides the other.",
    "R5": "Two shapes share a border: both have the hatched line of pixels.",
    "R6": "A shape over its image, and over the image that it was not drawn on.",
    "M1": '[[classes]]\nname = "road"\ncolor = [128, 64, 128]\n\n[[classes]]\n'
    'name = "pavement"\ncolor = [128, 64, 128]',
    "M2": "The masks of two classes are the same.",
}
DRAWN: dict[str, Draw] = {
    "F1": lambda: beside(saved(colored(street()), "JPEG", quality=12)),
    "F3": cut,
    "F4": lambda: [enlarged(colored(street()), 6), enlarged(colored(np.rot90(street())), 6)],
    "F6": lambda: renumbered("0", "17", "34", "51"),
    "F7": lambda: [
        values(street(), ("0", "18", "33", "255")),
        values(street(), ("0", "2", "1", "15")),
    ],
    "F8": widened_palette,
    "F9": shifted_palette,
    "F10": lambda: renumbered("170 206 235", "190\n105\n40", "105 105 115", "240\n205 70"),
    "F11": lambda: beside(colored(street())[:, :, ::-1].copy()),
    "F12": transparent,
    "F13": lambda: [enlarged(photo(street())), enlarged(photo(street()) // 16)],
    "V1": foreign_color,
    "V2": interpolated,
    "V3": scattered,
    "V4": unknown_value,
    "V5": lambda: two_values("0", "255"),
    "V6": lambda: renumbered("1", "2", "3", "4"),
    "V7": lambda: [
        values(street(), ("10", "2", "0", "13")),
        values(street(), ("23", "11", "7", "26")),
    ],
    "V8": lambda: [
        marked(enlarged(colored(with_void())), with_void() == VOID),
        enlarged(colored(street())),
    ],
    "V9": lambda: renumbered("0.0", "0.98", "NaN", "-1.0"),
    "V10": lambda: renumbered("00 00", "00 01", "00 02", "00 03"),
    "V11": lambda: splits([0.9, 0.4, 0.6, 0.15], [0.85, 0.5, 0.7, 0]),
    "V12": lambda: filled(ROAD, (6, 8), (6, 9)),
    "V13": lambda: filled(VOID),
    "V14": few_pixels,
    "V15": lambda: two_values("1", "0"),
    "V16": instances,
    "V17": lambda: splits([0.9, 0.4, 0.6, 0.15], [0.85, 0.5, 0.7, 0]),
    "V18": overlapping,
    "G1": other_size,
    "G2": turned,
    "G3": lambda: on_top(street()[:, ::-1]),
    "G4": framed,
    "G5": turned_square,
    "S1": lambda: [enlarged(photo(street()))] * 2,
    "S2": near_copy,
    "S3": two_labels,
    "S4": one_label,
    "S5": lambda: splits([0.9, 0.4, 0.6, 0.1], [0.2, 0.9, 0.3, 0.5]),
    "R1": isolated,
    "R2": crossed,
    "R4": overlapping,
    "R5": one_line,
    "R6": too_large,
    "M2": same_masks,
}


@cache
def picture(id: str) -> bytes | None:
    """The picture of a rule as a PNG; None where a listing says it better."""
    return joined(DRAWN[id]()) if id in DRAWN else None
