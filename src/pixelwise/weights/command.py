"""Count a split and weigh its classes: what `pixelwise weights` does, except its HTML page."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor

from pixelwise.errors import ArgumentError, check_choice
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.results import write_json
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.description import FILE_NAME, Description, read_settled
from pixelwise.sums import Progress
from pixelwise.text import shell_line
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.counts import LabelCounts, count_each
from pixelwise.weights.formulas import (
    METHODS,
    ZERO_HINT,
    Method,
    Zero,
    class_weights,
)
from pixelwise.weights.keep_list import (
    FilledImage,
    filled_image,
    filled_table,
    list_advice,
    list_name,
    write_keep_list,
)
from pixelwise.weights.member_record import MemberWeights, weigh_members
from pixelwise.weights.record import (
    MethodWeights,
    Weights,
    ask_for_zero,
    gentlest,
    origin_of,
)


def weigh(
    config: WeightsConfig, executor: Executor | None = None, progress: Progress | None = None
) -> Weights | MemberWeights:
    """Count the label pixels of a split, weigh the classes, and write what was asked for.

    Args:
        config: its `html` is left to report/.
        executor: any concurrent.futures executor; None takes the one that config asks for, or
            else threads.
        progress: called with (labels done, all labels) after each label.
    Returns:
        Weights, the same for every executor; MemberWeights where classes overlap.
    Raises:
        PixelwiseError: the dataset, a label or a setting is wrong; a class never occurs and zero
            is "error": the weights with 0 for it are its `found`. Nothing is written then.
    """
    config = with_absolute_paths(config)
    description = read_settled(config.data, config.accept_guesses)
    if description.task == MULTILABEL:
        return weigh_members(config, description, executor, progress)
    method = config.method
    if method is not None and method not in METHODS:
        must = f"one of {', '.join(METHODS)} for a {description.task} task"
        raise ArgumentError("weights", "method", must=must, got=method)
    where = str(description.root / FILE_NAME)
    if config.keep_list is not None:
        list_name(config.keep_list, description)
        check_choice(where, "split", config.split, description.splits)  # it has one list
    pairs = description.pairs(config.split)
    share, classes = config.drop_background, description.classes
    counts = LabelCounts.zero(len(classes))
    filled = []
    with (
        ThreadPoolExecutor(os.cpu_count()) as threads,
        open_executor(config.workers, config.scheduler, executor) as chosen,
    ):
        each = count_each(pairs, classes, chosen or threads, progress)
        # counts first, so that an error after the last pair is raised too
        for one, pair in zip(each, pairs):
            counts = counts + one
            found = None if share is None else filled_image(pair.id, one, classes, share)
            filled += [found] if found else []
    filled.sort(key=lambda image: (-image.share, image.id))
    absent = [name for name, pixels in zip(classes.names, counts.pixels) if pixels == 0]
    asks = bool(absent) and config.zero == "error"
    zero: Zero = "zero" if asks else config.zero
    by_method = weights_by_method(config, counts, zero)
    dropped = {image.id for image in filled}
    kept = [pair.id for pair in pairs if pair.id not in dropped]
    result = Weights(
        **origin_of(config, description),
        counts=counts,
        method=method,
        zero=zero,
        beta=config.beta,
        by_method=by_method,
        filled=None if share is None else tuple(filled),
        notes=()
        if asks
        else notes(config, description, counts, gentlest(by_method), filled, len(kept)),
    )
    if asks:
        ask_for_zero(config, absent, ZERO_HINT, result)
    if config.keep_list is not None:
        write_keep_list(config.keep_list, kept)
    if config.out is not None:
        write_json(config.out, result.file_content())
    return result


def weights_by_method(
    config: WeightsConfig, counts: LabelCounts, zero: Zero
) -> dict[Method, MethodWeights]:
    """The weights of one method, or of all, with the weight that classes without a pixel have."""
    return {
        name: MethodWeights(
            row.text,
            tuple(
                class_weights(counts, name, zero, config.beta if row.takes_beta else None).tolist()
            ),
        )
        for name, row in METHODS.items()
        if config.method in (None, name)
    }


def notes(
    config: WeightsConfig,
    description: Description,
    counts: LabelCounts,
    method: Method,
    filled: list[FilledImage],
    kept: int,
) -> tuple[str, ...]:
    """What was written and what to do next, a paragraph each."""
    parts = [train_advice(config, description, counts, method)]
    if config.drop_background is not None:
        parts.append(filled_table(filled, config.drop_background, counts.files))
        if config.keep_list is not None:
            parts.append(list_advice(config.keep_list, description, config.split, kept))
        elif filled:
            parts.append("To leave them out, list the others: --keep-list FILE")
    return tuple(parts)


def train_advice(
    config: WeightsConfig, description: Description, counts: LabelCounts, method: Method
) -> str:
    """How to train with the weights, of a method if none is in a file."""
    data = shell_line([str(config.data)])
    if description.task == "binary":
        ratio = counts.pixels[0] / max(1, counts.pixels[1])
        loss = shell_line([f"bce(pos_weight={ratio:.3g})+dice"])
        return (
            "The task is binary, with one channel: weigh the foreground in the loss.\n"
            f"  pixelwise train {data} --loss {loss}"
        )
    if config.out is not None:
        file = shell_line([str(config.out)])
        return f"wrote {file}. To train with it:\n  pixelwise train {data} --class-weights {file}"
    by_name = f"  pixelwise train {data} --class-weights {method}"
    by_file = f"  pixelwise weights {data} --method {method} --out weights.json"
    if not counts.pixels.all():
        by_name, by_file = (f"{line} --zero {config.zero}" for line in (by_name, by_file))
    lead = "To train with weights, name the method, or a file that you can read and change:"
    return f"{lead}\n{by_name}\n{by_file}"
