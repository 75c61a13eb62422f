"""Where an unknown folder keeps its images, labels and splits.

train/images, train/labels, val/images, ...      a folder for each split, in either order,
images/train2017, train_labels, imagesTr, ...    also as a word in names
fold_0/images, fold_1/images, ...                folds as they are
images, labels, train.txt, val.txt               a list for each split
images, labels                                   folds are drawn; one of them is val
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.labels.description import Split, fold_of
from pixelwise.survey.folder_names import template_of, words_of
from pixelwise.survey.given import Given
from pixelwise.survey.layout.candidates import Candidate, Link, files_of, folders_like
from pixelwise.survey.layout.choice import choose, seen_in, splits_of
from pixelwise.survey.layout.draft import ANOTHER, Draft
from pixelwise.survey.layout.evidence import Evidence, decoy_in
from pixelwise.survey.layout.placing import Place, cut_at, place_of
from pixelwise.survey.layout.split_lists import find_lists, find_words
from pixelwise.survey.layout.tree import Parts, joined, read_tree
from pixelwise.survey.layout.unused import unused_statements
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.text import plural

FOLDS = 5
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Layout:
    """The splits of a folder.

    Args:
        splits: by name; "train" is one of them.
        train_ids: the ids in the split train.
        statements: every conclusion; the first says which files are images and labels.
        lists: ids by the name of a list in the root that splits ask for and that is to be written.
    """

    splits: dict[str, Split]
    train_ids: frozenset[str]
    statements: tuple[Statement, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_layout(root: Path, given: Given | None = None) -> Layout:
    """Find the splits of a folder, and the images and labels in them.

    Args:
        root: the folder of the dataset.
        given: what a person has decided.
    Raises:
        DatasetError: there are no images with labels, or several data sets.
    """
    given = given or Given()
    tree = read_tree(root)
    evidence = Evidence(tree, ordered=_is_ordered(given))
    choice = choose(tree, given, evidence)
    draft = Draft(tree, given, choice, evidence, statements=[choice.statement])
    _find_places(draft)
    _find_other_forms(draft)
    _name_train(draft)
    if choice.statement.sureness == SURE:
        draft.statements[0] = Statement(SURE, seen_in(draft.places["train"]))
    _describe(draft)
    find_lists(draft)
    find_words(draft)
    _draw_folds(draft)
    _add_test(draft)
    statements = [*draft.statements, *unused_statements(tree, draft.places, draft.used)]
    ids = draft.places["train"].ids()
    lists = draft.lists.get(str(draft.splits["train"].list))
    train_ids = frozenset(ids if lists is None else lists)
    splits = {name: draft.splits[name] for name in sorted(draft.splits, key=_order)}
    return Layout(splits, train_ids, tuple(statements), draft.lists)


def _order(split: str) -> int:
    known = ("train", "val", "test")
    return known.index(split) if split in known else len(known)


def _is_ordered(given: Given) -> bool:
    return any(
        part is not None
        for part in (
            *(given.images, given.labels, given.image_prefix, given.image_suffix),
            *(given.label_prefix, given.label_suffix),
        )
    )


def _find_places(draft: Draft) -> None:
    """The links of each split, and folders of images without labels."""
    candidate = draft.choice.best.candidate
    links: dict[str, list[Link]] = defaultdict(list)
    for link in candidate.links:
        links[draft.split_of(link.first) or draft.split_of(link.second)].append(link)
    more: dict[str, list[Parts]] = defaultdict(list)
    for parts in _without_labels(draft, candidate):
        more[draft.split_of(parts)].append(parts)
    if not any(links):
        more = {"": more[""]} | {name: m for name, m in more.items() if name} if more else {}
    if any(name.startswith("fold ") for name in links):
        # what differs between folds is a part of the ids, and lists say what is in which
        draft.folds = {name: several for name, several in links.items() if name}
        links = {"": [link for several in links.values() for link in several]}
    for name in dict.fromkeys((*links, *more)):
        chosen = links.get(name, [])
        place = place_of(draft.tree, candidate, chosen, more.get(name, []))
        if not place.fit:
            place = place_of(draft.tree, candidate, chosen)
        if place.fit:
            draft.places[name] = place
        elif chosen:
            draft.statements += _take_most(draft, name, chosen)


def _find_other_forms(draft: Draft) -> None:
    """Splits whose files are called otherwise than those of train."""
    for scored in draft.choice.others:
        candidate = scored.candidate
        for name in splits_of(candidate) & {"train", "val", "test"}:
            known = draft.places.get(name)
            if known is not None and known.labels is not None:
                continue
            links = [link for link in candidate.links if draft.split_of(link.first) == name]
            place = place_of(draft.tree, candidate, links)
            if links and place.fit:
                draft.places[name] = place


def _take_most(draft: Draft, name: str, links: list[Link]) -> list[Statement]:
    """Of folders that no pattern has together, those of the depth that most have."""
    candidate = draft.choice.best.candidate
    depths = Counter(len(link.first) for link in links)
    chosen = [link for link in links if len(link.first) == depths.most_common(1)[0][0]]
    place = place_of(draft.tree, candidate, chosen)
    if not place.fit:
        chosen = chosen[:1]
        place = place_of(draft.tree, candidate, chosen)
    draft.places[name] = place
    left = [joined(link.first) for link in links if link not in chosen]
    text = f"images of {name or 'train'} are in folders that one pattern does not name: "
    text += f"{place.shown('image')} is taken, and not {', '.join(left[:_MOST_SHOWN])}"
    return [Statement(OPEN, text, (Answer("that is right", place.options()),))]


def _without_labels(draft: Draft, candidate: Candidate) -> Iterable[Parts]:
    """Folders like those of images, whose images have no labels."""
    known = {link.first for link in candidate.links} | {link.second for link in candidate.links}
    beside = {template_of(link.first) for link in candidate.links}
    template = candidate.image.template
    roots = {template_of(link.first[: len(link.first) - link.below]) for link in candidate.links}
    depths = set(map(len, roots)) if len(roots) > 1 else set[int]()
    for parts in folders_like(draft.tree, template):
        if parts in known or (not template and template_of(parts) not in beside):
            continue
        root = template_of(cut_at(parts, template)[0])
        if template and root not in roots and len(root) not in depths:
            continue
        if _are_of_labels(draft, parts):
            continue
        names = files_of(draft.tree, parts, candidate.image.affixes)
        if not names or decoy_in(draft.tree, names[0], "image"):
            continue
        group = replace(candidate.image, folders=(parts,))
        if not draft.evidence.appearance(group, names[:2]).is_label:
            yield parts


def _are_of_labels(draft: Draft, parts: Parts) -> bool:
    """Whether a folder is called what those of labels are, in a part that no image has."""
    links = draft.choice.best.candidate.links
    own = {part for link in links for part in template_of(link.first)}
    return any(words_of(p).is_label for p in parts if template_of((p,))[0] not in own)


def _name_train(draft: Draft) -> None:
    """One of the splits becomes train: the only one, trainval, or the one that has labels."""
    places = draft.places
    labelled = [name for name, place in places.items() if place.labels is not None]
    if "train" in labelled:
        if "" in places and places[""].labels is not None:
            draft.statements.append(_not_split(places.pop("")))
        places.pop("", None)
        return
    if "trainval" in labelled:
        places["train"] = places.pop("trainval")
        return
    if "" in labelled:
        places["train"] = places.pop("")
        return
    if not labelled:
        raise DatasetError(draft.tree.root, "dataset", must="of images with labels", got="none")
    name = labelled[0]
    others = [place.shown("image") for n, place in places.items() if n != name]
    seen = f"only {name} has labels, and becomes train"
    if others:
        seen += f"; {', '.join(others)} have none"
    place = places.pop(name)
    answer = Answer(f"train on the pairs of {name}", {"split_train": place.images})
    known = "train" in draft.given.splits
    draft.statements.append(Statement(SURE if known else OPEN, seen, () if known else (answer,)))
    places["train"] = place
    for other in [n for n in places if n not in ("train", "test")]:
        places.pop(other)


def _not_split(place: Place) -> Statement:
    text = f"{plural(len(place.expected), 'pair')} in {place.shown('image')} are in no split"
    return Statement(LIKELY, f"{text} and not used")


def _describe(draft: Draft) -> None:
    """The splits that folders give."""
    for name, place in list(draft.places.items()):
        if place.labels is None and name.startswith(ANOTHER):
            draft.places.pop(name)
            continue
        if place.labels is None and name != "test":
            number = plural(len(place.expected_images), "image")
            text = f"split {name} has no labels: {number} in {place.images} are not used"
            draft.statements.append(Statement(LIKELY, text))
            draft.places.pop(name)
            continue
        draft.splits[name] = _split_of(draft, name, place)
    if len(draft.splits) > 1:
        names = sorted(draft.splits, key=_order)
        draft.statements.append(Statement(SURE, f"splits are folders: {', '.join(names)}"))
        for name in names:
            if draft.places[name].labels is None:
                draft.statements.append(Statement(LIKELY, f"split {name} has no labels"))


def _split_of(draft: Draft, name: str, place: Place) -> Split:
    """A place as a split, with a list where other files would come with it."""
    split = place.split()
    if place.fit == 2:
        return split
    file = f"{name}-ids.txt"
    draft.lists[file] = place.ids()
    return replace(split, list=file)


def _draw_folds(draft: Draft) -> None:
    """Where there is no val: folds as the folder has them, or the lowest that has a pair."""
    if "val" in draft.splits:
        return
    place = draft.places["train"]
    if len(draft.folds) > 1:
        _take_folds(draft, place)
        return
    ids = place.ids()
    if draft.splits["train"].list is not None and draft.splits["train"].list in draft.lists:
        ids = draft.lists[str(draft.splits["train"].list)]
    used = sorted({fold_of(i, FOLDS) for i in ids})
    if len(used) < 2:
        text = "there is no split val: train has too few pairs to take some out"
        draft.statements.append(Statement(LIKELY, text))
        return
    kept = tuple(fold for fold in range(FOLDS) if fold != used[0])
    train = replace(draft.splits["train"], folds=FOLDS, keep=kept)
    draft.splits |= {"train": train, "val": replace(train, keep=(used[0],))}
    count = sum(fold_of(i, FOLDS) == used[0] for i in ids)
    which = f"{count:,} of {plural(len(ids), 'pair')}: fold {used[0]} of {FOLDS}"
    text = f"split val is {which}, the first that is not empty; the others train"
    draft.statements.append(Statement(LIKELY, text))


def _take_folds(draft: Draft, place: Place) -> None:
    """The folds of the folder: the first is val."""
    first, *others = sorted(draft.folds, key=lambda name: int(name.split()[1]))
    folders = {joined(link.first) for link in draft.folds[first]}
    pairing, whole = place.pairing, draft.splits["train"]
    held = {i for i, name in pairing.image_of.items() if name.rpartition("/")[0] in folders}
    ids = set(place.ids())
    for name, chosen in (("train", ids - held), ("val", ids & held)):
        draft.lists[f"{name}-ids.txt"] = tuple(sorted(chosen))
        draft.splits[name] = replace(whole, list=f"{name}-ids.txt")
    text = f"folds are folders: {first} is val, {', '.join(others)} train"
    draft.statements.append(Statement(LIKELY, text))


def _add_test(draft: Draft) -> None:
    """Images in folders called test that are like no others: a split without labels."""
    if "test" in draft.splits:
        return
    names = []
    for parts, files in draft.tree.folders.items():
        if draft.split_of(parts) != "test" or _are_of_labels(draft, parts):
            continue
        names += [n for f in files if not decoy_in(draft.tree, n := joined(parts, f), "image")]
    known = {name for place in draft.places.values() for name in place.expected_images}
    names = [name for name in names if name not in known]
    if not names:
        return
    group = replace(draft.choice.best.candidate.image, folders=(("test", *names[:2]),))
    if draft.evidence.appearance(group, names[:3]).is_label:
        return
    folders = {tuple(name.split("/")[:-1]) for name in names}
    common = next(
        tuple(parts[: i + 1])
        for parts in folders
        for i, part in enumerate(parts)
        if words_of(part).split == "test"
    )
    place = Place(
        *(joined(common), None, replace(group.affixes, prefix="", suffix=""), group.affixes),
        *(frozenset(names), frozenset(), draft.tree),
    )
    if not place.fit:
        return
    draft.places["test"] = place
    draft.splits["test"] = _split_of(draft, "test", place)
    draft.statements.append(Statement(LIKELY, "split test has no labels"))
