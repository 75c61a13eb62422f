"""Which candidate holds the images and labels, how sure that is, and what else might."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixelwise.errors import DatasetError, setting
from pixelwise.files.content import Unreadable, read_file
from pixelwise.labels.description import Split
from pixelwise.survey.conversion import command_lines
from pixelwise.survey.folder_names import split_of, words_of
from pixelwise.survey.given import Given
from pixelwise.survey.layout.candidates import Candidate, find_candidates
from pixelwise.survey.layout.evidence import AS_LABELS, Evidence, Scored, with_share
from pixelwise.survey.layout.placing import Place, place_of, shared_start
from pixelwise.survey.layout.tree import Parts, Tree, joined
from pixelwise.survey.statements import OPEN, SURE, Answer, Statement
from pixelwise.text import plural, shell_line, some

# A candidate with fewer pairs than this share of those of the best is no other choice.
_LEAST_SHARE = 0.3
# One with so much less in favour of it is none either.
_MARGIN = 6.0
# More in favour of a name than that it is one of labels.
_CLASSES_BY_NAME = 3.5
_MOST_ANSWERS = 4
# Images by which it is found out that two folders have the same ones.
_COMPARED = 3
# Names of label files that hold the same labels in another numbering, the preferred first.
_NUMBERINGS = ("labeltrainids", "trainids", "labelids")


class NothingFound(DatasetError):
    """There are no images and labels that pair."""


@dataclass(frozen=True)
class Choice:
    """The candidate that is taken.

    Args:
        best: the candidate.
        place: where its images and labels are.
        statement: which files are images and labels.
        others: further candidates, the best first.
    """

    best: Scored
    place: Place
    statement: Statement
    others: tuple[Scored, ...] = ()


def choose(tree: Tree, given: Given, evidence: Evidence) -> Choice:
    """Take the candidate of which most speaks.

    Raises:
        DatasetError: there is none; there are several data sets; or there is one label file for
            each class of an image.
    """
    everything = [evidence.directed(c) for c in find_candidates(tree, given)]
    asked = _labels_are_given(given)
    possible = [s for s in everything if s.is_possible or asked]
    if not possible:
        raise nothing_found(tree, given, everything)
    most = max(s.candidate.number for s in possible)
    ranked = sorted(possible, key=lambda s: (-_rank(s, most), s.candidate.label.shown))
    best = ranked[0]
    others = tuple(ranked[1:])
    rivals = [s for s in ranked[1:] if _is_rival(s, best, most)]
    _check_one_data_set(tree, best, ranked, asked=asked)
    _check_one_label_for_all_classes(tree, best, ranked)
    place = place_of(tree, best.candidate)
    seen = seen_in(place)
    if not rivals and min(best.named) < 0 and not asked:
        text = f"{seen}, though they are called otherwise"
        return Choice(best, place, Statement(OPEN, text, (_answer(place, ()),)), others)
    if not rivals or _is_answered(place, given):
        return Choice(best, place, Statement(SURE, seen), others)
    places = [place, *(place_of(tree, s.candidate) for s in rivals[: _MOST_ANSWERS - 1])]
    answers = tuple(_answer(one, places) for one in places)
    more = " or ".join(_differing(one, place) for one in places[1:])
    return Choice(best, place, Statement(OPEN, f"{seen}; or are they {more}?", answers), others)


def splits_of(candidate: Candidate) -> set[str]:
    """The splits that its folders name."""
    return {split_of(link.first) for link in candidate.links} - {""}


def seen_in(place: Place) -> str:
    """Which files are images and labels."""
    return f"images are {place.shown('image')}, labels are {place.shown('label')}"


def _rank(scored: Scored, most: int) -> float:
    name = f"{scored.candidate.label.affixes.suffix} {scored.candidate.label.shown}".lower()
    numbering = next((0.2 * n for n, word in enumerate(_NUMBERINGS) if word in name), 0.0)
    return with_share(scored.score, scored.candidate.number, most) - numbering


def _labels_are_given(given: Given) -> bool:
    return any(p is not None for p in (given.labels, given.label_prefix, given.label_suffix))


def _is_answered(place: Place, given: Given) -> bool:
    """Whether a person has said all that an answer would say."""
    said = {name: str(value) for name, value in given.options().items()}
    return {"images", "labels"} <= said.keys() and place.options().items() <= said.items()


def _is_rival(scored: Scored, best: Scored, most: int) -> bool:
    """Whether another candidate may be what is meant."""
    other, chosen = scored.candidate, best.candidate
    if splits_of(other) and splits_of(other).isdisjoint(splits_of(chosen)):
        return False  # the same in another form
    if other.number < _LEAST_SHARE * most or _rank(scored, most) < _rank(best, most) - _MARGIN:
        return False
    if other.label.key == chosen.label.key:
        # other images with the same labels: bands, augmented copies
        return scored.named[0] >= best.named[0] and scored.images.kind == best.images.kind
    if any(scored.decoys) or _is_part(other, chosen) or _is_within(other, chosen):
        return False
    names = [c.label.affixes.suffix.lower() for c in (other, chosen)]
    if all(any(word in name for word in _NUMBERINGS) for name in names):
        return False
    if AS_LABELS[scored.labels.kind] < AS_LABELS[best.labels.kind]:
        # colours of more classes are no copy
        more = scored.labels.kind == "colours" and scored.labels.values > best.labels.values
        return scored.named[1] > best.named[1] - (1.0 if more else 0.0)
    # a name alone decides only if it says that these are the classes
    return best.named[1] - scored.named[1] < _CLASSES_BY_NAME


def _check_one_data_set(tree: Tree, best: Scored, ranked: Sequence[Scored], *, asked: bool) -> None:
    """Refuse a folder of several data sets, each in a folder of its own.

    Raises:
        DatasetError: there are some; with the commands for one of them, or for all as sites.
    """
    links = best.candidate.links
    tops = {parts[:1] for link in links for parts in (link.first, link.second)}
    words = [words_of(part) for top in tops for part in top]
    are_sites = not any(w.split or w.is_image or w.is_label for w in words)
    if len(tops) > 1 and are_sites and all(split_of(link.first[1:]) for link in links):
        if not asked:
            raise _several(tree, tops, _as_sites(tree, best.candidate))
        return
    if len(tops) > 1 and all(_is_fold_with_splits(link.first) for link in links):
        raise _several(tree, tops)
    if _has_copies(tree, best.candidate):
        raise _several(tree, {link.first[: len(link.first) - link.below][:1] for link in links})
    others = set[tuple[str, ...]]()
    for scored in ranked[1:]:
        own = {parts[:1] for link in scored.candidate.links for parts in (link.first, link.second)}
        named = any(split_of(top) for top in own | tops)
        if own.isdisjoint(tops) and len(own) == len(tops) == 1 and () not in own | tops:
            others |= set() if named else own
    if others and len(tops) == 1:
        raise _several(tree, tops | others)


def _several(tree: Tree, tops: Iterable[Parts], as_sites: str = "") -> DatasetError:
    names = sorted(map(joined, tops))
    commands = [shell_line(["pixelwise", "init", str(tree.root / name)]) for name in names]
    hint = f"Choose one: {'; '.join(commands[:_MOST_ANSWERS])}"
    if len(commands) > _MOST_ANSWERS:
        hint += f" (and {len(commands) - _MOST_ANSWERS} more)"
    if as_sites:
        hint += f"; or, if these are the sites of one: {as_sites}"
    got, command = some(names), as_sites or commands[0]
    must = "one data set"
    return DatasetError(tree.root, "dataset", must=must, got=got, hint=hint, command=command)


def _as_sites(tree: Tree, candidate: Candidate) -> str:
    """The command that takes several data sets as the sites of one."""
    words = ["pixelwise", "init", str(tree.root)]
    for option, place in (("--images", 0), ("--labels", 1)):
        folders = [(link.first, link.second)[place] for link in candidate.links]
        if len(set(map(len, folders))) > 1:
            return ""
        parts = (several[0] if len(set(several)) == 1 else "*" for several in zip(*folders))
        words += [option, "/".join(parts)]
    return "" if words[-3] == words[-1] else shell_line(words)


def _is_fold_with_splits(parts: Parts) -> bool:
    return split_of(parts[:1]).startswith("fold ") and bool(split_of(parts[1:]))


def _has_copies(tree: Tree, candidate: Candidate) -> bool:
    """Whether two folders have the same images with other labels: then they are no sites."""
    by_name: dict[tuple, list[tuple[str, str]]] = {}
    for link, pairs in zip(candidate.links, candidate.pairs):
        for image, label in pairs[:_COMPARED]:
            below = link.first[len(link.first) - link.below :]
            key = split_of(link.first), below, image.rpartition("/")[2]
            by_name.setdefault(key, []).append((image, label))
    alike = [several[:2] for several in by_name.values() if len(several) > 1][:_COMPARED]
    try:
        return bool(alike) and all(
            [read_file(tree.root / a) == read_file(tree.root / b) for a, b in zip(*two)]
            == [True, False]
            for two in alike
        )
    except Unreadable:
        return False


def _check_one_label_for_all_classes(tree: Tree, best: Scored, ranked: Sequence[Scored]) -> None:
    """Refuse several label files of two values for each image: each has one class.

    Raises:
        DatasetError: there are some; its hint is the command that makes label images of them.
    """
    chosen = best.candidate
    several = [
        s
        for s in ranked
        if s is best
        or (
            s.candidate.image.folders == chosen.image.folders
            and s.labels.is_binary
            and not any(s.decoys)
            and _are_alike(s.candidate, chosen)
            and not _is_part(s.candidate, chosen)
        )
    ]
    if len(several) < 2 or not best.labels.is_binary:
        return
    splits = dict[str, Split]()
    for name in sorted(splits_of(chosen)) or ["train"]:
        links = [k for s in several for k in s.candidate.links if split_of(k.first) in (name, "")]
        images, labels = {k.first for k in links}, {k.second for k in links}
        splits[name] = Split(joined(shared_start([*images])), joined(shared_start([*labels])))
    command = command_lines(tree.root, splits, ["--format", "masks"])
    shown = ", ".join(sorted(s.candidate.label.shown for s in several)[:6])
    raise DatasetError(
        tree.root,
        "labels",
        must="one file for each image",
        got=f"{len(several)} kinds of two values each: {shown}",
        hint="One that has all classes is chosen by "
        f"{setting('labels')} or {setting('label_suffix')}. If each is one class: {command}",
        command=command,
    )


def _are_alike(one: Candidate, other: Candidate) -> bool:
    """Whether label files differ in a suffix or prefix only, or in the innermost folder only."""
    if one.label.folders == other.label.folders:
        words = (f"{c.label.affixes.prefix} {c.label.affixes.suffix}".lower() for c in (one, other))
        return not any(word in name for name in words for word in _NUMBERINGS)
    pairs = list(zip(one.label.folders, other.label.folders))
    shared = {(a[:-1], b[:-1]) for a, b in pairs if a and b}
    return bool(shared) and all(a == b and a for a, b in shared) and not one.side_by_side


def _is_part(one: Candidate, other: Candidate) -> bool:
    """Whether all labels of one are labels of the other too, as "R_gt.png" of "_gt.png"."""
    if one.number >= other.number or one.label.folders != other.label.folders:
        return False
    files = {label for pairs in other.pairs for _, label in pairs}
    return all(label in files for pairs in one.pairs for _, label in pairs)


def _is_within(one: Candidate, other: Candidate) -> bool:
    """Whether the files of one pair in the other too, with others: "a1" with "b1" by the number."""
    if not set(one.image.folders) <= set(other.image.folders):
        return False
    own, whole = (
        list(map(set, zip(*(p for pairs in c.pairs for p in pairs)))) for c in (one, other)
    )
    return all(a <= b for a, b in zip(own, whole))


def _answer(place: Place, places: Sequence[Place]) -> Answer:
    options = place.options()
    same_folder = [p for p in places if p is not place and p.labels == place.labels]
    if not same_folder:
        options = {name: value for name, value in options.items() if name in ("images", "labels")}
    return Answer(f"labels are {place.shown('label')}, images are {place.shown('image')}", options)


def _differing(place: Place, best: Place) -> str:
    if place.shown("label") != best.shown("label"):
        return place.shown("label")
    return f"images {place.shown('image')}"


def nothing_found(tree: Tree, given: Given, everything: Sequence[Scored]) -> DatasetError:
    """The error of a folder without images and labels that pair: what was seen in it."""
    if given.images is not None and given.labels is not None:
        must = f"a folder of files whose names pair with those in {given.images}"
        return DatasetError("init", "labels", must=must, got=given.labels)
    number = tree.number
    must = "a folder of images and label images whose names pair up"
    got = f"{plural(number, 'image file')} without such labels" if number else "no image file"
    decoys = [d for s in everything if not s.is_possible for d in s.decoys if d]
    if decoys:
        shown = next(s for s in everything if any(s.decoys))
        side = shown.candidate.label if shown.decoys[1] else shown.candidate.image
        got = f"{got}, but with {side.shown} ({decoys[0]}, by their names)"
    hint = (
        "Put them into folders called images and labels. Label images are indexed or grey PNGs: "
        "annotation files and colour labels become ones with `pixelwise convert`."
    )
    if example := _example(tree):
        got = f"{got}, such as {' and '.join(example)}"
        hint = "Rename them so that the names of an image and its label differ in what all have."
    return NothingFound(Path(tree.root), "dataset", must=must, got=got, hint=hint)


def _example(tree: Tree) -> list[str]:
    """An image and a label by the names of their folders; nothing where there are not both."""
    found = dict[str, str]()
    for parts, names in tree.folders.items():
        words = [words_of(part) for part in parts[::-1]]
        kind = next(
            ("label" if w.is_label else "image" for w in words if w.is_label or w.is_image), ""
        )
        found.setdefault(kind, joined(parts, names[0]))
    return (
        [found[kind] for kind in ("image", "label") if kind in found]
        if len(found.keys() - {""}) == 2
        else []
    )
