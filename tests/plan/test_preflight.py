"""What stops a training run is found before the first step, all of it at once."""

import builtins
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from make import STORED, VOID, make_dataset, train_settings, write_stored
from pixelwise.errors import ArgumentError, DatasetError, LabelError, PixelwiseError, RunError
from pixelwise.labels.description import read_description
from pixelwise.plan.bad_images import FILE, most_bad
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.preflight import check_early, check_pairs
from pixelwise.run.train import train


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data")


def damage(data, *names, split="train", kind="images"):
    """The first bytes of files are no longer those of an image."""
    for name in names:
        path = data / split / kind / f"{name}.png"
        path.write_bytes(b"damaged!" + path.read_bytes()[8:])


def settings(data, **changes):
    return TrainConfig(**{**train_settings(data, data.parent / "run"), **changes})


def refuses(error, message, config):
    """Nothing is made."""
    with pytest.raises(error, match=message):
        train(config)
    assert not (config.out.parent / "run").exists()


def test_all_bad_images_of_both_splits_are_named_at_once(data):
    damage(data, "01", "03")
    damage(data, "06", split="val")
    message = r"3 pairs cannot be used: .*01\.png: image must be.*03\.png.*06\.png.*audit .*data"
    refuses(DatasetError, message, settings(data))


def test_of_many_bad_images_the_first_are_named_and_the_others_counted(data):
    damage(data, "00", "01", "02", "03", "04", "05")
    refuses(DatasetError, r"6 pairs cannot be used: .*04\.png: .* and 1 more\.", settings(data))


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp", "gif"])
def test_an_image_that_was_cut_off_is_found_before_the_first_step(data, suffix):
    path = data / "train" / "images" / "03.png"
    other = path.with_suffix(f".{suffix}")
    Image.open(path).convert("RGB").save(other)
    kept = other.read_bytes()[:-30]
    path.unlink()
    other.write_bytes(kept)
    refuses(DatasetError, rf"03\.{suffix}: image must be", settings(data))


def test_an_animation_is_found_before_the_first_step(data):
    path = data / "val" / "images" / "06.png"
    image = Image.open(path)
    path.unlink()
    frame = Image.new("RGB", image.size)
    image.save(path.with_suffix(".gif"), save_all=True, append_images=[frame])
    refuses(DatasetError, r"06\.gif: image must be .*frames", settings(data))


def test_an_image_of_floating_point_numbers_is_found_before_the_first_step(data):
    path = data / "train" / "images" / "03.png"
    Image.open(path).convert("F").save(path.with_suffix(".tif"))
    path.unlink()
    found = check_pairs(read_description(data).pairs("train"))
    assert "floating-point samples" in str(found.bad["03"])


def test_an_image_that_takes_more_memory_than_allowed_is_found_before_the_first_step(data):
    message = r"00\.png: image must be a file that unpacks to at most .*GiB"
    refuses(DatasetError, message, settings(data, max_gib=1e-6, crop=(2, 2)))


def test_an_image_that_may_not_be_read_is_not_called_damaged(data, monkeypatch):
    secret, system_open = str(data / "train" / "images" / "02.png"), os.open

    def refuse(path, *rest, **more):
        if str(path) == secret:
            raise PermissionError(13, "Permission denied", path)
        return system_open(path, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    refuses(
        DatasetError,
        r"02\.png: image must be a readable file, got Permission denied",
        settings(data),
    )


def test_a_label_that_may_not_be_read_is_not_called_damaged(data, monkeypatch):
    secret, plain_open = data / "train" / "labels" / "02.png", builtins.open

    def refuse(path, *rest, **more):
        if path == secret:
            raise PermissionError(13, "Permission denied", path)
        return plain_open(path, *rest, **more)

    monkeypatch.setattr(builtins, "open", refuse)
    message = r"02\.png: label must be a readable file, got Permission denied"
    refuses(LabelError, message, settings(data))


def test_bad_images_are_left_out_when_asked_for_and_listed_in_the_run(data, capsys):
    damage(data, "02")
    run = train(settings(data, on_bad_image="skip"))
    left_out = json.loads((run / FILE).read_text())["left_out"]
    assert list(left_out["train"]) == ["02"]
    assert "02.png: image must be" in left_out["train"]["02"]
    assert json.loads((run / "config.json").read_text())["dataset"]["pairs"]["train"] == 5
    assert "train: 1 bad pair left out: 02" in capsys.readouterr().err


def test_a_label_that_cannot_be_decoded_is_left_out_like_an_image(data):
    path = data / "train" / "labels" / "04.png"
    path.write_bytes(path.read_bytes()[:-40])
    refuses(LabelError, r"04\.png: label must be a complete PNG", settings(data))
    run = train(settings(data, on_bad_image="skip"))
    assert list(json.loads((run / FILE).read_text())["left_out"]["train"]) == ["04"]


def test_values_that_no_class_has_are_never_left_out(tmp_path):
    """They are no damage: dataset.toml lacks a class or a void value."""
    data = make_dataset(tmp_path / "data", train=1, declare=False)
    refuses(LabelError, r"Is 11 the void value", settings(data, on_bad_image="skip"))


def test_more_than_one_in_a_hundred_is_an_error_with_the_number(data):
    damage(data, "01", "02")
    message = r"2 of the 6 pairs of split train cannot be used, and at most 1 may be left out"
    refuses(RunError, message, settings(data, on_bad_image="skip"))


def test_the_last_image_of_a_split_is_never_left_out(tmp_path):
    data = make_dataset(tmp_path / "data", val=1)
    damage(data, "06", split="val")
    refuses(RunError, r"1 of the 1 pair of split val", settings(data, on_bad_image="skip"))
    assert [most_bad(size) for size in (1, 2, 100, 199, 200, 1000)] == [0, 1, 1, 1, 2, 10]


def test_a_run_without_bad_images_is_the_same_whether_they_may_be_left_out(data):
    strict = train(settings(data))
    tolerant = train(settings(data, out=data.parent / "other", on_bad_image="skip"))
    weights = [run / "last" / "weights.safetensors" for run in (strict, tolerant)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert not (tolerant / FILE).exists()


def test_images_that_are_turned_by_a_tag_are_counted_in_the_log(data, capsys):
    path = data / "train" / "images" / "00.png"
    image = Image.open(path)
    image.load()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif)
    train(settings(data))
    assert "1 of 8 images has an orientation tag (EXIF): it is applied" in capsys.readouterr().err


def test_each_pair_has_a_header_or_a_reason(data):
    damage(data, "05")
    found = check_pairs(read_description(data).pairs("train"))
    assert set(found.headers) == {"00", "01", "02", "03", "04"}
    assert [type(error) for error in found.bad.values()] == [DatasetError]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "smal"}, r"network must be one of"),
        ({"class_weights": "weights.json"}, r"weights.json"),
        ({"crop": (100_000, 100_000)}, r"crop must be one whose examples fit into memory"),
        ({"crop": (4096, 4096), "scale_jitter": (1e-3, 1)}, r"crop must be one whose examples"),
        ({"crop": (4096, 4096), "scale": 16}, r"crop must be one whose examples fit into memory"),
        ({"crop": (64, 64), "scale": 1e300}, r"scale must be <= 16"),
    ],
)
def test_wrong_settings_are_found_without_a_look_at_an_image(data, monkeypatch, changes, message):
    monkeypatch.chdir(data.parent)
    for path in (*data.rglob("*.png"),):
        path.unlink()
    with pytest.raises(PixelwiseError, match=message):
        check_early(settings(data, **changes))


def test_a_folder_that_is_taken_is_found_without_a_look_at_an_image(data):
    (data.parent / "run").mkdir()
    (data.parent / "run" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match=r"a new or empty folder, got .*run.*--resume"):
        check_early(settings(data))


@pytest.mark.parametrize(
    "options", ["--network smal", "--class-weights no.json", "--out .", "--crop 99999 99999"]
)
def test_a_wrong_setting_of_train_is_told_before_torch_is_imported(data, options):
    code = (
        "import sys; from pixelwise.cli.entry import main\n"
        "code = main(sys.argv[1:]); print(code, 'torch' in sys.modules)"
    )
    words = ["train", str(data), *options.split()]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        check=False,
        text=True,
        cwd=data.parent,
    )
    assert done.stdout.split() == ["2", "False"]


def test_an_unknown_encoder_is_found_before_labels_are_read(data):
    damage(data, "00", kind="labels")
    refuses(ArgumentError, r"an encoder of segment", settings(data, network="fpn:resnet3"))


def test_a_split_of_one_class_and_void_is_a_warning_in_the_log(tmp_path, capsys):
    """As a 0/255 mask whose 255 is void: nothing of its foreground is learnt."""
    data = make_dataset(tmp_path / "data", binary=True)
    for file in data.glob("*/labels/*.png"):
        stored = np.array(Image.open(file))
        write_stored(file, np.where(stored == STORED[1], VOID, stored))
    train(settings(data, loss="bce+dice"))
    log = capsys.readouterr().err
    assert "train: 6 pairs, ground 100%, disc 0%; void " in log
    assert "warning: train has one class beside void. Is void the foreground of a 0/255" in log


def test_labels_that_are_void_everywhere_are_a_warning_in_the_log(data, tmp_path, capsys):
    """As pseudo-labels of a network that is sure of nothing."""
    pseudo = make_dataset(tmp_path / "pseudo")
    for file in pseudo.glob("train/labels/*.png"):
        write_stored(file, np.full_like(np.array(Image.open(file)), VOID))
    train(settings(data, more_data=(str(pseudo),)))
    log = capsys.readouterr().err
    assert f"warning: all pixels of train of {pseudo}, weight 1 are void: nothing is learnt" in log


def test_images_of_twelve_bits_in_sixteen_are_a_warning_in_the_log(data, capsys):
    """The upper 8 bits, which are used if that is accepted, are nearly black."""
    path = data / "train" / "images" / "00.png"
    samples = np.asarray(Image.open(path))[:, :, 0].astype(np.uint16) * 16
    Image.fromarray(samples).save(path)
    train(settings(data, accept_guesses=True))
    printed = capsys.readouterr().err
    assert "1 of 8 images has 16 bits a sample: the upper 8 are used" in printed
    assert "warning: 1 of 1 decoded 16-bit image has no sample above a quarter" in printed
