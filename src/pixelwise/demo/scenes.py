"""Street scenes with their labels, drawn from a seed: the dataset of the demo and of tests.

Objects are painted from back to front. Each is one textured shape; around it runs a void border one
pixel wide, as in hand-made labels. The class `pole` is two pixels wide, below 1 % of all pixels,
and looks like parts of the buildings do.
"""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pixelwise.files.atomic import atomic_write
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, write_description
from pixelwise.labels.png import write_label

NAMES = ("sky", "building", "tree", "road", "sidewalk", "car", "person", "pole")
COLORS = (
    (110, 170, 225),
    (128, 96, 88),
    (60, 125, 60),
    (105, 100, 110),
    (200, 150, 190),
    (40, 70, 200),
    (225, 60, 60),
    (245, 200, 70),
)
VOID = 255
CLASSES = Classes(NAMES, colors=COLORS, ignore_index=VOID)
SIZE = (128, 160)

Points = list[tuple[float, float]]  # (x, y), as Pillow takes them


@dataclass
class Canvas:
    """A scene while it is painted.

    Attributes:
        random: the only source of chance.
        image: (H, W, 3) float32, 0..255.
        label: (H, W) uint8 class indices.
    """

    random: np.random.Generator
    size: tuple[int, int]
    image: np.ndarray = field(init=False)
    label: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.image = np.zeros((*self.size, 3), np.float32)
        self.label = np.zeros(self.size, np.uint8)
        self.fine = self.random.normal(0, 1, self.size)
        self.coarse = smooth_noise(self.random, self.size)

    def paint(self, name: str, mask: np.ndarray, color: Points | tuple, grain: float = 14) -> None:
        """Fill a region with a class and a textured colour, with a void border around it."""
        self.label[grown(mask) & ~mask] = VOID
        self.label[mask] = NAMES.index(name)
        self.decorate(mask, color, grain)

    def decorate(self, mask: np.ndarray, color: Points | tuple, grain: float = 14) -> None:
        """Colour a region and leave its class as it is."""
        # every region gets another piece of the same two noise images
        shift = self.random.integers(0, self.size)
        texture = np.roll(self.fine, shift, (0, 1)) + np.roll(self.coarse, shift[::-1], (0, 1))
        self.image[mask] = np.asarray(color) + grain * texture[mask][:, None]

    def color(self, base: tuple[int, int, int], spread: float = 22) -> tuple:
        """A random colour near a base colour."""
        return tuple(np.asarray(base) + self.random.normal(0, spread, 3))


def draw_scene(
    seed: int, index: int, size: tuple[int, int] = SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """One scene: image (H, W, 3) uint8 and label (H, W) uint8, the same for the same arguments."""
    canvas = Canvas(np.random.default_rng((seed, index)), size)
    height, width = size
    random = canvas.random
    horizon = height * random.uniform(0.42, 0.55)
    light = random.uniform(-35, 25)
    canvas.paint("sky", whole(size), canvas.color((150, 180, 215), 15))
    paint_buildings(canvas, horizon)
    paint_ground(canvas, horizon)
    for _ in range(random.integers(1, 4)):
        paint_tree(canvas, random.uniform(0, width), horizon)
    for _ in range(random.integers(1, 4)):
        paint_car(canvas, random.uniform(0, width), random.uniform(horizon + 8, height))
    for _ in range(random.integers(0, 3)):
        paint_person(canvas, random.uniform(0, width), random.uniform(horizon + 8, height - 8))
    for _ in range(random.integers(0, 3)):
        paint_pole(canvas, random.uniform(4, width - 4), random.uniform(horizon + 4, height - 16))
    image = canvas.image * (1 + light / 150) + light
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), canvas.label


def paint_buildings(canvas: Canvas, horizon: float) -> None:
    """A row of buildings with windows and dark drainpipes, which are not poles."""
    left = 0.0
    while left < canvas.size[1]:
        width = canvas.random.uniform(22, 50)
        top = horizon - canvas.random.uniform(15, 50)
        wall = canvas.color((135, 115, 105))
        canvas.paint("building", box(canvas.size, left, top, left + width, horizon + 4), wall)
        pane = canvas.color((70, 75, 90), 10)
        for x in np.arange(left + 4, left + width - 6, 9):
            for y in np.arange(top + 5, horizon - 6, 11):
                canvas.decorate(box(canvas.size, x, y, x + 4, y + 5), pane, 6)
        x = left + canvas.random.uniform(2, width - 2)
        pipe = canvas.color((75, 75, 80), 10)
        canvas.decorate(box(canvas.size, x, top, x + 1, horizon + 4), pipe, 6)
        left += width


def paint_ground(canvas: Canvas, horizon: float) -> None:
    """A sidewalk on each side of a road that runs to the horizon."""
    height, width = canvas.size
    pavement = box(canvas.size, 0, horizon, width, height)
    canvas.paint("sidewalk", pavement, canvas.color((150, 145, 140), 10))
    middle = width * canvas.random.uniform(0.35, 0.65)
    near = width * canvas.random.uniform(0.3, 0.5)
    corners = [(middle - 8, horizon), (middle + 8, horizon)]
    corners += [(middle + near, height), (middle - near, height)]
    canvas.paint("road", polygon(canvas.size, corners), canvas.color((95, 95, 100), 10))
    for y in np.arange(horizon + 6, height, 14):
        mark = box(canvas.size, middle - 1, y, middle + 1, y + 6)
        canvas.decorate(mark, (215, 215, 210), 6)


def paint_tree(canvas: Canvas, x: float, horizon: float) -> None:
    """A trunk and a crown of several circles; both are `tree`."""
    random = canvas.random
    foot = horizon + random.uniform(0, 14)
    top = foot - random.uniform(28, 48)
    trunk = box(canvas.size, x - 1.5, top, x + 1.5, foot)
    canvas.paint("tree", trunk, canvas.color((85, 70, 60), 10))
    crown = np.zeros(canvas.size, bool)
    for _ in range(5):
        crown |= ellipse(canvas.size, x + random.normal(0, 6), top + random.normal(0, 5), 9, 8)
    canvas.paint("tree", crown, canvas.color((70, 110, 60), 18), 22)


def paint_car(canvas: Canvas, x: float, foot: float) -> None:
    """A body, a cabin and two wheels; nearer cars are larger."""
    scale = 6 + (foot / canvas.size[0]) ** 2 * 14
    body = box(
        canvas.size, x - 1.6 * scale, foot - 0.8 * scale, x + 1.6 * scale, foot - 0.2 * scale
    )
    roof = [(x - 1.0 * scale, foot - 0.8 * scale), (x - 0.7 * scale, foot - 1.3 * scale)]
    roof += [(x + 0.7 * scale, foot - 1.3 * scale), (x + 1.0 * scale, foot - 0.8 * scale)]
    cabin = polygon(canvas.size, roof)
    wheels = [ellipse(canvas.size, x + s * scale, foot - 0.2 * scale, 0.3 * scale) for s in (-1, 1)]
    shape = body | cabin | wheels[0] | wheels[1]
    canvas.paint("car", shape, canvas.color((130, 90, 100), 60))
    canvas.decorate(cabin, (60, 70, 85), 8)
    canvas.decorate(wheels[0] | wheels[1], (35, 35, 40), 8)


def paint_person(canvas: Canvas, x: float, foot: float) -> None:
    """A head, a body and legs in three colours."""
    scale = 7 + (foot / canvas.size[0]) * 9
    head = ellipse(canvas.size, x, foot - 1.8 * scale, 0.2 * scale)
    trunk = box(
        canvas.size, x - 0.3 * scale, foot - 1.6 * scale, x + 0.3 * scale, foot - 0.8 * scale
    )
    legs = box(canvas.size, x - 0.22 * scale, foot - 0.8 * scale, x + 0.22 * scale, foot)
    canvas.paint("person", head | trunk | legs, canvas.color((120, 90, 100), 60))
    canvas.decorate(head, canvas.color((200, 160, 140), 15), 8)
    canvas.decorate(legs, canvas.color((60, 60, 80), 20), 8)


def paint_pole(canvas: Canvas, x: float, foot: float) -> None:
    """A lamp post: two pixels wide, in the colours of drainpipes and trunks."""
    top = foot - canvas.random.uniform(45, 75)
    post = box(canvas.size, x, top, x + 2, foot)
    arm = box(canvas.size, x, top, x + canvas.random.choice([-7, 7]), top + 2)
    canvas.paint("pole", post | arm, canvas.color((95, 95, 95), 18), 10)


def whole(size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool, True everywhere."""
    return np.ones(size, bool)


def box(size: tuple[int, int], left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """(H, W) bool, True inside a rectangle; left may be right of right."""
    y, x = np.ogrid[: size[0], : size[1]]
    left, right = min(left, right), max(left, right)
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def ellipse(
    size: tuple[int, int], x: float, y: float, across: float, down: float | None = None
) -> np.ndarray:
    """(H, W) bool, True inside an ellipse with these half axes; a circle if one is given."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    down = across if down is None else down
    return ((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 <= 1


def polygon(size: tuple[int, int], points: Points) -> np.ndarray:
    """(H, W) bool, True inside a polygon."""
    image = Image.new("1", (size[1], size[0]))
    ImageDraw.Draw(image).polygon(points, fill=1)
    return np.asarray(image)


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and the four neighbours of each of its pixels."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out


def smooth_noise(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """(H, W) noise with a grain of about eight pixels and a standard deviation near 1."""
    small = random.normal(0, 1, (size[0] // 8 + 1, size[1] // 8 + 1)).astype(np.float32)
    image = Image.fromarray(small).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(image) * 1.5


def write_scenes(
    folder: Path, splits: dict[str, int], seed: int = 0, size: tuple[int, int] = SIZE
) -> Description:
    """Draw a dataset: SPLIT/images/*.png, SPLIT/labels/*.png and dataset.toml.

    Args:
        folder: made if it does not exist.
        splits: number of scenes of each split.
        seed: the same seed draws the same files.
        size: height and width.
    Returns:
        What dataset.toml says.
    """
    number = 0
    for split, count in splits.items():
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            image, label = draw_scene(seed, number, size)
            name = f"scene_{number:03}.png"
            write_image(folder / split / "images" / name, image)
            write_label(folder / split / "labels" / name, label, CLASSES)
            number += 1
    described = {name: Split(f"{name}/images", f"{name}/labels") for name in splits}
    description = Description(folder, CLASSES, described, "multiclass")
    write_description(description, folder / "dataset.toml")
    return description


def write_image(path: Path, image: np.ndarray) -> None:
    """Write an (H, W, 3) uint8 image as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    atomic_write(path, buffer.getvalue())
