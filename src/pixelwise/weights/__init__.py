"""Label images -> pixels of each class -> class weights.

counts.py      LabelCounts, count_labels: pixels and images by class
formulas.py    class_weights: formulas on label counts, the table METHODS
file.py        weights.json, which train reads
keep_list.py   images that one class fills, and the list of the others
command.py     what `pixelwise weights` does; config.py is what it takes
"""
