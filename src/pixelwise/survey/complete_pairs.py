"""The pairs of each split; a few files without a partner are left out."""

from dataclasses import dataclass, replace
from pathlib import Path

from pixelwise.errors import PairingError
from pixelwise.labels.description import Description, Split
from pixelwise.labels.pairs import Pair
from pixelwise.survey.statements import LIKELY, Statement
from pixelwise.text import plural


@dataclass(frozen=True)
class CompletePairs:
    """What pairs up.

    Args:
        splits: those given; where files are left out, with unpaired "skip".
        pairs: of all splits.
        statements: what was left out.
    """

    splits: dict[str, Split]
    pairs: tuple[Pair, ...]
    statements: tuple[Statement, ...]


def find_complete(draft: Description) -> CompletePairs:
    """The pairs of a draft, files without a partner left out while most files have one.

    Raises:
        PairingError: more files have no partner than have one, or ids belong to two files.
        DatasetError: see Description.pairs.
    """
    splits, pairs, statements = dict(draft.splits), list[Pair](), dict[tuple, Statement]()
    for name, split in draft.splits.items():
        try:
            pairs += draft.pairs(name)
            continue
        except PairingError:
            left = draft.unpaired_files(name)
            splits[name] = replace(split, unpaired="skip")
            whole = replace(splits[name], folds=0, keep=())
            if len(replace(draft, splits={name: whole}).pairs(name)) <= len(left):
                raise
        pairs += replace(draft, splits=splits).pairs(name)
        what = "has no partner and is" if len(left) == 1 else "have no partner and are"
        text = f"{plural(len(left), 'file')} {what} left out, such as {Path(left[0]).name}"
        statement = Statement(LIKELY, f'{text} (unpaired = "skip")')
        statements.setdefault((split.images, split.labels, split.list), statement)
    return CompletePairs(splits, tuple(pairs), tuple(statements.values()))
