"""What a conversion did: the result of convert, and convert.json beside the labels."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pixelwise.convert.manifest import Entry
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.classes import Classes

FILE_NAME = "convert.json"
SCHEMA = "pixelwise.convert/1"
# Lines of the text that list objects; the file has all of them.
_LISTED = 5


@dataclass(frozen=True)
class ConvertReport:
    """What was converted, by which rules, and what deserves a look.

    Args:
        folder: where the labels and images are.
        description: the dataset.toml that was written.
        format: of the annotations.
        classes: of the labels; stored values are class indices.
        rule: which pixels a shape covered; None = the source has pixels, not shapes.
        order: what was painted first; None likewise.
        files: labels.
        resumed: those of them that an earlier run had made already.
        turned: images that were written with their EXIF tag applied.
        objects: things that were painted.
        overlapped: pixels that objects of different classes covered.
        vanished: objects that no pixel shows, each as "id: place (class)".
        skipped: shapes that could not be painted, each as "id: place has ...".
        unknown: objects of each name that is no class.
        notes: what was decided on the way.
    """

    folder: Path
    description: Path
    format: str
    classes: Classes
    rule: str | None
    order: str | None
    files: int
    resumed: int
    turned: int
    objects: int
    overlapped: int
    vanished: tuple[str, ...]
    skipped: tuple[str, ...]
    unknown: dict[str, int]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as values that JSON can hold."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        paths = {"folder": str(self.folder), "description": str(self.description)}
        lists = {"vanished": list(self.vanished), "skipped": list(self.skipped)}
        rest = {"classes": self.classes.as_dict(), "notes": list(self.notes)}
        return {"schema": SCHEMA, **plain, **paths, **lists, **rest}

    def text(self) -> str:
        """The report in a few lines for a terminal."""
        resumed = f", of which {self.resumed:,} were there already" if self.resumed else ""
        lines = [
            f"{self.files:,} labels in {self.folder}{resumed}",
            f"  format: {self.format}",
            f"  classes: {', '.join(self.classes.names)}",
            *(f"  {note}" for note in self.notes),
        ]
        if self.turned:
            lines.append(f"  {self.turned:,} images were written as their EXIF tag turns them")
        if self.rule is not None:
            lines += [
                f"  painted by pixel rule {self.rule} in the order {self.order}",
                f"  {self.objects:,} objects; {self.overlapped:,} pixels with more than one class",
            ]
        for what, items in (
            ("objects that no pixel shows", self.vanished),
            ("shapes that could not be painted", self.skipped),
            ("names that are no class", [f"{n} ({c:,})" for n, c in self.unknown.items()]),
        ):
            if items:
                more = f", and {len(items) - _LISTED:,} more" if len(items) > _LISTED else ""
                lines.append(f"  {len(items):,} {what}: {', '.join(items[:_LISTED])}{more}")
        return "\n".join(lines)

    def save(self) -> None:
        """Write convert.json; the same conversion writes the same bytes.

        Where it lies and how much of it was new are left out: they differ from run to run.
        """
        content = self.as_dict()
        for key in ("folder", "description", "resumed"):
            del content[key]
        text = json.dumps(content, indent=1, sort_keys=True)
        atomic_write(self.folder / FILE_NAME, (text + "\n").encode())


def totals(entries: Iterable[Entry]) -> dict[str, Any]:
    """The fields of a report that are sums over labels, in the order of the ids."""
    entries = sorted(entries, key=lambda entry: entry.id)
    unknown: Counter[str] = Counter()
    for entry in entries:
        unknown.update(dict(entry.unknown))
    return {
        "files": len(entries),
        "turned": sum(entry.turned for entry in entries),
        "objects": sum(entry.objects for entry in entries),
        "overlapped": sum(entry.overlapped for entry in entries),
        "vanished": tuple(f"{e.id}: {thing}" for e in entries for thing in e.vanished),
        "skipped": tuple(f"{e.id}: {shape}" for e in entries for shape in e.skipped),
        "unknown": dict(sorted(unknown.items())),
    }
