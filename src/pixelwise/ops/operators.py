"""Registered operators: functions that torch.compile calls without looking inside.

Made of torch.library's raw parts, because `torch.library.custom_op` imports the whole compiler at
the first call of any operator, two seconds, and costs twice as much at every call.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import torch

# by is_grads_batched; elements that are to be negated; no elements at all
_KEYS = (torch._C._dispatch_key_parse(key) for key in ("Batched", "Negative", "ZeroTensor"))
NOT_IN_MEMORY = reduce(or_, (torch._C.DispatchKeySet(key).raw_repr() for key in _KEYS))
PLAIN = (torch.Tensor, torch.nn.Parameter)
LIBRARY = torch.library.Library("pixelwise", "FRAGMENT")


def traced(tensor: torch.Tensor) -> bool:
    """Whether values cannot be looked at: inside torch.compile or a functorch transform."""
    return torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def watched_values(*tensors: Any) -> bool:
    """Whether more than autograd follows these tensors, so that only operators may touch them.

    That is inside torch.compile, functorch, a tracer or a dispatch mode, for any subclass, for what
    is no tensor, and for views whose memory does not hold their values.
    """
    if (
        torch.compiler.is_compiling()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._get_tracing_state() is not None
        or torch._C._functorch.peek_interpreter_stack() is not None
    ):
        return True
    for tensor in tensors:  # no generator: this is on the way of every small batch
        if tensor is not None and (
            type(tensor) not in PLAIN or torch._C._dispatch_keys(tensor).raw_repr() & NOT_IN_MEMORY
        ):
            return True
    return False


def operator(fake: Callable) -> Callable[[Callable], Any]:
    """A decorator: the operator pixelwise::name from the function `name` or `_name_op`.

    The function is annotated, takes tensors, strings and numbers, returns a new tensor and changes
    none. It has no derivative of its own.

    Args:
        fake: the same arguments -> an empty tensor with the shape, dtype and strides of the result.
    """

    def register(function: Callable) -> Any:
        name = function.__name__.removeprefix("_").removesuffix("_op")
        LIBRARY.define(name + torch.library.infer_schema(function, mutates_args=()))
        LIBRARY.impl(name, function, "CompositeExplicitAutograd")
        torch.library.register_fake(f"pixelwise::{name}", fake, lib=LIBRARY)
        return getattr(torch.ops.pixelwise, name).default

    return register
