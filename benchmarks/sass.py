"""Machine code of a GPU kernel: its loops, what one warp issues in them, and how long it waits.

`nvdisasm` writes one instruction a line and a label before each target of a branch. A branch to an
earlier label closes a loop. Nothing here knows how often a loop runs: the caller says it, by depth.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

INSTRUCTION = re.compile(
    r"/\*[0-9a-f]{4,}\*/\s+(?:(@!?U?P\w+)\s+)?([A-Z0-9_]+(?:\.[A-Z0-9_.]+)?)(.*?);"
)
LABEL = re.compile(r"^([.$][\w$.]+):")
TARGET = re.compile(r"`\(([^)]+)\)")
# cycles that an instruction of a warp keeps a pipe of one of the four quarters of an SM busy
PIPES = {
    **dict.fromkeys(["FFMA", "FADD", "FMUL"], ("fma", 1)),
    **dict.fromkeys(["IMAD", "HFMA2", "HADD2", "HMUL2"], ("fma", 2)),
    **dict.fromkeys(["MUFU", "I2F", "F2I", "F2F", "I2FP"], ("special", 8)),
    **dict.fromkeys(["DADD", "DMUL", "DFMA", "DSETP"], ("float64", 2)),
    **dict.fromkeys(
        ["LDG", "STG", "LDS", "STS", "SHFL", "LDL", "STL", "ATOMG", "RED"], ("memory", 4)
    ),
    **dict.fromkeys(
        ["R2UR", "S2R", "CS2R", "BRA", "EXIT", "NOP", "LDC", "BSSY", "BSYNC", "WARPSYNC", "BAR"],
        ("", 0),
    ),
}
OTHER = ("integer", 2)
NO_RESULT = ("STG", "STS", "STL", "ATOMG", "RED", "REDG", "BRA", "EXIT", "BAR")
SLOW = {"MUFU": 24, "I2F": 24, "F2F": 24, "F2I": 24, "LDS": 24, "SHFL": 24}  # cycles to a result
ARITHMETIC = 5
PREDICATE = 6
TURN = 30  # cycles around a loop
NEAR = 45  # cycles of a load whose address was loaded: a table or a line that was just read


# of the loops at each depth; several where they differ, in the order of the code, the last again
Trips = Sequence[int | tuple[int, ...]]


class Instruction(NamedTuple):
    """One line: the predicate that guards it, its name with its options, its operands."""

    guard: str
    name: str
    operands: str

    @property
    def kind(self) -> str:
        return self.name.split(".")[0]


class Cost(NamedTuple):
    """What one warp does: instructions issued, cycles of each pipe, cycles from start to end."""

    issued: int
    pipes: Counter
    cycles: float

    def busiest(self) -> tuple[str, float]:
        """The limit of the throughput, and its cycles."""
        return max([("issue", self.issued), *self.pipes.items()], key=lambda item: item[1])


class Block(NamedTuple):
    """Instructions first..last-1 without a branch between them, and where they can go on."""

    first: int
    last: int
    following: tuple[int, ...]  # blocks


class Listing:
    """A kernel's instructions and, of each, the loops that it is in."""

    def __init__(self, text: str) -> None:
        self.code: list[Instruction] = []
        labels: dict[str, int] = {}
        for line in text.splitlines():
            if label := LABEL.match(line.strip()):
                labels[label[1]] = len(self.code)
            elif found := INSTRUCTION.search(line):
                self.code.append(Instruction(found[1] or "", found[2], found[3].strip()))
        self.targets = {
            at: labels[to[1]]
            for at, instruction in enumerate(self.code)
            if instruction.kind in ("BRA", "CALL")
            and (to := TARGET.search(instruction.operands))
            and to[1] in labels
        }
        self.blocks = self._blocks()
        self.loops = self._loops()

    def _blocks(self) -> list[Block]:
        ends = {at + 1 for at, i in enumerate(self.code) if i.kind in ("BRA", "EXIT", "RET")}
        starts = sorted({0, *ends, *self.targets.values()} - {len(self.code)})
        number = {first: k for k, first in enumerate(starts)}
        blocks = []
        for first, last in zip(starts, [*starts[1:], len(self.code)]):
            end = self.code[last - 1]
            following = []
            if end.kind == "BRA" and last - 1 in self.targets:
                following.append(number[self.targets[last - 1]])
            sometimes = bool(end.guard) or "P" in end.operands.split("`")[0]
            if last in number and (end.kind not in ("BRA", "EXIT", "RET") or sometimes):
                following.append(number[last])
            blocks.append(Block(first, last, tuple(following)))
        return blocks

    def _loops(self) -> dict[int, set[int]]:
        """Block that a loop begins with -> its blocks: those that reach a branch back to it."""
        before: dict[int, list[int]] = {0: []}  # of blocks that can be reached
        left = [0]
        while left:
            k = left.pop()
            for to in self.blocks[k].following:
                if to not in before:
                    left.append(to)
                before.setdefault(to, []).append(k)
        order = sorted(before)
        dominators = {k: {0} if k == 0 else set(order) for k in order}
        changed = True
        while changed:
            changed = False
            for k in order[1:]:
                now = {k} | set.intersection(*(dominators[b] for b in before[k]))
                changed |= now != dominators[k]
                dominators[k] = now
        loops: dict[int, set[int]] = {}
        for k in order:
            block = self.blocks[k]
            for head in block.following:
                # a block that loops on itself for ever is how a kernel's code ends
                if head not in dominators[k] or (head == k and not self.code[block.last - 1].guard):
                    continue
                body = loops.setdefault(head, {head})
                left = [k]
                while left:
                    at = left.pop()
                    if at not in body:
                        body.add(at)
                        left += before[at]
        return loops

    def around(self, block: int) -> tuple[int, ...]:
        """The loops that a block is in, the outermost first."""
        inside = [head for head, body in self.loops.items() if block in body]
        return tuple(sorted(inside, key=lambda head: -len(self.loops[head])))

    @property
    def deepest(self) -> int:
        """Loops in each other, at most."""
        return max((len(self.around(head)) for head in self.loops), default=0)

    def _times(self, trips: Trips) -> dict[int, int]:
        """How often each loop runs each time that it is entered."""
        times = {}
        for depth, given in enumerate(trips, 1):
            several = given if isinstance(given, tuple) else (given,)
            beside = [head for head in sorted(self.loops) if len(self.around(head)) == depth]
            for place, head in enumerate(beside):
                times[head] = several[min(place, len(several) - 1)]
        return times

    def cost(self, trips: Trips, latency: Callable[[Instruction], float]) -> Cost:
        """What one warp does in all when a loop at depth d runs trips[d] times.

        A subroutine (a division of 64-bit integers) is counted where it is called. Both sides of
        a branch are counted.

        Args:
            trips: of the outermost loop, the one in it, ...; deeper loops run once.
            latency: cycles of a load of global memory.
        """
        often = self._times(trips)
        issued, pipes, cycles = 0, Counter[str](), 0.0
        called = {self.targets[at] for at, i in enumerate(self.code)
                  if i.kind == "CALL" and at in self.targets}  # fmt: skip
        regions: dict[tuple[int, ...], list[Instruction]] = {}
        for k, block in enumerate(self.blocks):
            if any(self._subroutine(first)[0] <= block.first < self._subroutine(first)[1]
                   for first in called):  # fmt: skip
                continue
            body = regions.setdefault(self.around(k), [])
            for at in range(block.first, block.last):
                body.append(self.code[at])
                if self.code[at].kind == "CALL" and at in self.targets:
                    first, last = self._subroutine(self.targets[at])
                    body += self.code[first:last]
        for around, body in regions.items():
            times = math.prod(often.get(head, 1) for head in around)
            issued += times * len(body)
            for instruction in body:
                pipe, busy = pipe_of(instruction)
                if pipe:
                    pipes[pipe] += times * busy
            cycles += times * wait(body, latency)
        return Cost(issued, pipes, cycles)

    def _subroutine(self, first: int) -> tuple[int, int]:
        ends = (at for at in range(first, len(self.code)) if self.code[at].kind == "RET")
        return first, next(ends, len(self.code) - 1) + 1


def pipe_of(instruction: Instruction) -> tuple[str, int]:
    """Which pipe an instruction keeps busy, and for how many cycles."""
    if instruction.kind in PIPES:
        return PIPES[instruction.kind]
    return ("", 0) if instruction.kind.startswith("U") else OTHER


def wait(body: Sequence[Instruction], latency: Callable[[Instruction], float]) -> float:
    """Cycles of one warp through straight code, in order; a result is waited for where it is used.

    A load whose address depends on a loaded value takes NEAR cycles: the logit of the pixel's own
    class and the upstream gradients of that class, both read a moment before.
    """
    now = 0.0
    ready: dict[str, float] = {}
    loaded: set[str] = set()  # registers that hold or depend on loaded values
    for guard, name, operands in body:
        kind = name.split(".")[0]
        parts = operands.split(",")
        compares = kind in ("ISETP", "FSETP", "DSETP")
        writes = [] if compares or kind in NO_RESULT else re.findall(r"\bR(\d+)\b", parts[0])
        sources = operands if compares or kind in NO_RESULT else ",".join(parts[1:])
        reads = re.findall(r"\bR(\d+)\b", sources)
        predicates = re.findall(r"\bP\d\b", guard + "," + operands)
        now = max([now + 1, *(ready.get(r, 0.0) for r in [*reads, *predicates])])
        cycles: float = SLOW.get(kind, ARITHMETIC)
        if kind == "LDG":
            address = re.findall(r"\bR(\d+)\b", operands.partition("[")[2])
            cycles = NEAR if loaded & set(address) else latency(Instruction(guard, name, operands))
        if compares:
            ready |= dict.fromkeys(re.findall(r"\bP\d\b", ",".join(parts[:2])), now + PREDICATE)
        for register in writes:
            pair = [register, str(int(register) + 1)] if ".64" in name or ".WIDE" in name else [
                register]  # fmt: skip
            ready |= dict.fromkeys(pair, now + cycles)
            if kind == "LDG" or loaded & set(reads):
                loaded |= set(pair)
            else:
                loaded -= set(pair)
    return now + TURN
