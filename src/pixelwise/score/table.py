"""Scores as lines of text: one row per class, and a headline that names its convention."""

from typing import Any

from pixelwise.errors import RunError
from pixelwise.text import printable, text_table

COLUMNS = ("iou", "dice", "precision", "recall")
CHANGED = 5  # images that a comparison names


def shown(content: dict[str, Any]) -> str:
    """What the score command prints: of a score.json, or of a comparison.json."""
    return comparison_table(content) if "bootstrap" in content else score_table(content)


def nothing_scored(content: dict[str, Any]) -> str:
    """The sentence about labels without a valid pixel, for a score or a comparison; "" if some."""
    if any(entry["target_pixels"] for entry in content["per_class"]):
        return ""
    hint = "Every score is absent. Are the void values of the dataset the right ones?"
    event = f"the labels hold nothing but void in {len(content['images'])} images"
    return str(RunError("score", event=event, hint=hint))


def score_table(score: dict[str, Any]) -> str:
    """The content of score.json as a table for a terminal.

    Percentages; "-" where a class has no score. `share` is the share of the valid label pixels.
    """
    valid = max(1, score["valid_pixels"])
    boundary = score.get("boundary")
    rows = [["class", *COLUMNS, *(["boundary"] if boundary else []), "share"]]
    for entry in score["per_class"]:
        shares = [percentage(entry[column]) for column in COLUMNS]
        if boundary:
            shares.append(percentage(boundary["per_class"][entry["index"]]))
        rows.append([entry["name"], *shares, percentage(entry["target_pixels"] / valid)])
    scores = score["scores"]
    headline = (
        f"mIoU {percentage(scores['mean_iou'])}  ({score['convention']}: "
        f"{score['convention_meaning']})"
    )
    averaged = (
        f"{score['classes_averaged']} of {len(score['per_class'])} classes  "
        f"per image {percentage(scores['mean_iou_i'])}  "
        f"per class and image {percentage(scores['mean_iou_c'])}"
    )
    others = (
        f"mean Dice {percentage(scores['mean_dice'])}  "
        f"pixel accuracy {percentage(scores['pixel_accuracy'])}  "
        f"mean accuracy {percentage(scores['mean_accuracy'])}"
    )
    size = (
        f"{len(score['images'])} images, {score['valid_pixels']:,} valid pixels, "
        f"{score['ignored_pixels']:,} void"
    )
    lines = [text_table(rows), "", headline, averaged, others, *boundary_lines(boundary), size]
    return "\n".join(lines + like_lines(score.get("like", [])))


def boundary_lines(boundary: dict[str, Any] | None) -> list[str]:
    """The mean of the boundary IoU, with what it is measured in."""
    if boundary is None:
        return []
    mean, width = percentage(boundary["mean_boundary_iou"]), 100 * boundary["width"]
    return [f"mean boundary IoU {mean}  (in strips along contours of {width:g} % of the diagonal)"]


def like_lines(rows: list[dict[str, Any]]) -> list[str]:
    """The numbers of other tools, each with the reason why it differs."""
    lines = ["", "the same predictions in other tools"] if rows else []
    for row in rows:
        number, tool = percentage(row["value"]).rjust(6), f"{row['tool']} {row['version']}"
        lines += [f"{number}  {tool}, {row['call']}", f"        {row['why']}"]
    return lines


def comparison_table(content: dict[str, Any]) -> str:
    """The content of comparison.json as a table for a terminal; * marks a clear difference."""
    rows = [["class", "a", "b", "b - a", "interval", ""]]
    rows += [difference_row(entry["name"], entry) for entry in content["per_class"]]
    rows += [difference_row("mIoU", content["mean_iou"])]
    bootstrap = content["bootstrap"]
    lines = [
        *(f"{key} = {printable(name)}" for key, name in zip("ab", content["names"])),
        "",
        text_table(rows),
        "",
        f"mIoU is {content['convention']}: {content['convention_meaning']}",
        f"interval: {100 * bootstrap['confidence']:g} % of {bootstrap['resamples']} paired "
        f"resamples of {len(content['images'])} images; * 0 is not in it",
    ]
    changed = [entry for entry in content["images"][:CHANGED] if entry["difference"]]
    if changed:
        images = [["changed most", "a", "b", "b - a"]]
        for entry in changed:
            numbers = [percentage(entry["a"]), percentage(entry["b"]), signed(entry["difference"])]
            images.append([entry["id"], *numbers])
        lines += ["", text_table(images)]
    return "\n".join(lines)


def difference_row(name: str, entry: dict[str, Any]) -> list[str]:
    """One row of a comparison."""
    interval = "-" if entry["low"] is None else f"{signed(entry['low'])} to {signed(entry['high'])}"
    scores = [percentage(entry["a"]), percentage(entry["b"]), signed(entry["difference"])]
    return [name, *scores, interval, "*" if entry["clear"] else ""]


def signed(share: float | None) -> str:
    """0.5 -> "+50.00"; None -> "-"."""
    return "-" if share is None else f"{100 * share:+.2f}"


def percentage(share: float | None) -> str:
    """0.5 -> "50.00"; None -> "-"."""
    return "-" if share is None else f"{100 * share:.2f}"
