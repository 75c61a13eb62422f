"""Class files: names, colours and stored values of classes, in whatever form a tool writes them.

find.py          find_class_file: the class file of a folder of labels
read.py          read_rows, read_classes: a file, a known dataset or colours in hex
rows.py          Rows: classes as a source lists them, and their table
json_lists.py    JSON: nnU-Net, Hugging Face, Mapillary, datumaro, Supervisely, COCO
coco_categories.py  categories of COCO files, and which of them are not classes
yaml_names.py    YAML of Ultralytics, of which only the names are read
python_lists.py  labels.py of Cityscapes, METAINFO of mmsegmentation, by literals
tables.py        CSV and its like, and the colour tables of GIMP, ESRI and QGIS
"""
