"""What a training run is going to do, checked before anything is written.

config.py      TrainConfig: what the command takes
preflight.py   settings without torch, the header and the end of every image
plan.py        Plan: everything that the settings left open, decided
splits.py      which pairs of a split are used, and what their labels hold
bad_images.py  pairs that cannot be used: how many may be, and the file about them
pasting.py     which classes are pasted; datasets.py the datasets of a plan
statistics.py  type, percentiles, mean and std of the samples of the train split
parts.py       what differs when a batch is computed in parts
"""
