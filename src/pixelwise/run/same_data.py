"""Whether the data of a resumed run are those that it began with."""

from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.run.bad_images import BadImages
from pixelwise.text import plural, some


def check_same_data(run: Path, before: dict[str, Any], now: dict[str, Any], bad: BadImages) -> None:
    """Raise if the files or labels of a resumed run are not those that it began with.

    Args:
        run: its folder.
        before, now: fingerprints.
        bad: pairs that may have been repaired since.
    Raises:
        RunError: naming what was added, removed or changed.
    """
    for split in now:
        old, new = before[split]["files"], now[split]["files"]
        changes = {
            "added": sorted(new.keys() - old.keys()),
            "removed": sorted(old.keys() - new.keys()),
            "changed": sorted(
                k
                for k in (new.keys() & old.keys()) - bad.may_have_changed(split)
                if new[k] != old[k]
            ),
        }
        named = {f"{plural(len(ids), 'pair')} {how}": ids for how, ids in changes.items() if ids}
        parts = [f"{number} ({some(ids)})" for number, ids in named.items()]
        if not parts and before[split]["pixels"] != now[split]["pixels"]:
            parts = ["other label pixels in the same files"]
        if parts:
            event = f"cannot resume: split {split} has changed since the run began: "
            hint = "Start a new run, or restore the files."
            raise RunError(run, "data", event=event + ", ".join(parts), hint=hint)
