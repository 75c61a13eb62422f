"""Choose which images of a pool to label next: the command `next`.

config.py   NextConfig: what `pixelwise next` takes
command.py  a run and a pool -> the images it is least sure of, no two almost the same
record.py   NextImages: what it prints and --json gives
"""
