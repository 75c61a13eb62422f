"""What lets a reader explore the page of a score.

facts.py        what the run was, and the interval of the headline
image_data.py   the table of all images, as data for script/list.js
layers.py       the pictures of an image that script/viewer.js lays over each other
assets.py       these pictures for all images, in a folder beside the page
"""
