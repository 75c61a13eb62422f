"""Predicted label images and labels -> counts -> score.json; two predictions compared.

command.py      score: one prediction -> score.json, two -> comparison.json
config.py       ScoreConfig: what `pixelwise score` takes
counting.py     which files belong together, and the counts of all images
one_image.py    the counts of one image
record.py       Score: what score.json holds
compare.py      Comparison: what comparison.json holds, and how it is made
calibration.py  Calibration: what calibration.json holds, from the counts of `predict`
chosen.py       Chosen: what is chosen for a run on a split
thresholds.py   ChosenThresholds: what thresholds.json holds, likewise
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "score")
