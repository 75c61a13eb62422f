"""Tiles on the stride grid: laws of where they lie, how they count, and what is held."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from pixelwise.errors import ArgumentError
from pixelwise.ops.predict import predict_label, predict_rows
from pixelwise.tiles.bands import bands
from pixelwise.tiles.blend import FLOOR, tile_weights
from pixelwise.tiles.grid import Tiling, make_grid, starts
from pixelwise.tiles.label import finished_rows

GRAIN = 8  # of the networks here
SIZES = [(64, 96), (40, 200), (136, 64)]
TILES = [(32, 32), (48, 64), (24, 40), (400, 400)]


def plain_network(classes=3, seed=0):
    """A stride of 4 and a receptive field of 7 pixels beside each cell's own."""
    torch.manual_seed(seed)
    layers = nn.Conv2d(3, 8, 2, 2), nn.ReLU(), nn.Conv2d(8, classes, 2, 2)
    return nn.Sequential(*layers, nn.Conv2d(classes, classes, 3, 1, 1)).double().eval()


def image_of(size, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(size=(3, *size)))


def joined(grid, network, image, **options):
    """The logits of a whole image from its bands, which must lie edge to edge."""
    found = list(bands(grid, lambda a, b: image[:, a:b], network, **options))
    places = [band.first for band in found]
    assert places == list(itertools.accumulate((b.logits.shape[2] for b in found), initial=0))[:-1]
    return torch.cat([band.logits for band in found], 2)


@pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("grain", [1, 4, 32])
def test_tiles_cover_an_axis_evenly_on_the_grid(overlap, grain):
    for cells, tile in itertools.product(range(1, 30), range(1, 9)):
        size, own = cells * grain, min(cells, tile) * grain
        found = starts(size, own, overlap, grain)
        steps = np.diff(found)
        assert found[0] == 0
        assert found[-1] == size - own
        assert all(place % grain == 0 for place in found)
        assert (steps > 0).all()
        assert (steps <= own).all()
        assert np.ptp(steps) <= grain if len(steps) else True


def test_starts_are_those_of_nnu_net_without_a_stride():
    """Its compute_steps_for_sliding_window: 3 tiles of 0.5 in 230, evenly."""
    assert starts(230, 128, 0.5, 1) == (0, 51, 102)
    assert starts(110, 64, 0.5, 1) == (0, 23, 46)
    assert starts(512, 128, 0.5, 1) == tuple(range(0, 385, 64))


def test_one_tile_gives_the_whole_image_bit_for_bit():
    image, network = image_of((64, 96)), plain_network()
    grid = make_grid((64, 96), (400, 400), 0.5, GRAIN)
    with torch.no_grad():
        assert torch.equal(joined(grid, network, image), network(image[None]))


@pytest.mark.parametrize("blend", ["gaussian", "equal"])
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("size", SIZES)
def test_a_constant_network_gives_a_constant_map(size, tile, blend):
    """Also of infinity, and to the bit: tiles that agree leave no trace."""
    values = torch.tensor([0.1, -torch.inf, 0.3], dtype=torch.float32).view(1, 3, 1, 1)

    def constant(images):
        return values.expand(len(images), 3, images.shape[2] // 4, images.shape[3] // 4)

    for overlap in (0, 0.3, 0.5, 0.75):
        grid = make_grid(size, tile, overlap, GRAIN)
        found = joined(grid, constant, image_of(size), blend=blend, at_once=2)
        assert torch.equal(found, values.expand_as(found))


@pytest.mark.parametrize("blend", ["gaussian", "equal"])
def test_a_network_that_sees_a_cell_alone_gives_the_whole_image(blend):
    """Without a receptive field beyond its cell, tiles change nothing anywhere."""
    network = nn.Sequential(*list(plain_network())[:-1])
    image = image_of((136, 104))
    with torch.no_grad():
        whole = network(image[None])
        for tile, overlap in itertools.product(TILES, (0, 0.5, 0.7)):
            grid = make_grid((136, 104), tile, overlap, GRAIN)
            found = joined(grid, network, image, blend=blend)
            assert torch.allclose(found, whole, rtol=0, atol=1e-12)


def test_cells_whose_receptive_field_is_inside_every_tile_are_those_of_the_whole_image():
    """The last layer sees one cell around: what is further from inner edges of tiles is equal."""
    network, size, tile = plain_network(), (96, 160), (48, 64)
    image = image_of(size)
    grid = make_grid(size, tile, 0.5, GRAIN)
    near = np.zeros((size[0] // 4, size[1] // 4), bool)
    for axis, (places, length, side) in enumerate(
        zip((grid.tops, grid.lefts), size, tile, strict=True)
    ):
        edges = {p for p in places if p} | {p + side for p in places if p + side < length}
        for edge in edges:
            near.swapaxes(0, axis)[edge // 4 - 1 : edge // 4 + 1] = True
    with torch.no_grad():
        found, whole = joined(grid, network, image)[0], network(image[None])[0]
    differs = (found - whole).abs().amax(0).numpy() > 1e-12
    assert not (differs & ~near).any()
    assert differs.any()  # at the edges of tiles there is less to see
    assert 0.2 < near.mean() < 0.8


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_any_number_of_tiles_at_once_gives_the_same(at_once):
    image, network = image_of((96, 160)), plain_network()
    grid = make_grid((96, 160), (32, 48), 0.5, GRAIN)
    with torch.no_grad():
        one = joined(grid, network, image)
        assert torch.allclose(joined(grid, network, image, at_once=at_once), one, atol=1e-14)


def test_the_middle_of_a_tile_counts_most_and_no_cell_counts_nothing():
    weights = tile_weights((12, 7), "gaussian")
    assert weights.dtype == torch.float32
    assert torch.equal(weights, weights.flip(0, 1))  # centred
    assert weights.min() >= FLOOR
    assert weights.argmax() in (5 * 7 + 3, 6 * 7 + 3)
    row = tile_weights((1, 801), "gaussian")[0]
    assert row[400 + 100].item() == pytest.approx(np.exp(-0.5), abs=2e-3)  # a deviation away
    assert torch.equal(tile_weights((3, 4), "equal"), torch.ones(3, 4))


def test_tiles_weigh_as_those_of_monai_do():
    """Where its tiles lie on the grid, sliding_window_inference gives the same logits."""
    inferers = pytest.importorskip("monai.inferers", reason="monai is not installed")
    size, tile = (96, 128), (32, 64)
    torch.manual_seed(3)
    network = nn.Conv2d(3, 4, 3, padding=1).eval()
    image = image_of(size, 5).float()
    for blend, mode in (("gaussian", "gaussian"), ("equal", "constant")):
        with torch.no_grad():
            theirs = inferers.sliding_window_inference(
                image[None], tile, 1, network, overlap=0.5, mode=mode, sigma_scale=0.125
            )
            ours = joined(make_grid(size, tile, 0.5, GRAIN), network, image, blend=blend)
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_blended_tiles_have_fewer_seams_than_tiles_that_lie_edge_to_edge():
    """Label changes across borders of tiles against elsewhere; a whole image has a ratio of 1."""
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 6, 4, 4), nn.Conv2d(6, 6, 7, padding=3), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Conv2d(6, 3, 7, padding=3)).eval()
    image = functional.avg_pool2d(image_of((288, 288), 2)[None].float(), 33, 1, 16)[0]
    image = (image - image.mean()) / image.std()
    tile = (96, 96)

    def seams(label, borders):
        changes = (label[1:] != label[:-1]).double().mean(1)
        inner = torch.zeros(len(changes), dtype=torch.bool)
        for border in borders:
            inner[border - 3 : border + 2] = True
        return (changes[inner].mean() / changes[~inner].mean()).item()

    def label_of(overlap, blend):
        logits = joined(make_grid((288, 288), tile, overlap, 32), network, image, blend=blend)
        return predict_label(logits, (288, 288))[0]

    with torch.no_grad():
        abrupt = seams(label_of(0, "equal"), [96, 192])
        smooth = seams(label_of(0.5, "gaussian"), [96, 192])
    assert smooth < abrupt
    assert smooth < 1.5


@pytest.mark.parametrize("size", [(272, 416), (61, 97), (68, 104), (30, 45), (1, 3)])
def test_rows_of_bands_are_those_of_the_whole_label(size):
    """Larger and smaller than the grid of logits, at ratios that do not divide."""
    image, network = image_of((272, 416)), plain_network(5)
    grid = make_grid((272, 416), (48, 64), 0.5, GRAIN)
    with torch.no_grad():
        whole = joined(grid, network, image)
        want = predict_label(whole, size)[0]
        got = [
            (rows, predict_rows(logits, rows, size[1])[0][0])
            for rows, logits in finished_rows(
                bands(grid, lambda a, b: image[:, a:b], network), size[0]
            )
        ]
    assert [rows.first for rows, _ in got][1:] == [rows.stop for rows, _ in got][:-1]
    assert torch.equal(torch.cat([label for _, label in got]), want)


def test_a_network_whose_logits_have_no_whole_stride_is_refused():
    grid = make_grid((64, 64), (32, 32), 0.5, GRAIN)
    with pytest.raises(ArgumentError, match="whole stride"):
        joined(grid, lambda x: x[:, :, :15, :15], image_of((64, 64)))
    grid = make_grid((64, 64), (40, 40), 0.5, GRAIN)  # a stride of 20
    with pytest.raises(ArgumentError, match="whole stride"):
        joined(grid, lambda x: x[:, :, :2, :2], image_of((64, 64)))


@pytest.mark.parametrize(
    ("name", "given"),
    [("tile", ((0, 5),)), ("overlap", ((64, 64), 0.95)), ("blend", ((64, 64), 0.5, "hann"))],
)
def test_settings_of_tiles_are_checked(name, given):
    with pytest.raises(ArgumentError, match=name):
        Tiling(*given)


def test_sizes_off_the_grid_are_refused():
    with pytest.raises(ArgumentError, match="multiples of 8"):
        make_grid((64, 60), (32, 32), 0.5, GRAIN)
