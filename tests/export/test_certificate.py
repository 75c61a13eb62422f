"""What a certificate counts, and the four faults that it has to find."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from export.networks import CLASSES, trained
from make import draw
from pixelwise.export.certificate import MOST_DISTANCE, Compared, distances
from pixelwise.export.config import ExportConfig
from pixelwise.export.formats import load_onnx, write_onnx
from pixelwise.export.network import Deployed
from pixelwise.labels.bands.image_kind import RGB8
from pixelwise.settings import field_of

SIZE = (64, 64)
SCALE = 0.5


def compared(model, network):
    """What is found on one drawn image, as by `certify`."""
    found = Compared()
    image = draw(0, SIZE)[0]
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))[None]
    found.add(CLASSES.to_stored(network.predict(image)), model(planes)[0])
    return found


def fails(found):
    """Whether more differ than may where nothing is said."""
    return found.differ > field_of(ExportConfig, "tolerance").default * found.pixels


def eager(deployed):
    return lambda planes: deployed(torch.from_numpy(planes.copy())).numpy()


@pytest.fixture(scope="module")
def network():
    return trained(scale=SCALE)


def test_the_network_itself_passes(network):
    found = compared(eager(Deployed(network, SIZE)), network)
    assert (found.pixels, found.differ) == (64 * 64, 0)


def test_channels_in_another_order_are_found(network):
    model = eager(Deployed(network, SIZE))
    assert fails(compared(lambda planes: model(planes[:, ::-1]), network))


def test_a_missing_antialias_is_found(network):
    deployed = Deployed(network, SIZE)
    plain = F.interpolate(torch.eye(64)[None, None], (64, 32), mode="bilinear")[0, 0]
    deployed.rows, deployed.columns = plain.T.contiguous(), plain
    assert fails(compared(eager(deployed), network))


class ArgmaxFirst(Deployed):
    def forward(self, image):
        size, self.size = self.size, tuple(image.shape[2:])
        logits = self.body((self.inside(image) - self.mean) / self.std)
        self.size = size
        small = self.table[logits.argmax(1)]
        return F.interpolate(small[None].float(), size, mode="nearest")[0].to(small.dtype)

    def inside(self, image):
        x = torch.floor(image.float() @ self.columns + 0.5)
        return torch.floor(self.rows @ x + 0.5)


def test_argmax_before_upsampling_is_found_near_borders(network):
    found = compared(eager(ArgmaxFirst(network, SIZE)), network)
    assert fails(found)
    assert found.at_distance[:4].sum() > 0.9 * found.differ


def test_numbers_that_float16_does_not_have_are_found(tmp_path):
    """1e5 times the logits are infinite there, and infinity - infinity is no class."""
    network, path = trained(scale=SCALE, factor=1e5), tmp_path / "model.onnx"
    assert compared(eager(Deployed(network, SIZE)), network).differ == 0
    half = Deployed(trained(scale=SCALE, factor=1e5), SIZE, half=True)
    write_onnx(half, RGB8, SIZE, path)
    assert fails(compared(load_onnx(path), network))


def test_distances_are_those_to_the_nearest_pixel_of_another_class():
    """Compared with all pairs of pixels."""
    label = np.zeros((24, 31), np.uint8)
    label[3:9, 4:7], label[15:, 20:] = 1, 2
    wrong = np.random.default_rng(1).random(label.shape) < 0.3
    places = np.argwhere(np.ones_like(label))
    wanted = np.zeros(MOST_DISTANCE + 1, int)
    for y, x in np.argwhere(wrong):
        others = places[label.ravel() != label[y, x]]
        nearest = int(np.abs(others - (y, x)).max(1).min())
        wanted[min(nearest, MOST_DISTANCE + 1) - 1] += 1
    assert distances(label, wrong).tolist() == wanted.tolist()


def test_a_label_of_one_class_has_no_border():
    found = distances(np.zeros((9, 9), np.uint8), np.eye(9, dtype=bool))
    assert found.tolist() == [0] * MOST_DISTANCE + [9]
