"""Predicted label images and labels -> counts -> score.json; two predictions compared.

command.py    score: one prediction -> score.json
compare.py    two predictions of the same images -> comparison.json
counting.py   the counts of each image
table.py      scores as text
config.py     ScoreConfig: what `pixelwise score` takes
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "score")
