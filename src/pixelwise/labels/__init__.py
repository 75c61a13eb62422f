"""label images as arrays, and the files around them.

classes.py        Classes: name, colour and stored values of every class index
class_checks.py   what a table of classes must satisfy
class_names.py    names that mean void or background; known_colors of well-known classes
class_files.py    tables of classes as JSON, TOML and text files
palettes.py       voc_colormap; PALETTES: the class tables of well-known datasets
tables/           most of those tables; distinct.py: distinct_colormap, for classes without colours
png.py            read_label, write_label, label_size
png_chunks.py     PNG at the level of chunks: checksums, rows, samples
decode.py         the only code that decodes image files; read_head, decode_image
codecs/           what decoders do not check inside the pixels: JPEG, TIFF
complete.py       check_parts: whether an image file is there to its end
bmp_tiff.py       the other two formats that keep indices
image.py          read_image, image_size
storage_notes.py  what is done with turned, 16-bit, CMYK, transparent and palette images
histogram.py      how often each of the 256 values occurs
color.py          color_to_index, index_to_color; overlay: a label on top of its image
shapes.py         polygons_to_label: outlines and masks painted onto a label
raster.py         the pixels inside a polygon, by their centres or as pycocotools has them
raster_pillow.py  the pixels that PIL.ImageDraw draws
rle.py            masks as run lengths: rle_to_mask, mask_to_rle
label_checks.py   what an array of indices must satisfy; offenders with counts and places
pairs.py          find_pairs -> Pair(id, image, label)
overlap/          classes that overlap: pairs of several label files, read_members
splits/           names of splits in commands: train+val, train.1of5
description.py    dataset.toml <-> Description: what every command is given
"""
