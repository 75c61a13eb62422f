"""config.pbtxt: how the Triton server is told of a model of ONNX."""

from pixelwise.export.manifest import Contract

FILE = "config.pbtxt"
_TYPES = {"uint8": "TYPE_UINT8", "uint16": "TYPE_UINT16", "float32": "TYPE_FP32"}
MOST_IMAGES = 8  # of a batch that the server forms


def triton_config(made: Contract, number: int) -> str:
    """The text of config.pbtxt, of a folder NAME/ with the model as NAME/1/model.onnx.

    Args:
        made: what the model takes and gives.
        number: of the classes, where they overlap.
    """
    height, width = made.size or (-1, -1)
    planes = f"{number}, " if made.output_layout == "NCHW" else ""
    return f"""backend: "onnxruntime"
max_batch_size: {MOST_IMAGES}
input [
  {{
    name: "{made.input}"
    data_type: {_TYPES[made.input_dtype]}
    dims: [ {made.channels}, {height}, {width} ]
  }}
]
output [
  {{
    name: "{made.output}"
    data_type: {_TYPES[made.output_dtype]}
    dims: [ {planes}{height}, {width} ]
  }}
]
"""
