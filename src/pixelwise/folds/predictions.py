"""Out-of-fold predictions: of every pair by the network that has not seen it, in one folder."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pixelwise.files.folder import check_free, make_folder, remove_leftovers, staged_folder
from pixelwise.files.lock import locked
from pixelwise.files.names import real_path
from pixelwise.files.results import read_object, write_json
from pixelwise.files.walk import walk_files
from pixelwise.folds.record import Fold, Folds
from pixelwise.labels.description import read_settled
from pixelwise.labels.splits.names import folder_of_split
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import FILE, Prediction, predict_images
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import Score
from pixelwise.text import plural, shell_line, some


@dataclass(frozen=True)
class Joined:
    """Where the predictions are, and their mean IoU."""

    folder: Path
    joined: float | None


def join_predictions(
    folder: Path, folds: Folds, config: TrainConfig, log: Callable[[str], None]
) -> Joined | None:
    """Predict each fold with the best network of its run, and score all together.

    Args:
        folder: of the cross-validation.
        folds: all of them complete.
        config: of all folds, for the device.
        log: given lines.
    Returns:
        None if images could not be predicted; the log says which.
    Raises:
        RunError: the folder has something else in it.
    """
    out = folder / "predictions" / folder_of_split(folds.split)
    with locked(out, "train", log) as is_locked:
        if is_locked:
            remove_leftovers(out)
        check_free("train", out, "", FILE)
        description = read_settled(str(config.data), config.accept_guesses)
        found = [predict_fold(folder / fold.folder, fold, config, log) for fold in folds.folds]
        with staged_folder(out) as staging:
            parts = []
            for fold, one in zip(folds.folds, found):
                copy_images(one.folder, staging)
                about = read_object(one.folder / FILE)
                ids = [pair.id for pair in description.pairs(fold.val_split)]
                parts.append({"fold": fold.folder, **about, "ids": ids})
            write_json(staging / FILE, about_all(folder, folds, parts))
    if failed := [one.finding() for one in found if one.failed]:
        again = shell_line(["pixelwise", "train", "--resume", str(folder)])
        log(f"warning: {some(failed, separator=' ')} All folds: {again}")
        return None
    result = score(ScoreConfig(out, accept_guesses=config.accept_guesses))
    if isinstance(result, MultilabelScore):
        return Joined(out, result.mean_iou)
    assert isinstance(result, Score)  # of one folder
    return Joined(out, result.scores["mean_iou"])


def predict_fold(
    run: Path, fold: Fold, config: TrainConfig, log: Callable[[str], None]
) -> Prediction:
    """Predict the pairs that a run was scored on with its best checkpoint."""
    log(f"predicting {fold.folder}: {plural(fold.pairs, 'pair')}")
    return predict_images(
        PredictConfig(
            run,
            split=fold.val_split,
            overwrite=True,
            device=config.device,
            trust=config.trust,
            max_gib=config.max_gib,
        )
    )


def copy_images(source: Path, folder: Path) -> None:
    """Have the label images of a folder in another one too, as the same files where possible."""
    for name in walk_files(source, {".png"}):
        target = folder / name
        make_folder(target.parent)
        try:
            os.link(source / name, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source / name, target)


def about_all(folder: Path, folds: Folds, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of prediction.json, from that of each fold."""
    failed = [one for part in parts for one in part["failed"]]
    own = ("fold", "split", "checkpoint", "epoch", "images", "ids")
    return {
        "command": folds.command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": str(real_path(folder)),
        "checkpoint": None,
        "epoch": None,
        "data": str(folds.config.data),
        "split": folds.split,
        "images": folds.pairs,
        "threshold": parts[0]["threshold"],
        "folds": [{key: part[key] for key in own} for part in parts],
        "failed": failed,
    }
