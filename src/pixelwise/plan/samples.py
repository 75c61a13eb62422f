"""Whether the images of a run are what dataset.toml says: their bands, and the type of samples.

What is found here is found from headers alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pixelwise.audit.headers import Header
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.extras import is_installed, missing_package
from pixelwise.files.content import Unreadable
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.reading import check_bands
from pixelwise.labels.bands.table import lines_for
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.labels.pairs import Pair
from pixelwise.labels.storage_notes import count_kinds, dark_note, storage_notes
from pixelwise.text import plural


def check_image(path: Path, header: Header, channels: Channels) -> None:
    """Raise if an image does not have the bands that dataset.toml names.

    Raises:
        DatasetError: with what it has.
        MissingPackageError: reading it takes a package that is not installed.
    """
    if channels.is_rgb:
        return
    if header.by_tifffile and not is_installed("tifffile"):
        raise missing_package(str(path), "tifffile")
    try:
        check_bands((header.height, header.bands, header.alpha), channels)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def others(
    found: Mapping[str, Mapping[str, Header]], paths: Mapping[str, Mapping[str, Path]]
) -> dict[str, dict[str, PixelwiseError]]:
    """The images of each split whose samples are of another type than most.

    Args:
        found, paths: header and file by id, of each split.
    """
    types = Counter(header.samples for headers in found.values() for header in headers.values())
    if len(types) < 2:
        return {}
    ((most, number),) = types.most_common(1)
    must = f"made of {most}, as {number:,} of {plural(types.total(), 'image')} are"
    hint = "All images of a run have one type of samples: convert those that have another."
    return {
        name: {
            id: DatasetError(
                paths[name][id], "samples", must=must, got=f"{header.samples}", hint=hint
            )
            for id, header in headers.items()
            if header.samples != most
        }
        for name, headers in found.items()
    }


def check_samples(
    images: Iterable[tuple[Path, Header]], description: Description, accept_guesses: bool
) -> None:
    """Raise if images hold more than RGB of 8 bits, and dataset.toml does not say what it means.

    Args:
        images: files and their headers.
        description: the dataset.
        accept_guesses: the upper 8 of 16 bits are used, if dataset.toml says nothing.
    Raises:
        DatasetError: with the lines that dataset.toml needs.
    """
    channels, known = description.channels, list(images)
    where = description.root / FILE_NAME
    if not channels.is_rgb:
        for _, header in known[:1]:
            channels.check_samples(where, np.dtype(header.samples))
        return
    deep = [(path, header) for path, header in known if header.samples != "uint8"]
    many = [one for one in known if not one[1].as_rgb and one[1].samples == "uint8"]
    if not many and (accept_guesses or not deep):
        return
    (path, header), number = (deep or many)[0], len(deep or many)
    what = f"samples of {header.samples}" if deep else plural(header.colors, "band")
    have = "has" if number == 1 else "have"
    event = f"{number:,} of {plural(len(known), 'image')} {have} {what}, such as {path}, and it is "
    event += "not said which values are black and white" if deep else "not said what they are"
    if deep and len({header.samples for _, header in known}) > 1:
        hint = "All images of a run have one type of samples: save these with 8 bits."
    else:
        lines = " / ".join(lines_for(header.colors, header.samples))
        hint = f"Write these lines into it: {lines}."
    if not many:
        hint += f" Or use the upper 8 bits: {setting('accept_guesses', True)}."
    raise DatasetError(where, event=event, hint=hint)


def image_notes(
    headers: Mapping[str, Mapping[str, Header]],
    used: Mapping[str, Sequence[Pair]],
    channels: Channels,
) -> Iterator[str]:
    """What is done with images that are not used as they show, a sentence each.

    Args:
        headers: of the images of each split, by id.
        used: the pairs of each split.
        channels: of the images.
    """
    images = [header for found in headers.values() for header in found.values()]
    yield from storage_notes(count_kinds(images), len(images), channels.is_rgb)
    known = ((headers[name].get(pair.id), pair) for name, pairs in used.items() for pair in pairs)
    deep = [pair.image for header, pair in known if header is not None and header.depth == 16]
    if channels.is_rgb and (note := dark_note(deep)):
        yield f"warning: {note}"
