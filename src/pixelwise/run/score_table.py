"""A score as lines of text: one row per class, and a headline that names its convention."""

from typing import Any

COLUMNS = ("iou", "dice", "precision", "recall")


def score_table(score: dict[str, Any]) -> str:
    """The content of score.json as a table for a terminal.

    Percentages; "-" where a class has no score. `share` is the share of the valid label pixels.
    """
    valid = max(1, score["valid_pixels"])
    rows = [["class", *COLUMNS, "share"]]
    for entry in score["per_class"]:
        shares = [percentage(entry[column]) for column in COLUMNS]
        rows.append([entry["name"], *shares, percentage(entry["target_pixels"] / valid)])
    scores = score["scores"]
    headline = (
        f"mIoU {percentage(scores['mean_iou'])}  ({score['convention']}: "
        f"{score['convention_meaning']})"
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
    return "\n".join([text_table(rows), "", headline, others, size])


def percentage(share: float | None) -> str:
    """0.5 -> "50.00"; None -> "-"."""
    return "-" if share is None else f"{100 * share:.2f}"


def text_table(rows: list[list[str]]) -> str:
    """Rows as aligned columns: the first to the left, the others to the right."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))])
        for row in rows
    )


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
