"""Colours that people with and without colour blindness can tell apart, for classes without any."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentTypeError, check_range
from pixelwise.labels.palettes import PALETTES, voc_colormap
from pixelwise.labels.tables.class_table import Color, colors_of

if TYPE_CHECKING:
    from pixelwise.labels.classes import Classes

# The eight of Okabe and Ito. Each further one is, of a grid of 11 steps a channel with a lightness
# of 18 to 92, the farthest from all before it, from void and from its stripes: in CIELAB (D65), the
# least of the distances as it is seen with normal vision, protanopia and deuteranopia (matrices of
# Machado et al. 2009, severity 1).
_COLORS = colors_of(
    """
    000000 e69f00 56b4e9 009e73 f0e442 0072b2 d55e00 cc79a7 0000ff 001a99 801a00 8066ff 1a4d4d
    cce680 003366 80b366 336633 6699ff 331acc 1a4db3 994d80 33e6ff 1a4d33 ff664d b33300 334dff
    1a334d b3e699 80b3cc 4dffff e6e666 003380 ccb399 66001a cc4d4d e6b34d 004dcc 669933 334d80
    666666 6680b3 0080e6 334d99 660000 003333 e66680 003399 6699e6 00cc00 008033 4d6699 e64dcc
    99cc80 e60066 4d4d1a 009980 00804d 004d66 3333ff e6b3b3 80cc66 80991a ff80cc 4d6600 b34dcc
    1a1ab3 66b34d 66ffe6 664de6 cc9999 e61ab3 e6b3e6 b36699 1a33b3 66b3ff 9900cc 4d8066 991a80
    66ccff 99ff99 991a4d 1a331a e6e6b3 e6cc4d 99b380 660080 99e6e6 9980cc 99ff00 001ae6 e6cc1a
    66004d e64d66 4d33e6 66ffcc 996633 ff80b3 6680ff 99e6cc 66b399 4de666 ff6600 cccc99 991a66
    4dff66 4d66e6 660033 80331a 99ff4d 80994d ff66e6 cc99ff 80cce6 804dcc 80cc4d ff9933 b380b3
    660066 9966e6 b333b3 996680 cc80cc 99b3b3 ffe600 e60033 0066ff e6e6ff cc9933 e6001a b33399
    0000cc 1a9966 3380cc b366ff ffe699 990099 ff8080 80e6b3 e6ccff e6cc80 cc1a4d 804dff 0000b3
    b38033 00664d 1a4d00 ff6666 e6e6e6 66ffb3 4de680 668099 cc1a66 99661a 801a33 00b380 00cccc
    991ab3 ccb333 66cc99 8000cc 00e699 ccb3cc e6ccb3 00e64d 999999 660099 4de600 e64d4d b30099
    33b3b3 006666 8080e6 b33333 cccc66 801a66 663333 99ccb3 cc3300 e6661a b30033 666680 ccb3ff
    e600e6 801a80 ffcc66 00994d 331aff 99001a 804d80 cccce6 b3b3e6 1a99b3 b300e6 e6e6cc b380ff
    808033 ffe680 b38099 99ff80 801a4d 6666b3 1a3300 b31a1a cc3399 ffcc99 b36633 4d661a 1a0099
    e6664d ff4d80 b3cc33 991a00 8000e6 cc33cc 664d80 669999 b3b300 661a1a b38080 4d33b3 809966
    b399e6 e66666 b3991a 009900 cce64d 0000e6 00b366 ffb380 9999ff b3e633 666633 00b3cc 999933
    e6334d 661a4d b30000 cccccc 66331a 00ff4d b3b366 b399b3 cc8033 661a00 cc1a1a b300ff cc0033
    cc4d1a b3004d 4d1ae6 cc334d 4d4dcc 00ff00 ffe64d e6994d 33ff80
    """
)
MOST = len(_COLORS)


def distinct_colormap(n: int = 8) -> NDArray[np.uint8]:
    """Colours that can be told apart, also with protanopia and deuteranopia.

    row k = the colour farthest from rows 0..k-1 in CIELAB, under all three kinds of vision; rows
    0..7 are those of Okabe and Ito, the first of which is black.

    The colours of n - 1 are the first of those of n. The least distance of any two, under the least
    favourable vision: 17 for n up to 20, 13 for 32, 8.6 for 64, 4.6 for 150, 2.6 for 256; about 2
    is what an eye can see side by side. More than 20 classes are better told by name.

    Args:
        n: number of colours, 1..256.
    Returns:
        (n, 3) uint8 RGB.
    Raises:
        ArgumentError: n is outside its range.
        ArgumentTypeError: it is not an integer.
    Source: Okabe and Ito 2008, Color Universal Design; Machado, Oliveira and Fernandes 2009.
    Example:
        >>> pw.distinct_colormap(3).tolist()
        [[0, 0, 0], [230, 159, 0], [86, 180, 233]]
    """
    if not isinstance(n, int | np.integer):
        raise ArgumentTypeError("distinct_colormap", "n", must="an integer", got=repr(n))
    check_range("distinct_colormap", "n", n, 1, MOST)
    return np.array(_COLORS[:n], np.uint8)


def shown_colors(classes: "Classes") -> tuple[Color, ...]:
    """The colours of classes on pictures and pages: their own, or else those of distinct_colormap.

    Classes have no colours of their own if they have those of Pascal VOC by their index, and are
    not the classes of Pascal VOC. Classes that overlap get no black. More than there are distinct
    colours keep those of Pascal VOC.
    """
    skipped = 1 if classes.files else 0
    number = len(classes) + skipped
    plain = np.array_equal(classes.colors, voc_colormap(number)[skipped:])
    if not plain or number > MOST or classes.names == PALETTES["voc"].names:
        return classes.colors
    return _COLORS[skipped:number]


def shown_classes(classes: "Classes") -> "Classes":
    """The same classes with the colours that they are shown in, see shown_colors."""
    return classes.with_colors(shown_colors(classes))
