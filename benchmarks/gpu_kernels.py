"""GPU kernels of a step or a prediction, caught where Triton would start them, without a GPU.

    python -m benchmarks.gpu_kernels launches step:19:float32:contiguous:1 ...

prints JSON records: how many kernels each of STEPS starts, and what every kernel of a work became
for compute capability 9.0. Tensors live on the CPU; what they hold is left to chance.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
import triton
from torch.utils._python_dispatch import TorchDispatchMode
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction

import pixelwise as pw
from benchmarks.gpu_works import LAYOUTS, SHAPES, STEPS, Work
from pixelwise.losses import fused
from pixelwise.ops import backends, inputs, kernels, unknown
from pixelwise.ops.rows import whole
from pixelwise.ops.spec import Upsample

TOOLS = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"
MAKES_NO_KERNEL = ("empty", "new_empty", "_local_scalar_dense", "is_nonzero", "_unsafe_view",
                   "lift_fresh", "item", "resize_")  # fmt: skip


class Launch(NamedTuple):
    """One start of a kernel: its programs, its arguments and constants, what it was compiled to."""

    kernel: str
    programs: int
    numbers: dict[str, int]
    moved: int  # bytes of its tensors, each once
    compiled: Any


class Driver:
    """What Triton asks for before it compiles."""

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, _device: int) -> int:
        return 0

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")


@contextmanager
def caught(compiling: bool) -> Iterator[list[Launch]]:
    """Kernels that would be started inside, compiled or only written down."""
    launches: list[Launch] = []
    run = JITFunction.run
    was = backends.INTERPRETED

    def written_down(kernel: Any, *args: Any, grid: Any, warmup: bool, **constants: Any) -> Any:
        del warmup
        compiled = None
        if compiling:
            compiled = run(kernel, *args, grid=grid, warmup=True, **constants)
        arguments = dict(zip(kernel.arg_names, args)) | constants
        tensors = [value for value in arguments.values() if isinstance(value, torch.Tensor)]
        launches.append(Launch(
            kernel.fn.__name__, torch.Size(grid).numel(),
            {name: value for name, value in arguments.items() if type(value) in (int, bool)},
            sum(t.numel() * t.element_size() for t in tensors), compiled,
        ))  # fmt: skip
        return compiled

    triton.runtime.driver.set_active(Driver())  # type: ignore[arg-type]
    JITFunction.run = written_down  # type: ignore[method-assign]
    backends.INTERPRETED = True  # the backend then takes tensors of the CPU
    try:
        with ExitStack() as stack:
            # what a GPU leaves out, because it would wait: a look at some values
            stack.enter_context(patch.object(inputs, "warn_if_probabilities", lambda *_: None))
            stack.enter_context(patch.object(inputs, "warn_if_one_class", lambda *_: None))
            # Operators only looks on; kernels may touch the values
            for module in (fused, kernels):
                stack.enter_context(patch.object(module, "watched_values", lambda *_: False))
            # on a GPU the count of unknown targets is kept from pass to pass
            kept = torch.zeros((), dtype=torch.int64)
            for module in list(sys.modules.values()):
                if getattr(module, "counter", None) is unknown.counter:
                    stack.enter_context(patch.object(module, "counter", lambda *_: kept))
            yield launches
    finally:
        JITFunction.run = run  # type: ignore[method-assign]
        backends.INTERPRETED = was


class Operators(TorchDispatchMode):
    """Counts operators of torch that would be kernels on a GPU, inside ours as well."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, operator, _types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        kwargs = kwargs or {}
        name = operator._schema.name.partition("::")[2]
        if operator.namespace == "pixelwise":
            with self:
                key = torch._C.DispatchKey.CompositeExplicitAutograd
                return operator._op_dk(key, *args, **kwargs)
        results = operator._schema.returns
        view = any(r.alias_info is not None and not r.alias_info.is_write for r in results)
        if not view and not name.startswith(MAKES_NO_KERNEL):
            self.counts[name] += 1
        return operator(*args, **kwargs)


def draw(shape: tuple[int, ...], work: Work) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits with any values, and a target of zeros."""
    n, c, height, width = shape
    low = n, c, height // work.scale, width // work.scale
    logits = torch.empty(
        low, dtype=getattr(torch, work.dtype), memory_format=LAYOUTS[work.layout]
    )  # fmt: skip
    return logits.requires_grad_(), torch.zeros(n, height, width, dtype=torch.uint8)


def prepare(work: Work, shape: tuple[int, ...], loss: str = "") -> Callable[[], object]:
    """The work on new tensors, to be run any number of times."""
    logits, target = draw(shape, work)
    if work.task == "step":
        default = "ce+dice" if work.classes > 1 else "bce+dice"
        upsample: Upsample = "bilinear" if work.scale > 1 else None
        criterion = pw.criterion(
            loss or default, num_classes=work.classes, upsample=upsample, backend="triton"
        )

        def step() -> None:
            logits.grad = None
            criterion(logits, target).backward()

        return step
    module = backends.kernels("triton", "predict")
    x, activation = logits.detach(), "softmax" if work.classes > 1 else "sigmoid"
    if work.task == "predict":
        rows = whole(x, shape[2])
        return lambda: module.predict(x, rows, shape[3], activation, 0.5, torch.uint8)
    return lambda: module.confusion(x, target, max(work.classes, 2), activation, 0.5, 255)


def second_time(run: Callable[[], object], compiling: bool) -> tuple[list[Launch], Counter[str]]:
    """Our kernels and torch's when all is cached that the first time makes."""
    with caught(compiling) as launches:
        run()
        launches.clear()
        with Operators() as operators:
            run()
    return launches, operators.counts


def launches_of(loss: str, shape: tuple[int, ...], scale: int = 1) -> Counter[str]:
    """Kernels of one step by name, ours and torch's."""
    work = Work("step", shape[1], "float32", "contiguous", scale)
    ours, others = second_time(prepare(work, shape, loss), compiling=False)
    return Counter(launch.kernel for launch in ours) + others


def tool(name: str, *arguments: str) -> str:
    """What a tool that Triton brings along prints."""
    path = TOOLS / name
    if not path.exists():
        raise FileNotFoundError(f"Triton {triton.__version__} has no {name} in {TOOLS}.")
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=True).stdout


def machine_code(compiled: Any) -> dict[str, Any]:
    """Registers, spilled bytes, shared memory and the listing of a compiled kernel."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernel.cubin"
        cubin.write_bytes(compiled.asm["cubin"])
        used = re.search(
            r"REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)",
            tool("cuobjdump", "--dump-resource-usage", str(cubin)),
        )
        assert used is not None
        registers, stack, _, local = map(int, used.groups())
        return {"registers": registers, "spilled": stack + local,
                "shared": compiled.metadata.shared, "warps": compiled.metadata.num_warps,
                "listing": tool("nvdisasm", "-c", str(cubin))}  # fmt: skip


def records(work: Work) -> list[dict[str, Any]]:
    """One record per kernel of a work, several starts of the same one joined; then torch's."""
    launches, others = second_time(prepare(work, SHAPES[work.classes]), compiling=True)
    joined: dict[int, dict[str, Any]] = {}
    for launch in launches:
        record = joined.get(id(launch.compiled))
        if record is None:
            record = joined[id(launch.compiled)] = {
                "work": str(work), "kernel": launch.kernel, "starts": 0, "programs": 0,
                "moved": 0, "numbers": launch.numbers, **machine_code(launch.compiled),
            }  # fmt: skip
        record["starts"] += 1
        record["programs"] += launch.programs
        record["moved"] += launch.moved
    return [*joined.values(), {"work": str(work), "others": dict(others)}]


def main() -> None:
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # compilers write to the standard output as they like

        def put(record: object) -> None:
            print(json.dumps(record), file=out, flush=True)

        put({"triton": triton.__version__})
        for text in sys.argv[1:]:
            if text == "launches":
                put({"launches": [launches_of(*step) for step in STEPS]})
                continue
            for record in records(Work.parse(text)):
                put(record)


if __name__ == "__main__":
    main()
