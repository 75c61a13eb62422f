"""nnU-Net: the trainer is found by name, and its loss has the numbers of nnU-Net's own."""

import shutil
from types import SimpleNamespace

import pytest
import torch

import pixelwise as pw
from integrate.inputs import drawn, network, run_example
from pixelwise.integrate import nnunet
from pixelwise.integrate.nnunet import nnUNetLoss

pytest.importorskip("nnunetv2")
module = "nnunetv2.training.nnUNetTrainer.nnUNetTrainer"
own = pytest.importorskip(module, exc_type=ImportError)
find = pytest.importorskip("nnunetv2.utilities.find_class_by_name").recursive_find_python_class
NAME = "nnUNetTrainerPixelwise"


def trainer(regions=False, ignore=None, batch_dice=False, levels=0, ddp=False, heads=3):
    """A trainer with what its loss depends on, and nothing of a data set."""
    made = object.__new__(nnunet.nnUNetTrainerPixelwise)
    made.label_manager = SimpleNamespace(
        has_regions=regions, ignore_label=ignore, num_segmentation_heads=heads
    )
    made.configuration_manager = SimpleNamespace(batch_dice=batch_dice)
    made.is_ddp, made.enable_deep_supervision = ddp, levels > 0
    made._get_deep_supervision_scales = lambda: [[0.5**i] * 2 for i in range(levels)]
    made._do_i_compile = lambda: False
    return made


def batch(levels, ignore, regions=False, dtype=torch.int16):
    """Logits and targets of every level, as nnU-Net gives them."""
    outputs, targets = [], []
    for level in range(max(1, levels)):
        size = (16 // 2**level, 24 // 2**level)
        logits, target = drawn(size=size, stride=1, classes=3, seed=level, void=ignore is not None)
        index = target.long().masked_fill(target == 255, 3)
        if regions:
            planes = torch.stack([index != 0, index == 2, index == 1], 1)
            planes = torch.cat([planes & (index != 3)[:, None], (index == 3)[:, None]], 1)
            targets.append(planes[:, : 3 + (ignore is not None)].to(dtype))
        else:
            targets.append(index[:, None].to(dtype))
        outputs.append(logits.requires_grad_())
    return (outputs, targets) if levels else (outputs[0], targets[0])


def gradients(loss, outputs):
    leaves = outputs if isinstance(outputs, list) else [outputs]
    return torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("levels", [0, 3])
@pytest.mark.parametrize("batch_dice", [False, True])
@pytest.mark.parametrize("ignore", [None, 3])
@pytest.mark.parametrize("regions", [False, True])
def test_the_loss_and_its_gradient_are_those_of_nnunet(regions, ignore, batch_dice, levels):
    made = trainer(regions, ignore, batch_dice, levels)
    outputs, targets = batch(levels, ignore, regions)
    loss = made._build_loss()(outputs, targets)
    theirs = own.nnUNetTrainer._build_loss(made)(outputs, targets)
    torch.testing.assert_close(loss, theirs, atol=1e-6, rtol=0)
    for ours, wanted in zip(gradients(loss, outputs), gradients(theirs, outputs)):
        torch.testing.assert_close(ours, wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("ddp", [False, True])
def test_levels_have_the_factors_of_nnunet(ddp):
    made = trainer(levels=4, ddp=ddp)
    theirs = own.nnUNetTrainer._build_loss(made)
    assert made._build_loss().weights == pytest.approx(theirs.weight_factors, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int16, torch.uint8])
def test_targets_may_be_of_any_dtype(dtype):
    outputs, targets = batch(0, 3, dtype=dtype)
    index = targets.squeeze(1).long()
    expected = pw.CrossEntropy.like("nnunet", ignore_index=3)(outputs, index)
    loss = nnUNetLoss(pw.CrossEntropy.like("nnunet", ignore_index=3))
    torch.testing.assert_close(loss(outputs, targets), expected)


def test_volumes_have_a_loss():
    logits = torch.randn(2, 3, 4, 8, 8)
    target = torch.randint(0, 3, (2, 1, 4, 8, 8))
    theirs = own.nnUNetTrainer._build_loss(trainer())(logits, target)
    torch.testing.assert_close(trainer()._build_loss()(logits, target), theirs)


@pytest.mark.parametrize("copied", [False, True])
def test_nnunet_finds_the_trainer_by_its_name(copied, tmp_path):
    file = tmp_path / "our_trainer.py"
    line = f"from pixelwise.integrate.nnunet import {NAME}\n"
    file.write_text(line, encoding="utf-8")
    source = {True: nnunet.__file__, False: file}[copied]
    shutil.copy(source, tmp_path / "copy_of_trainer.py")
    file.unlink()
    found = find(str(tmp_path), NAME, None, cleanup_imports_from_base_folder=True)
    assert issubclass(found, own.nnUNetTrainer)
    assert found.__name__ == NAME


class Levels(torch.nn.Module):
    """Logits of three levels, finest first."""

    def __init__(self):
        super().__init__()
        self.levels = torch.nn.ModuleList(network(seed, classes=3) for seed in range(3))

    def forward(self, image):
        return [net(image[..., :: 2**i, :: 2**i]) for i, net in enumerate(self.levels)]


def test_two_of_its_training_steps_are_those_with_its_own_loss():
    trainers = [trainer(levels=3), trainer(levels=3)]
    trainers[0].loss = trainers[0]._build_loss()
    trainers[1].loss = own.nnUNetTrainer._build_loss(trainers[1])
    image, (_, targets) = torch.randn(3, 3, 32, 48), batch(3, None)
    for made in trainers:
        made.network, made.device, made.grad_scaler = Levels(), torch.device("cpu"), None
        made.optimizer = torch.optim.SGD(made.network.parameters(), lr=0.1)
        made.steps = [made.train_step({"data": image, "target": targets}) for _ in range(2)]
    pairs = zip(*(made.network.parameters() for made in trainers))
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    assert trainers[0].steps[1]["loss"] == pytest.approx(trainers[1].steps[1]["loss"], abs=1e-6)


def test_another_criterion_takes_its_place():
    class Tversky(nnunet.nnUNetTrainerPixelwise):
        def build_criterion(self):
            return pw.Tversky(ignore_index=self.label_manager.ignore_label)

    made = trainer(ignore=3)
    made.__class__ = Tversky
    outputs, targets = batch(0, 3)
    expected = pw.Tversky(ignore_index=3)(outputs, targets.squeeze(1))
    assert made._build_loss()(outputs, targets) == expected


LOGITS, TARGET = batch(0, None)


@pytest.mark.parametrize(
    ("options", "output", "target", "message"),
    [
        ({}, LOGITS, torch.eye(3)[TARGET[:, 0].long()].movedim(-1, 1), "A one-hot target becomes"),
        ({}, LOGITS, TARGET + 0.5, "target must be whole numbers"),
        ({}, LOGITS.softmax(1), TARGET, "logits must be raw"),
        ({}, LOGITS, TARGET + 253, "target must be class indices 0"),
        ({"levels": 2}, LOGITS, TARGET, "output must be a list of 2 levels, got one tensor"),
        ({"levels": 2}, [LOGITS] * 2, [TARGET], "target must be a list of 2 levels, got 1"),
        ({"regions": True}, LOGITS, TARGET, r"target must be \(N, R, \*S\) of 0 and 1"),
    ],
)
def test_wrong_input_is_refused(options, output, target, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        trainer(**options)._build_loss()(output, target)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("nnU-Net", tmp_path, monkeypatch)
