"""What a survey says: sentences, each with how sure it is, and the description they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from pixelwise.labels.description import Description
from pixelwise.labels.pairs import Pair
from pixelwise.survey.given import Given
from pixelwise.text import plural

Sureness = Literal["sure", "likely", "open"]
# one candidate, or a margin in content and a known sign
SURE: Sureness = "sure"
# a guess that costs nothing if it is wrong: names, folds, files left out
LIKELY: Sureness = "likely"
# which files are labels, which values are classes or void, which side is foreground, which split
# is which, where that is not sure
OPEN: Sureness = "open"
_ENDINGS = {SURE: "sure", LIKELY: "likely", OPEN: "please decide"}


# the value of an option of `pixelwise init`
Option = str | int | tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """An answer to an open question.

    Args:
        text: what is decided, such as "1st_manual holds the labels".
        options: of `pixelwise init` by name, that decide it; see Given.
    """

    text: str
    options: Mapping[str, Option]


@dataclass(frozen=True)
class Statement:
    """A conclusion and its evidence in one sentence, how sure it is, and how to decide it.

    Args:
        sureness: "open" is a question.
        text: the conclusion that the description assumes, or the question.
        answers: of an open question; the first is what the description assumes.
    """

    sureness: Sureness
    text: str
    answers: tuple[Answer, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} ({_ENDINGS[self.sureness]})"


@dataclass(frozen=True)
class Survey:
    """What a survey of a folder concludes.

    Args:
        description: ready to be used, or to be written by write_description.
        statements: every conclusion.
        pairs: of all splits.
        given: what a person had decided.
        lists: ids by the name of a list that splits ask for and that is to be written.
    """

    SCHEMA: ClassVar[str] = "pixelwise.survey/1"
    description: Description
    statements: tuple[Statement, ...]
    pairs: tuple[Pair, ...] = field(default=(), repr=False)
    given: Given = field(default_factory=Given, repr=False)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """The statements as text, ending in "(sure)", "(likely)" or "(please decide)"."""
        return tuple(map(str, self.statements))

    @property
    def open(self) -> tuple[Statement, ...]:
        """The questions that have to be answered before the description can be used."""
        return tuple(s for s in self.statements if s.sureness == OPEN)

    def accepted(self) -> "Survey":
        """The same without questions: what they assume is taken."""
        statements = tuple(
            replace(s, sureness=LIKELY, answers=()) if s in self.open else s
            for s in self.statements
        )
        return replace(self, statements=statements, description=replace(self.description, open=()))

    def finding(self) -> str:
        """Why the command ends with exit code 1; "" if no question is open."""
        if not self.open:
            return ""
        number = plural(len(self.open), "question")
        be = "is" if len(self.open) == 1 else "are"
        return f"{number} {be} open: the commands above decide"

    @property
    def unsure(self) -> tuple[str, ...]:
        """Those of the notes that are not sure: a person should check them."""
        return tuple(str(s) for s in self.statements if s.sureness != SURE)

    def text(self) -> str:
        """What is sure or likely, one a line; what is likely is marked with "?"."""
        told = [s for s in self.statements if s.sureness != OPEN]
        return "\n".join(f"  {' ' if s.sureness == SURE else '?'} {s}" for s in told)

    __repr__ = text

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_table

        rows = [[_ENDINGS[s.sureness], s.text] for s in self.statements]
        answers = [f"{a.text}?" for s in self.open for a in s.answers]
        counted = plural(len(self.pairs), "pair")
        return html_table(["how sure", "statement"], rows, f"{counted}", answers, words=True)
