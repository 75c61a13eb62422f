"""Which files a page may show: a score.json may be anybody's, and name any file.

Shown are files in the folder of the score, of its predictions and of its dataset, links followed.
A score of bare folders of labels and images names no dataset; of these, files whose name is the
image's id are shown.
"""

import os
from collections.abc import Callable
from pathlib import Path

from pixelwise.files.names import real_path
from pixelwise.labels.description import FILE_NAME
from pixelwise.score.record import DataSplit

# a folder as near to the root as /etc or /home/name is a dataset only if it is described
NEAR = 3


def reach(
    folder: Path, predictions: tuple[str, ...], dataset: DataSplit
) -> Callable[[str, str], bool]:
    """What tells of the name of a file and the id of its image whether a page may show it.

    Args:
        folder: of the score or comparison, where relative names start.
        predictions: their folders.
        dataset: that was scored.
    """
    roots = [real_path(folder)]
    for name in (*predictions, *([dataset.path] if dataset.path else [])):
        root = real_path(folder / name)
        described = os.path.isfile(root / FILE_NAME)
        if described or len(root.parts) > NEAR:
            roots.append(root)

    def may_show(name: str, id: str) -> bool:
        path = Path(os.path.realpath(folder / name))
        if any(path.is_relative_to(root) for root in roots):
            return True
        is_bare = dataset.path is None and os.path.isabs(name)
        return is_bare and path.with_suffix("").as_posix().endswith(f"/{id}")

    return may_show
