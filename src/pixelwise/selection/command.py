"""Choose images to label next: those that a network is least sure of, no two almost the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from pixelwise.audit.image_rules import Look, look_at
from pixelwise.errors import ArgumentError, DatasetError, PixelwiseError, RunError, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.results import made_by
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.bands.reading import read_shown
from pixelwise.labels.pairs import Pair
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.predict import predict_rows
from pixelwise.ops.rows import whole
from pixelwise.plan.bad_images import all_of
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.members import find_members
from pixelwise.prediction.predictor import Inputs, Predictor, predictor_of
from pixelwise.prediction.temperature import temperature_of
from pixelwise.progress import Display
from pixelwise.ranks.distributed import choose_device
from pixelwise.score.confidence import count_confidence
from pixelwise.selection.config import NextConfig
from pixelwise.selection.record import NearCopy, NextImage, NextImages, Unread, next_image
from pixelwise.settings import command_line, takes_settings
from pixelwise.sums import ahead
from pixelwise.survey.photographs import photographs

READERS = 2


@dataclass(frozen=True)
class Candidate:
    """An image of the pool with its gain, and what it looks like."""

    image: NextImage
    look: Look


@takes_settings(NextConfig)
def next_images(config: NextConfig) -> NextImages:
    """The images of a pool that are worth labelling first.

    Images are ordered by how unsure the network is of them, the mean of 1 - (p1 - p2) over their
    pixels; one that is almost the same as one before it, by the rule of `audit`, is left out.

    Args:
        config: which run, which images, how many; or these settings as keywords.
    Returns:
        The images, with reasons; ids are written to `out` if that is given.
    Raises:
        PixelwiseError: no complete checkpoint, no image that can be read, classes that overlap, or
            a file that exists.
    """
    assert config.images is not None  # NextConfig
    if config.out is not None and config.out.exists() and not config.overwrite:
        hint = f"Give {setting('overwrite', True)} to replace it."
        raise RunError("next", "out", must="a new file", got=config.out, hint=hint)
    if config.out is not None and config.out.is_dir():
        raise RunError("next", "out", must="a file", got=f"{config.out}, which is a folder")
    device, display, by = choose_device("next", config.device), Display(), command_line(config)
    asked = PredictConfig(config.run, images=config.images, device=config.device)
    with _said_by_next():
        members = find_members(asked, display.line)
    about = members.first.about
    if about.classes.files:
        event = "next takes one class a pixel, and the classes of this run overlap"
        raise ArgumentError("next", event=event)
    pairs = photographs(config.images, config.image_prefix, config.image_suffix, "next")
    broken = [pair.id for pair in pairs if len(pair.id.splitlines()) > 1]
    if config.out is not None and broken:
        event = f"{setting('out')} has one image a line, and there is a line break in {broken[0]!r}"
        raise RunError("next", event=event, hint="Rename the file.")
    temperature = config.temperature
    if temperature == "auto":
        with _said_by_next():
            found = temperature_of(members, device, config.trust, display, by)
        display.line(f"next: {found.text()}")
        temperature = found.temperature
    predictor = predictor_of(members, device, config.trust)
    unread: list[tuple[str, PixelwiseError]] = []
    pool = look_through(predictor, pairs, about.images, temperature, unread, display)
    if not pool:
        errors = [error for _, error in unread]
        raise all_of("next", errors, "no image could be looked at", "")
    chosen, near = choose(pool, config.budget, config.alike)
    if config.out is not None:
        atomic_write(config.out, "".join(f"{one.id}\n" for one in chosen).encode())
    return NextImages(
        **made_by(by),
        run=str(config.run),
        images=str(config.images),
        temperature=float(temperature),
        looked=len(pool),
        chosen=tuple(chosen),
        near=tuple(near),
        unread=tuple(Unread(id, error.without_hint) for id, error in unread),
    )


@contextmanager
def _said_by_next() -> Iterator[None]:
    """Errors of what a prediction does too name this command."""
    try:
        yield
    except PixelwiseError as error:
        if error.where == "predict":
            error.where = "next"
        raise


@torch.no_grad()
def look_through(
    predictor: Predictor,
    pairs: Sequence[Pair],
    images: ImageKind,
    temperature: float,
    unread: list[tuple[str, PixelwiseError]],
    display: Display,
) -> list[Candidate]:
    """The gain of every image, each by itself.

    Args:
        predictor: what predicts.
        pairs: the pool.
        images: what they are to the network.
        temperature: of the probabilities.
        unread: gets images that cannot be looked at, and why.
        display: shows how far it is.
    """
    names, found = predictor.classes.names, []

    def read(pair: Pair) -> tuple[tuple[int, int], Inputs, Look] | PixelwiseError:
        try:
            image, _ = images.read(pair.image)
            inputs = predictor.inputs_of(image, str(pair.image))
            rgb = images.is_rgb and image.dtype == np.uint8
            shown = image.astype(np.uint8) if rgb else read_shown(pair.image, images.channels)
            return image.shape[:2], inputs, look_at(shown)
        except DatasetError as error:
            return error

    display.start(len(pairs))
    with display, ahead(read, pairs, READERS, 2 * READERS) as examples:
        for pair, example in zip(pairs, examples):
            display.advance("looking", 1)
            if isinstance(example, PixelwiseError):
                unread.append((pair.id, example))
                continue
            size, inputs, look = example
            logits = predictor.logits_of([one[None].to(predictor.device) for one in inputs])
            try:
                check_no_nan(str(pair.image), logits)
            except ArgumentError as error:
                unread.append((pair.id, error))
                continue
            rows, about = whole(logits, size[0]), (predictor.activation, 0.5)
            labels, sure = predict_rows(logits, rows, size[1], *about, "margin", temperature)
            assert sure is not None  # margins were asked for
            sums = count_confidence(labels[0].cpu().numpy(), sure[0].cpu().numpy(), len(names))
            found.append(Candidate(next_image(pair.id, str(pair.image), sums, names), look))
    return found


def choose(
    pool: Sequence[Candidate], budget: int, alike: bool = False
) -> tuple[list[NextImage], list[NearCopy]]:
    """The images of the highest gain; of those that are almost the same, the first one.

    Args:
        pool: of one gain, in the order in which they are taken.
        budget: how many at most.
        alike: take those that are almost the same too.
    """
    chosen: list[Candidate] = []
    near = []
    for one in sorted(pool, key=lambda one: -one.image.gain):
        if len(chosen) == budget:
            break
        like = next((c for c in chosen if not alike and one.look.is_near(c.look)), None)
        if like is None:
            chosen.append(one)
        else:
            near.append(NearCopy(one.image.id, like.image.id))
    return [one.image for one in chosen], near
