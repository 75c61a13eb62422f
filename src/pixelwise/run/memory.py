"""The memory that this process takes: now, and at its peak since a moment."""

import torch

STATUS, CLEAR = "/proc/self/status", "/proc/self/clear_refs"
NOW, PEAK = "VmRSS", "VmHWM"


def begin_peak(device: torch.device) -> int | None:
    """Begin a new peak, and return the bytes of now: of the process, or of tensors on a GPU.

    None where the system does not tell, as elsewhere than on Linux.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return 0
    try:
        with open(CLEAR, "w") as file:
            file.write("5")
    except OSError:
        return None
    return resident(NOW)


def peak(device: torch.device) -> int | None:
    """The most bytes since begin_peak, where that returned a number."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else resident(PEAK)


def resident(name: str) -> int | None:
    """A counter of this process, in bytes."""
    try:
        with open(STATUS) as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return None
    return int(lines[name].split()[0]) * 1024 if name in lines else None
