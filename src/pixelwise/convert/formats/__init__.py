"""One file per annotation format; table.py has FORMATS, a row for each of them.

shapes      labelme.py coco.py cityscapes.py yolo.py cvat.py label_studio.py masks.py via.py
            supervisely.py
pixels      color.py instances.py array.py cityscapes_ids.py coco_panoptic.py
shared      geometry.py (turned rectangles and ellipses), label_studio_rle.py (its brush),
            items.py (label files paired with images, images named in a file),
            image_names.py (images that lie elsewhere now), split_files.py (a file for each split),
            mat5.py (arrays in .mat files)
"""
