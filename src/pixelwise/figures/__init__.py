"""numbers -> a chart as SVG, a table for notebooks, and words for numbers. Only numpy.

words.py    numbers and names as a reader sees them
charts.py   where points, ticks and cells stand
figure.py   Figure: SVG, a page, or a drawing in axes of matplotlib
lines.py, bars.py, matrix.py   the kinds of figures
drawing.py  their style, and pieces of SVG
table.py    tables of records for notebooks
names.py    names of rows
"""
