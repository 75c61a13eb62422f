"""Where the tiles of an image lie: spread evenly, on the grid of the network's strides. No torch.

Along an axis of n pixels with tiles of k <= n that overlap by the share o:

    step  s = max(k (1 - o), grain)      tiles  m = ceil((n - k) / s) + 1
    start i = round(i (n - k) / (m - 1)) to a multiple of the grain

n and k are multiples of the grain, the deepest stride of the networks. So every tile begins where a
cell of each of their layers begins, the logits of all tiles are cells of one grid, and the network
sees in a tile what it sees there in the whole image, but for what is beyond the tile's edge.

Source: Isensee et al., nnU-Net, Nature Methods 2021 (tiles spread evenly, step 0.5); the multiple
of a stride is ours.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Literal

from pixelwise.errors import ArgumentError, check_choice, check_range, setting
from pixelwise.settings import command_of, field_of, option

Blend = Literal["gaussian", "equal"]
BLENDS = ("gaussian", "equal")
OVERLAP: float = 0.5
MOST_OVERLAP = 0.9
MOST_SIDE = 1 << 16


@dataclass(frozen=True)
class Tiling:
    """The tiles in which images are predicted.

    Args:
        tile: (height, width) in pixels of the image on disk.
        overlap: share of a tile that the next one covers too, 0..0.9; more where tiles do not
            divide the image.
        blend: "gaussian", the middle of a tile counts most; or "equal".
    Raises:
        ArgumentError: one of them is out of range.
    """

    tile: tuple[int, int]
    overlap: float = OVERLAP
    blend: Blend = "gaussian"

    def __post_init__(self) -> None:
        for side in self.tile:
            check_range("tiles", "tile", side, 1, MOST_SIDE)
        check_range("tiles", "overlap", self.overlap, 0, MOST_OVERLAP)
        check_choice("tiles", "blend", self.blend, BLENDS)

    def text(self) -> str:
        """In words."""
        height, width = self.tile
        return f"tiles of {height} x {width} that overlap by {self.overlap:g}, {self.blend}"


def tile_option(text: str) -> Any:
    """The field `tile` of a command, with its group of --help."""
    return option(None, text, low=0, high=MOST_SIDE, metavar=("HEIGHT", "WIDTH"), group="tiles")


def overlap_option() -> Any:
    """The field `overlap` of a command."""
    return option(OVERLAP, "share of a tile that the next one covers too", low=0, high=MOST_OVERLAP)


def blend_option() -> Any:
    """The field `blend` of a command."""
    return option("gaussian", "gaussian: the middle of a tile counts most; equal: all of it")


def tiling_of(config: Any) -> Tiling | None:
    """The tiles that the settings ask for; None if they ask for none, or for whole images (0, 0).

    Raises:
        ArgumentError: settings of tiles without a tile, or one side of it is 0.
    """
    where, tile = command_of(config), config.tile
    if tile is not None and min(tile) > 0:
        return Tiling(tile, config.overlap, config.blend)
    if tile is not None and max(tile) > 0:
        raise ArgumentError(where, "tile", must="two sides, or 0 0 for whole images", got=tile)
    for name in ("overlap", "blend"):
        if getattr(config, name) != field_of(type(config), name).default:
            event = f"{setting(name)} needs {setting('tile')}"
            raise ArgumentError(where, event=event)
    return None


@dataclass(frozen=True)
class Grid:
    """The tiles of one image, in pixels at the network.

    Attributes:
        size, tile: (height, width) of the image and of each tile.
        tops, lefts: where rows and columns of tiles begin, ascending.
    """

    size: tuple[int, int]
    tile: tuple[int, int]
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tops) * len(self.lefts)


def is_larger(size: tuple[int, int], tile: tuple[int, int]) -> bool:
    """Whether an image takes more than one tile, all in pixels at the network."""
    return size[0] > tile[0] or size[1] > tile[1]


def make_grid(size: tuple[int, int], tile: tuple[int, int], overlap: float, grain: int) -> Grid:
    """The tiles of an image.

    Args:
        size: (height, width) of the image at the network, multiples of the grain.
        tile: of a tile, likewise; an image that is smaller has one tile of its own size there.
        overlap: see Tiling.
        grain: multiple of all strides of the network.
    Raises:
        ArgumentError: a size is not a multiple of the grain.
    """
    for name, sides in (("size", size), ("tile", tile)):
        if any(side < 1 or side % grain for side in sides):
            raise ArgumentError("tiles", name, must=f"multiples of {grain}", got=sides)
    own = min(tile[0], size[0]), min(tile[1], size[1])
    tops, lefts = (starts(n, k, overlap, grain) for n, k in zip(size, own))
    return Grid(size, own, tops, lefts)


def starts(size: int, tile: int, overlap: float, grain: int) -> tuple[int, ...]:
    """Where the tiles of an axis begin; see the formula above.

    Equals: the starts of nnU-Net for a grain of 1.
    """
    rest = size - tile
    step = max(tile * (1 - overlap), grain)
    # a step of 0.7 tiles is a float, and 3 steps of it are not quite 2.1 tiles
    number = ceil(rest / step - 1e-9) + 1
    if number == 1:
        return (0,)
    cells = rest // grain
    found = tuple(grain * round(i * cells / (number - 1)) for i in range(number))
    assert all(0 < b - a <= tile for a, b in pairwise(found))
    return found
