"""numbers -> a chart as SVG, and words for its numbers. No packages but numpy.

words.py   numbers and names as a reader sees them
charts.py  where points, ticks and cells stand
"""
