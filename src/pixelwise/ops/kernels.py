"""Kernels under autograd: registered operators inside, an autograd.Function around them.

The operators are opaque to torch.compile and know nothing of gradients; the Function saves the
logits (never a probability), asks the kernel for the gradient, and falls back on the definition
in definition/ when a graph of the gradient itself is wanted.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pixelwise.ops.backends import kernels
from pixelwise.ops.definition import stats as _stats_torch
from pixelwise.ops.formula import Formula
from pixelwise.ops.operators import operator, watched_values
from pixelwise.ops.spec import Spec
from pixelwise.ops.target import unknown_target
from pixelwise.ops.unknown import TARGET, count_later, prepare_counter


def kernel_sums(
    logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec, backend: str
) -> Tensor:
    """Sums (len(spec.sums), N, C) float64 by a kernel, differentiable in the logits."""
    # torch.compile refuses a Function that has a forward-mode derivative
    function = _KernelSums if torch.compiler.is_compiling() else _KernelSumsWithTangent
    return function.apply(logits, target, weight, spec, backend)


class _KernelSums(torch.autograd.Function):
    @staticmethod
    def forward(logits, target, weight, spec, backend):
        return _stats_forward_op(logits, target, weight, *_flat(spec), backend)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:  # noqa: ARG004
        logits, target, weight, ctx.spec, ctx.backend = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(logits, target, weight)
        ctx.save_for_forward(logits, target, weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None) -> Any:  # type: ignore[override]
        if grad is None or not ctx.needs_input_grad[0]:
            return None, None, None, None, None
        logits, target, weight = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph: the gradient must be differentiable itself
            _, pull_back, *_ = torch.func.vjp(
                lambda x: _stats_torch.sums(x, target, weight, ctx.spec), logits
            )
            return pull_back(grad)[0], None, None, None, None
        dx = _stats_backward_op(grad, logits, target, weight, *_flat(ctx.spec), ctx.backend)
        return dx, None, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> Any:
        """A batch of problems is one problem with more images."""

        def folded(tensor, dim):
            if tensor is None:
                return None
            if dim is None:
                tensor, dim = tensor.unsqueeze(0).expand(info.batch_size, *tensor.shape), 0
            return tensor.movedim(dim, 0).flatten(0, 1)

        logits, target, weight = (folded(t, d) for t, d in zip(inputs[:3], in_dims))
        table = kernel_sums(logits, target, weight, *inputs[3:])
        return table.unflatten(1, (info.batch_size, -1)), 1


class _KernelSumsWithTangent(_KernelSums):
    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_unused: Any) -> Any:
        logits, target, weight = ctx.saved_tensors
        _, moved, *_ = torch.func.jvp(
            lambda x: _stats_torch.sums(x, target, weight, ctx.spec), (logits,), (tangent,)
        )
        return moved


class Fused(NamedTuple):
    """A pass and a formula on its sums.

    Attributes:
        spec, backend: the pass.
        formula: the formula as numbers, in the order of the spec's sums.
        dtype: of the loss.
    """

    spec: Spec
    backend: str
    formula: Formula
    dtype: torch.dtype


Definition = Callable[[Tensor, int], Tensor]  # sums (S, N, C), pixels of an image -> loss float64


def kernel_loss(
    logits: Tensor, target: Tensor, weight: Tensor | None, fused: Fused, definition: Definition
) -> Tensor:
    """The loss () by a pass and the kernel of the formula, differentiable in the logits.

    Only where nothing but autograd follows the values, see watched_values. The definition is the
    same formula in plain torch.
    """
    batch = logits, target, weight
    return _KernelLoss.apply(*batch, fused, definition)  # type: ignore[no-untyped-call]


class _KernelLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Any, target: Any, weight: Any, fused: Any, define: Any) -> Any:
        table = _stats_forward(logits, target, weight, fused.spec, fused.backend)
        evaluate = kernels(fused.backend, "formula").evaluate
        pixels = float(_pixels(logits, target) * logits.shape[0] * logits.shape[1])
        loss, derivative = evaluate(fused.formula, table, pixels, fused.dtype)
        ctx.fused, ctx.define = fused, define
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(logits, target, weight, derivative)
        ctx.save_for_forward(logits, target, weight)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor | None) -> Any:  # type: ignore[override]
        if upstream is None or not ctx.needs_input_grad[0]:
            return None, None, None, None, None
        logits, target, weight, derivative = ctx.saved_tensors
        fused = ctx.fused
        if torch.is_grad_enabled():  # create_graph: the gradient must be differentiable itself
            _, pull_back, *_ = torch.func.vjp(_definition(ctx, target, weight), logits)
            return pull_back(upstream)[0], None, None, None, None
        batch = derivative, logits, target, weight
        if watched_values(upstream):
            rest = *_flat(fused.spec), fused.backend, upstream
            return _stats_backward_op(*batch, *rest), None, None, None, None
        backward = _kernel("backward", fused.backend, logits, target)
        return backward(*batch, fused.spec, upstream), None, None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_unused: Any) -> Any:
        logits, target, weight = ctx.saved_tensors[:3]
        # not by torch.func.jvp, which refuses to be called inside forward mode
        _, pull_back, *_ = torch.func.vjp(_definition(ctx, target, weight), logits)
        one = torch.ones((), dtype=ctx.fused.dtype, device=logits.device)
        return (pull_back(one)[0] * tangent).sum(dtype=ctx.fused.dtype)


def _definition(ctx: Any, target: Tensor, weight: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The loss as a function of the logits in plain torch."""

    def loss(logits: Tensor) -> Tensor:
        sums = _stats_torch.sums(logits, target, weight, ctx.fused.spec)
        loss: Tensor = ctx.define(sums, _pixels(logits, target))
        return loss.to(ctx.fused.dtype)

    return loss


def _pixels(logits: Tensor, target: Tensor) -> int:
    """Pixels of an image of the target."""
    return target.shape[target.dim() - logits.dim() + 2 :].numel()


def _flat(spec: Spec) -> tuple[str, str, int | None, float]:
    # operator schemas hold strings and numbers only
    return ",".join(spec.sums), spec.activation, spec.ignore_index, spec.gamma


def _kernel(name: str, backend: str, logits: Tensor, target: Tensor) -> Any:
    """The function `name`, or `name`_upsampled if the target is larger than the logits."""
    upsampled = logits.shape[2:] != target.shape[target.dim() - logits.dim() + 2 :]
    if upsampled:
        return getattr(kernels(backend, "upsampled"), f"{name}_upsampled")
    return getattr(kernels(backend, "stats"), name)


def _fake_stats_forward(logits, _target, _weight, sums, *_options):
    shape = (len(sums.split(",")), *logits.shape[:2])
    prepare_counter(*TARGET, logits.device)
    return torch.empty(shape, dtype=torch.float64, device=logits.device)


@operator(_fake_stats_forward)
def _stats_forward_op(
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    sums: str,
    activation: str,
    ignore_index: int | None,
    gamma: float,
    backend: str,
) -> Tensor:
    spec = Spec(tuple(sums.split(",")), activation, ignore_index, gamma)
    return _stats_forward(logits, target, weight, spec, backend)


def _stats_forward(
    logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec, backend: str
) -> Tensor:
    table, unknown = _kernel("forward", backend, logits, target)(logits, target, weight, spec)
    if unknown.is_cuda:
        count_later(*TARGET, unknown)
    elif int(unknown):
        multilabel = target.dim() == logits.dim()
        binary = spec.activation == "sigmoid" and (multilabel or logits.shape[1] == 1)
        classes = 2 if binary else logits.shape[1]
        raise unknown_target("pixel_stats", target, classes, spec.ignore_index)
    return table


def _fake_stats_backward(_grad, logits, *_rest):
    return torch.empty_like(logits)


@operator(_fake_stats_backward)
def _stats_backward_op(
    grad: Tensor,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    sums: str,
    activation: str,
    ignore_index: int | None,
    gamma: float,
    backend: str,
    scale: Tensor | None = None,
) -> Tensor:
    spec = Spec(tuple(sums.split(",")), activation, ignore_index, gamma)
    return _kernel("backward", backend, logits, target)(grad, logits, target, weight, spec, scale)
