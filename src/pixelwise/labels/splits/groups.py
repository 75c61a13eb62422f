"""Pairs that belong together: frames of one video, tiles of one image.

In two folds they leak: a network is scored on images that are nearly those that it has learnt from.
What belongs together is never guessed. It is declared as the beginning that ids share (names.py),
and ids that look so are said.
"""

from collections.abc import Sequence

from pixelwise.labels.splits.names import group_of

SEPARATORS = ("/", "_", "-", "_*_", "-*-")  # in this order
LEAST_OF_A_GROUP = 3  # pairs, on average


def likely_groups(ids: Sequence[str]) -> tuple[str, int] | None:
    """What ends the beginnings that ids share, and how many beginnings there are; None if none do.

    They do if there are at least two beginnings, and at least three ids to each on average.
    """
    for by in SEPARATORS:
        number = len({group_of(id, by) for id in ids})
        if number > 1 and LEAST_OF_A_GROUP * number <= len(ids):
            return by, number
    return None
