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
from functools import cached_property
from pathlib import Path

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.labels.description import Split, fold_of
from pixelwise.survey.folder_names import split_of, template_of, words_of
from pixelwise.survey.given import Given
from pixelwise.survey.layout.candidates import Candidate, Link, files_of, folders_like
from pixelwise.survey.layout.choice import Choice, choose, seen_in
from pixelwise.survey.layout.evidence import Evidence, decoy_in
from pixelwise.survey.layout.placing import Place, cut_at, place_of
from pixelwise.survey.layout.tree import Parts, Tree, joined, read_tree
from pixelwise.survey.layout.unused import unused_statements
from pixelwise.survey.lists import read_list
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.text import plural

FOLDS = 5
# Words in the name of a list beside that of its split.
_NEUTRAL = frozenset(
    (
        *("list", "lists", "id", "ids", "file", "files", "filenames", "filelist", "names", "name"),
        *("image", "images", "img", "set", "split", "seg", "segmentation", "txt", "data", "index"),
        *("label", "labels"),
    )
)
# Folders of lists, the most telling first.
_TELLING = ("segmentation", "imagesets", "splits", "split", "lists", "list")
_MOST_SHOWN = 3
# Before the name of a split whose folder is another one, as a person has said.
_ANOTHER = "another "


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


@dataclass
class _Draft:
    """What is known of a folder so far.

    Args:
        tree, given, choice, evidence: of the folder.
        places: of each split.
        statements: so far.
        lists: to be written.
        splits: of the description.
        used: names of lists that are used.
    """

    tree: Tree
    given: Given
    choice: Choice
    evidence: Evidence
    places: dict[str, Place] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @cached_property
    def given_folders(self) -> dict[str, Path]:
        """Folders that a person has given for splits."""
        several = self.given.splits.items()
        return {name: path for name, path in several if (self.tree.root / path).is_dir()}

    def split_of(self, parts: Parts) -> str:
        """The split of a folder, as given or by its name."""
        for name, path in self.given_folders.items():
            if parts[: len(path.parts)] == path.parts:
                return name
        name = split_of(parts)
        return f"{_ANOTHER}{name}" if name in self.given_folders else name


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
    draft = _Draft(tree, given, choice, evidence, statements=[choice.statement])
    _find_places(draft)
    _name_train(draft)
    if choice.statement.sureness == SURE:
        draft.statements[0] = Statement(SURE, seen_in(draft.places["train"]))
    _describe(draft)
    _find_lists(draft)
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


def _find_places(draft: _Draft) -> None:
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


def _take_most(draft: _Draft, name: str, links: list[Link]) -> list[Statement]:
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


def _without_labels(draft: _Draft, candidate: Candidate) -> Iterable[Parts]:
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
        words = [words_of(part) for part in parts]
        if any(one.is_label for one in words):
            continue
        names = files_of(draft.tree, parts, candidate.image.affixes)
        if not names or decoy_in(draft.tree, names[0], "image"):
            continue
        group = replace(candidate.image, folders=(parts,))
        if not draft.evidence.appearance(group, names[:2]).is_label:
            yield parts


def _name_train(draft: _Draft) -> None:
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


def _describe(draft: _Draft) -> None:
    """The splits that folders give."""
    for name, place in list(draft.places.items()):
        if place.labels is None and name.startswith(_ANOTHER):
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


def _split_of(draft: _Draft, name: str, place: Place) -> Split:
    """A place as a split, with a list where other files would come with it."""
    split = place.split()
    if place.fit == 2:
        return split
    file = f"{name}-ids.txt"
    draft.lists[file] = place.ids()
    return replace(split, list=file)


def _find_lists(draft: _Draft) -> None:
    """train.txt, val.txt, ... where folders give no val."""
    lists = {
        name: path.as_posix()
        for name, path in draft.given.splits.items()
        if name not in draft.given_folders
    }
    if not lists and ("val" in draft.splits or draft.splits["train"].list is not None):
        return
    place = draft.places["train"]
    pairing = place.pairing
    ids = {*pairing.image_of, *pairing.label_of}
    found = _best_lists(draft, ids)
    if lists:
        found = {name: (f, read_list(draft.tree.root / f, ids)) for name, f in lists.items()}
    if not found:
        return
    whole = draft.splits["train"]
    named = {name: listed & ids for name, (_, listed) in found.items()}
    if "train" not in found and "trainval" in found:
        file, listed = found.pop("trainval")
        rest = listed - named.get("val", frozenset())
        found["train"] = (file, rest) if "val" in found else (file, listed)
        named["train"] = rest
    found.pop("trainval", None)
    if "train" not in found and ("val" in found or "test" in found):
        taken = frozenset().union(*named.values())
        found["train"] = ("", frozenset(pairing.of()[0]) - taken)
        named["train"] = found["train"][1]
    texts = []
    for name in ("train", "val", "test"):
        if name not in found or not named[name]:
            continue
        file, _ = found[name]
        has_labels = any(id in pairing.label_of for id in named[name])
        split = whole if has_labels else replace(whole, labels=None, label_suffix="")
        if file and _are_ids(draft.tree.root / file, named[name]):
            draft.splits[name] = replace(split, list=file)
        else:
            draft.lists[f"{name}-ids.txt"] = tuple(sorted(named[name]))
            draft.splits[name] = replace(split, list=f"{name}-ids.txt")
        draft.used.add(file)
        draft.places[name] = _listed(place, named[name], has_labels=has_labels)
        texts.append(f"{name} ({file or 'the others'})")
    draft.statements.append(Statement(SURE, f"splits are lists of ids: {', '.join(texts)}"))
    rest = frozenset(pairing.of()[0]).difference(*named.values())
    if rest:
        text = f"{plural(len(rest), 'pair')} are in no list and not used, such as {min(rest)}"
        draft.statements.append(Statement(LIKELY, text))
    shared = named.get("train", frozenset()) & named.get("val", frozenset())
    if shared:
        text = f"{plural(len(shared), 'id')} are in the lists of train and of val"
        draft.statements.append(Statement(LIKELY, f"{text}, such as {min(shared)}"))


def _listed(place: Place, ids: frozenset[str], *, has_labels: bool) -> Place:
    """The part of a place that a list names."""
    pairing = place.pairing
    images = frozenset(name for id, name in pairing.image_of.items() if id in ids)
    pairs = frozenset(
        (name, str(pairing.label_of[id]))
        for id, name in pairing.image_of.items()
        if id in ids and id in pairing.label_of
    )
    labels = place.labels if has_labels else None
    return replace(place, labels=labels, expected_images=images, expected=pairs)


def _best_lists(draft: _Draft, ids: set[str]) -> dict[str, tuple[str, frozenset[str]]]:
    """split -> (file, ids) of the lists of the folder whose lists are the most telling."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for text in sorted(draft.tree.texts, key=len):
        folder, _, name = text.rpartition("/")
        words = words_of(name.rsplit(".", 1)[0])
        if words.split and not set(words.template.split()) - _NEUTRAL - {"{}"}:
            folders[folder].setdefault(words.split, text)
    best: dict[str, tuple[str, frozenset[str]]] = {}
    best_rank: tuple = ()
    for folder, files in folders.items():
        read = {n: (f, read_list(draft.tree.root / f, ids)) for n, f in files.items()}
        read = {n: (f, found) for n, (f, found) in read.items() if found}
        number = len(frozenset().union(*(found for _, found in read.values())))
        innermost = folder.rpartition("/")[2].lower()
        telling = _TELLING.index(innermost) if innermost in _TELLING else len(_TELLING)
        rank = (bool({"train", "trainval"} & set(read)), -telling, number, -len(folder))
        if read and (not best or rank > best_rank):
            best, best_rank = read, rank
    return best


def _are_ids(file: Path, ids: frozenset[str]) -> bool:
    """Whether a list has the ids as they are, one a line, and nothing else."""
    try:
        text = read_file(file, may_be_empty=True).decode("utf-8-sig", "replace")
    except Unreadable:
        return False
    return {line.strip() for line in text.splitlines()} - {""} == ids


def _draw_folds(draft: _Draft) -> None:
    """Where there is no val: folds as the folder has them, or the lowest that has a pair."""
    if "val" in draft.splits:
        return
    place = draft.places["train"]
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


def _add_test(draft: _Draft) -> None:
    """Images in folders called test that are like no others: a split without labels."""
    if "test" in draft.splits:
        return
    names = []
    for parts, files in draft.tree.folders.items():
        if draft.split_of(parts) != "test" or any(words_of(part).is_label for part in parts):
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
