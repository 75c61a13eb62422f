"""What the headers of an image and of its label say: F1 to F4, F6, G1 and G2."""

from dataclasses import dataclass

from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import COLOR, GREY, LOSSY, Header, has_right_ending, read_start
from pixelwise.audit.inventory import Files
from pixelwise.files.content import Unreadable

# EXIF orientations that leave height and width as they are, and those that swap them.
_IN_PLACE, _SWAPPING = (2, 3, 4), (5, 6, 7, 8)
_TURNS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "flipped",
    5: "flipped and turned",
    6: "turned clockwise",
    7: "mirrored and turned",
    8: "turned counterclockwise",
}


@dataclass(frozen=True, slots=True)
class PairLook:
    """What the headers of a pair say.

    Args:
        storage, depth, palette: of the label, see headers.Header; storage "" = not to be decoded.
        image_key: see headers.Header.key; 0 if the image cannot be read.
        size: (height, width) of the image, or of the label if the image cannot be read.
        findings: of the rules above.
    """

    storage: str
    depth: int
    palette: bytes
    image_key: int
    size: tuple[int, int]
    findings: tuple[Finding, ...]


def look_at_pair(root: str, files: Files) -> PairLook:
    """Read the headers of a pair; what cannot be read is a finding."""
    findings: list[Finding] = []
    image = _header(root, files.image, findings)
    label = None if files.label is None else _header(root, files.label, findings)
    if label is not None and files.label is not None:
        findings += _storage(files.label, label)
    if image is not None and label is not None:
        findings += _sizes(files, image, label)
    usable = label is not None and label.storage != LOSSY
    size = image or label
    return PairLook(
        label.storage if label is not None and usable else "",
        label.depth if label is not None else 0,
        label.palette if label is not None and usable else b"",
        image.key if image is not None else 0,
        (size.height, size.width) if size is not None else (0, 0),
        tuple(findings),
    )


def _header(root: str, name: str, findings: list[Finding]) -> Header | None:
    try:
        header = read_start(f"{root}/{name}")
    except Unreadable as error:
        constraint, got = error.must, error.got
        findings.append(Finding("F3", name, 1, None, f"it must be {constraint}, got {got}"))
        return None
    if header.storage != LOSSY and not has_right_ending(name, header):
        findings.append(Finding("F2", name, 1, None, f"its content is {header.format}"))
    return header


def _storage(name: str, label: Header) -> list[Finding]:
    """What is wrong with how a label is stored, whatever its image is."""
    if label.storage == LOSSY:
        return [Finding("F1", name, 1, None, f"its content is {label.format}")]
    if label.storage == COLOR:
        return []  # its colours say more
    if label.storage == GREY and label.depth < 8:
        detail = (
            f"{label.depth} bits a pixel: other programs read 1 as {255 // (2**label.depth - 1)}"
        )
        return [Finding("F6", name, 1, None, detail)]
    if label.extras:
        return [Finding("F4", name, 1, None, f"it has {', '.join(label.extras)}")]
    return []


def _sizes(files: Files, image: Header, label: Header) -> list[Finding]:
    name, other = str(files.label), files.image
    size, wanted = (label.height, label.width), (image.height, image.width)
    turn = _TURNS.get(image.orientation, "")
    shown = f"the image is {wanted[1]} x {wanted[0]}, the label {size[1]} x {size[0]}"
    if size != wanted:
        if size != wanted[::-1]:
            return [Finding("G1", name, 1, None, shown, other=other)]
        if turn:
            shown += f"; its EXIF tag says that the image is to be {turn}"
        return [Finding("G2", name, 1, None, shown, other=other)]
    if image.orientation == label.orientation:
        return []
    square = size[0] == size[1] and image.orientation in _SWAPPING
    if image.orientation in _IN_PLACE or square:
        detail = f"its EXIF tag says that the image is to be {turn}, and the label has no such tag"
        return [Finding("G2", name, 1, None, detail, other=other)]
    return []
