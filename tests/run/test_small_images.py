"""Images that are smaller than the logits: a network sees them at 32 pixels at least."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from make import STORED, make_dataset, train_settings, write_image, write_stored
from pixelwise.ops.interpolate import no_larger
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run.train import train


@pytest.mark.parametrize(
    "changes", [{}, {"accumulate": 2}, {"scale": 5.0}], ids=["once", "in_parts", "enlarged"]
)
@pytest.mark.parametrize("binary", [False, True])
def test_images_of_one_pixel_and_of_three_rows_are_learnt_and_scored(binary, changes, tmp_path):
    data = make_dataset(tmp_path / "data", size=(3, 90), binary=binary)
    for split, name in (("train", "small"), ("val", "other")):
        write_image(data / split / "images" / f"{name}.png", np.full((1, 1, 3), 90, np.uint8))
        stored = np.full((1, 1), STORED[1], np.uint8)
        write_stored(data / split / "labels" / f"{name}.png", stored)
    settings = TrainConfig(**train_settings(data, tmp_path / "run", crop=(3, 60), **changes))
    run = train(settings)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["val/loss"] > 0
    out = predict(PredictConfig(run, out=tmp_path / "out"))
    assert (out / "other.png").is_file()


def test_a_size_that_is_rounded_up_is_trained_by_a_network_of_full_resolution(tmp_path):
    """60 pixels are 64 at the network, and so many logits."""
    data = make_dataset(tmp_path / "data", size=(60, 60), train=2, val=1)
    about = {"network": "unet:resnet18", "encoder_weights": "none", "crop": (60, 60)}
    assert train(TrainConfig(**train_settings(data, tmp_path / "run", **about))).is_dir()


def test_logits_that_are_larger_on_an_axis_are_brought_to_the_size_of_the_label():
    logits = torch.rand(2, 3, 8, 8)
    assert no_larger(logits, (8, 8)) is logits
    assert no_larger(logits, (16, 9)) is logits
    found = no_larger(logits, (3, 20))
    assert torch.equal(found, interpolate(logits, (3, 20), mode="bilinear"))
