"""Predict label images with a trained network.

config.py       PredictConfig: what `pixelwise predict` takes
predict.py      run folder -> indexed PNGs
images.py       what the images of a dataset are to the network
members.py      which networks predict together, and whether they may
predictor.py    image -> logits at the network's stride -> label
averages.py     means over views and over networks
pipeline.py     images read ahead, predicted in batches, labels written behind
unfinished.py   what is done already when predict goes on
calibration.py  counts of probabilities
thresholds.py   the best ones on a split, kept in the run
labelled_split.py  a split of the run's dataset on which something is chosen
temperature.py  the one that makes probabilities right, likewise
confidence.py   bytes beside labels, void where they are not sure, sums
dataset.py      a whole dataset of predictions
"""
