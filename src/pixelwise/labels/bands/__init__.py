"""Images that are not RGB of 8 bits: which bands of a file a network sees, and how they are read.

channels.py    Channels: the table [images] of dataset.toml
image_kind.py  ImageKind: what the images of a run are
reading.py     read_channels: the bands of a file as an array, samples as stored
stored.py      decode_stored: all bands of a file, exactly as they are stored
tiff.py        TIFF files that Pillow does not give back exactly, by tifffile
table.py       the table [images] that a folder needs, from its headers
shown.py       shown_rgb: three of the channels as RGB of 8 bits, for pictures
"""
