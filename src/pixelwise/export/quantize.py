"""A network of 8-bit integers: ranges of its values from images of the train split.

The first and the last layer stay in float32, as is usual: what they round is what hurts most. So
does all around the network: the resizing, whose products are exact, the normalisation, the
upsampling and argmax. Weights and values are signed and symmetric, weights per channel. The range
of a value is a moving average over the images, as one odd image would make it coarse for others.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.export.formats import INPUT, quiet

IMAGES = 32  # of the train split, evenly spaced
KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
OURS = ("rows", "columns", "inner_rows", "inner_columns")  # matrices of Deployed


class Images:
    """What onnxruntime asks for images, one after the other."""

    def __init__(self, images: Iterator[NDArray[Any]]) -> None:
        self.images = images

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        image = next(self.images, None)
        return None if image is None else {INPUT: image}


def quantize(path: Path, images: Iterator[NDArray[Any]]) -> None:
    """Replace an ONNX file of float32 by one of 8-bit integers.

    Args:
        path: the file; it is changed.
        images: (1, C, H, W) each, as the file takes them.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_static
    from onnxruntime.quantization.calibrate import CalibrationDataReader

    class Reader(Images, CalibrationDataReader):
        pass

    model = onnx.load(path)
    ours = [node.name for node in model.graph.node if set(node.input) & set(OURS)]
    layers = [n.name for n in model.graph.node if n.op_type in KINDS and n.name not in ours]
    ends = [layers[0], layers[-1]] if len(layers) > 2 else []
    with tempfile.TemporaryDirectory() as folder, quiet():
        out = Path(folder) / "model.onnx"
        quantize_static(
            model,
            out,
            Reader(images),
            op_types_to_quantize=list(KINDS),
            nodes_to_exclude=[*ours, *ends],
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": True, "CalibMovingAverage": True},
        )
        shutil.copyfile(out, path)


def evenly(number: int, most: int = IMAGES) -> list[int]:
    """Up to `most` of the places 0..number-1, evenly spaced."""
    return np.unique(np.linspace(0, number - 1, min(most, number)).round()).astype(int).tolist()
