"""Where the parts of a score do not fit together; the type of each of them was checked before."""

from collections.abc import Iterator

from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import Score

MOST_PIXELS = 2**63  # what a 64-bit count holds


def contradictions(score: Score) -> list[str]:
    """What is wrong with a score, in words; [] for a sound one."""
    return list(_of_classes(score)) or [*_of_numbers(score), *_of_images(score)]


def member_contradictions(score: MultilabelScore) -> list[str]:
    """What is wrong with a score whose classes overlap, in words; [] for a sound one."""
    number, names = len(score.classes), score.classes.names
    wrong = []
    if not score.classes.files:
        wrong.append("classes must be classes that overlap")
    if [(row.index, row.name) for row in score.per_class] != list(enumerate(names)):
        wrong.append("per_class must have the indices and names of classes, in order")
    shares = [score.mean_iou, score.mean_dice, *score.mean_iou_by_convention.values()]
    shares += [value for row in score.per_class for value in row.scores.values()]
    shares += [value for image in score.images for value in (image.mean_iou, *image.iou)]
    shares += score.thresholds.values if score.thresholds else ()
    if not all(map(_is_share, shares)):
        wrong.append("scores and thresholds must be within 0..1")
    if score.thresholds and len(score.thresholds.values) != number:
        wrong.append("thresholds must have one value a class")
    if any("iou" not in row.scores for row in score.per_class):
        wrong.append("every row of per_class must have iou")
    cells = [row.confusion for row in score.per_class]
    if any(len(table) != 2 or any(len(row) != 2 for row in table) for table in cells):
        wrong.append("confusion must be a 2 x 2 table of each class")
    pixels = [n for table in cells for row in table for n in row]
    pixels += [n for row in score.per_class for n in (row.target_pixels, row.ignored_pixels)]
    if not all(0 <= n < MOST_PIXELS for n in pixels):
        wrong.append("per_class must be pixels >= 0 of 64 bits")
    if any({len(image.labels), len(image.iou)} != {number} for image in score.images):
        wrong.append("images must have one label and one iou a class")
    return wrong


def _of_classes(score: Score) -> Iterator[str]:
    """Everything must be of the same classes."""
    rows, matrix, names = score.per_class, score.confusion, score.classes.names
    sizes = {len(names), len(rows), len(matrix), *map(len, matrix)}
    if len(sizes) != 1:
        yield f"classes, per_class and confusion must agree on C, got {sorted(sizes)}"
    if [row.index for row in rows] != list(range(len(rows))):
        yield f"per_class must have the indices 0..{len(rows) - 1} in order"
    if tuple(row.name for row in rows) != names:
        yield "per_class must have the names of classes"
    if score.boundary is not None and len(score.boundary.per_class) != len(names):
        yield "boundary.per_class must have one score a class"


def _of_numbers(score: Score) -> Iterator[str]:
    """Scores are shares, and pixels are counts."""
    if "mean_iou" not in score.scores or any("iou" not in row.scores for row in score.per_class):
        yield "scores must have mean_iou, and every row of per_class iou"
    named = [*score.scores.items(), *score.mean_iou_by_convention.items()]
    named += [one for row in score.per_class for one in row.scores.items()]
    yield from (f"{key} must be within 0..1, got {v}" for key, v in named if not _is_share(v))
    pixels = [n for row in score.confusion for n in row]
    pixels += [n for row in score.per_class for n in (row.target_pixels, row.pred_pixels)]
    if not all(0 <= n < MOST_PIXELS for n in pixels):
        yield "confusion and per_class must be pixels >= 0 of 64 bits"
    if not all(0 <= n < MOST_PIXELS for n in (score.valid_pixels, score.ignored_pixels)):
        yield "valid_pixels and ignored_pixels must be pixels >= 0 of 64 bits"


def _is_share(value: float | None) -> bool:
    return value is None or 0 <= value <= 1


def _of_images(score: Score) -> Iterator[str]:
    """The pixels of an image must be those of its confusion."""
    num_classes = len(score.classes)
    for image in score.images:
        cells, where = image.confusion, f"confusion of image {image.id!r}"
        if any(len(c) != 3 or min(c) < 0 or max(c[:2]) >= num_classes for c in cells):
            yield f"{where} must hold [target, predicted, pixels]"
        elif sum(pixels for _, _, pixels in cells) != image.valid:
            yield f"{where} must add up to its valid pixels"
        if not (_is_share(image.mean_iou) and _is_share(image.pixel_accuracy)):
            yield f"scores of image {image.id!r} must be within 0..1"
