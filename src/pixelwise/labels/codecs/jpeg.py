"""Whether the scans of a JPEG file hold the whole image.

libjpeg paints grey where data are missing, and says nothing that Pillow would pass on.

Source: ITU-T T.81, annexes B, F and G.
"""

import re
import struct
from dataclasses import dataclass, field
from itertools import pairwise

from pixelwise.files.content import RESTORE, Unreadable

_INSIDE = {b"\0", b"\xff", *(bytes([marker]) for marker in range(0xD0, 0xD8))}
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_WITHOUT_BODY = {0x01, *range(0xD0, 0xD9)}
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, 0xC2
_START_OF_SCAN, _END, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_COEFFICIENTS = 64
# Bytes that decode to something in every table, and hold no marker.
_FILLER = b"\x2a\x95\x5a\x6b" * 32


@dataclass
class Scans:
    """What the scans of a JPEG file hold.

    Args:
        ends: offsets at which the data of a scan or a restart interval end.
        probes: (x, y) of a pixel in the last block of each of them.
    """

    ends: list[int] = field(default_factory=list)
    probes: list[tuple[int, int]] = field(default_factory=list)

    def filled(self, data: bytes) -> bytes:
        """The file with a few more bytes wherever data end; they change no complete image."""
        return _FILLER.join(data[a:b] for a, b in pairwise([0, *self.ends, len(data)]))


@dataclass
class _Frame:
    """A start of frame: (identifier, h, v) of each component."""

    marker: int
    height: int
    width: int
    components: list[tuple[int, int, int]]

    def blocks(self, chosen: list[int]) -> tuple[int, int, int, int]:
        """(columns, rows, width, height in pixels) of the units that a scan is made of."""
        h_most = max(h for _, h, _ in self.components)
        v_most = max(v for _, _, v in self.components)
        if len(chosen) > 1:
            width, height = 8 * h_most, 8 * v_most
        else:
            _, h, v = next(one for one in self.components if one[0] == chosen[0])
            width, height = 8 * h_most // h, 8 * v_most // v
        return -(-self.width // width), -(-self.height // height), width, height


def read_scans(data: bytes) -> Scans:
    """Walk through the markers of a JPEG file.

    Raises:
        Unreadable: restart intervals are missing, or scans of a progressive file.
    """
    scans, frame, interval, position = Scans(), None, 0, 2
    # of each component the bits of each coefficient that are still to come
    bits: dict[int, list[int]] = {}
    while position + 4 <= len(data):
        marker = data[position + 1]
        if data[position] != 0xFF or marker in (0, 0xFF):
            position += 1
            continue
        if marker == _END:
            break
        if marker in _WITHOUT_BODY:
            position += 2
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = data[position + 4 : position + 2 + length]
        position += 2 + length
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, number = struct.unpack_from(">HHB", body, 1)
            components = [
                (body[6 + 3 * i], body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(number)
            ]
            frame = _Frame(marker, height, width, components)
        elif marker == _RESTART_INTERVAL:
            (interval,) = struct.unpack_from(">H", body)
        elif marker == _START_OF_SCAN and frame is not None:
            chosen = [body[1 + 2 * i] for i in range(body[0])]
            first, last, shift = body[-3], body[-2], body[-1] & 15
            for component in chosen:
                coefficients = bits.setdefault(component, [-1] * _COEFFICIENTS)
                coefficients[first : last + 1] = [shift] * (last + 1 - first)
            end = _end_of_scan(data, position)
            _add_scan(scans, data[position:end], position, frame.blocks(chosen), interval)
            position = end
    if frame is not None and frame.marker == _PROGRESSIVE:
        total = len(frame.components) * _COEFFICIENTS
        there = sum(coefficients.count(0) for coefficients in bits.values())
        if there < total:
            got = f"{there} of {total} parts of a progressive one"
            raise Unreadable("a complete JPEG file", got, RESTORE, "cut")
    if frame is None or frame.marker not in {*_SEQUENTIAL, _PROGRESSIVE}:
        return Scans()
    scans.probes = [(min(x, frame.width - 1), min(y, frame.height - 1)) for x, y in scans.probes]
    return scans


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the next marker is, which is neither an escaped 255 nor a restart."""
    while (position := data.find(b"\xff", position)) >= 0:
        if data[position + 1 : position + 2] not in _INSIDE:
            return position
        position += 1
    return len(data)


def _add_scan(
    scans: Scans, scan: bytes, start: int, blocks: tuple[int, int, int, int], interval: int
) -> None:
    columns, rows, width, height = blocks
    units = columns * rows
    step = interval or units
    needed = -(-units // step)
    restarts = [found.start() for found in _RESTART.finditer(scan)] if interval else []
    order = [scan[place + 1] & 7 for place in restarts]
    # some writers put one behind the last interval too
    if interval and (len(order) not in (needed - 1, needed) or order != _cycle(len(order))):
        got = f"{len(order) + 1:,} of {needed:,} restart intervals, in order"
        raise Unreadable("a complete JPEG file", got, RESTORE, "cut")
    scans.ends += [start + place for place in restarts[: needed - 1]] + [start + len(scan)]
    for number in range(1, needed + 1):
        last = min(number * step, units) - 1
        row, column = divmod(last, columns)
        scans.probes.append((column * width + width // 2, row * height + height // 2))


def _cycle(number: int) -> list[int]:
    return [i % 8 for i in range(number)]
