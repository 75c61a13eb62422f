"""The pairs of each split; where a few files have no partner, lists of the ids that have one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.errors import PairingError
from pixelwise.labels.description import Description, Split, fold_of
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.survey.statements import LIKELY, Statement
from pixelwise.text import plural


@dataclass(frozen=True)
class CompletePairs:
    """What pairs up.

    Args:
        splits: those given, with lists where files are left out.
        pairs: of all splits.
        lists: file name in the root -> ids.
        statements: what was left out.
    """

    splits: dict[str, Split]
    pairs: tuple[Pair, ...]
    lists: Mapping[str, tuple[str, ...]]
    statements: tuple[Statement, ...]


def find_complete(draft: Description) -> CompletePairs:
    """The pairs of a draft, files without a partner left out while most files have one.

    Raises:
        PairingError: more files have no partner than have one, or ids belong to two files.
        DatasetError: see Description.pairs.
    """
    splits, pairs = dict(draft.splits), list[Pair]()
    lists, names, statements = dict[str, tuple[str, ...]](), dict[tuple, str](), list[Statement]()
    for name, split in draft.splits.items():
        try:
            pairs += draft.pairs(name)
            continue
        except PairingError as error:
            if len(error.paired) <= len(error.unpaired) or split.labels is None:
                raise
            ids, left = error.paired, error.unpaired
        source = (split.images, split.labels, split.list)
        if source not in names:
            names[source] = file = "paired.txt" if not names else f"paired-{name}.txt"
            lists[file] = ids
            what = "has no partner and is" if len(left) == 1 else "have no partner and are"
            text = f"{plural(len(left), 'file')} {what} left out, such as {Path(left[0]).name}"
            statements.append(Statement(LIKELY, f"{text}: the other pairs are listed in {file}"))
        splits[name] = replace(split, list=names[source])
        found = find_pairs(
            *(Path(draft.root, split.images), Path(draft.root, split.labels)),
            image_suffix=split.image_suffix,
            label_suffix=split.label_suffix,
            ids=ids,
        )
        pairs += [p for p in found if not split.folds or fold_of(p.id, split.folds) in split.keep]
    return CompletePairs(splits, tuple(pairs), lists, tuple(statements))
