"""predict --tile: files that are those of whole images where tiles say the same, and bands."""

import json
import tracemalloc

import numpy as np
import pytest
import tifffile
import torch

from make import draw, make_dataset, train_settings, write_image
from pixelwise.errors import ArgumentError
from pixelwise.labels.png import read_label
from pixelwise.ops.predict import predict_label
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction import tiled
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict, predict_images
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train
from pixelwise.run.trained import TrainedNetwork, load_network
from pixelwise.score.command import score
from pixelwise.tiles.bands import Joined
from pixelwise.tiles.grid import Tiling

TILE = (64, 64)


@pytest.fixture
def images(tmp_path):
    for number, size in enumerate([(150, 203), (40, 60), (97, 160)]):
        write_image(tmp_path / "images" / f"{number}.png", draw(number, size)[0])
    return tmp_path / "images"


def written(folder, pattern="*.png"):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob(pattern))}


def settings(run, images, name, **changes):
    return PredictConfig(run, images=images, out=images.parent / name, **changes)


def rest_of(image):
    """A network without a view beyond its cell: the same in tiles and in the whole image."""
    means = torch.nn.functional.avg_pool2d(image.float(), 4)
    return means - means.mean(1, keepdim=True)


@pytest.fixture
def pointwise(monkeypatch):
    monkeypatch.setattr(TrainedNetwork, "forward", lambda _, image: rest_of(image))


def test_a_tile_that_is_no_multiple_of_the_grid_is_said(run, images, capsys):
    predict(settings(run, images, "small", tile=(8, 8)))
    assert (
        "tiles are 32 x 32 at the network, the nearest multiples of 32" in capsys.readouterr().err
    )
    predict(settings(run, images, "whole", tile=(32, 64)))
    assert "multiples" not in capsys.readouterr().err


def test_one_tile_gives_the_files_of_whole_images(run, images):
    whole = written(predict(settings(run, images, "whole")))
    assert written(predict(settings(run, images, "tiles", tile=(1000, 1000)))) == whole
    assert len(whole) == 3


@pytest.mark.parametrize("options", [{}, {"overlap": 0}, {"overlap": 0.7, "blend": "equal"}])
@pytest.mark.usefixtures("pointwise")
def test_tiles_that_agree_give_the_files_of_whole_images(run, images, options):
    """To the byte: size, values, palette and the bytes of the PNG; the image is resized too."""
    whole = written(predict(settings(run, images, "whole")))
    assert written(predict(settings(run, images, "tiles", tile=TILE, **options))) == whole


def test_a_label_of_tiles_is_that_of_the_joined_logits(run, images):
    """What predict writes in bands is what the whole grid of logits says."""
    network, tiling = load_network(run), Tiling(TILE)
    out = predict(settings(run, images, "tiles", tile=TILE))
    image = draw(0, (150, 203))[0]
    joined = Joined(network, TILE, tiling, 32)
    with torch.no_grad():
        logits = joined(network.at_network(image, "image")[None])
    label = predict_label(logits, image.shape[:2])[0].numpy()
    stored = network.classes.to_stored(label)
    assert np.array_equal(read_label(out / "0.png"), stored)


def test_what_tiles_were_is_kept_and_other_tiles_are_another_folder(run, images):
    out = predict(settings(run, images, "tiles", tile=TILE, blend="equal"))
    about = json.loads((out / "prediction.json").read_text())
    assert about["tiles"] == {"tile": [64, 64], "overlap": 0.5, "blend": "equal"}
    whole = predict(settings(run, images, "whole"))
    assert json.loads((whole / "prediction.json").read_text())["tiles"] is None


@pytest.mark.filterwarnings("ignore:predict")
def test_a_damaged_large_image_is_named_and_the_others_are_written(run, images):
    path = images / "0.png"
    path.write_bytes(path.read_bytes()[:5000])
    found = predict_images(settings(run, images, "tiles", tile=TILE))
    assert [one.id for one in found.failed] == ["0"]
    assert set(written(found.folder)) == {"1.png", "2.png"}
    assert not list(found.folder.glob(".pixelwise-*"))


@pytest.mark.filterwarnings("ignore:predict")
def test_nan_in_a_tile_costs_its_image(run, images, monkeypatch):
    def nan(_, image):
        found = rest_of(image)
        found[:, :, -1, -1] = torch.nan
        return found

    monkeypatch.setattr(TrainedNetwork, "forward", nan)
    with pytest.raises(Exception, match="logits must be numbers"):
        predict(settings(run, images, "tiles", tile=TILE))


def test_an_interrupted_folder_goes_on_with_the_same_tiles_alone(run, images, monkeypatch):
    whole = written(predict(settings(run, images, "whole", tile=TILE)))
    with monkeypatch.context() as patch:
        of_second(patch)
        with pytest.raises(KeyboardInterrupt):
            predict(settings(run, images, "out", tile=TILE))
    # what a kill leaves of a label image
    (images.parent / ".out.part" / ".pixelwise-0123456789abcdef.tmp").write_bytes(b"rows")
    seen = []
    monkeypatch.setattr(tiled.TiledWork, "run", noting(seen))
    assert written(predict(settings(run, images, "out", tile=TILE))) == whole
    assert not list((images.parent / "out").glob("*.tmp"))
    assert seen == ["2"]


def of_second(patch):
    """Ctrl-C when the image 2, the second one in tiles, is predicted."""
    run = tiled.TiledWork.run

    def stopping(self, pair, advance):
        if pair.id == "2":
            raise KeyboardInterrupt
        run(self, pair, advance)

    patch.setattr(tiled.TiledWork, "run", stopping)


def noting(seen):
    run = tiled.TiledWork.run

    def noted(self, pair, advance):
        seen.append(pair.id)
        run(self, pair, advance)

    return noted


@pytest.mark.parametrize("kind", ["npy", "tiff", "tiles of tiff"])
@pytest.mark.usefixtures("pointwise")
def test_files_that_are_read_by_rows_give_the_labels_of_files_that_are_read_whole(
    run, tmp_path, kind, monkeypatch
):
    """Also resized: rows of the resize are those of the whole one, to the bit."""
    pixels = np.random.default_rng(1).integers(0, 256, (203, 310, 3), np.uint8)
    write = {
        "npy": lambda path: np.save(path, pixels),
        "tiff": lambda path: tifffile.imwrite(path, pixels, photometric="rgb", rowsperstrip=7),
        "tiles of tiff": lambda path: tifffile.imwrite(
            path, pixels, photometric="rgb", tile=(32, 48), compression="deflate", predictor=True
        ),
    }[kind]
    suffix = ".npy" if kind == "npy" else ".tif"
    (tmp_path / "images").mkdir()
    write(tmp_path / "images" / f"a{suffix}")
    asked = {"image_suffix": suffix}
    whole = predict(settings(run, tmp_path / "images", "whole", **asked))
    read = []
    monkeypatch.setattr(type(read_kind(run)), "read", lambda *_: read.append(1))
    tiles = predict(settings(run, tmp_path / "images", "tiles", tile=TILE, **asked))
    assert written(tiles) == written(whole)
    assert read == []  # never whole


def read_kind(run):
    return read_checkpoint(run / "best").about.images


@pytest.mark.usefixtures("pointwise")
def test_memory_does_not_grow_with_the_height_of_an_image(run, tmp_path):
    """Of allocations: numpy is counted by tracemalloc, tensors by what torch would hold."""
    peaks = []
    for number, height in enumerate((512, 2048)):
        folder = tmp_path / str(number) / "images"
        folder.mkdir(parents=True)
        pixels = np.random.default_rng(1).integers(0, 256, (64, 192, 3), np.uint8)
        np.save(folder / "a.npy", np.tile(pixels, (height // 64, 1, 1)))
        asked = settings(run, folder, "out", tile=TILE, image_suffix=".npy")
        tracemalloc.start()
        with counted_tensors() as held:
            predict(asked)
        peaks.append(tracemalloc.get_traced_memory()[1] + held.peak)
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0] + 100_000
    assert peaks[1] < 2048 * 192 * 3 * 3


class counted_tensors(torch.overrides.TorchFunctionMode):
    """Bytes of the largest tensor that any function returns."""

    peak = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.peak = max(self.peak, found.untyped_storage().nbytes())
        return found


def test_the_score_in_training_is_that_of_the_prediction_and_predict_takes_its_tiles(
    data, tmp_path, capsys
):
    out = tmp_path / "run"
    asked = train_settings(data, out, crop=(64, 64), tile=TILE, overlap=0.25)
    run = train(TrainConfig(**asked))
    assert read_checkpoint(run / "best").about.tiling == Tiling(TILE, 0.25)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    told = next(line["val/miou"] for line in lines if "val/miou" in line)
    capsys.readouterr()
    predictions = predict(PredictConfig(run))
    line = "tiles of 64 x 64 that overlap by 0.25, gaussian, as in training; whole images with "
    assert f"{line}--tile 0 0\n" in capsys.readouterr().err
    assert score(predictions)["scores"]["mean_iou"] == pytest.approx(told, abs=1e-12)
    whole = predict(PredictConfig(run, tile=(0, 0), out=tmp_path / "whole"))
    assert written(whole) != written(predictions)


def test_a_resumed_run_keeps_its_tiles(data, tmp_path):
    asked = train_settings(data, tmp_path / "run", crop=(64, 64), tile=TILE, epochs=2)
    run = train(TrainConfig(**asked, max_minutes=1e-9))
    train(TrainConfig(resume=run))
    assert read_checkpoint(run / "last").about.tiling == Tiling(TILE)


def test_probabilities_are_counted_from_the_logits_of_the_tiles(data, run, tmp_path):
    """With one tile those of whole images; with several the pixels are the same."""
    counts = {}
    for name, tile in (("whole", None), ("one", (999, 999)), ("tiles", TILE)):
        out = predict(
            PredictConfig(run, data=data, out=tmp_path / name, tile=tile, calibration=True)
        )
        counts[name] = json.loads((out / "calibration.json").read_text())
    assert counts["one"]["bins"] == counts["whole"]["bins"]
    assert counts["tiles"]["bins"] != counts["whole"]["bins"]
    pixels = [sum(b["pixels"] for b in counts[name]["bins"]) for name in ("tiles", "whole")]
    assert pixels[0] == pixels[1]


def test_a_binary_task_has_the_files_and_the_threshold_of_whole_images(tmp_path, monkeypatch):
    """With one channel, a threshold chosen on val, and the mirror image in each tile."""
    data = make_dataset(tmp_path / "data", size=(101, 131), binary=True)
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", crop=(64, 64))))
    monkeypatch.setattr(TrainedNetwork, "forward", lambda _, image: rest_of(image)[:, :1] / 20)
    found = {}
    for name, tile in (("whole", None), ("tiles", TILE)):
        asked = {"thresholds_from": "val", "flip": True, "tile": tile, "out": tmp_path / name}
        out = predict(PredictConfig(run, **asked))
        found[name] = written(out), json.loads((out / "prediction.json").read_text())["threshold"]
    assert found["tiles"] == found["whole"]
    assert found["tiles"][1] != 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tile": (64, 0)}, "tile must be two sides"),
        ({"overlap": 0.3}, "overlap needs tile"),
        ({"blend": "equal"}, "blend needs tile"),
        ({"tile": (64, 64), "overlap": 0.95}, "overlap must be"),
    ],
)
def test_settings_of_tiles_without_a_meaning_are_refused(options, message):
    for config in (PredictConfig, TrainConfig):
        with pytest.raises(ArgumentError, match=message):
            config("somewhere", **options)
