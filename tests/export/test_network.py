"""Deployed: the resizing, the thresholds and the labels of prediction, by plain operators."""

import math

import numpy as np
import pytest
import torch

from export.networks import CLASSES, trained
from make import draw
from pixelwise.data.resize import network_size, resize_image
from pixelwise.errors import ArgumentError, RunError
from pixelwise.export.network import Deployed, cut_of, matrices
from pixelwise.export.resizing import resize_by
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes

SIZES = [(33, 47), (64, 64), (360, 480), (300, 211), (500, 40), (1, 90)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [0.3, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("channels", [3, 5])
def test_two_products_have_the_bytes_of_the_resizing_of_training(size, scale, channels):
    image = torch.randint(0, 256, (channels, *size), dtype=torch.uint8)
    found = resize_by(image.float(), *matrices(size, network_size(size, scale), True), True)
    assert torch.equal(found, resize_image(image, size, scale).float())


@pytest.mark.parametrize("scale", [0.3, 1.5])
def test_samples_that_are_not_bytes_are_resized_without_rounding(scale):
    image = 5000 * torch.rand(2, 65, 90)
    found = resize_by(image, *matrices((65, 90), network_size((65, 90), scale), False), False)
    assert torch.allclose(found, resize_image(image, (65, 90), scale), rtol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, 1e-9, 0.1, 0.3, 0.5, 0.7311, 1.0])
def test_a_logit_above_the_cut_is_one_whose_probability_is_above_the_threshold(threshold):
    """The cut is float32, and on the right side of the exact one."""
    exact = math.log(threshold / (1 - threshold)) if 0 < threshold < 1 else (threshold - 0.5) * 1e99
    near = np.float32(max(min(exact, 1e30), -1e30))
    for x in (np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32("inf"))):
        assert (x > np.float32(cut_of(threshold))) == (float(x) > exact)


OVERLAP = Classes(("disc", "bar"), files=("disc", "bar"))
MANY = Classes(("ground", "disc", "bar"), values=(300, 4, 70), ignore_values=(11,))
TASKS = {
    "multiclass": (CLASSES, 3, (), np.uint8),
    "values of 16 bits": (MANY, 3, (), np.uint16),
    "binary": (Classes(("ground", "disc"), values=(9, 4)), 1, (0.3,), np.uint8),
    "multilabel": (OVERLAP, 2, (0.4, 0.6), np.uint8),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("scale", [1.0, 0.75])
def test_a_label_is_that_of_predict_in_stored_values(task, scale):
    classes, channels, thresholds, dtype = TASKS[task]
    kind = "multiclass" if channels == 3 else task
    network = trained(classes, channels, kind, scale)
    image, _ = draw(0, (61, 83))
    wanted = network.predict(image, thresholds or 0.5)
    wanted = wanted if classes.files else classes.to_stored(wanted)
    deployed = Deployed(network, (61, 83), thresholds or (0.5,))
    found = deployed(torch.from_numpy(image).permute(2, 0, 1)[None])[0].numpy()
    assert found.dtype == dtype
    assert found.shape == wanted.shape
    assert len(np.unique(wanted)) > 1
    assert (found != wanted).mean() < 0.001


def test_equal_logits_are_the_lowest_class():
    network = trained()
    for parameter in network.parameters():
        parameter.data.zero_()
    assert (Deployed(network, (64, 64))(torch.zeros(1, 3, 64, 64)) == 0).all()


def test_a_network_that_resizes_by_itself_has_matrices_for_that_too():
    network = trained()
    network.network.multiple = 14
    image, _ = draw(0, (61, 83))
    found = Deployed(network, (61, 83))(torch.from_numpy(image).permute(2, 0, 1)[None])[0].numpy()
    assert (found != CLASSES.to_stored(network.predict(image))).mean() < 0.001
    with pytest.raises(RunError, match="any_size cannot be: the network resizes to 14s"):
        Deployed(network, None)


def test_any_size_is_refused_where_images_are_resized():
    with pytest.raises(ArgumentError, match=r"left out for a run of scale 0.75, .* Give the size"):
        Deployed(trained(scale=0.75), None)


def test_bands_of_16_bits_are_clipped_and_normalised_inside():
    channels = Channels(("a", "b", "c", "nir"), range=((100, 9000),))
    kind = ImageKind(channels, "uint16", (100.0,) * 4, (9000.0,) * 4)
    network = trained(images=kind, scale=0.75)
    image = np.random.default_rng(0).integers(0, 12000, (64, 64, 4)).astype(np.uint16)
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    found = Deployed(network, (64, 64))(planes)[0].numpy()
    assert (found != CLASSES.to_stored(network.predict(image))).mean() < 0.001
