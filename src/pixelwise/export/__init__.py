"""Export: a trained network as one file that takes an image and gives its label image.

The package can be called: `pw.export(...)` is the command.

config.py        ExportConfig, RunConfig: what the two commands take
command.py       the command `export`: network -> artefact with a certificate
resizing.py      the resizing of training as two matrix products
network.py       Deployed: from the samples of a file to stored values, in one module
formats.py       EXPORTS: that module as a file of ONNX or of torch, in the precision that is asked
quantize.py      8-bit integers, calibrated on images of the train split
golden.py        the drawn image by which an artefact is known to compute what it did when made
certificate.py   artefact against network over a split: which pixels differ, and what that costs
manifest.py      manifest.json: what an artefact says of itself
serving.py       config.pbtxt of the Triton server
runner.py        the 60 lines that run an artefact without torch and without this library
run.py           the command `run`
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "export")
