"""Boundary and Hausdorff losses: brute-force distances, cases by hand, MONAI."""

import numpy as np
import pytest
import torch

import oracles_losses as slow
import pixelwise as pw
from losses.small import MAPS, each_batch
from pixelwise.losses.boundary import distance_to

LOSSES = {
    "boundary": (pw.Boundary, slow.boundary_cost),
    "hausdorff": (pw.Hausdorff, slow.hausdorff_cost),
}


@each_batch
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("spacing", [None, (2.0, 0.5)])
def test_it_is_the_loop_over_all_pairs_of_pixels(name, maps, activation, spacing):
    logits, target = MAPS[maps]
    make, cost = LOSSES[name]
    loss = make(spacing=spacing, activation=activation)(logits, target)
    unit = {"unit": min(spacing or (1.0,))} if name == "boundary" else {}
    expected = slow.by_distance(
        logits.numpy(), target.numpy(), cost(**unit), activation, spacing or (1, 1)
    )
    assert loss.item() == pytest.approx(expected)


def test_a_row_of_five_pixels_by_hand():
    """Class 1 at pixels 2 to 4 of 0..4: φ is 2 1 | 0 −1 −2; p = 1/2 everywhere.

    Boundary: (½·2 + ½·1 + ½·0 + ½·1 + ½·2) / 5 = 3/5. Hausdorff: the prediction has no boundary,
    d² is 4 1 1 4 9, so ¼ · 19 / 5 = 0.95.
    """
    target = torch.tensor([[0, 0, 1, 1, 1]])
    logits = torch.zeros(1, 1, 5, dtype=torch.float64)
    assert pw.Boundary(activation="sigmoid")(logits, target).item() == pytest.approx(0.6)
    assert pw.Hausdorff(activation="sigmoid")(logits, target).item() == pytest.approx(0.95)


def test_void_lies_on_neither_side():
    """Void beside the class is not its end: the nearest pixel of another class is."""
    target = torch.tensor([[0, 255, 1, 1]])
    logits = torch.zeros(1, 1, 4, dtype=torch.float64)
    # φ is 2 at pixel 0, −(2−1) and −(3−1) at pixels 2 and 3
    assert pw.Boundary(activation="sigmoid")(logits, target).item() == pytest.approx(2.5 / 3)


def test_distances_of_every_map_are_its_own():
    maps = torch.zeros(3, 2, 4, dtype=torch.bool)
    maps[0, 0, 0] = maps[1, 1, 3] = True
    distance = distance_to(maps, (1.0, 2.0))
    np.testing.assert_allclose(distance[0], np.hypot([[0], [1]], [[0, 2, 4, 6]]))
    assert distance[1, 0, 3] == 1
    assert distance[2].tolist() == [[0.0] * 4] * 2  # nothing to be far from


@pytest.mark.parametrize("make", [pw.Boundary, pw.Hausdorff])
def test_an_image_without_the_class_has_no_say_in_it(make):
    """Class 1 is in the first image only; the second neither adds nor divides."""
    logits, target = MAPS["softmax"]
    lacking = target.clone()
    lacking[1][target[1] == 1] = 0
    alone = make(classes=[1])(logits[:1], lacking[:1])
    torch.testing.assert_close(make(classes=[1])(logits, lacking), alone)
    assert make(classes=[1], absent="zero")(logits, lacking) < alone


def test_a_false_positive_far_away_costs_more_than_one_nearby():
    target = torch.zeros(1, 9, 9, dtype=torch.long)
    target[:, 4, 1] = 1
    for make in (pw.Boundary, pw.Hausdorff):
        losses = []
        for column in (3, 7):
            logits = torch.full((1, 1, 9, 9), -9.0)
            logits[0, 0, 4, [1, column]] = 9.0
            losses.append(float(make(activation="sigmoid")(logits, target)))
        assert 0 < losses[0] < losses[1]


@pytest.mark.parametrize("shape", [(7, 6), (4, 5, 3)])
def test_monai_has_the_same_numbers(shape):
    losses = pytest.importorskip("monai.losses")
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, 3, *shape, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 3, (2, *shape), generator=generator)
    options = {"include_background": True, "softmax": True, "to_onehot_y": True}
    theirs = losses.HausdorffDTLoss(**options)(logits, target.unsqueeze(1))
    torch.testing.assert_close(pw.Hausdorff(absent="keep")(logits, target), theirs.double())

    ours, peers = (logits.clone().requires_grad_() for _ in range(2))
    pw.Boundary(absent="keep")(ours, target).backward()
    losses.BoundaryLoss(**options)(peers, target.unsqueeze(1)).backward()
    torch.testing.assert_close(ours.grad, peers.grad)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pw.Boundary(spacing=(1.0, 1.0, 1.0)), "one number for each of 2 axes"),
        (lambda: pw.Boundary(spacing=(1.0, 0.0)), "spacing must be >= 1e-12"),
        (lambda: pw.Hausdorff(alpha=0.0), "alpha must be >= 0.001"),
        (lambda: pw.Hausdorff(classes=[7]), "classes must be indices below 4"),
        (lambda: pw.Boundary(weight=[1.0]), "one number for each of 4 classes"),
    ],
)
def test_a_wrong_option_of_a_distance_loss_is_one_sentence(make, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        make()(*MAPS["softmax"])
