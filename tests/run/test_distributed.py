"""Several processes: parts without padding, and counts that are exactly those of one process."""

import json
import os
import subprocess
import sys

import pytest

import warm
from make import make_dataset, train_settings
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.ranks.distributed import shard, sum_over_ranks
from pixelwise.run.train import train
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

EVALUATE = """
import json, sys, torch
from pixelwise.labels.description import read_description
from pixelwise.losses.table import criterion
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.run.evaluate import evaluate
from pixelwise.networks.build import build_network

data, rank, world, meeting = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if world > 1:
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=world
    )
torch.manual_seed(0)
description = read_description(data)
found = evaluate(
    build_network("small", 3),
    SegmentationDataset(description.pairs("val"), description.classes),
    criterion("ce+dice", num_classes=3, upsample="bilinear"),
    "softmax",
)
counts = found.counts
images = [(i.id, i.ignored, i.places, i.pixels) for i in found.images]
print(json.dumps([counts.matrix.tolist(), counts.ignored, counts.images, images, found.loss]))
"""


def evaluate_with(data, world, tmp_path):
    """What every rank of `world` processes gets."""
    words = [sys.executable, "-c", EVALUATE, str(data)]
    meeting = str(tmp_path / f"meeting{world}")
    ranks = [
        warm.Popen([*words, str(r), str(world), meeting], stdout=subprocess.PIPE)
        for r in range(world)
    ]
    return [json.loads(rank.communicate(timeout=300)[0].splitlines()[-1]) for rank in ranks]


def test_two_processes_count_exactly_what_one_does(tmp_path):
    """Five images on two ranks: none is repeated to make the parts equal."""
    data = make_dataset(tmp_path / "data", val=5)
    (alone,) = evaluate_with(data, 1, tmp_path)
    first, second = evaluate_with(data, 2, tmp_path)
    assert first[:4] == second[:4] == alone[:4]
    assert alone[2] == len(alone[3]) == 5
    assert first[4] == pytest.approx(alone[4], rel=1e-12)


def train_with_two_processes(data, out, *options):
    """The command with --devices 2, by default for one epoch of a network with BatchNorm."""
    words = f"train {data} --out {out} --network small --epochs 1 --batch 2"
    more = "--workers 0 --device cpu --devices 2 --log-every 1"
    done = warm.run(
        [sys.executable, "-m", "pixelwise.cli", *words.split(), *more.split(), *options],
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def test_two_processes_train_together(tmp_path):
    """The command with --devices 2 makes one run folder with one line per step and epoch."""
    data = make_dataset(tmp_path / "data")
    done = train_with_two_processes(data, tmp_path / "run", "--json")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 3]
    content = json.loads(done.stdout)  # one document
    assert content["best"]["val/miou"] == json.loads(lines[-1])["val/miou"]
    # said in the log, because this network has BatchNorm
    line = "BatchNorm statistics are of each process's share of the batch: results differ from"
    assert (tmp_path / "run" / "log.txt").read_text().count(line) == 1


def test_the_stored_score_of_two_processes_is_that_of_the_checkpoint(tmp_path):
    """Each rank has running statistics of its own images; one set is scored and saved."""
    data = make_dataset(tmp_path / "data", train=8, val=4)
    train_with_two_processes(data, tmp_path / "run", "--batch", "4", "--epochs", "2")
    stored = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    predict(PredictConfig(tmp_path / "run" / "last", device="cpu"))
    content = score(ScoreConfig(tmp_path / "run" / "predictions" / "val"))
    assert content["scores"]["mean_iou"] == stored["val/miou"]
    assert content["scores"]["pixel_accuracy"] == stored["val/pixel_acc"]


def test_alone_nothing_is_divided_or_added():
    import torch

    assert shard(range(5)) == [0, 1, 2, 3, 4]
    tensor = torch.ones(3)
    assert sum_over_ranks(tensor) is tensor


NETWORK = """
from torch import nn

def build(num_classes):
    return nn.Conv2d(3, num_classes, 3, padding=1)
"""


@pytest.mark.parametrize("loss", ["ce+dice(per_image=true, absent='keep')", "lovasz"])
def test_a_split_with_fewer_images_than_processes_gives_the_numbers_of_one(
    tmp_path, monkeypatch, loss
):
    """One image to learn from and one to score: the second process takes part with nothing."""
    data = make_dataset(tmp_path / "data", train=1, val=1)
    (tmp_path / "one_convolution.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    changes = {"network": "one_convolution:build", "loss": loss, "epochs": 2}
    options = ["--network", "one_convolution:build", "--loss", loss, "--epochs", "2"]
    train_with_two_processes(data, tmp_path / "two", *options)
    train(TrainConfig(**train_settings(data, tmp_path / "one", **changes)))
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert len(one) == 4
    for alone, together in zip(one, two, strict=True):
        assert together == pytest.approx(alone, rel=1e-4, nan_ok=True)


def test_an_image_that_a_process_borrows_is_not_counted_as_seen(tmp_path):
    """Two images on three processes: the third borrows the first one's, which counts once."""
    data = make_dataset(tmp_path / "data", train=2, val=1)
    train_with_two_processes(data, tmp_path / "three", "--devices", "3", "--batch", "3")
    train(TrainConfig(**train_settings(data, tmp_path / "one", batch=3)))
    alone, together = (
        json.loads((tmp_path / name / "metrics.jsonl").read_text().splitlines()[-1])
        for name in ("one", "three")
    )
    seen = [name for name in alone if name.startswith("train/seen/")]
    assert len(seen) == 3
    assert [together[name] for name in seen] == [alone[name] for name in seen]
