"""manifest.json: what an artefact says of itself. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pixelwise.errors import RunError
from pixelwise.export.config import Format, Precision
from pixelwise.files.records import shown
from pixelwise.files.results import Result, read_record
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import TASKS
from pixelwise.metrics.bootstrap import CONFIDENCE
from pixelwise.score.compare import Difference
from pixelwise.text import percent, plural

FILE = "manifest.json"
MODELS = {"onnx": "model.onnx", "torch": "model.pt2"}
GOLDEN_IMAGES = ("golden.png", "golden.npy")
GOLDEN_LABEL = "golden_label.png"


@dataclass(frozen=True)
class Contract:
    """What goes in and what comes out.

    Attributes:
        input, output: names of the tensors.
        input_dtype: samples as files hold them, (N, channels, H, W).
        size: (height, width) of the images; None: every size of multiples of `multiple`.
        output_dtype: of stored values (N, H, W), or of 0 and 1 (N, C, H, W) where classes overlap.
    """

    input: str
    input_dtype: Literal["uint8", "uint16", "float32"]
    channels: int
    size: tuple[int, int] | None
    multiple: int
    output: str
    output_dtype: Literal["uint8", "uint16"]
    output_layout: Literal["NHW", "NCHW"]

    def takes(self, size: tuple[int, int]) -> bool:
        """Whether images of (height, width) can be given."""
        return size == self.size if self.size else not any(n % self.multiple for n in size)

    def sizes(self) -> str:
        """Which images can be given, in words."""
        if self.size is None:
            return f"multiples of {self.multiple}"
        return f"{self.size[0]} x {self.size[1]}"


@dataclass(frozen=True)
class Certificate:
    """The artefact against the network, pixel by pixel.

    Attributes:
        data, split, images: what they were compared on.
        left_out: images of other sizes than the artefact takes.
        pixels: that were compared; of each class where classes overlap.
        differ: how many of them are different.
        at_distance: how many of these are 1, 2, 3, ... pixels from another class in the label that
            the network gives; the last entry has all that are farther.
        golden_differ: pixels of the golden image that are different.
        mean_iou: of the network (a) and of the artefact (b), of pooled counts, convention
            "present", with the interval of a paired bootstrap over the images.
        tolerance: share of the pixels that may differ.
        passed: whether no more do.
    """

    data: str
    split: str
    images: int
    left_out: int
    pixels: int
    differ: int
    at_distance: tuple[int, ...]
    golden_differ: int
    mean_iou: Difference
    tolerance: float
    passed: bool

    def text(self) -> str:
        """One line: how many pixels differ, how far from a border, and what that costs."""
        iou = self.mean_iou
        parts = [f"{self.differ:,} of {self.pixels:,} pixels differ{self.where()}"]
        score = f"mIoU {percent(iou.a)} -> {percent(iou.b)}"
        if iou.low is not None and iou.high is not None and iou.difference is not None:
            gain, low, high = (f"{100 * v:+.4f}" for v in (iou.difference, iou.low, iou.high))
            score += f" ({gain}, {100 * CONFIDENCE:g} % interval {low} to {high})"
        parts.append(f"{score} on {plural(self.images, 'image')} of {self.split}")
        if self.left_out:
            parts.append(f"{plural(self.left_out, 'image')} of other sizes left out")
        return "; ".join(parts)

    def where(self) -> str:
        """ ", all within 2 pixels of a border", or how many are farther."""
        if not self.differ:
            return ""
        *near, far = self.at_distance
        most = max((d for d, number in enumerate(near, start=1) if number), default=0)
        if not far:
            return f", all within {plural(most, 'pixel')} of a border"
        return f", {far:,} of them farther than {plural(len(near), 'pixel')} from a border"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Manifest(Result):
    """What manifest.json holds; it can be read by key too.

    Attributes:
        version, command, created: which release made it, how and when.
        format, precision: of the model.
        contract: what it takes and gives.
        images, classes, task, scale: of the run.
        stored: the value that label images hold for each class.
        thresholds: one for each sigmoid channel; () for a multiclass task.
        network, checkpoint_sha256, epoch: which network it is.
        first_weights, license: what its encoder began with, and the licence that is stated for it.
        calibration: images of the train split that int8 was calibrated on.
        versions: of the packages that made it.
        sha256: of the files beside it.
        golden_tolerance: share of the pixels of the golden label that another machine may compute
            differently.
        certificate: None if it was not compared.
    """

    SCHEMA: ClassVar[str] = "pixelwise.artefact/1"

    version: str
    command: str
    created: str
    format: Format
    precision: Precision
    contract: Contract
    images: ImageKind
    classes: Classes
    task: str
    scale: float
    stored: tuple[int, ...]
    thresholds: tuple[float, ...]
    network: str
    checkpoint_sha256: str
    epoch: int
    first_weights: str
    license: str
    calibration: int
    versions: Mapping[str, str]
    sha256: Mapping[str, str]
    golden_tolerance: float
    certificate: Certificate | None

    @property
    def model(self) -> str:
        """The name of the file of the model."""
        return MODELS[self.format]

    def text(self) -> str:
        """What it is, what it takes and gives, and the line of the certificate."""
        made = self.contract
        takes = f"({made.input_dtype}, {plural(made.channels, 'channel')}, {made.sizes()})"
        line = self.certificate.text() if self.certificate else "not compared with the network"
        if self.certificate and not self.certificate.passed:
            line = f"FAILED: {line}"
        return (
            f"{self.network}, epoch {self.epoch}, {self.precision}; image {takes} -> label "
            f"({made.output_dtype}, stored values)\n{line}"
        )


@dataclass(frozen=True)
class Artefact:
    """A folder that export has made.

    Attributes:
        folder: where it is.
        manifest: what manifest.json there holds.
    """

    folder: Path
    manifest: Manifest

    def as_dict(self) -> dict[str, Any]:
        """The folder and the content of manifest.json."""
        return {"artefact": str(self.folder), **self.manifest.as_dict()}

    def text(self) -> str:
        """The folder, and what it is."""
        return f"{self.folder}\n{self.manifest.text()}"

    def finding(self) -> str:
        """What exit code 1 is for; "" if the artefact is as good as the network."""
        found = self.manifest.certificate
        if found is None or found.passed:
            return ""
        return (
            f"export: the artefact refuses to run, because more than {found.tolerance:g} of the "
            "pixels differ from the network. If that is acceptable, export again with a larger "
            "--tolerance and --overwrite."
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artefact, of whom we know nothing.

    Raises:
        RunError: it is missing, damaged or contradicts itself.
    """
    path = folder / FILE
    found = read_record(Manifest, path, "Make an artefact with: pixelwise export RUN")
    own = found.contract
    files = {found.model, GOLDEN_LABEL}
    named = set(found.sha256)
    rules = {
        "task": (found.task in TASKS, f"one of {', '.join(TASKS)}"),
        "sha256": (
            files < named and len(named) == 3 and named - files <= set(GOLDEN_IMAGES),
            f"the checksums of {', '.join(sorted(files))} and a golden image",
        ),
        "contract.channels": (own.channels == len(found.images.channels), "that of the images"),
        "contract.size": (own.size is None or min(own.size) > 0, "> 0"),
        "contract.input_dtype": (own.input_dtype == found.images.dtype, "that of the images"),
        "contract.multiple": (own.multiple > 0, "> 0"),
        "stored": (found.stored == stored_values(found.classes), "the values of the classes"),
        "golden_tolerance": (0 <= found.golden_tolerance <= 1, "between 0 and 1"),
    }
    for name, (holds, must) in rules.items():
        if not holds:
            first, _, last = name.partition(".")
            value = getattr(found, first)
            got = shown(getattr(value, last) if last else value)
            raise RunError(path, name, must=must, got=got)
    return found


def stored_values(classes: Classes) -> tuple[int, ...]:
    """The value that the label of an artefact has for each class; 1 for each that overlaps."""
    if classes.files:
        return (1,) * len(classes)
    return tuple(int(classes.written(i)) for i in range(len(classes)))
