"""Which pairs of a split are used, and what their labels hold."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pixelwise.audit.headers import Header
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.reading import read_channels
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.labels.splits.names import split_parts
from pixelwise.plan.bad_images import BadImages, all_of, leave_out
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.preflight import check_pairs
from pixelwise.plan.samples import check_samples, others
from pixelwise.text import plural, some
from pixelwise.weights.counts import LabelCounts, count_labels, counts_or_errors, good
from pixelwise.weights.members import MemberLabelCounts
from pixelwise.weights.places import ImagePlaces, counts_and_places, member_counts_and_places

AnyCounts = LabelCounts | MemberLabelCounts


def labelled_pairs(description: Description, split: str) -> list[Pair]:
    """The pairs of a split, all of them with labels.

    Raises:
        DatasetError: there is no such split, it is empty, or it has no labels.
    """
    where = description.root / FILE_NAME
    if split == "val" and split not in description.splits and "train" in description.splits:
        known, option = ", ".join(description.splits), setting("val_split", "train")
        hint = f"Add [splits.{split}] there, or score the pairs of the train split: {option}."
        raise DatasetError(where, "split", must=f"one of {known}", got=repr(split), hint=hint)
    split_parts(split, description.splits, str(where), DatasetError)
    pairs = description.pairs(split)
    without = [pair.id for pair in pairs if not pair.is_labelled]
    if without:
        event = f"{plural(len(without), 'image')} of split {split} without a label: {some(without)}"
        raise DatasetError(where, f"splits.{split}", event=event)
    if not pairs:
        raise DatasetError(where, f"splits.{split}", event=f"split {split} has no images")
    return pairs


def usable_pairs(
    splits: dict[str, list[Pair]],
    config: TrainConfig,
    description: Description,
    began: BadImages | None,
) -> tuple[dict[str, list[Pair]], dict[str, dict[str, Header]], BadImages]:
    """The pairs whose headers and ends are right, the headers of their images, and the others.

    A run that is resumed has the pairs that it began with, or does not go on.

    Raises:
        PixelwiseError: others are there and may not be left out, or there are too many.
    """
    bad, skip = began or BadImages(), config.on_bad_image == "skip"
    kept = {
        name: [pair for pair in pairs if pair.id not in bad.left_out.get(name, {})]
        for name, pairs in splits.items()
    }
    found = {name: check_pairs(pairs, description.channels) for name, pairs in kept.items()}
    headers = {name: one.headers for name, one in found.items()}
    wrong = {name: one.bad for name, one in found.items()}
    paths = {name: {pair.id: pair.image for pair in pairs} for name, pairs in kept.items()}
    known = [(paths[n][id], h) for n, one in headers.items() for id, h in one.items()]
    check_samples(known, description, config.accept_guesses)
    if not description.channels.is_rgb:
        for name, odd in others(headers, paths).items():
            wrong[name].update(odd)
            headers[name] = {id: h for id, h in headers[name].items() if id not in odd}
    if began is not None:
        # a pair that failed in the run may fail again: another will take its place
        failed = began.failed if skip else {}
        errors = [
            error
            for name, one in wrong.items()
            for id, error in one.items()
            if id not in failed.get(name, {})
        ]
        if errors:
            event = f"{plural(len(errors), 'pair')} cannot be used any more"
            hint = "Restore what has changed: a resumed run has the pairs that it began with."
            raise all_of("train", errors, event, hint)
        for name, pairs in kept.items():
            again = [pair for pair in pairs if pair.id in began.failed.get(name, {})]
            usable = [p.id for p in again if is_readable(p, description.channels)]
            bad.note_repaired(name, usable)
        return kept, headers, bad
    sizes = {name: len(pairs) for name, pairs in splits.items()}
    leave_out(bad, wrong, sizes, skip, description.root)
    used = {name: [p for p in pairs if p.id in headers[name]] for name, pairs in kept.items()}
    return used, headers, bad


def count_pairs(
    used: dict[str, list[Pair]],
    sizes: dict[str, int],
    skip: bool,
    description: Description,
    bad: BadImages,
    with_places: str | None,
    seed: int,
) -> tuple[dict[str, AnyCounts], dict[str, ImagePlaces]]:
    """The label counts of each split; to skip is to move pairs without readable labels to `bad`.

    Also places of one split by id, which are drawn while its labels are counted.

    Raises:
        PixelwiseError: a label cannot be read and may not be left out, or holds unknown values.
    """
    counts: dict[str, AnyCounts] = {}
    places: dict[str, ImagePlaces] = {}
    unreadable: dict[str, dict[str, PixelwiseError]] = {}
    classes, channels = description.classes, description.channels
    kind: type[AnyCounts] = MemberLabelCounts if classes.files else LabelCounts
    look: Any = member_counts_and_places if classes.files else counts_and_places
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for name, pairs in used.items():
            if not skip and name != with_places and not classes.files:
                counts[name] = count_labels(pairs, classes, executor)
                continue
            results: list[AnyCounts | PixelwiseError] = []
            if name == with_places or classes.files:
                both = look(pairs, classes, seed, executor)
                for pair, one in zip(pairs, both if skip else good(both)):
                    results.append(one if isinstance(one, PixelwiseError) else one[0])
                    if name == with_places and not isinstance(one, PixelwiseError):
                        places[pair.id] = one[1]
            else:
                results += counts_or_errors(pairs, classes, executor)
            found = list(zip(pairs, results))
            errors = {p.id: one for p, one in found if isinstance(one, PixelwiseError)}
            # values that no class has are no damage: dataset.toml is wrong
            readable = [p for p in pairs if p.id in errors and is_readable(p, channels)]
            for _ in good(look(readable, classes, seed)):
                pass
            unreadable[name] = errors
            parts = [one for _, one in found if not isinstance(one, PixelwiseError)]
            counts[name] = sum(parts, start=kind.zero(len(classes)))
            used[name] = [p for p in pairs if p.id not in errors]
    leave_out(bad, unreadable, sizes, skip, description.root)
    return counts, places


def is_readable(pair: Pair, channels: Channels) -> bool:
    """Whether image and label can be decoded, whatever the values of the label are."""
    try:
        read_channels(pair.image, channels)
        sizes = [read_label(file).size for file in pair.label_files]
        return pair.is_labelled and min(sizes, default=1) > 0
    except PixelwiseError:
        return False
