"""Which files a dataset has, pair by pair; what does not pair up is found, not raised.

The rules of names are those of find_pairs. Folders are walked once, links to folders are not
followed, and names are kept as text, so that a million files fit into memory.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from pixelwise.audit.findings import Finding
from pixelwise.errors import PixelwiseError
from pixelwise.files.affixes import likely_affixes
from pixelwise.files.names import with_slashes
from pixelwise.files.patterns import names_below
from pixelwise.files.toml_file import read_text, toml_value
from pixelwise.files.walk import ARRAY_SUFFIX, IMAGE_SUFFIXES, walk_files
from pixelwise.labels.description import Description, Split, fold_of
from pixelwise.labels.pairs import is_same_folder, pair_files
from pixelwise.survey.decoys import decoy_of
from pixelwise.survey.lists import LIST_SUFFIXES, is_of_several, named_lists, read_list
from pixelwise.text import plural, some

# Among more unpaired names than this the nearest one is not looked for.
_MOST_NEAREST = 300
_LISTED = 3
_SUFFIXES = tuple(IMAGE_SUFFIXES)
_NUMBER = re.compile(r"\d+")
_SPLIT_WORD = re.compile(
    r"(?:^|[^a-z])(?:train|training|val|valid|validation|dev|test|testing)"
    r"(?:$|[^a-z]|annot|label|mask|image|img|set)"
)

NO_LISTS: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Files:
    """An image and its label, as paths relative to the root; split by its number."""

    image: str
    label: str | None
    split: int


@dataclass(frozen=True)
class Inventory:
    """Every pair of a dataset once, sorted by split and id.

    Args:
        root: what names are relative to.
        splits: names, in the order of their numbers.
        pairs: of all splits.
        findings: of the rules P1 to P4 and S1.
        annotations: JSON files anywhere below the root.
        files: every visible file in the folders of the splits, sorted.
    """

    root: Path
    splits: tuple[str, ...]
    pairs: list[Files]
    findings: list[Finding]
    annotations: list[str]
    files: list[str]

    def path(self, name: str) -> str:
        """The file to open."""
        return os.path.join(self.root, name)


def take_inventory(
    description: Description, lists: Mapping[str, tuple[str, ...]] = NO_LISTS
) -> Inventory:
    """List every folder once, and pair the files of every split.

    Args:
        description: the dataset.
        lists: ids by the name of a list that is not written yet.
    """
    root = Path(description.root)
    listing = _list_folders(root, description.splits.values())
    findings: dict[tuple, Finding] = {}
    owner: dict[str, int] = {}
    pairs = []
    names = list(description.splits)
    for number, split in enumerate(description.splits.values()):
        ids = lists.get(split.list or "")
        found, wrong = _split_pairs(root, split, number, listing, ids)
        for files in found:
            first = owner.setdefault(files.image, number)
            if first == number:
                pairs.append(files)
            else:
                detail = f"the file itself is in the splits {names[first]} and {names[number]}"
                wrong.append(Finding("S1", files.image, 1, None, detail))
        # splits that share folders share what is wrong with them
        findings.update({(f.rule, f.file, f.detail): f for f in wrong})
    found_lists = _unused_lists(root, listing[""].texts, description.splits, names, pairs)
    for finding in (*found_lists, *_unused_folders(listing[""].images)) if pairs else ():
        findings[finding.rule, finding.file, finding.detail] = finding
    annotations = [name for name in listing[""].names if name.lower().endswith(".json")]
    folders = {_fixed(folder) for split in description.splits.values() for folder in _of(split)}
    below = sorted({name for folder in folders for name in listing[folder].names})
    return Inventory(root, tuple(names), pairs, list(findings.values()), annotations, below)


@dataclass
class _Folder:
    """What is visible in and below a folder.

    Args:
        names: files that somebody asks for.
        links: links among them.
        failures: of folders without access.
        images: how many other images there are, by folder.
        texts: folders with text files that are called like splits.
    """

    names: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    failures: list[OSError] = field(default_factory=list)
    images: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)


def _of(split: Split) -> list[str]:
    return [folder for folder in (split.images, split.labels) if folder is not None]


def _prefix(folder: str) -> str:
    """What the names of the files in a folder begin with: "" or "a/b/"."""
    name = Path(os.path.normpath(folder)).as_posix()
    return "" if name == "." else f"{name}/"


def _fixed(folder: str) -> str:
    """_prefix of the part of a folder in front of "*"."""
    return _prefix(folder.partition("*")[0].rpartition("/")[0] or "." if "*" in folder else folder)


def _list_folders(root: Path, splits: Iterable[Split]) -> dict[str, _Folder]:
    """prefix -> its files, by names relative to the root; "" is the root itself.

    The root is walked once; folders of splits that this does not reach (links, hidden ones, and
    what is missing or empty) are walked on their own. Files that nothing asks for are forgotten.
    """
    prefixes = {_fixed(folder) for split in splits for folder in _of(split)}
    whole = _Folder()
    for name in walk_files(root, failures=whole.failures, links=whole.links):
        lower = name.lower()
        if lower.endswith(".json") or name.startswith(tuple(prefixes)):
            whole.names.append(name)
        elif lower.endswith(_SUFFIXES):
            whole.images[name.rpartition("/")[0]] += 1
        if lower.endswith(LIST_SUFFIXES) and _SPLIT_WORD.search(lower.rpartition("/")[2]):
            whole.texts.add(name.rpartition("/")[0])
    listing = {"": whole}
    for prefix in sorted(prefixes - {""}):
        names = [name for name in whole.names if name.startswith(prefix)]
        found = _Folder(names, [name for name in whole.links if name.startswith(prefix)])
        if names:
            below = os.path.join(root, prefix)
            found.failures = [e for e in whole.failures if f"{e.filename}/".startswith(below)]
        else:
            walked = walk_files(root / prefix, failures=found.failures, links=found.links)
            found.names = [prefix + name for name in walked]
            found.links = [prefix + name for name in found.links]
        listing[prefix] = found
    return listing


def _unused_lists(
    root: Path,
    folders: Iterable[str],
    splits: Mapping[str, Split],
    names: list[str],
    pairs: list[Files],
) -> Iterator[Finding]:
    """P4: lists called like splits whose ids are not those of such a split."""
    used = {split.list for split in splits.values()}
    stems = [os.path.splitext(files.image)[0] for files in pairs]
    for split, path in (found for f in sorted(folders) for found in named_lists(root / f)):
        name = path.relative_to(root).as_posix()
        if name in used or is_of_several(path):
            continue
        listed = read_list(path, stems)
        of_split = {
            stem for stem, files in zip(stems, pairs) if names[files.split].lower() == split
        }
        # val may have been taken out of train
        if listed and not (of_split and of_split <= listed):
            detail = f"{plural(len(listed), 'pair')} of {len(pairs):,}, and no split uses it"
            yield Finding("P4", name, 1, None, detail)


def _unused_folders(images: Mapping[str, int]) -> Iterator[Finding]:
    """P4: folders called like splits with images that no split uses."""
    found = Counter[str]()
    for folder, number in images.items():
        parts = folder.split("/")
        place = next((n for n, part in enumerate(parts, 1) if _SPLIT_WORD.search(part.lower())), 0)
        if place and decoy_of(f"{folder}/") is None:
            found["/".join(parts[:place])] += number
    for folder, number in sorted(found.items()):
        detail = f"{plural(number, 'image file')} in and below it, in no split"
        yield Finding("P4", folder, 1, None, detail)


def _split_pairs(
    root: Path,
    split: Split,
    number: int,
    listing: dict[str, _Folder],
    listed: tuple[str, ...] | None,
) -> tuple[list[Files], list[Finding]]:
    wrong: list[Finding] = []
    images = _images(root, split.images, listing, wrong, split.image_suffix)
    labels = None if split.labels is None else _images(root, split.labels, listing, wrong)
    pairing = pair_files(
        *(images, labels, split.image_suffix, split.label_suffix),
        is_same_folder(root / split.images, None if split.labels is None else root / split.labels),
        *(split.image_prefix, split.label_prefix),
    )
    for first, other in (*pairing.image_twins, *pairing.label_twins):
        wrong.append(Finding("P1", other, 1, None, f"has the same id as {first}", other=first))
    image_of, label_of = pairing.image_of, pairing.label_of
    ids = set(image_of) | set(label_of)
    if listed is not None:
        ids &= set(listed)
    elif split.list is not None:
        ids, unknown = _entries(root, split, ids)
        wrong += unknown
    if split.folds:
        ids = {i for i in ids if fold_of(i, split.folds) in split.keep}
    both, without_label, without_image = pairing.of(ids)
    if not both and len(image_of) > 1 and len(label_of) > 1:
        wrong.append(_no_pair(split, image_of, label_of))
    else:
        rule = "P3" if split.unpaired == "skip" and both else "P1"
        wrong += _unpaired(rule, without_label, without_image, image_of, label_of)
    return [Files(image_of[i], label_of[i], number) for i in both], wrong


def _images(
    root: Path,
    folder: str,
    listing: dict[str, _Folder],
    wrong: list[Finding],
    suffix: str | None = None,
) -> list[tuple[str, str]]:
    """(name below the folder, name below the root) of the image files of a folder.

    Args:
        suffix: of images, among which there may be arrays; see find_pairs.
    """
    found = listing[_fixed(folder)]
    wrong += _links_outside(root, found.links)
    for error in found.failures:
        name = Path(os.path.relpath(error.filename or root, root)).as_posix()
        detail = f"the folder cannot be read: {error.strerror}"
        wrong.append(Finding("P1", name, 1, None, detail))
    below = _prefix(folder)[:-1]
    names = (name for name in found.names if name.lower().endswith(_SUFFIXES))
    arrays = (name for name in found.names if name.lower().endswith(ARRAY_SUFFIX))
    if suffix is not None and suffix.lower().endswith(ARRAY_SUFFIX):
        return list(names_below(below, arrays))
    images = list(names_below(below, names))
    return images if images or suffix is None else list(names_below(below, arrays))


def _links_outside(root: Path, links: list[str]) -> Iterator[Finding]:
    """Images that no command reads, as they are links to files outside of the dataset."""
    inside = os.path.join(os.path.realpath(root), "")
    for name in links:
        outside = not os.path.realpath(os.path.join(root, name)).startswith(inside)
        if name.lower().endswith(_SUFFIXES) and outside:
            yield Finding("P1", name, 1, None, "a link that leads out of the dataset")


def _entries(root: Path, split: Split, known: set[str]) -> tuple[set[str], list[Finding]]:
    """The ids of a list, and its lines that name no file."""
    name = str(split.list)
    try:
        lines = [with_slashes(line) for line in read_text(root / name).splitlines()]
    except PixelwiseError as error:
        return set(), [Finding("P2", name, 1, None, error.reason)]
    entries = {line.strip() for line in lines} - {""}
    bad = [
        (number, line.strip())
        for number, line in enumerate(lines, start=1)
        if line.strip() and line.strip() not in known
    ]
    if not bad:
        return entries, []
    rule = "P3" if split.unpaired == "skip" and entries & known else "P2"
    lines_shown = (f"line {n}: {text!r}{_meant(text, known)}" for n, text in bad)
    detail = some(lines_shown, _LISTED, "; ")
    return entries & known, [Finding(rule, name, len(bad), None, detail)]


def _meant(text: str, known: set[str]) -> str:
    """What a line of a list was meant to say, as far as that is plain."""
    for plain, why in (
        (text.strip("'\""), "has quotes"),
        (os.path.splitext(text)[0], "has a suffix, and ids have none"),
        (Path(text.split(maxsplit=1)[0]).stem, "has a path or two columns"),
        (text.lstrip("\ufeff"), "begins with a byte order mark"),
    ):
        if plain in known:
            return f" {why}"
    return ""


def _no_pair(split: Split, image_of: dict[str, str], label_of: dict[str, str | None]) -> Finding:
    """One mistake instead of one for every file: the folder, prefixes or suffixes are wrong."""
    images, labels = sorted(image_of), sorted(label_of)
    detail = (
        f"none of {len(images):,} images and {len(labels):,} labels have the same name: images "
        f"are called like {images[0]}, labels like {labels[0]}"
    )
    keys = []
    for kind, new in zip(("image", "label"), likely_affixes(images, labels) or ()):
        prefix, suffix = (getattr(split, f"{kind}_{affix}") for affix in ("prefix", "suffix"))
        keys += [f"{kind}_prefix = {toml_value(prefix + new.prefix)}"] if new.prefix else []
        keys += [f"{kind}_suffix = {toml_value(new.suffix + suffix)}"] if new.suffix else []
    detail += f"; they pair up with {' and '.join(keys)}" if keys else ""
    return Finding("P1", str(split.labels), len(image_of), None, detail, other=split.images)


def _unpaired(
    rule: str,
    images: list[str],
    labels: list[str],
    image_of: dict[str, str],
    label_of: dict[str, str | None],
) -> list[Finding]:
    """Images without a label and labels without an image, near names together."""
    findings, taken = [], set()
    nearest = _nearest(images, labels)
    for i in images:
        finding = Finding(rule, image_of[i], 1, None, "an image without a label")
        if i in nearest:
            near, why = nearest[i]
            taken.add(near)
            label = str(label_of[near])
            finding = replace(finding, detail=f"has no label, but {label} {why}", other=label)
        findings.append(finding)
    rest = (str(label_of[i]) for i in labels if i not in taken)
    return findings + [Finding(rule, name, 1, None, "a label without an image") for name in rest]


def _nearest(images: list[str], labels: list[str]) -> dict[str, tuple[str, str]]:
    """For images without a label, the label that was meant: (id, why they do not pair up)."""
    if not images or not labels:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for same, why in (
        (lambda i: unicodedata.normalize("NFC", i), "is written in another Unicode form"),
        (str.casefold, "differs in capital letters"),
        (lambda i: i.strip(" _-."), "differs in blanks or marks at its ends"),
    ):
        meant = {same(label): label for label in labels}
        found = {**{i: (meant[same(i)], why) for i in images if same(i) in meant}, **found}
    if max(len(images), len(labels)) <= _MOST_NEAREST:
        free = [label for label in labels if label not in {near for near, _ in found.values()}]
        for i in images:
            # another number is another image, not a typo
            numbers = None if i in found else _NUMBER.findall(i)
            alike = [label for label in free if _NUMBER.findall(label) == numbers]
            close = get_close_matches(i, alike, n=1, cutoff=0.8)
            if close:
                free.remove(close[0])
                found[i] = (close[0], "has a similar name")
    return found
