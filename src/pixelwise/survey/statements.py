"""What a survey says: sentences, each with how sure it is, and the description they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pixelwise.labels.description import Description
from pixelwise.labels.pairs import Pair

Sureness = Literal["sure", "likely", "a guess, check it"]
SURE: Sureness = "sure"
LIKELY: Sureness = "likely"
GUESS: Sureness = "a guess, check it"


@dataclass(frozen=True)
class Statement:
    """A conclusion and its evidence in one sentence, and how sure it is."""

    sureness: Sureness
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.sureness})"


@dataclass(frozen=True)
class Survey:
    """What a survey of a folder concludes.

    Args:
        description: ready to be used, or to be written by write_description.
        statements: every conclusion.
        lists: ids by the name of a list that splits ask for and that is to be written.
        pairs: of all splits.
    """

    SCHEMA: ClassVar[str] = "pixelwise.survey/1"
    description: Description
    statements: tuple[Statement, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = field(default=(), repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """The statements as text, ending in "(sure)", "(likely)" or "(a guess, check it)"."""
        return tuple(map(str, self.statements))

    @property
    def unsure(self) -> tuple[str, ...]:
        """Those of the notes that are not sure: a person should check them."""
        return tuple(str(s) for s in self.statements if s.sureness != SURE)

    def text(self) -> str:
        """The notes, one a line; what should be checked is marked with "?"."""
        marks = (f"  {'?' if note in self.unsure else ' '} {note}" for note in self.notes)
        doubt = "Please check what is marked with ?, and change the file if it is wrong."
        return "\n".join([*marks, *([doubt] if self.unsure else [])])

    __repr__ = text
