"""What the stored values of label files mean: classes, void, or ids of objects.

Three numbers are kept apart: the stored value in the file, the class index it gets, and the name.
Which values are void is sure where they lie like void, or have such a name; else it is a question.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from pixelwise.errors import DatasetError
from pixelwise.labels.class_names import is_void_name
from pixelwise.labels.classes import Classes
from pixelwise.survey.class_list import NOTHING_GIVEN
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Option, Statement
from pixelwise.survey.values.named import by_name
from pixelwise.survey.values.objects import number_objects
from pixelwise.survey.values.stored import StoredValues
from pixelwise.survey.values.suspects import find_suspects
from pixelwise.survey.values.void import (
    GREY_GAP,
    VOIDS,
    Facts,
    Meaning,
    about_void,
    listed,
    long_doubts,
    share_text,
    suspect_notes,
)
from pixelwise.text import plural

# Up to this many contiguous values are as likely to be classes as ids.
_FEWEST_IDS, FEW_IDS, _MANY_IDS = 4, 8, 20
# More values of 16 bits are hardly classes.
_MOST_NAMELESS = 64
# Of a binary label.
_MOSTLY = 0.5


def meaning_of(
    stored: StoredValues, named: Classes | None = None, given: Given = NOTHING_GIVEN
) -> Meaning:
    """The classes behind stored values, by the first rule that recognises them.

    Args:
        stored: what the label files contain.
        named: classes from a file of names; None without such a file.
        given: what a person decided: ignore_values and foreground.
    """
    known = (
        {v for several in named.values if not isinstance(several, str) for v in several}
        | set(named.ignore_values)
        if named
        else set[int]()
    )
    suspects = find_suspects(stored, {*known, *(given.ignore_values or ())})
    values = [
        v for v in stored.seen if v not in suspects.values and v not in (given.ignore_values or ())
    ]
    facts = Facts(stored, given, suspects, values or stored.seen)
    if named is not None and not all(is_void_name(name) for name in named.names):
        return by_name(facts, named)
    for rule in RULES:
        meaning = rule(facts)
        if meaning is not None:
            return meaning
    return _indices(facts)


def _chosen(facts: Facts) -> Meaning | None:
    """A person named the foreground: all other values are background."""
    front = facts.given.foreground
    if front is None:
        return None
    seen = facts.stored.seen
    if front not in seen and len(seen) > 1:  # where a single value was seen, it may be that of none
        must = f"one of the stored values {listed(seen)}"
        raise DatasetError("init", "foreground", must=must, got=front)
    void = tuple(v for v in facts.void_values if v != front)
    background = [v for v in facts.values if v != front and v not in void]
    background = background or [0 if front else max(1, *facts.stored.seen)]
    classes = Classes(["background", "foreground"], values=[background, front], ignore_values=void)
    note = f"binary: stored value {listed(background)} is background, {front} is foreground"
    doubts = [doubt for doubt in facts.doubts if doubt.value != front]
    return Meaning(classes, (Statement(SURE, note), *about_void(facts, doubts)))


def _objects(facts: Facts) -> Meaning | None:
    """Every file numbers its own objects from 1 without a gap, on background 0; or wide ids."""
    if facts.is_decided:
        return None
    # an 8-bit file may have void around its objects
    void = tuple(v for v in VOIDS[:1] if v in facts.values and not facts.stored.wide)
    left_out = {*facts.suspects.values, *void}
    files = [set(file) - left_out for file in facts.stored.files]
    without_gap = sum(file == set(range(len(file))) for file in files)
    numbers = {len(file) for file in files}
    is_scattered = facts.stored.wide and len(facts.values) > _MOST_NAMELESS
    is_numbered = (
        len(files) > 2
        and without_gap >= 0.9 * len(files)
        and max(numbers) >= _FEWEST_IDS
        and len(numbers) > 2
    )
    if not (is_scattered or is_numbered or number_objects(facts.stored, left_out)):
        return None
    are_few = max(numbers) <= FEW_IDS
    kept = {"ignore_values": void} if void else {}
    note = f"stored values up to {facts.values[-1]}"
    if without_gap >= 0.9 * len(files):
        note = f"stored values 0..n without a gap, up to {max(numbers) - 1}, n another in each file"
        if facts.stored.wide and max(numbers) > _MANY_IDS and len(numbers) > 2:
            note = f"{note}, number the objects: 0 is background, any other value is object"
            return _of_objects(facts, void, Statement(SURE, note))
    answers = (
        Answer("the values number objects", {"classes": "objects", **kept}),
        Answer("each value is a class", {"ignore_values": void}),
    )
    note = f"{note}: do they number the objects, or is each a class?"
    statement = Statement(OPEN, note, answers[::-1] if are_few else answers)
    if not are_few:
        return _of_objects(facts, void, statement)
    each = meaning_of(facts.stored, given=replace(facts.given, ignore_values=void))
    return Meaning(each.classes, (statement, *each.statements))


def _of_objects(facts: Facts, void: tuple[int, ...], statement: Statement) -> Meaning:
    classes = Classes(["background", "object"], values=[0, "other"], ignore_values=void)
    return Meaning(classes, (statement, *suspect_notes(facts)))


def _one_value(facts: Facts) -> Meaning | None:
    if len(facts.values) > 1:
        return None
    (value,) = facts.values
    front = value or 1
    foregrounds = (1, VOIDS[0]) if value == 0 else (value, 0)
    other = 0 if value else 1
    note = f"binary, though stored value {value} alone was seen: which one is foreground?"
    answers = tuple(
        Answer(
            f"{v} is foreground{'' if v == value else ' (never seen)' * bool(v)}", {"foreground": v}
        )
        for v in foregrounds
    )
    values = [0, front] if value == 0 else [other, value]
    classes = Classes(["background", "foreground"], values=values, ignore_values=facts.void)
    return Meaning(classes, (Statement(OPEN, note, answers), *suspect_notes(facts)))


def _two_codes(facts: Facts) -> Meaning | None:
    """Files of 0, 1 among files of 0, 255; or of 0, 254."""
    white, values = VOIDS[0], facts.values
    if len(values) != 3 or values[0] != 0 or values[2] != white:
        return None
    one = values[1]
    if 1 < one <= white - GREY_GAP or any({one, white} <= set(f) for f in facts.stored.files):
        return None
    ones, whites = (facts.stored.holders[v] for v in (one, white))
    note = (
        f"foreground is stored as {one} in {plural(ones, 'file')} and as {white} in {whites:,} "
        "others: the two never occur together"
    )
    both = "binary" if one == 1 else f"background=0,foreground={one},foreground={white}"
    answers = (
        Answer("both are foreground", {"classes": both}),
        Answer(f"{white} is void", {"ignore_values": (white,)}),
    )
    classes = Classes(["background", "foreground"], values=[0, (one, white)])
    if facts.is_decided:
        return Meaning(classes, (Statement(SURE, note), *suspect_notes(facts)))
    return Meaning(classes, (Statement(OPEN, note, answers), *suspect_notes(facts)))


def _two_values(facts: Facts) -> Meaning | None:
    values = facts.class_values
    if len(values) != 2:
        return None
    back, front = values
    share = facts.stored.share([front], values)
    note = f"binary: stored value {back} is background, {front} is foreground, {share_text(share)}"
    answers = tuple(Answer(f"{v} is foreground", {"foreground": v}) for v in (front, back))
    if back == 0 and share <= _MOSTLY:
        is_index = 1 < front < GREY_GAP
        statement = Statement(LIKELY if is_index else SURE, note)
    elif back == 0:
        note = f"stored value {front} is {share_text(share)}: is it the foreground, or is 0?"
        statement = Statement(OPEN, note, answers)
    else:
        if share > _MOSTLY:
            back, front, answers = front, back, answers[::-1]
        if values[-1] in VOIDS:
            decided: dict[str, Option] = {"ignore_values": (values[-1],), "foreground": values[0]}
            answers += (Answer(f"{values[-1]} is void", decided),)
        note = f"two classes, stored as {listed(values)}: is {front} the foreground?"
        statement = Statement(OPEN, note, answers)
    table = Classes(
        ["background", "foreground"], values=[back, front], ignore_values=facts.void_values
    )
    if statement.sureness == OPEN and facts.doubts:
        return Meaning(table, tuple(about_void(facts, fronts=(front, back))))
    return Meaning(table, (statement, *about_void(facts)))


def _grey_levels(facts: Facts) -> Meaning | None:
    gaps = [b - a for a, b in pairwise(facts.values)]
    if not gaps or min(gaps) < GREY_GAP or facts.values[-1] > 255:
        return None
    levels = facts.class_values
    note = f"{plural(len(levels), 'class')}, stored as the grey levels {listed(levels)}"
    note += ", which have equal steps" if max(gaps) - min(gaps) <= 2 and not levels[0] else ""
    table = Classes(_numbered(levels), values=levels, ignore_values=facts.void_values)
    return Meaning(table, (Statement(LIKELY, note), *about_void(facts)))


def _indices(facts: Facts) -> Meaning:
    seen, void = facts.class_values, facts.void_values
    doubts = [*facts.doubts, *([] if void or facts.is_decided else long_doubts(seen))]
    # a class in between may be missing from the files that were read, but not most classes
    left_out = {*void, *facts.suspects.values}
    every = [v for v in range(seen[0], seen[-1] + 1) if v not in left_out]
    every = every if 2 * len(seen) >= len(every) else seen
    statements = [
        Statement(
            LIKELY, f"{plural(len(every), 'class')}, stored as {listed(every)}, without names"
        )
    ]
    if never := sorted(set(every) - set(seen)):
        text = f"stored values that were never seen are classes too: {listed(never)}"
        statements.append(Statement(LIKELY, text))
    if seen[0] > 0:
        text = f"the lowest stored value is {seen[0]}, which becomes class index 0"
        statements.append(Statement(LIKELY, text))
    asked = about_void(facts, doubts)
    if not void and not asked and not facts.is_decided:
        text = "no value is taken for void: if one is, name it by --ignore-values"
        statements.append(Statement(LIKELY, text))
    # the class index of void is none of those of classes
    index = VOIDS[len(every) > VOIDS[0]]
    classes = Classes(_numbered(every), None, every, index, void)
    return Meaning(classes, (*statements, *asked))


# Each says what the values mean, or None; the first that knows is taken, at last _indices.
RULES: tuple[Callable[[Facts], Meaning | None], ...] = (
    _chosen,
    _one_value,
    _objects,
    _two_codes,
    _two_values,
    _grey_levels,
)


def _numbered(values: list[int]) -> list[str]:
    return [f"class_{index}" for index in range(len(values))]
