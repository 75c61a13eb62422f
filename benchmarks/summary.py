"""What RESULTS.md says in short: its figures beside their targets, and the table of the README.

Everything here is read from the tables in the text of RESULTS.md, so that nothing is said twice.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure

RESULTS = Path(__file__).with_name("RESULTS.md")
README = RESULTS.parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks -->", "<!-- end of benchmarks -->"
RATIO = "time / pixelwise"
DENSE = {c: f"({n}, {c}, 512, 512)" for n, c in ((4, 19), (2, 150), (8, 2))}
UPSAMPLED = {c: f"({n}, {c}, 128, 128) → 512 with the loss" for n, c in ((4, 19), (2, 150))}
PREDICTED = {c: f"({n}, {c}, 128, 128) → 512 label map" for n, c in ((4, 19), (2, 150))}
EAGER = ("torch eager", "kornia", "MONAI", "smp", "nnU-Net formula")
PEERS = ("torch.compile", "kornia", "MONAI", "torch eager", "smp")
COMPILED, FLOOR = "torch.compile", "two exp passes (floor)"
NOT_YET = "not measured"


@dataclass(frozen=True)
class Target:
    """What a figure must be.

    Args:
        work: what is measured.
        aim: the bound in words; a number in it that follows ≥ or ≤ is the bound.
        table: beginning of the first cell in the head of its table.
        rows: whose figures count; the least of them if it must be large, else the greatest.
        column: of the figure, in the head.
        inverse: the figure is 1 / what stands there.
        why: why it is missed, or not measured, and what was tried.
    """

    work: str
    aim: str
    table: str
    rows: tuple[str, ...]
    column: str = RATIO
    inverse: bool = False
    why: str = ""

    def is_met(self, value: float) -> bool:
        """Whether a figure, as it is shown, is within the bound."""
        found = re.search(r"([≥≤]) ([\d.,]+)", self.aim)
        assert found is not None, self.aim
        bound = number(found[2])
        return value >= bound if found[1] == "≥" else value <= bound

    def value(self, tables: "Tables") -> float | None:
        """The figure; None if it is not in the tables."""
        cells = [tables.cell(self.table, row, self.column) for row in self.rows]
        found = [number(cell) for cell in cells if cell]
        if not found:
            return None
        values = [round(1 / v, 2) for v in found] if self.inverse else found
        return min(values) if "≥" in self.aim else max(values)


@dataclass
class Tables:
    """The tables of a text: by the first cell of the head, the head and the rows by first cell."""

    found: dict[str, tuple[list[str], dict[str, list[str]]]] = field(default_factory=dict)

    def cell(self, table: str, row: str, column: str) -> str:
        """A cell; "" if it is not there.

        Args:
            table, row: beginnings of what stands in the first column.
            column: beginning of its head.
        """
        for first, (head, rows) in self.found.items():
            if not first.startswith(table):
                continue
            place = next((i for i, name in enumerate(head) if name.startswith(column)), None)
            cells = next((cells for name, cells in rows.items() if name.startswith(row)), None)
            if place is not None and cells is not None:
                return cells[place]
        return ""


def read_tables(text: str) -> Tables:
    """All tables of a Markdown text."""
    tables = Tables()
    head: list[str] = []
    for line in text.splitlines():
        if not line.startswith("| "):
            head = []
            continue
        cells = [cell.strip() for cell in line.strip("|\n").split(" | ")]
        if not head:
            head = cells
            tables.found.setdefault(head[0], (head, {}))
        elif not set(line) <= set("| -"):
            tables.found[head[0]][1].setdefault(cells[0], cells)
    return tables


def number(cell: str) -> float:
    """The first number in a cell."""
    found = re.search(r"\d[\d,]*\.?\d*", cell)
    assert found is not None, cell
    return float(found[0].replace(",", "").rstrip("."))


def target_table(text: str, targets: tuple[Target, ...]) -> str:
    """Every target with its figure, and whether it is met."""
    tables, lines = read_tables(text), []
    for target in targets:
        value = target.value(tables)
        if value is None:
            lines.append([target.work, target.aim, NOT_YET, target.why])
            continue
        unit = target.aim.split(" or ")[0].split(";")[0]
        shown = re.sub(r"[≥≤] [\d.,]+", f"{value:,.10g}", unit, count=1)
        met = "met" if target.is_met(value) else f"missed: {target.why}".rstrip(": ")
        lines.append([target.work, target.aim, shown, met])
    return measure.table(["what", "target", "measured", "met"], lines)


def short_table(text: str) -> str:
    """Our time, and how many times longer others take: the main rows."""
    tables = read_tables(text)
    lines = []
    for work, name in chart_works().items():
        ours = tables.cell(name, "pixelwise", "median")
        memory = tables.cell(name, "pixelwise", "extra memory")
        cells = [tables.cell(name, peer, RATIO) for peer in PEERS]
        lines.append([work, ours, *cells, memory])
    head = ["two CPU cores, float32", "pixelwise", *PEERS, "memory of pixelwise"]
    return measure.table(head, lines)


def chart_works() -> dict[str, str]:
    """Works of the chart and of the short table: what they are called, and their tables."""
    dense = {f"CE + Dice, {c} classes": DENSE[c] for c in (19, 150, 2)}
    inside = {f"×4 upsampled CE + Dice, {c} classes": UPSAMPLED[c] for c in (19, 150)}
    return dense | inside


def into_readme(text: str) -> None:
    """Put the short table of RESULTS.md into the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    block = f"{BEGIN}\n\n{short_table(text)}\n\n{END}"
    README.write_text(before + block + after, encoding="utf-8")
