"""Folders beside each other that were taken for one data set, though they share no class."""

from collections import defaultdict

from pixelwise.labels.description import Split
from pixelwise.survey.given import Given
from pixelwise.survey.statements import OPEN, Answer, Statement
from pixelwise.survey.values.stored import StoredValues
from pixelwise.text import some

# values that mean the same in most data sets
_ANYWHERE = {0, 255, 65535}
_MOST_NAMED = 4


def about_sites(split: Split, stored: StoredValues, given: Given) -> tuple[Statement, ...]:
    """A question where two folders of one place have values, but none that both have.

    Args:
        split: its folders have `*` for the folders that are compared, or are the root.
        stored: of the labels.
        given: nothing is asked if it names the labels.
    """
    labels = split.labels or ""
    parts = labels.split("/")
    star = next((n for n, part in enumerate(parts) if "*" in part), 0 if labels == "." else None)
    if star is None or given.labels is not None:
        return ()
    values: dict[str, set[int]] = defaultdict(set)
    for name, file in zip(stored.names, stored.files):
        above = name.split("/")
        if len(above) > star + 1:
            values[above[star]] |= file.keys() - _ANYWHERE
    sites = sorted(site for site, found in values.items() if found)
    first = next((s for s in sites[1:] if not values[s] & values[sites[0]]), None)
    if first is None or len(sites) > _MOST_NAMED:
        return ()
    shown = "; ".join(f"{s} has {some(sorted(values[s]))}" for s in (sites[0], first))
    together = Answer("they are one data set", {"images": split.images, "labels": labels})
    alone = (Answer(f"{s} alone", _alone(split, star, s)) for s in sites)
    text = f"the folders {some(sites)} share no class ({shown}): are they one data set?"
    return (Statement(OPEN, text, (together, *alone)),)


def _alone(split: Split, star: int, site: str) -> dict[str, str]:
    """The folders of one site."""
    folders = {"images": split.images, "labels": split.labels or ""}
    if folders["labels"] == ".":
        return dict.fromkeys(folders, site)
    chosen = {}
    for role, folder in folders.items():
        parts = folder.split("/")
        chosen[role] = "/".join([*parts[:star], site, *parts[star + 1 :]])
    return chosen
