"""Scores and pictures become one self-contained HTML file. Calling the room writes a report."""

from pixelwise.rooms import callable_room

callable_room(__name__, "pixelwise.report.html", "report")
