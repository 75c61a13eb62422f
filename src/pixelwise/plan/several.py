"""Several data sets that a run learns from: the first is the run's own, the others are added to it.

    loss   every pixel of data set s has the factor w_s, that of the first is 1
    epoch  each pair of every data set once, in one order
    val    of the first data set alone; so are the classes and their order, the size of a crop, what
           the samples of images mean, and what copy-paste takes

A further data set has the same classes by name. It may store them as other values and list them in
another order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np

from pixelwise.files.names import real_path
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.description import Description
from pixelwise.labels.pairs import Pair
from pixelwise.plan.bad_images import BadImages
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.further import further_data, split_of_further
from pixelwise.plan.samples import image_notes
from pixelwise.plan.splits import AnyCounts, count_pairs, labelled_pairs, usable_pairs
from pixelwise.weights.places import ImagePlaces


@dataclass(frozen=True)
class Source:
    """A data set that a run learns from.

    Attributes:
        name: of what is learnt, in records: its split, of a further data set "train of FOLDER".
        split: its name in dataset.toml.
        description: of the data set, with the classes in the order of the run.
        weight: factor of each of its pixels in the loss, > 0.
        pairs: that are used.
        counts: of its labels.
    """

    name: str
    split: str
    description: Description
    weight: float
    pairs: list[Pair]
    counts: AnyCounts

    def weighed(self) -> AnyCounts:
        """Its counts as the loss sees them: pixels times the weight, rounded up."""
        if self.weight == 1:
            return self.counts
        names = "pixels", "image_pixels"
        own = {n: getattr(self.counts, n) for n in names if hasattr(self.counts, n)}
        scaled = {n: np.ceil(self.weight * v).astype(np.int64) for n, v in own.items()}
        return replace(self.counts, **scaled)


def read_further(
    config: TrainConfig,
    first: Description,
    began: BadImages | None,
    bad: BadImages,
    log: Callable[[str], None],
) -> tuple[list[Source], list[ImagePlaces], BadImages]:
    """The further data sets of a run, looked at as the first is: headers, ends and labels.

    Args:
        config: with `more_data`.
        first: the first data set.
        began: the bad pairs of a run that is resumed.
        bad: those of the first data set.
        log: given a line for each kind of image that is not used as it shows.
    Returns:
        The data sets; places of the classes of each pair, if crops are chosen; all bad pairs.
    Raises:
        PixelwiseError: anything that would stop the run later.
    """
    sources, places, skip = list[Source](), list[ImagePlaces](), config.on_bad_image == "skip"
    for description, weight in further_data(config, first):
        split, root = split_of_further(config, first), real_path(description.root)
        name = f"{split} of {root}"
        pairs = {name: labelled_pairs(description, split)}
        used, headers, own = usable_pairs(pairs, config, description, began)
        for note in image_notes(headers, used, description.channels):
            log(f"{name}: {note}")
        counts, found = count_pairs(
            *(used, {name: len(pairs[name])}, skip and began is None, description, own),
            *(None if config.sample == "uniform" else name, config.seed),
        )
        places += [found[pair.id] for pair in used[name] if found]
        bad = replace(bad, left_out=bad.left_out | own.left_out)
        sources.append(Source(name, split, description, weight, used[name], counts[name]))
    return sources, places, bad


def check_types(sources: Iterable[Source], kind: ImageKind) -> None:
    """Raise unless the first image of each data set has the samples of the run.

    Raises:
        DatasetError: naming it.
    """
    if not kind.is_rgb:
        for source in sources:
            kind.read(source.pairs[0].image)


def labels_of(sources: Sequence[Source]) -> list[str]:
    """What lines of the log call the data sets: their folders; the second of a name is NAME-2."""
    names = [real_path(one.description.root).name for one in sources]
    numbers = [names[: place + 1].count(name) for place, name in enumerate(names)]
    return [f"{name}-{n}" if n > 1 else name for name, n in zip(names, numbers)]


def learnt_counts(sources: Sequence[Source]) -> AnyCounts:
    """The label counts of all data sets as the loss sees them, for class weights."""
    return reduce(add, (one.weighed() for one in sources))


def all_counts(sources: Sequence[Source]) -> AnyCounts:
    """The label counts of all data sets."""
    return reduce(add, (one.counts for one in sources))
