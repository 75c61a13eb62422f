"""Numeric cases of other libraries that may lie beside the checkout, read into float64 tensors."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FOLDER = Path(__file__).parents[3] / "shared" / "peer-cases"
IN_FLOAT64, IN_FLOAT32 = 1e-9, 1e-6
# these peers computed in float32 whatever they were given
COMPUTED_IN_FLOAT32 = ("monai_focal_loss/", "smp_losses/037", "keras/")


@dataclass(frozen=True)
class Case:
    """One call of a peer: what went in, what came out, and how closely that is known.

    Attributes:
        id: file and number.
        call: the peer's function or class.
        params: its keyword arguments, tensors as lists; absent ones have the peer's default.
        inputs: its tensors; float64 where they were floating point.
        expected: float64 value of any shape: what the peer's release returned, which has more
            digits than its test; the test's own number where releases disagree.
        tolerances: rtol and atol of the value.
        gradient: float64 gradient of the summed value in the prediction, or None.
        gradient_tolerances: rtol and atol of the gradient.
    """

    id: str
    call: str
    params: dict[str, Any]
    inputs: dict[str, Tensor]
    expected: Tensor
    tolerances: dict[str, float]
    gradient: Tensor | None
    gradient_tolerances: dict[str, float]

    def subject(self) -> Tensor:
        """The labels of one-hot; else the peer's logits or probabilities as a fresh leaf."""
        (name,) = {"input", "y_pred", "labels"} & set(self.inputs)
        if name == "labels":
            return self.inputs[name]
        return self.inputs[name].double().clone().requires_grad_()


def read_cases(*names: str) -> list[Case]:
    """All cases of the named files, none where the folder is absent."""
    files = [FOLDER / f"{name}.json" for name in names if FOLDER.is_dir()]
    return [_case(c) for file in files for c in json.loads(file.read_text())["cases"]]


def _case(raw: dict[str, Any]) -> Case:
    tolerance = IN_FLOAT32 if raw["id"].startswith(COMPUTED_IN_FLOAT32) else IN_FLOAT64
    close = {"rtol": tolerance, "atol": tolerance}
    observed = raw.get("observed_f64", raw.get("observed"))
    sharp = observed is not None and "superseded" not in raw
    expected = _numbers(observed if sharp else raw["expected"])
    gradient = raw.get("grad_of_sum_wrt_input_f64", raw.get("grad_wrt_input_f64"))
    return Case(
        id=raw["id"],
        call=raw["call"],
        params={name: _param(value) for name, value in raw["params"].items()},
        inputs={name: _input(value) for name, value in raw["inputs"].items()},
        expected=expected.reshape(raw.get("expected_shape", expected.shape)),
        tolerances=close if sharp else {"rtol": raw["rtol"], "atol": raw["atol"]},
        gradient=None if gradient is None else _numbers(gradient),
        gradient_tolerances=close,
    )


def _param(value: Any) -> Any:
    return value.get("tensor", value) if isinstance(value, dict) else value


def _input(value: Any) -> Tensor:
    if not isinstance(value, dict):
        return _numbers(value)
    tensor = _numbers(value["data"]).reshape(value["shape"])
    return tensor.to(torch.int64) if value["dtype"].startswith("int") else tensor


def _numbers(value: Any) -> Tensor:
    def parsed(entry: Any) -> Any:
        # float() also reads "nan", "inf" and "-inf"
        return [parsed(e) for e in entry] if isinstance(entry, list) else float(entry)

    return torch.tensor(parsed(value), dtype=torch.float64)
