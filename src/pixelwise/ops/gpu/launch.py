"""How the GPU kernels are started: tile sizes, strides, options that they are compiled for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.errors import BackendError, setting
from pixelwise.ops.spec import SUMS, Spec

MAX_CLASSES = 256  # that one program handles; more are shared between several
SHARED_CLASSES = 128  # of a program when there are more
WARP_CLASSES = 16  # that one warp handles, without waiting for another
LANE_CLASSES = 8  # rows of a lane beyond that, which leaves registers for more than one block
FORWARD_LANE_CLASSES = 16  # of the dense sums, which need fewer registers
MAX_WARPS = 16  # with twice as many a lane would have no more than 64 registers
BLOCK = 512  # pixels whose sums are added in float32
AXES = 3  # spatial axes that a kernel can step through


class Tile(NamedTuple):
    """The shape of a tile: powers of two, so that 19 classes are 16 + 4 rows.

    Attributes:
        classes: rows of the first part.
        tail: rows of the second part, 0 if there is none.
        pixels: columns of both.
        steps: tiles in a block.
        warps: that share a tile.
    """

    classes: int
    tail: int
    pixels: int
    steps: int
    warps: int


def tile_for(classes: int, together: bool, lane_classes: int = LANE_CLASSES) -> Tile:
    """The tile for a number of classes; depends on nothing else, so that results are repeatable.

    Args:
        classes: of the logits.
        together: whether a pixel needs them all at once, as softmax does.
        lane_classes: rows of a lane where several warps share a tile.
    """
    first, tail = min(triton.next_power_of_2(classes), LANE_CLASSES), 0
    if together and classes > MAX_CLASSES:
        first = SHARED_CLASSES
    elif together:
        first = 1 << (classes.bit_length() - 1)
        tail = triton.next_power_of_2(classes - first) if classes > first else 0
        if tail == first:
            first, tail = 2 * first, 0
    pixels = min(32 * max(1, 8 // first), BLOCK)
    warps = 1 if first <= WARP_CLASSES else min(first // lane_classes, MAX_WARPS)
    return Tile(first, tail, pixels, BLOCK // pixels, warps)


class Axes(NamedTuple):
    """Spatial axes common to some tensors, merged where all of them allow it.

    Attributes:
        sizes: AXES sizes, the last one innermost; leading ones are 1 if there are fewer.
        strides: AXES strides of each tensor, in elements; 0 for a tensor that is None.
        number: of axes that are left.
    """

    sizes: tuple[int, ...]
    strides: list[tuple[int, ...]]
    number: int

    @property
    def pixels(self) -> int:
        return self.sizes[0] * self.sizes[1] * self.sizes[2]


class Layout(NamedTuple):
    """What a kernel's start depends on of a tensor, apart from its address; hashable.

    Attributes:
        shape, strides, dtype: of the tensor.
    """

    shape: torch.Size
    strides: tuple[int, ...]
    dtype: torch.dtype

    def stride(self, axis: int) -> int:
        return self.strides[axis]

    def dim(self) -> int:
        return len(self.shape)


def layout(tensor: Tensor | None) -> Layout | None:
    return None if tensor is None else Layout(tensor.shape, tensor.stride(), tensor.dtype)


def merge_axes(tensors: Sequence[Tensor | Layout | None], spatial: Sequence[int]) -> Axes:
    """Axes of tensors whose last dimensions are `spatial`.

    Raises:
        BackendError: more than AXES axes are left.
    """
    last = len(spatial)
    merged: list[tuple[int, list[int]]] = []  # size and the stride of each tensor
    for d in [d for d, size in enumerate(spatial) if size != 1]:
        steps = [t.stride(d - last) if t is not None else 0 for t in tensors]
        if merged and merged[-1][1] == [spatial[d] * s for s in steps]:
            merged[-1] = (merged[-1][0] * spatial[d], steps)
        else:
            merged.append((spatial[d], steps))
    if len(merged) > AXES:
        must = f'of at most {AXES} spatial axes that cannot be merged, for backend "triton"'
        hint = f"Use {setting('backend', 'torch')}."
        raise BackendError("pixel_stats", "logits", must=must, got=len(merged), hint=hint)
    merged = [(1, [0] * len(tensors))] * (AXES - len(merged)) + merged
    strides = [tuple(steps[i] for _, steps in merged) for i in range(len(tensors))]
    count = max(1, sum(size != 1 for size, _ in merged))
    return Axes(tuple(size for size, _ in merged), strides, count)


@triton.jit
def pixel_at(p, size1, size2, s0, s1, s2, AXES: tl.constexpr):
    """Offset of pixel p, counted in logical order, by the strides of merge_axes."""
    if AXES == 1:
        at = p * s2
    elif AXES == 2:
        at = p // size2 * s1 + p % size2 * s2
    else:
        line = p // size2
        at = line // size1 * s0 + line % size1 * s1 + p % size2 * s2
    return at


def is_narrow(tensors: Sequence[Layout | None], pixels: int) -> bool:
    """Whether 32 bits hold every offset inside an image; those of no element may overflow."""
    reach = [
        sum((size - 1) * abs(step) for size, step in zip(t.shape[1:], t.strides[1:]))
        for t in tensors
        if t is not None
    ]
    return max(*reach, pixels + BLOCK) < 2**31


def options(
    logits: Tensor | Layout,
    target: Tensor | Layout,
    weight: Tensor | Layout | None,
    spec: Spec,
) -> dict[str, Any]:
    """What every kernel of the pass is compiled for."""
    per_class = target.dim() == logits.dim()
    return {
        "ROWS": rows_of(spec, spec.sums),
        "GAMMA": spec.gamma,
        "SOFTMAX": spec.activation == "softmax",
        "PER_CLASS": per_class,
        "BINARY": spec.activation == "sigmoid" and (per_class or logits.shape[1] == 1),
        "WEIGHTED": weight is not None,
        "IGNORES": spec.ignore_index is not None,
        "DTYPE": tl.float64 if logits.dtype == torch.float64 else tl.float32,
    }


def rows_of(spec: Spec, names: Sequence[str]) -> tuple[int, ...]:
    """For each of SUMS its row in the table of `spec` if it is among `names`, else -1."""
    return tuple(spec.sums.index(s) if s in names and s in spec.sums else -1 for s in SUMS)


def as_bytes(target: Tensor) -> Tensor:
    """A bool target as uint8, others as they are."""
    return target.view(torch.uint8) if target.dtype == torch.bool else target


def launch(kernel: Any, programs: int, like: Tensor, *args: Any, **constants: Any) -> None:
    """Start a kernel on the device of `like`, if there is anything to do.

    Raises:
        BackendError: the kernel cannot be compiled for, or started on, this device.
    """
    if programs == 0:
        return
    with torch.cuda.device_of(like):
        try:
            # explicit, because the default differs between releases of Triton
            kernel[(programs,)](*args, **constants, enable_fp_fusion=True)
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            raise BackendError(
                "pixelwise",
                event=f'backend "triton" does not compile or start on {like.device} '
                f"({type(error).__name__}: {lines[-1].rstrip('.')})",
                hint=f"Use {setting('backend', 'torch')}.",
            ) from error
