"""Stored values and a list of names: which value has which name, and which is void."""

from collections.abc import Sequence
from typing import Any

from pixelwise.labels.class_names import is_background_name, is_void_name, known_colors
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import voc_colormap
from pixelwise.survey.conversion import MOSTLY
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement
from pixelwise.survey.values.void import (
    VOIDS,
    Facts,
    Meaning,
    lies_like_void,
    listed,
    share_text,
    suspect_notes,
)
from pixelwise.text import plural


def by_name(facts: Facts, named: Classes) -> Meaning:
    """Classes whose name means void become void; values without a name are a question.

    Args:
        facts: what the label files contain, and what a person decided.
        named: the names, of which one at least does not mean void.
    """
    if "other" in named.values:
        ignored = tuple(dict.fromkeys([*named.ignore_values, *facts.void]))
        table = Classes(named.names, named.colors, named.values, named.ignore_index, ignored)
        return Meaning(table, ())
    rows = [r for r in zip(named.names, named.values, named.colors) if not is_void_name(r[0])]
    void_rows = [r for r in zip(named.names, named.values) if is_void_name(r[0])]
    void: list[Any] = [
        *named.ignore_values,
        *(value for _, values in void_rows for value in values),
    ]
    names, values = [name for name, _, _ in rows], [value for _, value, _ in rows]
    colors: list[Any] | None = [color for _, _, color in rows]
    statements = [Statement(SURE, f"{plural(len(names), 'class')} with names: {listed(names)}")]
    statements += [
        Statement(SURE, f"stored value {listed(v)} is void: it is called {n}") for n, v in void_rows
    ]
    known = known_colors(names)
    if known is not None and _has_default_colors(named):
        colors = list(known[1])
        statements.append(
            Statement(SURE, f"colours are those of {known[0]}, which has the same class names")
        )
    if facts.is_decided:
        void = [*void, *(v for v in facts.void if v not in void)]
        rows = [r for r in zip(names, values, colors or ()) if not set(r[1]) & set(facts.void)]
        names, values, colors = [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]

    claimed = {v for several in values for v in several if not isinstance(v, str)}
    in_files = [value for value in facts.values if value not in void]
    unnamed = [value for value in in_files if value not in claimed]
    for value in [v for v in unnamed if v in VOIDS and not facts.is_decided]:
        if why := lies_like_void(facts.stored, value, in_files):
            statements.append(Statement(SURE, f"stored value {value} is void: {why}"))
            void.append(value)
            unnamed.remove(value)
            in_files.remove(value)
    if unnamed:
        found = _ordered(facts, in_files, unnamed, names, claimed)
        new, notes = found if found is not None else _without_names(facts, unnamed, claimed)
        statements += notes
        if isinstance(new, dict):
            names, values, colors = list(new), [(v,) for v in new.values()], None
        elif new:
            void += new
        extra = [] if isinstance(new, dict) else [v for v in unnamed if v not in void]
        if extra:
            names += [f"class_{value}" for value in extra]
            values += [(value,) for value in extra]
            colors = None
    colors = colors if colors is None or len(colors) == len(names) else None
    classes = Classes(names, colors, values, named.ignore_index, void)
    return Meaning(classes, (*statements, *suspect_notes(facts)))


_Found = tuple[dict[str, int] | list[int], list[Statement]]


def _ordered(
    facts: Facts, in_files: list[int], unnamed: list[int], names: list[str], claimed: set[int]
) -> _Found | None:
    """The names given to the stored values in their order, perhaps behind a background."""
    has_background = any(map(is_background_name, names))
    in_order = dict(zip(names, in_files))
    if len(in_files) == len(names):
        note = f"stored values {listed(in_files)} have the names in their order"
        share = facts.stored.share(in_files[1:], in_files)
        if len(names) == 2 and is_background_name(names[0]) and share > MOSTLY:
            orders = in_order, dict(zip(names, in_files[::-1]))
            answers = tuple(
                Answer(
                    f"{order[names[1]]} is {names[1]}",
                    {"classes": ",".join(f"{n}={v}" for n, v in order.items())},
                )
                for order in orders
            )
            text = f"{names[1]} is {share_text(share)}: is it {in_files[1]} or {in_files[0]}?"
            return in_order, [Statement(OPEN, text, answers)]
        if len(claimed.intersection(in_files)) <= 1 or facts.is_decided:
            return in_order, [Statement(LIKELY, note)]
        if in_files[0] > 0:
            answers = (
                Answer(note, {"ignore_values": ()}),
                Answer(f"{listed(unnamed)} is void", {"ignore_values": tuple(unnamed)}),
            )
            text = f"{note}, or {listed(unnamed)}, which has no name, is void"
            return in_order, [Statement(OPEN, text, answers)]
    if len(in_files) == len(names) + 1 and in_files[0] == 0 and not has_background:
        shifted = {"background": 0, **dict(zip(names, in_files[1:]))}
        note = f"stored value 0 is background, which has no name, and {listed(in_files[1:])} "
        note += f"{'is' if len(names) == 1 else 'are'} {listed(names)}"
        if len(names) == 1 or facts.is_decided:
            return shifted, [Statement(SURE, note)]
        if len(unnamed) == 1:
            top = unnamed[0]
            answers = (
                Answer(f"{top} is void", {"ignore_values": (top,)}),
                Answer(note, {"ignore_values": ()}),
            )
            text = f"is stored value {top} void, since no class has it ({_share(facts, top)})?"
            text = f"{text} Or is 0 a background that has no name?"
            return [top], [Statement(OPEN, text, answers)]
    return None


def _without_names(facts: Facts, unnamed: list[int], claimed: set[int]) -> _Found:
    """Values that no name claims: void or classes."""
    if facts.is_decided:
        text = f"stored values without a name are classes: {listed(unnamed)}"
        return [], [Statement(LIKELY, text)]
    likely = [v for v in unnamed if v in (*VOIDS, max(claimed) + 1)][-1:]
    text = f"stored {'value' if len(unnamed) == 1 else 'values'} {listed(unnamed)} without a name "
    text += f"({', '.join(_share(facts, v) for v in unnamed[:3])}): void or classes?"
    choices: Sequence[list[int]] = list(
        map(list, dict.fromkeys(map(tuple, [likely or [], unnamed, []])))
    )
    answers = tuple(
        Answer(
            f"{listed(void)} {'is' if len(void) == 1 else 'are'} void"
            if void
            else f"{plural(len(unnamed), 'class')} without a name: {listed(unnamed)}",
            {"ignore_values": tuple(void)},
        )
        for void in choices
    )
    return likely, [Statement(OPEN, text, answers)]


def _share(facts: Facts, value: int) -> str:
    return share_text(facts.stored.share([value]))


def _has_default_colors(classes: Classes) -> bool:
    """Whether the colours are a default palette, not chosen."""
    return [list(color) for color in classes.colors] == voc_colormap(len(classes)).tolist()
