"""What a conversion did: the result of convert, and convert.json beside the labels."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pixelwise.convert.manifest import Entry
from pixelwise.convert.painting import Order
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import Snapped
from pixelwise.text import plural, some

FILE_NAME = "convert.json"
# Where the result lies and how much of it was new differ from run to run.
_NOT_SAVED = ("folder", "description", "resumed")


@dataclass(frozen=True)
class ConvertReport:
    """What was converted, by which rules, and what deserves a look.

    Args:
        folder: where the labels and images are.
        description: the dataset.toml that was written.
        format: of the annotations.
        classes: of the labels; stored values are class indices, or those of `members`.
        rule: which pixels a shape covered; None = the source has pixels, not shapes.
        order: what was painted first; None likewise, and where classes overlap.
        files: labels.
        resumed: those of them that an earlier run had made already.
        turned: images that were written with their EXIF tag applied.
        objects: things that were painted.
        overlapped: pixels that objects of different classes covered.
        vanished: objects that no pixel shows, each as "id: place (class)".
        skipped: shapes that could not be painted, each as "id: place has ...".
        unknown: objects of each name that is not a class.
        snapped: colours that became the nearest class.
        notes: what was decided on the way.
        failed: why labels could not be made; they are in none of the numbers.
        errors: the same as errors, of a conversion that has just been done.
    """

    SCHEMA: ClassVar[str] = "pixelwise.convert/1"

    folder: Path
    description: Path
    format: str
    classes: Classes
    rule: str | None
    order: Order | None
    files: int
    resumed: int
    turned: int
    objects: int
    overlapped: int
    vanished: tuple[str, ...]
    skipped: tuple[str, ...]
    unknown: dict[str, int]
    notes: tuple[str, ...]
    snapped: Snapped | None = None
    failed: tuple[str, ...] = ()
    errors: InitVar[Sequence[PixelwiseError]] = ()

    def __post_init__(self, errors: Sequence[PixelwiseError]) -> None:
        # the errors themselves can be told in the words of the command line; they are not saved
        object.__setattr__(self, "_errors", tuple(errors))
        if errors:
            object.__setattr__(self, "failed", tuple(map(str, errors)))

    def as_dict(self) -> dict[str, Any]:
        """The report as values that JSON can hold."""
        return {"schema": self.SCHEMA, **to_plain(self)}

    def finding(self) -> PixelwiseError | None:
        """That some labels could not be made, and why; None if all are there."""
        if not self.failed:
            return None
        total = self.files + len(self.failed)
        event = f"{len(self.failed):,} of {total:,} labels could not be made"
        errors: tuple[PixelwiseError, ...] = self._errors  # type: ignore[attr-defined]
        told = [error.message(with_value=setting) for error in errors] or self.failed
        listed = some(told, separator=" | ")
        hint = f"{listed} When they are repaired, the same command makes these alone."
        return DatasetError("convert", event=event, hint=hint)

    def text(self) -> str:
        """The report in a few lines for a terminal."""
        resumed = f", of which {self.resumed:,} were there already" if self.resumed else ""
        lines = [
            f"{plural(self.files, 'label')} in {self.folder}{resumed}",
            f"  format: {self.format}",
            f"  classes: {', '.join(self.classes.names)}",
            *(f"  {note}" for note in self.notes),
        ]
        if self.turned:
            lines.append(f"  {plural(self.turned, 'image')} written as the EXIF tag turns them")
        if self.snapped is not None:
            lines.append(f"  {self.snapped.text()}")
        if self.rule is not None:
            order = f" in the order {self.order}" if self.order else ""
            overlapped = f"{plural(self.overlapped, 'pixel')} with more than one class"
            lines += [
                f"  painted by pixel rule {self.rule}{order}",
                f"  {plural(self.objects, 'object')}; {overlapped}",
            ]
        for what, items in (
            ("objects that no pixel shows", self.vanished),
            ("shapes that could not be painted", self.skipped),
            ("names that are not a class", [f"{n} ({c:,})" for n, c in self.unknown.items()]),
        ):
            if items:
                lines.append(f"  {len(items):,} {what}: {some(items)}")
        return "\n".join(lines)

    __repr__ = text

    def save(self) -> None:
        """Write convert.json; the same conversion writes the same bytes."""
        content = {key: v for key, v in self.as_dict().items() if key not in _NOT_SAVED}
        write_json(self.folder / FILE_NAME, content)


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
        "snapped": Snapped.joined(entry.snapped for entry in entries),
        "unknown": dict(sorted(unknown.items())),
    }
