"""Classes that overlap, from drawn files to a score: train -> predict -> score."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from tests.overlapping import make_set

import pixelwise as pw
from pixelwise.data.dataset import Augmentation, SegmentationDataset
from pixelwise.errors import ArgumentError
from pixelwise.labels.description import read_description
from pixelwise.labels.overlap.members import read_members


def test_a_drawn_set_is_learnt_by_the_commands(tmp_path, monkeypatch):
    """IoU of each class is far from what chance or a single class a pixel can reach."""
    monkeypatch.chdir(tmp_path)
    data = make_set(tmp_path / "set")
    run = pw.train(data, network="small", epochs=14, batch=4, lr=0.01, out=tmp_path / "run", seed=1)
    config = json.loads((run / "config.json").read_text())
    assert config["config"]["loss"] == "bce+dice"
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    folder = pw.predict(run)
    score = pw.score(folder)
    assert {"disc", "bars", "prediction.json", "score.json"} <= {p.name for p in folder.iterdir()}
    with Image.open(folder / "bars" / "8.png") as written:
        assert written.mode == "P"
        assert set(np.unique(np.asarray(written))) <= {0, 255}
    assert min(row.scores["iou"] for row in score.per_class) > 0.7
    best = max(
        line.get("val/miou", 0)
        for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    )
    assert score.mean_iou == pytest.approx(best, abs=1e-12)
    assert {"val/iou/disc", "val/iou/bar"} <= last.keys()
    # both at once, which one class a pixel cannot say
    description = read_description(data)
    members = pw.load_network(run).predict(description.pairs("val")[0].image)
    assert members.shape == (2, 48, 64)
    assert (members.sum(0) == 2).any()
    assert "bar" in score.text()
    # thresholds of each class
    none = pw.predict(run, out=tmp_path / "none", thresholds=(1.0, 0.5))
    rows = pw.score(none).per_class
    assert rows[0].pred_pixels == 0
    assert rows[1].pred_pixels == score.per_class[1].pred_pixels
    with pytest.raises(ArgumentError, match="thresholds must be one for each of the 2 classes"):
        pw.predict(run, out=tmp_path / "x", thresholds=(0.5,))
    with pytest.raises(ArgumentError, match="these classes overlap"):
        pw.predict(run, out=tmp_path / "x", calibration=True)
    with pytest.raises(ArgumentError, match=r"boundary.* one class a pixel.* Without them"):
        pw.score(folder, boundary=True)


def test_an_example_is_cut_the_same_in_every_plane(tmp_path):
    """The target of a crop is that of the whole, plane by plane; void fills what lies beyond."""
    description = read_description(make_set(tmp_path / "set", train=2, val=1))
    pairs, classes = description.pairs("train"), description.classes
    image, target = SegmentationDataset(pairs, classes)[0]
    assert image.shape == (3, 64, 64)
    assert torch.equal(target, torch.from_numpy(read_members(pairs[0], classes)))
    how = Augmentation(crop=(60, 40), flip=True, zoom=(0.8, 1.3))
    dataset = SegmentationDataset(pairs, classes, augmentation=how, seed=3)
    for epoch in range(4):
        planes = dataset[epoch, 0][1]
        assert planes.shape == (2, 60, 40)
        # void beyond the image is void in both, around the disc in its plane alone
        beyond = (planes[1] == 255).float().mean()
        assert (planes[0] == 255).float().mean() > beyond
        assert set(planes.unique().tolist()) <= {0, 1, 255}


def test_a_softmax_loss_and_class_weights_are_refused(tmp_path):
    """Each class is a sigmoid channel of its own."""
    data = make_set(tmp_path / "set", train=2, val=1)
    with pytest.raises(ArgumentError, match="made of sigmoid terms"):
        pw.train(data, network="small", loss="ce+dice", out=tmp_path / "run")
    with pytest.raises(ArgumentError, match="one of none, pos_weight for a multilabel task, got"):
        pw.train(data, network="small", class_weights="enet", out=tmp_path / "run")
    with pytest.raises(ArgumentError, match="pos_weight must be given with a bce term, got dice"):
        pw.train(
            *(data,), network="small", loss="dice", class_weights="pos_weight", out=tmp_path / "run"
        )


def test_counts_are_those_of_each_class_for_itself():
    """confusion_matrix and predict_label of channels = those of one channel after the other."""
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    target = torch.randint(0, 3, (2, 3, 9, 11), generator=generator)
    target[target == 2] = 255
    thresholds = (0.2, 0.5, 0.9)
    matrix = pw.confusion_matrix(logits, target, "sigmoid", thresholds)
    labels = pw.predict_label(logits, (9, 11), "sigmoid", thresholds)
    assert matrix.shape == (3, 2, 2)
    assert labels.shape == target.shape
    for c, threshold in enumerate(thresholds):
        one = pw.confusion_matrix(logits[:, c : c + 1], target[:, c], "sigmoid", threshold)
        assert torch.equal(matrix[c], one)
        valid = target[:, c] != 255
        flat = 2 * target[:, c][valid] + labels[:, c][valid]
        assert torch.equal(matrix[c].ravel(), flat.bincount(minlength=4))
    with pytest.raises(ArgumentError, match=r"target must be \(N, C, \*S\) for sigmoid with sev"):
        pw.confusion_matrix(logits, target[:, 0], "sigmoid")
    with pytest.raises(ArgumentError, match="one for each of the 3 channels"):
        pw.predict_label(logits, activation="sigmoid", threshold=[0.1, 0.2])


@pytest.mark.parametrize("loss", ["bce", "dice", "bce+dice", "tversky", "focal"])
def test_void_of_one_channel_is_in_no_sum_of_it_and_in_the_others(loss):
    """Logits at void pixels change nothing, NaN too, and their gradient is 0; others count."""
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(2, 3, 6, 7, generator=generator, requires_grad=True)
    target = torch.randint(0, 2, (2, 3, 6, 7), generator=generator, dtype=torch.uint8)
    target[0, 1, :3] = 255
    criterion = pw.criterion(loss, num_classes=1)
    value = criterion(logits, target)
    value.backward()
    void = target == 255
    assert (logits.grad[void] == 0).all()
    assert (logits.grad[0, 0, :3] != 0).any()
    other = logits.detach().clone()
    other[void] = float("nan")
    assert torch.allclose(criterion(other, target), value)
