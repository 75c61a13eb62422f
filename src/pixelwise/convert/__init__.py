"""Annotation files of other tools -> indexed label images; the package is the function too.

config.py         ConvertConfig: what `pixelwise convert` takes
command.py        convert: find, make every label, describe the result
detect.py         detect the format of a source
unsupported.py    exports of other tools, named with a way on; unsupported_files.py: those not JSON
formats/          one file per format; table.py has FORMATS, a row each
pixels/           which files are labels of pixels, and what is in them
unpaired.py       images without annotation and the reverse: left out, or background alone
one_label.py      one label: recognised as done, or read, checked, painted and written
records.py        what a format says: Source of Items, Drawing of Objects
reading.py        annotation files are opened once
legend.py         names, colours and stored values of the source -> class indices
painting.py       objects -> label: order, overlaps, objects that vanish
members.py        objects -> a label of each class, where classes overlap
images.py         images beside the labels, turned as their EXIF tag says
manifest.py       what is done, recognised by content
output.py         the folder of the result and its dataset.toml
sidecars.py       class lists for mmsegmentation, Hugging Face, nnU-Net and Ultralytics
report.py         ConvertReport
paths.py          names in annotation files -> paths that stay where they belong
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "convert")
