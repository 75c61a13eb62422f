"""A newcomer: runs `pixelwise init FOLDER` and then what is printed, and nothing else."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from first_contact.drawings import Truth
from pixelwise.cli.entry import main
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

COMMAND = re.compile(r"(pixelwise (?:init|convert) .+?)(?=$|; pixelwise|\. [A-Z]| \(|\)$)", re.M)
INIT, OPEN, REFUSED = "init", 1, 2


@dataclass(frozen=True)
class Step:
    """A command line, its exit code and what it printed."""

    command: str
    code: int
    text: str


def run(command: str, capsys) -> Step:
    words = shlex.split(command)
    assert words[0] == "pixelwise"
    try:
        code = main(words[1:])
    except SystemExit as end:
        code = int(str(end.code))
    printed = capsys.readouterr()
    return Step(command, code, printed.out + printed.err)


def follow(folder: Path, truth: Truth, capsys) -> list[Step]:
    """The commands that a newcomer runs: init, then the one that is printed, at most two more.

    Of the answers to a question, the one of the truth is taken.
    """
    steps = [run(shlex.join(["pixelwise", "init", str(folder)]), capsys)]
    while steps[-1].code and len(steps) < 3:
        commands = advice(steps[-1], truth)
        if not commands:
            break
        for command in commands:
            steps.append(run(command, capsys))
            if steps[-1].code:
                break
    return steps


def advice(step: Step, truth: Truth) -> list[str]:
    """The commands to run next; of several answers, the one of the truth."""
    lines = [found.strip() for found in COMMAND.findall(step.text)]
    if step.code == OPEN:
        options = [_option(name, value) for name, value in truth.answer.items()]
        lines = [line for line in lines if all(option in f"{line} " for option in options)]
    return lines[0].split(" && ") if lines else []


def _option(name: str, value: object) -> str:
    values = (value or ("none",)) if isinstance(value, tuple) else (value,)
    return f"--{name.replace('_', '-')} {' '.join(map(str, values))} "


def dataset_of(step: Step) -> Path:
    """The folder of the dataset that a command has made."""
    words = shlex.split(step.command)
    if words[1] == INIT:
        return Path(words[2])
    if "--out" in words:
        return Path(words[words.index("--out") + 1])
    source = Path(words[2])
    return source.with_name(f"{source.stem}-converted")


def problems(folder: Path, truth: Truth) -> list[str]:
    """What is wrong with a dataset: labels, classes and splits."""
    description = read_description(folder)
    found = {split: description.pairs(split) for split in description.splits}
    wrong, seen = [], dict[str, set[str]]()
    if truth.names and description.classes.names != truth.names:
        wrong.append(f"classes {description.classes.names} instead of {truth.names}")
    if description.open:
        wrong.append(f"open: {description.open}")
    for split, pairs in found.items():
        seen[split] = set()
        for pair in pairs:
            if pair.label is None:
                continue
            name = _name(pair.image, truth)
            if name is None:
                wrong.append(f"{pair.image} is not one of the labelled images")
                continue
            seen[split].add(name)
            index = description.classes.to_index(read_label(pair.label), str(pair.label))
            index = np.where(index == description.classes.ignore_index, 255, index)
            share = float((index != truth.labels[name]).mean())
            # the borders of soft and lossy labels are gone
            if share > 0.03:
                wrong.append(f"{pair.label}: {share:.0%} of the pixels differ")
    for split, names in truth.splits.items():
        if seen.get(split) != names:
            wrong.append(f"split {split} has {sorted(seen.get(split, ()))}")
    lost = set(truth.labels) - set().union(*seen.values())
    if lost:
        wrong.append(f"without {sorted(lost)}")
    return wrong


def _name(image: Path, truth: Truth) -> str | None:
    """The longest name of the truth that the path of an image has."""
    text = re.sub(r"[^\w/.-]", "_", image.as_posix())
    names = [n for n in truth.labels if re.search(rf"(^|[/_]){re.escape(n)}(?![0-9])", text)]
    return max(names, key=len, default=None)
