"""F3: why a file cannot be read, each cause in its own words."""

from collections.abc import Mapping

from pixelwise.audit.findings import Finding
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable

_TAKE_OUT = "Restore it from its source, or take the pair out."
# by files.content.Cause
CAUSES: Mapping[str, str] = {
    "cut": f"A copy or a download was cut off. {_TAKE_OUT}",
    "empty": f"The program that wrote it was stopped, or the disk was full. {_TAKE_OUT}",
    "damaged": f"Bytes of it have changed, or a program wrote it wrongly. {_TAKE_OUT}",
    "access": "This user may not read it. Change its permissions or its owner.",
    "system": "The disk or the network that holds it fails. Try again, or copy the dataset.",
    "missing": "It is a link to a file that is not there, or was removed meanwhile. Put the file "
    "there, or take the pair out.",
    "kind": "Its name is that of an image, but there is no file to read. Put the image there, or "
    "take the pair out.",
    "format": "It was saved under the name of an image, such as the page of a failed download, or "
    "has a rare format. Fetch it again, or save it as a PNG.",
    "large": "It has more than an image may have. Cut it into tiles.",
    "memory": "It takes more memory than one file may. If it is right, allow that with max_gib.",
    "several": "It is an animation or has several pages. Save the one you want alone.",
    "storage": "Its pixels are stored in a way that is not read. Save it again as a PNG.",
    "busy": "A program writes to it. Run the audit again afterwards.",
}


def unreadable(name: str, error: Unreadable | PixelwiseError) -> Finding:
    """The finding of a file that cannot be read or decoded.

    Args:
        name: of the file.
        error: why.
    """
    if isinstance(error, Unreadable):
        detail = f"it must be {error.must}, got {error.got}"
    else:
        detail = error.reason
    return Finding("F3", name, 1, None, detail, cause=CAUSES[error.cause or "damaged"])
