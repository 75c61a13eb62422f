"""How long a kernel takes on an H200 by its machine code: a model, not a measurement.

    time = max(bytes / bandwidth, busiest pipe, waiting of one warp × waves)

with the bytes of the kernel's tensors, each moved once. Trust which of the three it is, and ratios.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.sass import Cost, Instruction, Listing, Trips

QUARTERS = 528  # of the 132 SMs: each issues one instruction a cycle
CLOCK = 1.755e9
BANDWIDTH = 4.3e12  # bytes a second that a copy moves
REGISTERS, WARPS, PROGRAMS, SHARED = 65536, 64, 32, 227 * 1024  # of one SM
REACHED = {"memory": 0.92, "pipe": 0.85}  # of the peak, by a kernel that does nothing else
GAP = 2.2e-6  # seconds from the start of a small kernel to that of the next
FAR, SHARED_ROWS = 650, 280  # cycles of a load from memory, and of rows that others read as well
PRESENT = 4  # classes that occur in a block of neighbouring pixels
PAIRS = 1  # of target and predicted class that are new in a tile

Numbers = Mapping[str, int]


def outputs(n: Numbers) -> int:
    """Rounds of a loop over the outputs of a cell, COLUMNS of them at a time, or one."""
    return math.ceil(n["columns"] / n.get("COLUMNS", 1))


def predicted(n: Numbers) -> Trips:
    """A loop over classes; a careful one for each output where there is a NaN; one over pairs."""
    if "COLUMNS" not in n:  # all classes at once
        return n["rows"], n["columns"], *([PAIRS] if n["COUNT"] else [])
    classes = math.ceil(n["classes"] / n["CLASSES"]), 0, PAIRS if n["COUNT"] else 0
    return n["rows"], *([] if n["SAME"] else [outputs(n)]), classes


# kernel -> how often its loops run, the outermost first
TRIPS: dict[str, Callable[[Numbers], Trips]] = {
    "forward_block": lambda n: (n["STEPS"],),
    "backward_block": lambda n: (n["STEPS"],),
    "own_block": lambda _: (PRESENT,),
    "forward_strip": lambda n: (n["rows"], n["columns"]),
    "couple_strip": lambda n: (n["rows"], n["columns"]),
    "gather_band": lambda n: (n["rows"] + 1, n["high_h"] // n["low_h"], outputs(n)),
    "formula_program": lambda n: (math.ceil(n["images"] / n["N"]),),
    "predict_strip": predicted,
}


class Modelled(NamedTuple):
    """A kernel of a work, all its starts together.

    Attributes:
        occupancy: warps that an SM holds, of those that it could.
        per_logit: instructions, of a lane, per logit of full resolution.
        limit: "memory", "latency" or the name of a pipe.
        seconds: of all starts.
    """

    occupancy: float
    per_logit: float
    limit: str
    seconds: float


def latency_of(scale: int) -> Callable[[Instruction], float]:
    """Logits of lower resolution are read by several warps; targets by one."""
    return lambda load: FAR if scale == 1 or ".U8" in load.name else SHARED_ROWS


def resident(registers: int, warps: int, shared: int) -> int:
    """Programs that an SM holds."""
    rounded = max(16, math.ceil(registers / 8) * 8)
    by_registers = REGISTERS // (rounded * 32 * warps)
    return min(by_registers, WARPS // warps, PROGRAMS, SHARED // (shared + 1024))


def cost_of(record: Mapping[str, Any], scale: int) -> Cost:
    """What one warp of a recorded kernel does.

    Raises:
        LookupError: the kernel has other loops than TRIPS says.
    """
    listing = Listing(record["listing"])
    name = record["kernel"]
    trips: Trips = TRIPS[name](record["numbers"]) if name in TRIPS else ()
    if listing.deepest != len(trips):
        raise LookupError(
            f"{name}: TRIPS must say how often each of {listing.deepest} nested loops runs, "
            f"got {len(trips)} numbers"
        )
    return listing.cost(trips, latency_of(scale))


def model(record: Mapping[str, Any], scale: int, logits: int) -> Modelled:
    """Time and what limits it.

    Args:
        record: of gpu_kernels.
        scale: of the upsampling inside.
        logits: number of full-resolution logits of the work.
    """
    cost = cost_of(record, scale)
    warps, starts = record["warps"], record["starts"]
    programs = record["programs"] / starts
    held = resident(record["registers"], warps, record["shared"])
    waves = programs / (held * QUARTERS / 4)
    pipe, busy = cost.busiest()
    times = {
        "memory": record["moved"] / starts / BANDWIDTH / REACHED["memory"],
        pipe: max(programs * warps / QUARTERS, 1) * busy / CLOCK / REACHED["pipe"],
        "latency": (waves if waves > 3 else math.ceil(waves)) * cost.cycles / CLOCK,
    }
    limit = max(times, key=lambda name: times[name])
    return Modelled(
        held * warps / WARPS,
        cost.issued * record["programs"] * warps * 32 / logits,
        limit,
        starts * max(times[limit], GAP),
    )
