"""A trained network from Python: the same label as the command writes, without a file."""

import numpy as np
import pytest
import torch

import pixelwise as pw
from make import draw, make_dataset, train_settings, write_image
from pixelwise.errors import ArgumentError, ArgumentTypeError, DatasetError, RunError

TASKS = {"multiclass": {}, "binary": {"binary": True}}


@pytest.fixture(scope="module", params=TASKS)
def trained(request, tmp_path_factory):
    """A run of one epoch at another scale than 1, and its dataset."""
    folder = tmp_path_factory.mktemp(request.param)
    data = make_dataset(folder / "data", **TASKS[request.param])
    return pw.train(**train_settings(data, folder / "run", epochs=1, scale=1.6)), data


def test_it_predicts_what_the_command_writes(trained, tmp_path):
    """Also with another threshold where there is one, from an array and from a file."""
    run, data = trained
    network = pw.load_network(run)
    for threshold in {"softmax": [0.5], "sigmoid": [0.5, 0.4]}[network.activation]:
        out = pw.predict(run, out=tmp_path / str(threshold), threshold=threshold)
        for path in sorted((data / "val" / "images").iterdir()):
            written = pw.read_label(out / f"{path.stem}.png")
            label = network.predict(path, threshold)
            assert (network.classes.to_stored(label) == written).all()
            assert (network.predict(pw.read_image(path, 3), threshold) == label).all()


def test_it_knows_its_classes_and_is_in_evaluation_mode(trained):
    run, data = trained
    network = pw.load_network(run)
    assert isinstance(network, torch.nn.Module)
    assert not network.training
    assert network.classes == pw.read_description(data).classes
    channels = {"softmax": len(network.classes), "sigmoid": 1}[network.activation]
    logits = network(torch.zeros(2, 3, 64, 96, dtype=torch.uint8))
    assert logits.shape == (2, channels, 16, 24)


def test_a_checkpoint_folder_is_taken_as_it_is(trained):
    run, _ = trained
    image = draw(3, (50, 41))[0]
    label = pw.load_network(str(run / "last")).predict(image)
    assert (label.shape, label.dtype) == (image.shape[:2], np.uint8)


def test_what_is_not_an_image_is_refused(trained, tmp_path):
    network = pw.load_network(trained[0])
    with pytest.raises(ArgumentError, match=r"image must be \(H, W, 3\) = \(any, any, 3\), got"):
        network.predict(np.zeros((8, 8), np.uint8))
    with pytest.raises(ArgumentTypeError, match="image must be uint8, as in training, got fl"):
        network.predict(np.zeros((8, 8, 3)))
    write_image(tmp_path / "a.png", draw(0, (33, 47))[0])
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"a\.png: image must be"):
        network.predict(tmp_path / "a.png")


def test_a_damaged_best_checkpoint_is_warned_about(trained, tmp_path):
    import shutil

    run = shutil.copytree(trained[0], tmp_path / "run")
    (run / "best" / "weights.safetensors").write_bytes(b"damaged")
    with pytest.warns(UserWarning, match=r"checksum does not match\. Continuing with .*last"):
        pw.load_network(run)
    with pytest.raises(RunError, match="a run folder or a checkpoint, got no such folder"):
        pw.load_network(tmp_path / "none")


def test_the_dataset_of_a_split_feeds_a_loader(trained):
    """What a hand-written training loop needs: pairs, classes, augmentation."""
    description = pw.read_description(trained[1])
    cut = pw.Augmentation(crop=(32, 64), zoom=(0.8, 1.25), flip=True)
    pairs = description.pairs("train")
    dataset = pw.SegmentationDataset(pairs, description.classes, augmentation=cut)
    image, target = next(iter(torch.utils.data.DataLoader(dataset, batch_size=3)))
    assert (image.shape, image.dtype) == ((3, 3, 32, 64), torch.uint8)
    assert target.shape == (3, 32, 64)
