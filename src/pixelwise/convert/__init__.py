"""annotation files of other tools -> indexed label images. Calling the room converts a data set.

config.py         ConvertConfig: what `pixelwise convert` takes
detect.py         which format a source has
formats.py        FORMATS: every format, its reader and its defaults
convert.py        convert: find, make every label, describe the result
one_label.py      one label: recognised as done, or read, checked, painted and written
records.py        what a format says: Source of Items, Drawing of Objects
legend.py         names, colours and stored values of the source -> class indices
legend_files.py   class files of other tools: CamVid, CVAT, CSV, JSON, YAML, colours in hex
painting.py       objects -> label: order, overlaps, objects that vanish
pictures.py       images beside the labels, turned as their EXIF tag says
manifest.py       what is done, recognised by content
output.py         label files and dataset.toml
sidecars.py       class lists for mmsegmentation, Hugging Face, nnU-Net and Ultralytics
report.py         ConvertReport
paths.py          names in annotation files -> paths that stay where they belong
geometry.py       turned rectangles and ellipses as polygons

formats with outlines: labelme.py coco.py cityscapes.py yolo.py cvat.py label_studio.py, and
label_studio_rle.py for its brush
formats with pixels: color.py instances.py masks.py array.py coco_panoptic.py, and pixel_files.py
for what they have in common
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "convert")
