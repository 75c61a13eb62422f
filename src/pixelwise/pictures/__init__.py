"""Image, label and prediction become one picture. Only numpy and Pillow.

show.py    show: panels side by side, with a legend
panels.py  what is in each panel
errors.py  pixels by what is wrong with them, and how they are drawn
reduce.py  large and small arrays at the size of a panel
legend.py  what the colours mean
layout.py  Shown: the panels and the legend as a picture, as SVG and as a page
encode.py  a picture in an address
"""
