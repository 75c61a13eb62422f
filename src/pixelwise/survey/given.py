"""What a person has decided about a folder, so that it need not be found out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Given:
    """Decisions about a folder; None, or an empty table, leaves each to the survey.

    They are the options of `pixelwise init` of the same names, and so the answers to its questions.

    Args:
        images, labels: folders, relative to the root.
        image_prefix, image_suffix, label_prefix, label_suffix: as in find_pairs.
        splits: folder of images, or list of ids, of each split by its name, relative to the root.
        classes: class file, or the name of a known dataset.
        ignore_values: stored values that are void; () = none is.
        foreground: the stored value that is foreground, of two.
        unpaired: what is done with files without a partner.
        channels, bands: names of the channels of images, and their places in the files.
        range: the values that are black and white, or ("train",): statistics of the train split.
        task: "multilabel": each class has masks of its own, and they may overlap.
    """

    images: Path | None = None
    labels: Path | None = None
    image_prefix: str | None = None
    image_suffix: str | None = None
    label_prefix: str | None = None
    label_suffix: str | None = None
    splits: Mapping[str, Path] = field(default_factory=dict)
    classes: str | None = None
    ignore_values: tuple[int, ...] | None = None
    foreground: int | None = None
    unpaired: Literal["error", "skip"] | None = None
    channels: tuple[str, ...] | None = None
    bands: tuple[int, ...] | None = None
    range: tuple[float | str, ...] | None = None
    task: Literal["multilabel"] | None = None

    def options(self) -> dict[str, Any]:
        """What is decided, as options of `pixelwise init` by name."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "splits"}
        named |= {f"split_{name}": path for name, path in self.splits.items()}
        return {name: value for name, value in named.items() if value is not None}
