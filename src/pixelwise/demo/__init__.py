"""All steps on a dataset that it draws itself: label images, training, scores, a report.

command.py   demo: draw, train with two losses, score, compare; DemoConfig is what it takes
scenes.py    the street scenes
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "demo")
