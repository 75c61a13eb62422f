"""Images that are not RGB of 8 bits, from drawn files to a score: train -> predict -> score."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from tests.make import write_image, write_stored

import pixelwise as pw
from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    DatasetError,
    PixelwiseError,
    RunError,
)
from pixelwise.files.records import to_plain
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.run.run_folder import AboutRun, read_record

NAMES = "red", "green", "blue", "nir"
TOML = """task = "multiclass"
[[classes]]
name = "ground"
value = 0
[[classes]]
name = "thing"
value = 1
""" + "".join(
    f'[splits.{name}]\nimages = "{name}/images"\nlabels = "{name}/labels"\n'
    for name in ("train", "val")
)
SIZE = 64, 64
FAST = {"network": "small", "batch": 4, "lr": 0.01, "seed": 1, "color_jitter": 0.1}


def draw(index):
    """Half of the pixels are each class, in blocks; and chance for what does not tell them."""
    random = np.random.default_rng((index, 4))
    label = random.integers(0, 2, (4, 4)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
    return label, random


def hidden_in_the_fourth_band(label, random):
    """Four bands of 16 bits: only the lower 8 bits of the last know the class."""
    image = random.integers(0, 4000, (*SIZE, 4)).astype(np.uint16)
    image[..., 3] = 256 * 11 + np.where(label, 190, 60) + random.integers(-30, 30, SIZE)
    assert len(np.unique(image[..., 3] >> 8)) == 1
    return image


def in_metres(label, random):
    """One band of float32, far from 0..255: the class is a step of a metre."""
    return (1200.0 + label + random.normal(0, 0.3, SIZE)).astype(np.float32)[..., None]


def grey(label, random):
    return (100.0 + 60 * label[..., None] + random.normal(0, 15, (*SIZE, 1))).clip(0, 255)


def write_npy(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), image)


def write_tif(path, image):
    tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {"photometric": "minisblack", "planarconfig": "separate"}
    tifffile.imwrite(path.with_suffix(".tif"), image.transpose(2, 0, 1), **stored)


def write_grey(path, image):
    write_image(path.with_suffix(".png"), image[..., 0].astype(np.uint8))


def make_set(folder, images, make, write, train=8, val=3):
    folder.mkdir(parents=True)
    table = "".join(f"{key} = {value}\n" for key, value in images.items())
    (folder / "dataset.toml").write_text(f"{TOML}[images]\n{table}")
    for index in range(train + val):
        split = folder / ("train" if index < train else "val")
        label, random = draw(index)
        write(split / "images" / f"{index}", make(label, random))
        write_stored(split / "labels" / f"{index}.png", label)
    return folder


FOUR = {"channels": json.dumps(NAMES)}
SETS = {
    "16 bits, range": (
        {**FOUR, "range": "[[0, 4000], [0, 4000], [0, 4000], [2816, 3071]]"},
        hidden_in_the_fourth_band,
        write_npy,
    ),
    "16 bits, train": (
        {**FOUR, "normalization": '"train"'},
        hidden_in_the_fourth_band,
        write_tif,
    ),
    "one band of float32": (
        {"channels": '["height"]', "normalization": '"train"'},
        in_metres,
        write_npy,
    ),
    "grey as one channel": ({"channels": '["grey"]'}, grey, write_grey),
}


@pytest.mark.parametrize("name", SETS)
def test_a_drawn_set_is_learnt_by_the_commands(tmp_path, monkeypatch, name):
    """Mean IoU of chance or of one class alone is 1/3 at most, and that of a miss of a band too."""
    monkeypatch.chdir(tmp_path)
    images, make, write = SETS[name]
    data = make_set(tmp_path / "set", images, make, write)
    run = pw.train(data, epochs=6, scale_jitter=(1, 1), out=tmp_path / "run", **FAST)
    folder = pw.predict(run)
    score = pw.score(folder)
    assert score.scores["mean_iou"] > 0.75
    kind = read_record(AboutRun, run / "config.json").images
    assert kind.channels.names == tuple(json.loads(images["channels"]))
    network = pw.load_network(run)
    file = next((data / "val" / "images").iterdir())
    image, _ = kind.read(file)
    predicted = network.predict(image)
    assert np.array_equal(predicted, network.predict(file))
    with Image.open(folder / f"{file.stem}.png") as written:
        assert np.array_equal(predicted, np.asarray(written))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of one epoch on four bands of 16 bits with statistics of its own."""
    folder = tmp_path_factory.mktemp("bands")
    images = {**FOUR, "normalization": '"train"'}
    data = make_set(folder / "set", images, hidden_in_the_fourth_band, write_npy, 4, 2)
    return data, pw.train(data, epochs=1, out=folder / "run", **FAST)


def test_statistics_are_those_of_the_run_wherever_it_is_used(trained, tmp_path):
    _, run = trained
    kind = read_record(AboutRun, run / "config.json").images
    assert kind.dtype == "uint16"
    network = pw.load_network(run)
    assert network.images == kind
    for name in ("low", "high", "mean", "std"):
        stored = getattr(network.network, name).flatten()
        assert torch.equal(stored, torch.tensor(getattr(kind, name)))
    # another set with the same channels has other values, and is predicted with those of the run
    random = np.random.default_rng(0)
    other = make_set(
        tmp_path / "other",
        {**FOUR, "normalization": '"train"', "bands": "[2, 1, 3, 5]"},
        lambda *_: random.integers(0, 60_000, (*SIZE, 5)).astype(np.uint16),
        write_npy,
    )
    folder = pw.predict(run, data=other, out=tmp_path / "out")
    image = np.load(other / "val" / "images" / "8.npy")[..., [1, 0, 2, 4]]
    with Image.open(folder / "8.png") as written:
        assert np.array_equal(network.predict(image), np.asarray(written))


def test_a_resumed_run_keeps_its_statistics(trained, tmp_path):
    data, _ = trained
    whole = pw.train(data, epochs=2, out=tmp_path / "whole", **FAST)
    half = pw.train(data, epochs=2, out=tmp_path / "half", max_minutes=1e-9, **FAST)
    before = json.loads((half / "config.json").read_text())["images"]
    pw.train(resume=half)
    ours, theirs = (pw.load_network(run / "last").state_dict() for run in (half, whole))
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert json.loads((half / "config.json").read_text())["images"] == before
    file = data / "dataset.toml"
    text = file.read_text()
    file.write_text(text.replace('"nir"]', '"nir"]\nbands = [1, 2, 4, 3]'))
    with pytest.raises(RunError, match=r"cannot resume: \[images\] in dataset.toml has changed"):
        pw.train(resume=half)
    file.write_text(text)


def test_images_of_another_kind_are_refused_in_one_sentence(trained, tmp_path):
    _, run = trained
    network = pw.load_network(run)
    image = np.zeros((*SIZE, 4), np.uint16)
    with pytest.raises(ArgumentTypeError, match="image must be uint16, as in training, got uint8"):
        network.predict(image.astype(np.uint8))
    with pytest.raises(ArgumentError, match=r"\(H, W, 4\) of red, green, blue, nir = "):
        network.predict(image[..., :3])
    other = make_set(tmp_path / "grey", *SETS["grey as one channel"], 1, 1)
    must = r"as the network learnt them \(red, green, blue, nir; normalization train\), got grey; n"
    with pytest.raises(DatasetError, match=must):
        pw.predict(run, data=other, out=tmp_path / "out")


def test_a_run_on_rgb_says_so_to_other_images(tmp_path):
    (tmp_path / "set").mkdir()
    data = make_set(tmp_path / "rgb", {}, lambda label, _: np.dstack([label] * 3), write_rgb, 2, 1)
    run = pw.train(data, epochs=1, out=tmp_path / "run", **FAST)
    config = json.loads((run / "best" / "config.json").read_text())
    assert config["images"] == to_plain(ImageKind())
    # a checkpoint from before images had a kind
    del config["images"]
    (run / "best" / "config.json").write_text(json.dumps(config))
    assert pw.load_network(run).images == ImageKind()
    other = make_set(tmp_path / "grey", *SETS["grey as one channel"], 1, 1)
    with pytest.raises(DatasetError, match=r"learnt them \(RGB of 8 bits\), got grey"):
        pw.predict(run, data=other, out=tmp_path / "out")


def test_images_beside_any_dataset_are_told_what_the_network_takes(trained, tmp_path):
    """There is no dataset.toml that could be changed; the message names the way to have one."""
    _, run = trained
    (tmp_path / "images").mkdir()
    np.save(tmp_path / "images" / "a.npy", np.zeros((*SIZE, 2), np.uint16))
    with pytest.raises(PixelwiseError) as caught:
        pw.predict(run, images=tmp_path / "images", out=tmp_path / "out")
    text = str(caught.value)
    assert "an image with 4 bands (red, green, blue, nir), got 2" in text
    assert "The network takes red, green, blue, nir; normalization train" in text
    assert "give its folder as data" in text
    assert "Name its bands under [images]" not in text


def write_rgb(path, image):
    write_image(path.with_suffix(".png"), image)


def test_a_start_keeps_the_values_of_its_own_images(trained, tmp_path, capsys):
    """Other statistics, the same kernels: what was learnt is copied, what was measured is not."""
    data, run = trained
    other = make_set(
        tmp_path / "set",
        {**FOUR, "range": "[0, 4000]"},
        hidden_in_the_fourth_band,
        write_npy,
        4,
        1,
    )
    second = pw.train(other, epochs=1, out=tmp_path / "run", start=run, **FAST)
    assert "mean is of other images" in capsys.readouterr().err
    assert pw.load_network(second).network.high.flatten().tolist() == [4000.0] * 4
    third = pw.train(data, epochs=1, out=tmp_path / "third", start=run, **FAST)
    assert "of other images" not in capsys.readouterr().err
    assert pw.load_network(third).images == pw.load_network(run).images


def test_thresholds_are_chosen_on_the_bands_of_the_run(tmp_path):
    """Pixels without data are void there too."""
    images = {**FOUR, "range": "[0, 4000]", "nodata": "0"}

    def with_a_hole(label, random):
        image = hidden_in_the_fourth_band(label, random).clip(1)
        image[:8, :8, 1] = 0
        return image

    data = make_set(tmp_path / "set", images, with_a_hole, write_npy, 2, 2)
    file = data / "dataset.toml"
    file.write_text(file.read_text().replace("multiclass", "binary"))
    run = pw.train(data, epochs=1, out=tmp_path / "run", **FAST)
    folder = pw.predict(run, thresholds_from="val")
    chosen = json.loads((run / "thresholds.json").read_text())["per_class"]
    assert (
        json.loads((folder / "prediction.json").read_text())["threshold"]
        == (chosen[0]["threshold"])
    )


def test_a_score_leaves_out_what_training_leaves_out(tmp_path):
    """Pixels without data: the mean IoU of the log is that of the predictions."""
    images = {**FOUR, "range": "[0, 4000]", "nodata": "0"}

    def with_a_hole(label, random):
        image = hidden_in_the_fourth_band(label, random).clip(1)
        image[:20, :30, 1] = 0
        return image

    data = make_set(tmp_path / "set", images, with_a_hole, write_npy, 2, 2)
    run = pw.train(data, epochs=1, out=tmp_path / "run", **FAST)
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (logged,) = (json.loads(line)["val/miou"] for line in lines if "val/miou" in line)
    score = pw.score(pw.predict(run))
    assert score.scores["mean_iou"] == pytest.approx(logged, abs=1e-12)
    assert score.ignored_pixels == 2 * 20 * 30
