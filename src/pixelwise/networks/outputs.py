"""What a network returns, as logits: one place for every form that libraries have.

tensor                     itself
tuple or list              its first tensor; the others are auxiliary
dict with out or logits    that tensor: torchvision, Hugging Face
queries of masks           log Σ_q softmax(class_q)_c · sigmoid(mask_q), without "no object": EoMT
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

KEYS = ("out", "logits")
AUXILIARY = ("aux", "auxiliary_logits", "aux_logits")
QUERIES = ("class_queries_logits", "masks_queries_logits")
SMALLEST_SCORE = 1e-6  # the logarithm of it is finite in every precision


def logits_of(output: Any) -> Any:
    """The logits (N, C, h, w) in what a network returns; what is not understood stays as it is."""
    if isinstance(output, Mapping):
        if all(output.get(key) is not None for key in QUERIES):
            return logits_of_queries(*(output[key] for key in QUERIES))
        return next((output[key] for key in KEYS if key in output), output)
    if isinstance(output, (tuple, list)) and output and isinstance(output[0], Tensor):
        return output[0]
    return output


def others_of(output: Any) -> list[Tensor]:
    """The auxiliary logits in what a network returns, in its order."""
    if isinstance(output, Mapping):
        return [v for k, v in output.items() if k in AUXILIARY and isinstance(v, Tensor)]
    if isinstance(output, (tuple, list)):
        return [one for one in output[1:] if isinstance(one, Tensor)]
    return []


def logits_of_queries(classes: Tensor, masks: Tensor) -> Tensor:
    """Logits of a softmax over pixels, from queries that each have a class and a mask.

    Args:
        classes: (N, Q, C + 1) logits; the last is "no object".
        masks: (N, Q, h, w) logits.
    Returns:
        (N, C, h, w): the class with the highest score stays the highest.
    """
    share = classes.float().softmax(-1)[..., :-1]
    scores = torch.einsum("nqc,nqhw->nchw", share, masks.float().sigmoid())
    return scores.clamp_min(SMALLEST_SCORE).log()
