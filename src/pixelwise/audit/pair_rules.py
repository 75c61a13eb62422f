"""What the headers of an image and of its label say: F1, F4, F6, G1, G2 and G5."""

from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import COLOR, GREY, LOSSY, Header
from pixelwise.audit.inventory import Files
from pixelwise.text import plural

# EXIF orientations that leave height and width as they are, and those that swap them.
_IN_PLACE, _SWAPPING = (2, 3, 4), (5, 6, 7, 8)
CROPPED = (
    "One of them was cropped or padded alone, or belongs to another image. Export the label at the "
    "size of its image."
)
SWAPPED = "Height and width were swapped when one of them was saved. Export the label again."
# Causes of findings of G1 and G2 that no command repairs.
UNREPAIRED = (CROPPED, SWAPPED)
_TURNS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "flipped",
    5: "flipped and turned",
    6: "turned clockwise",
    7: "mirrored and turned",
    8: "turned counterclockwise",
}


def header_rules(name: str, label: Header) -> list[Finding]:
    """What is wrong with how a label is stored, whatever its image is."""
    if label.storage == LOSSY:
        return [Finding("F1", name, 1, None, f"its content is {label.format}")]
    if label.storage == COLOR:
        return []  # its colours say more
    if label.storage == GREY and label.depth < 8:
        bits, shown = plural(label.depth, "bit"), 255 // (2**label.depth - 1)
        detail = f"{bits} a pixel: other programs read 1 as {shown}"
        return [Finding("F6", name, 1, None, detail)]
    if label.extras:
        return [Finding("F4", name, 1, None, f"it has {', '.join(label.extras)}")]
    return []


def size_rules(files: Files, image: Header, label: Header) -> list[Finding]:
    """G1, G2 and G5: sizes that differ, or orientations."""
    name, other = str(files.label), files.image
    size, wanted = (label.height, label.width), (image.height, image.width)
    turn = _TURNS.get(image.orientation, "")
    shown = "the image is {} x {} (height x width), the label {} x {}".format(*wanted, *size)
    if size != wanted:
        if size != wanted[::-1]:
            cause = "" if same_aspect(wanted, size) else CROPPED
            return [Finding("G1", name, 1, None, shown, other=other, cause=cause)]
        if turn:
            shown += f"; its EXIF tag says that the image is to be {turn}"
        cause = "" if turn else SWAPPED
        return [Finding("G2", name, 1, None, shown, other=other, cause=cause)]
    if image.orientation == label.orientation:
        return []
    square = size[0] == size[1] and image.orientation in _SWAPPING
    if image.orientation in _IN_PLACE or square:
        detail = f"its EXIF tag says that the image is to be {turn}, and the label has no such tag"
        return [Finding("G5", name, 1, None, detail, other=other)]
    return []


def same_aspect(image: tuple[int, int], label: tuple[int, int]) -> bool:
    """Whether an image that is resized to a side of its label has the other one within a pixel.

    Args:
        image, label: (height, width).
    """
    (height, width), (wanted_height, wanted_width) = image, label
    return (
        abs(width * wanted_height - wanted_width * height) <= height
        or abs(height * wanted_width - wanted_height * width) <= width
    )
