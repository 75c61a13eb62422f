"""What of a folder is not used: image files and lists, so that nothing is left out in silence."""

from collections import Counter
from collections.abc import Collection, Mapping

from pixelwise.survey.folder_names import words_of
from pixelwise.survey.layout.evidence import decoy_in
from pixelwise.survey.layout.placing import Place
from pixelwise.survey.layout.tree import Tree
from pixelwise.survey.statements import LIKELY, SURE, Statement
from pixelwise.text import plural

_MOST_SHOWN = 6


def unused_statements(
    tree: Tree, places: Mapping[str, Place], lists: Collection[str]
) -> list[Statement]:
    """One statement of what is in no split; none if there is nothing."""
    used = {name for place in places.values() for name in place.expected_images}
    used |= {label for place in places.values() for _, label in place.expected}
    unpaired = {
        str(name)
        for place in places.values()
        if place.labels is not None
        for name in (*place.pairing.image_of.values(), *place.pairing.label_of.values())
    }
    groups: Counter[tuple[str, str]] = Counter()
    for name in tree.names():
        if name not in used and name not in unpaired:
            folder, _, _ = name.rpartition("/")
            kind = decoy_in(tree, name, "label") or ""
            groups[folder or ".", kind] += 1
    if len(groups) > _MOST_SHOWN:
        groups = _folded(groups)
    texts = [
        f"{folder}/ ({plural(number, 'file')}{f', {kind}' if kind else ''})"
        for (folder, kind), number in groups.most_common(_MOST_SHOWN)
    ]
    others = [name for name in tree.texts if _is_split_list(name) and name not in lists]
    texts += others[:_MOST_SHOWN]
    if not texts:
        return []
    hidden = max(0, len(groups) - _MOST_SHOWN) + max(0, len(others) - _MOST_SHOWN)
    more = f" and {hidden} more" if hidden else ""
    sure = all(kind for _, kind in groups) and not others
    return [Statement(SURE if sure else LIKELY, f"not used: {', '.join(texts)}{more}")]


def _folded(groups: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Folders that are alike at both ends as one: raw/*/masks."""
    folded: Counter[tuple[str, str]] = Counter()
    for (folder, kind), number in groups.items():
        first, *middle = folder.split("/")
        last = middle.pop() if middle else ""
        stars = ["*"] * len(middle)
        folded["/".join([first, *stars, *([last] if last else [])]), kind] += number
    return folded


def _is_split_list(name: str) -> bool:
    stem = name.rpartition("/")[2].rsplit(".", 1)[0]
    return bool(words_of(stem).split) or "split" in stem.lower()
