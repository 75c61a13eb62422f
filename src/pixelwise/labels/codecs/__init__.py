"""What decoders do not check inside the pixels of a file.

pixels.py  an image of Pillow's as an array, without a second copy
jpeg.py    scans, restart intervals, rows that were never there
tiff.py    the directory of a TIFF file, and the bytes of its strips
"""
