"""Which stored values are void: by how they lie, by habit, or by what a person says.

Void is sure where it lies like void; where a value may be void, there is one question about all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from pixelwise.labels.classes import Classes
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.survey.values.stored import StoredValues
from pixelwise.survey.values.suspects import Suspects
from pixelwise.text import percent, some

# Where void is kept by habit.
VOIDS = (255, 65535)
LISTED_VALUES = 12
# Void as a border: of its pixels so many are thin and have two other values close by; and so
# many of the pixels of the others are not thin.
_THIN, _BETWEEN, _SOLID = 0.8, 0.6, 0.5
# With so many classes, one of them is often void.
_LONG_LIST = 8
_MOST_ANSWERS = 4
# Values so far above class indices, if they are few, are not of the same list.
_FAR, _MOST_FAR = 8, 3
# Class indices are neighbours; grey levels that were chosen to be seen are far apart.
GREY_GAP = 8
_LEAST_SHOWN = 5e-5


@dataclass(frozen=True)
class Meaning:
    """What stored values mean, with the evidence."""

    classes: Classes
    statements: tuple[Statement, ...]

    @property
    def task(self) -> Literal["multiclass", "binary"]:
        """Two classes need no more than one sigmoid channel."""
        return "binary" if len(self.classes) == 2 else "multiclass"


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    Args:
        stored: what the label files contain.
        given: what a person decided.
        suspects: values that are neither classes nor void.
        values: the others but for those given as void, ascending.
    """

    stored: StoredValues
    given: Given
    suspects: Suspects
    values: list[int]

    @property
    def void(self) -> tuple[int, ...]:
        """What a person calls void, or ()."""
        return self.given.ignore_values or ()

    @property
    def is_decided(self) -> bool:
        """Whether a person has said which values are void."""
        return self.given.ignore_values is not None

    @property
    def far(self) -> list[int]:
        """A few values far above a dense 0..n or 1..n."""
        low = list[int]()
        for value in self.values:
            if low and not (is_dense([*low, value]) and value - low[-1] < _FAR):
                break
            low.append(value)
        far = self.values[len(low) :]
        return far if len(low) > 1 and is_dense(low) and len(far) <= _MOST_FAR else []

    @property
    def high(self) -> list[int]:
        """Values where void is kept by habit, above class indices."""
        habit = VOIDS if self.stored.wide else VOIDS[:1]
        return [] if self.is_decided else [v for v in self.far if v in habit]

    @cached_property
    def doubts(self) -> list["Doubt"]:
        """Values that may be void, without names."""
        if self.is_decided:
            return []
        low = [v for v in self.values if v not in self.far]
        others = [Doubt(v, f"far above {low[0]}..{low[-1]}") for v in self.far if v not in VOIDS]
        return [*high_doubts(self), *others, *thin_doubts(self, low), *odd_doubts(self)]

    @property
    def void_values(self) -> tuple[int, ...]:
        """Void as it is given, or sure or assumed without names."""
        assumed = {d.value for d in self.doubts if d.is_void}
        return tuple(sorted({*self.void, *self.high, *assumed}))

    @property
    def class_values(self) -> list[int]:
        """The values that are not void."""
        return [v for v in self.values if v not in self.void_values]


@dataclass(frozen=True)
class Doubt:
    """A value that may be void.

    Args:
        value: stored.
        why: evidence, as a clause.
        is_void: what is assumed.
    """

    value: int
    why: str
    is_void: bool = True


def lies_like_void(stored: StoredValues, value: int, others: Iterable[int]) -> str:
    """The evidence that a value is drawn as void, as a clause; "" if it is not.

    It is a thin border between regions of others, which are not thin themselves.
    """
    extent = stored.extents.get(value)
    rest = [stored.extents[v] for v in others if v != value and v in stored.extents]
    if extent is None or len(rest) < 2 or not extent.pixels:
        return ""
    thin = 1 - extent.thick / extent.pixels
    between = extent.two_sided / extent.pixels
    solid = sum(e.thick for e in rest) / max(1, sum(e.pixels for e in rest))
    if thin < _THIN or between < _BETWEEN or solid < _SOLID:
        return ""
    return f"drawn as thin borders between other values, {percent(between, 0)} % of its pixels"


def is_dense(values: Sequence[int]) -> bool:
    """Whether values are class indices 0..n or 1..n, of which some may not have been seen."""
    return values[0] <= 1 and 2 * len(values) >= values[-1] + 1 - values[0]


def high_doubts(facts: Facts) -> list[Doubt]:
    """About 255 and 65535 above class indices, unless they lie like void."""
    values = [v for v in facts.values if v not in facts.far]
    doubts = []
    for value in facts.high:
        share = facts.stored.share([value])
        why = f"above {values[0]}..{values[-1]}, {share_text(share)}"
        if not lies_like_void(facts.stored, value, values):
            why += ", not as thin borders" if value in facts.stored.extents else ""
            doubts.append(Doubt(value, why))
    return doubts


def thin_doubts(facts: Facts, values: list[int]) -> list[Doubt]:
    """About values that lie like void."""
    if len(values) < 3:
        return []
    doubts = []
    for value in values:
        if why := lies_like_void(facts.stored, value, values):
            is_outer = value in (values[0], values[-1])
            if not is_outer and len(values) >= _LONG_LIST:
                continue  # among many classes some are thin
            why += "" if is_outer else ": a class, void, or made by resizing the labels"
            doubts.append(Doubt(value, why, is_void=is_outer))
    return doubts


def odd_doubts(facts: Facts) -> list[Doubt]:
    """About 255 above values that are neither class indices nor grey levels."""
    gaps = [b - a for a, b in pairwise(facts.values)]
    if facts.high or len(gaps) < 2 or min(gaps) >= GREY_GAP or facts.values[-1] not in VOIDS:
        return []
    share = share_text(facts.stored.share(facts.values[-1:]))
    return [Doubt(facts.values[-1], f"above {listed(facts.values[:-1])}, {share}")]


def long_doubts(values: list[int]) -> list[Doubt]:
    if len(values) < _LONG_LIST:
        return []
    why = f"one of {len(values)} values without names"
    return [Doubt(v, why, is_void=False) for v in (values[-1], values[0])]


def about_void(
    facts: Facts, doubts: list[Doubt] | None = None, fronts: tuple[int, ...] = ()
) -> list[Statement]:
    """What is said about void and suspects: one question about all that is not sure.

    Args:
        facts: what is known.
        doubts: in place of those of facts.
        fronts: the values of which one is foreground if void is what is assumed.
    """
    doubts = facts.doubts if doubts is None else doubts
    statements = [
        Statement(SURE, f"stored value {v} is void: {why}")
        for v in facts.high
        if (why := lies_like_void(facts.stored, v, facts.values))
    ]
    suspects = tuple(facts.suspects.values)
    if facts.is_decided:
        return [*statements, *suspect_notes(facts)]
    if not doubts and not suspects:
        return statements
    sure = {v for v in facts.high if v not in {d.value for d in doubts}}
    assumed = frozenset(sure | {d.value for d in doubts if d.is_void})
    choices = [assumed]
    choices += [assumed ^ {d.value} for d in doubts]
    if len(doubts) > 1:
        choices.append(frozenset(sure))
    voids = list(dict.fromkeys(choices))
    if suspects:
        voids = [w for v in voids for w in (v, v | set(suspects))]
    asked = [f"{doubt.value} is {doubt.why}" for doubt in doubts]
    if doubts:
        values = listed(doubt.value for doubt in doubts)
        what = f"is stored value {values}" if len(doubts) == 1 else f"which of {values} are"
        asked = [f"{what} void? {some(asked, 3, '; ')}"]
    if fronts:
        asked.append(f"Which is the foreground, {fronts[0]} or {fronts[1]}?")
    text = " ".join(asked)
    text = ". ".join([*([text] if text else []), *([facts.suspects.text] if suspects else [])])
    answers = [
        _answer(frozenset(v), suspects, front)
        for v in voids[:_MOST_ANSWERS]
        for front in (fronts if fronts and v - set(suspects) == assumed else (None,))
    ]
    if suspects:
        answers.append(_as_classes(facts, suspects, assumed))
    return [*statements, Statement(OPEN, text, tuple(answers))]


def _answer(void: frozenset[int], suspects: tuple[int, ...], front: int | None) -> Answer:
    text, options = _void_text(sorted(void), suspects), {"ignore_values": tuple(sorted(void))}
    if front is None:
        return Answer(text, options)
    return Answer(f"{text}, {front} is foreground", {**options, "foreground": front})


def _as_classes(facts: Facts, suspects: tuple[int, ...], void: frozenset[int]) -> Answer:
    """The answer that rare values are classes like the others."""
    values = sorted({*facts.values, *suspects} - void)
    typed = ",".join(f"class_{index}={value}" for index, value in enumerate(values))
    what = "is a class" if len(suspects) == 1 else "are classes"
    options: dict[str, Any] = {"classes": typed, "ignore_values": tuple(sorted(void))}
    return Answer(f"{listed(suspects)} {what}", options)


def _void_text(void: list[int], suspects: tuple[int, ...]) -> str:
    text = f"{listed(void)} {'is' if len(void) == 1 else 'are'} void" if void else "nothing is void"
    if not suspects or set(suspects) & set(void):
        return text
    mistakes = "is a mistake" if len(suspects) == 1 else "are mistakes"
    return f"{text}; {listed(suspects)} {mistakes}, which audit --fix-rules safe V14 repairs"


def suspect_notes(facts: Facts) -> list[Statement]:
    """Values that are left out of the classes though nothing is asked about void."""
    return [Statement(LIKELY, facts.suspects.text)] if facts.suspects.values else []


def share_text(share: float) -> str:
    """A share of the pixels as words."""
    if 0 < share < _LEAST_SHOWN:
        return "less than 0.01 % of the pixels"
    return f"{percent(share, 0 if share >= 0.02 else 2)} % of the pixels"


def listed(items: Iterable[Any]) -> str:
    """Items after each other; a long list is cut in the middle."""
    texts = [str(item) for item in items]
    if len(texts) > LISTED_VALUES:
        texts = [*texts[: LISTED_VALUES - 2], "...", texts[-1]]
    return ", ".join(texts)
