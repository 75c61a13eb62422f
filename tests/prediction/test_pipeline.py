"""Read ahead, together through the network, write behind: the same files as one by one."""

import json
import time
import weakref

import numpy as np
import pytest
import torch

from make import draw, make_dataset, train_settings, write_image
from pixelwise.errors import RunError
from pixelwise.networks.build import build_network
from pixelwise.networks.table import NETWORKS
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction import pipeline
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.prediction.unfinished import Journal
from pixelwise.run.train import train
from pixelwise.run.trained import Batched, TrainedNetwork, same_sizes

SIZES = [(33, 47)] * 5 + [(64, 64)] * 2 + [(33, 47)] * 3 + [(40, 50)]
IDS = [f"{number:02}" for number in range(len(SIZES))]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return train(TrainConfig(**train_settings(make_dataset(folder / "data"), folder / "run")))


@pytest.fixture
def images(tmp_path):
    for number, size in enumerate(SIZES):
        write_image(tmp_path / "images" / f"{number:02}.png", image_of(number, size))
    return tmp_path / "images"


def image_of(number, size):
    return draw(number, (90, 90))[0][: size[0], : size[1]]


def settings(run, images, name="out", **changes):
    return PredictConfig(run, images=images, out=images.parent / name, **changes)


def written(folder):
    return {p.stem: p.read_bytes() for p in folder.glob("*.png")}


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


@pytest.fixture
def noted(monkeypatch):
    """The ids of the journal, in its order."""
    ids, add = [], Journal.add

    def noting(self, id, stamp, note=None):
        ids.append(id)
        add(self, id, stamp, note)

    monkeypatch.setattr(Journal, "add", noting)
    return ids


@pytest.mark.parametrize(("batch", "most"), [(1, 1), (2, 3), (4, 32), (64, 2)])
def test_any_batch_and_any_number_of_images_ahead_gives_the_same_files(
    run, images, monkeypatch, noted, batch, most
):
    """Images of other sizes end a batch; the journal has the order of the images."""
    one_by_one = written(predict(settings(run, images, "one")))
    assert noted == IDS
    noted.clear()
    monkeypatch.setattr(pipeline, "MOST_AHEAD", most)
    assert written(predict(settings(run, images, batch=batch))) == one_by_one
    assert noted == IDS


@pytest.mark.filterwarnings("ignore:predict")
def test_a_damaged_image_inside_a_batch_is_named_and_the_others_are_written(run, images, noted):
    whole = written(predict(settings(run, images, "whole")))
    noted.clear()
    for id in ("02", "05"):
        cut(images / f"{id}.png")
    out = predict(settings(run, images, batch=4))
    good = [id for id in IDS if id not in ("02", "05")]
    assert noted == good
    assert written(out) == {id: whole[id] for id in good}
    failed = json.loads((out / "prediction.json").read_text())["failed"]
    assert [one["id"] for one in failed] == ["02", "05"]


@pytest.mark.filterwarnings("ignore:predict")
def test_nan_in_a_batch_costs_its_image_alone(run, images, monkeypatch, noted):
    forward = TrainedNetwork.forward

    def nan_in_the_second(self, batch):
        found = forward(self, batch)
        found[1:2] = torch.nan
        return found

    monkeypatch.setattr(TrainedNetwork, "forward", nan_in_the_second)
    monkeypatch.setattr(Batched, "__call__", lambda self, batch: self.network(batch))
    out = predict(settings(run, images, batch=4))
    failed = json.loads((out / "prediction.json").read_text())["failed"]
    assert [one["id"] for one in failed] == ["01", "06", "08"]
    assert "01.png: logits must be numbers" in failed[0]["reason"]
    assert noted == [id for id in IDS if id not in ("01", "06", "08")]


@pytest.mark.parametrize("stop", [KeyboardInterrupt("by hand"), RunError("05", event="full")])
@pytest.mark.parametrize("place", ["compute", "write"])
def test_what_was_computed_before_an_interruption_is_kept(
    run, images, monkeypatch, noted, stop, place
):
    """In the middle of the second batch; the same command goes on, to the same files."""
    whole = written(predict(settings(run, images, "whole")))
    noted.clear()
    with monkeypatch.context() as patch:
        if_fifth(patch, place, stop)
        with pytest.raises(type(stop)):
            predict(settings(run, images, batch=4))
    assert not (images.parent / "out").exists()
    assert noted[:4] == IDS[:4]
    assert noted == sorted(noted)
    done = list(noted)
    noted.clear()
    assert written(predict(settings(run, images, batch=4))) == whole
    assert noted == [id for id in IDS if id not in done]


def if_fifth(patch, place, stop):
    """Raise when the fifth image is written, or when its batch is computed."""
    compute, write_label = pipeline.Work.compute, pipeline.write_label

    def computing(self, batch):
        if place == "compute" and batch[0].pair.id == "04":
            raise stop
        return compute(self, batch)

    def writing(path, *given):
        if place == "write" and path.stem == "04":
            raise stop
        return write_label(path, *given)

    patch.setattr(pipeline.Work, "compute", computing)
    patch.setattr(pipeline, "write_label", writing)


def test_few_images_are_in_memory_at_once(run, tmp_path, monkeypatch):
    """Reading waits for the network, and the network for writing."""
    for number in range(40):
        write_image(tmp_path / "images" / f"{number:02}.png", image_of(number, (32, 32)))
    alive, most = weakref.WeakSet(), []
    at_network, compute = TrainedNetwork.at_network, pipeline.Work.compute

    def reading(self, *given):
        found = at_network(self, *given)
        alive.add(found)
        most.append(len(alive))
        return found

    def computing(self, batch):
        time.sleep(0.005)  # reading is faster
        return compute(self, batch)

    monkeypatch.setattr(TrainedNetwork, "at_network", reading)
    monkeypatch.setattr(pipeline.Work, "compute", computing)
    monkeypatch.setattr(pipeline, "MOST_AHEAD", 3)
    out = predict(settings(run, tmp_path / "images", batch=2))
    # three that wait, two that are in the network, and the next that is looked at
    assert max(most) <= 6
    assert len(written(out)) == 40


def test_large_images_are_read_one_at_a_time():
    header = type("Header", (), {"height": 20_000, "width": 20_000})
    assert pipeline.images_in_memory([header], batch=1) == 1
    assert pipeline.images_in_memory([], batch=1) == pipeline.MOST_AHEAD
    assert pipeline.images_in_memory([header], batch=8) == 8


@pytest.mark.parametrize("name", ["small", *(f"{n}:resnet18" for n in NETWORKS if n != "dpt")])
def test_logits_have_the_same_bits_in_a_batch_as_alone(name):
    """Of every network, three times: seen once, compared, and then by what was found.

    Images of 32 pixels, in whose sums the number of images shows; 128 where pan pools away less,
    and where most machines find the same bits, in pspnet.
    """
    side = 128 if name.startswith(("pan:", "pspnet:")) else 32
    torch.manual_seed(0)
    network = build_network(name, 3).eval()
    together = Batched(network)
    with torch.no_grad():
        for seed in range(3):
            batch = torch.from_numpy(
                np.stack([draw(3 * seed + n, (144, 144))[0][:side, :side] for n in range(3)])
            )
            batch = batch.permute(0, 3, 1, 2).contiguous()
            alone = torch.cat([network(image) for image in batch.split(1)])
            assert torch.equal(together(batch), alone)
    assert set(together.is_same) == {torch.Size([3, 3, side, side])}


def test_a_network_whose_images_depend_on_each_other_sees_one_at_a_time():
    calls = []

    def mixing(images):
        calls.append(len(images))
        return images + images.mean()

    together = Batched(mixing)
    for batch in torch.rand(4, 2, 3, 8, 8).unbind():
        alone = torch.cat([image + image.mean() for image in batch.split(1)])
        assert torch.equal(together(batch), alone)
    assert calls == [1, 1, 1, 1, 2, 1, 1, 1, 1]


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    calls = []

    def small_memory(images):
        calls.append(len(images))
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return images * 2

    together = Batched(small_memory)
    for batch in torch.rand(5, 8, 3, 8, 8).unbind():
        assert torch.equal(together(batch), batch * 2)
    assert together.most == 2
    assert calls[-4:] == [2, 2, 2, 2]


def test_items_of_one_size_are_together_as_long_as_they_follow_each_other():
    items = ["aa", "bb", "c", "dd", "ee", "ff", "gg", "h"]
    found = list(same_sizes(iter(items), len, lambda item: 3 if len(item) == 2 else 9))
    assert found == [["aa", "bb"], ["c"], ["dd", "ee", "ff"], ["gg"], ["h"]]


def test_a_full_list_does_not_wait_for_the_next_item():
    taken = []
    items = (taken.append(n) or n for n in range(9))
    lists = same_sizes(items, lambda _: 0, lambda _: 2)
    assert next(lists) == [0, 1]
    assert taken == [0, 1]
