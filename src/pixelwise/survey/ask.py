"""Open questions of a survey: the commands that answer them, and answers from a terminal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pixelwise.settings import flag
from pixelwise.survey.statements import Statement
from pixelwise.text import shell_line


def answer_commands(
    folder: Path, statement: Statement, given: Mapping[str, Any] | None = None
) -> list[str]:
    """The command line of each answer to an open question.

    Args:
        folder: that was surveyed.
        statement: the question.
        given: options of `pixelwise init` that have been given already.
    """
    return [init_command(folder, together([given or {}, a.options])) for a in statement.answers]


def init_command(folder: Path, options: Mapping[str, Any]) -> str:
    """The command line of `pixelwise init` with options, which replaces an earlier file."""
    words = ["pixelwise", "init", str(folder), "--force"]
    return shell_line([*words, *(word for name in options for word in _words(name, options[name]))])


def question_lines(
    folder: Path, questions: Sequence[Statement], given: Mapping[str, Any] | None = None
) -> list[str]:
    """Open questions with their answers, and the command that gives them.

    Args:
        folder, given: as in answer_commands.
        questions: at least one.
    """
    lines = list[str]()
    for question in questions:
        lines.append(f"? {question.text}")
        commands = answer_commands(folder, question, given)
        for answer, command in zip(question.answers, commands):
            options = " ".join(w for n in answer.options for w in _words(n, answer.options[n]))
            lines.append(f"  {answer.text}: {command if len(questions) == 1 else options}")
    if len(questions) > 1:
        first = [q.answers[0].options for q in questions if q.answers]
        command = init_command(folder, together([given or {}, *first]))
        lines.append(f"With the first answer to each: {command}")
    return lines


def together(answers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Options of several answers; those that list values have the values of all."""
    options: dict[str, Any] = {}
    for name, value in (item for answer in answers for item in answer.items()):
        before = options.get(name)
        if isinstance(before, tuple) and isinstance(value, tuple):
            value = tuple(dict.fromkeys([*before, *value]))  # noqa: PLW2901
        options[name] = value
    return options


def ask(
    questions: Sequence[Statement],
    read: Callable[[str], str] = input,
    show: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Ask on a terminal.

    Args:
        questions: open ones.
        read: shows a prompt and gives the line that was typed.
        show: prints a line.
    Returns:
        Options of `pixelwise init`; none for questions that were left open with an empty line.
        The end of the input leaves open those that have not been answered.
    """
    chosen: list[Mapping[str, Any]] = []
    try:
        for question in questions:
            if not question.answers:
                continue
            show(f"\n? {question.text}")
            for number, answer in enumerate(question.answers, start=1):
                show(f"  {number}  {answer.text}")
            number = _number(len(question.answers), read)
            if number:
                chosen.append(question.answers[number - 1].options)
    except EOFError:
        show("")
    except KeyboardInterrupt:
        show("")
        raise
    return together(chosen)


def _number(last: int, read: Callable[[str], str]) -> int:
    """The number from 1 to last that is typed; 0 for an empty line."""
    numbers = [str(number) for number in range(1, last + 1)]
    prompt = f"  Type {' or '.join(numbers)}, or Enter to leave it open: "
    typed = read(prompt).strip()
    while typed and typed not in numbers:
        typed = read(prompt).strip()
    return int(typed or 0)


def _words(name: str, value: Any) -> list[str]:
    values = (value if value else ("none",)) if isinstance(value, tuple) else (value,)
    return [flag(name), *map(str, values)]
