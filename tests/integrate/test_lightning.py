"""Lightning: two steps of a Trainer are two steps of a plain loop; validation counts are exact."""

import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, network, run_example
from pixelwise.integrate.lightning import ExactSteps, refuse_repeats

lightning = pytest.importorskip("lightning")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning:lightning.*")
IMAGES = torch.randn(8, 3, 16, 24, generator=torch.Generator().manual_seed(0))
TARGET = drawn(images=8)[1]
TARGET[:4, :12] = 255  # so that means of parts are not the mean
SET = TensorDataset(IMAGES, TARGET)
LOSSES = ["ce", "ce + 0.5 * dice"]


class Steps(ExactSteps, lightning.LightningModule):
    """A network whose dropout draws numbers in both passes."""

    def __init__(self, criterion, dropout=0.0, scheduler=None, **options):
        super().__init__(criterion, CLASSES, **options)
        self.network = network()
        self.dropout, self.scheduler = torch.nn.Dropout(dropout), scheduler

    def forward(self, image):
        return self.network(self.dropout(image))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return optimizer if self.scheduler is None else self.scheduler(optimizer)


def loss_of(text):
    return pw.criterion(text, num_classes=CLASSES, upsample="bilinear")


def trained(steps, folder, **options):
    """After two batches of four images and a validation of all."""
    trainer = lightning.Trainer(
        **{"accelerator": "cpu", "devices": 1, "max_steps": 2, "logger": False, **options},
        default_root_dir=folder,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(steps, DataLoader(SET, batch_size=4), DataLoader(SET, batch_size=3))
    return trainer


def plain(text, rates=(0.1, 0.1)):
    """The same two steps without Lightning."""
    net, loss = network(), loss_of(text)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for part, rate in zip((slice(0, 4), slice(4, 8)), rates):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss(net(IMAGES[part]), TARGET[part]).backward()
        optimizer.step()
    return net


def assert_same(network, other):
    for own, wanted in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(own, wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize("text", LOSSES)
def test_two_steps_are_those_of_a_plain_loop(text, accumulate, tmp_path):
    steps = Steps(loss_of(text), accumulate=accumulate)
    trainer = trained(steps, tmp_path)
    assert trainer.global_step == 2
    assert_same(steps.network, plain(text))


def test_the_mean_of_parts_would_not_be_the_same(tmp_path):
    """Lightning's own accumulation of gradients, for comparison."""
    steps = Steps(loss_of("ce + dice"))
    trained(steps, tmp_path, accumulate_grad_batches=2, max_steps=1)
    whole = network()
    loss = loss_of("ce + dice")(whole(IMAGES), TARGET)
    loss.backward()
    moved = [p - 0.1 * p.grad for p in whole.parameters()]
    differences = [float((p - m).abs().max()) for p, m in zip(steps.network.parameters(), moved)]
    assert max(differences) > 1e-4


def test_validation_counts_every_pixel_once(tmp_path):
    steps = Steps(loss_of("ce"), accumulate=2, convention="target")
    trainer = trained(steps, tmp_path)
    labels = pw.predict_label(steps.network(IMAGES), size=(16, 24))
    counts = pw.count_confusion(labels, TARGET, CLASSES)
    assert steps.val_counts == counts
    assert steps.val_counts.images == len(SET)
    expected = pytest.approx(pw.mean_iou(counts, "target"), abs=1e-6)
    assert float(trainer.callback_metrics["val_mean_iou"]) == expected


def test_validation_by_image(tmp_path):
    steps = Steps(loss_of("ce"), convention="per_image")
    trainer = trained(steps, tmp_path)
    labels = pw.predict_label(steps.network(IMAGES), size=(16, 24))
    counts = [pw.count_confusion(p, t, CLASSES) for p, t in zip(labels, TARGET)]
    expected = pytest.approx(pw.mean_iou(counts, "per_image"), abs=1e-6)
    assert float(trainer.callback_metrics["val_mean_iou"]) == expected


def test_dropout_draws_the_same_numbers_in_both_passes(tmp_path):
    """The loss that is returned is that of the second pass: the first one has the same."""
    steps = Steps(loss_of("ce + dice"), dropout=0.5, accumulate=2)
    passes = []
    steps.dropout.register_forward_hook(lambda _layer, _inputs, output: passes.append(output))
    trained(steps, tmp_path, max_steps=1, limit_val_batches=0)
    assert len(passes) == 4
    assert torch.equal(passes[0], passes[2])
    assert torch.equal(passes[1], passes[3])
    assert not torch.equal(passes[0], passes[1])


def test_schedulers_are_stepped_in_parts(tmp_path):
    def halving(optimizer):
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    steps = Steps(loss_of("ce"), accumulate=2, scheduler=halving)
    trained(steps, tmp_path)
    assert_same(steps.network, plain("ce", rates=(0.1, 0.05)))


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        (
            lambda o: {
                "optimizer": o,
                "lr_scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau(o),
                "monitor": "val_mean_iou",
            },
            "must be without ReduceLROnPlateau, in parts",
        ),
        (lambda o: [o, torch.optim.SGD(o.param_groups[0]["params"])], "must be one, in parts"),
    ],
)
def test_what_parts_do_not_allow_is_refused(configured, message, tmp_path):
    with pytest.raises(pw.PixelwiseError, match=message):
        trained(Steps(loss_of("ce"), accumulate=2, scheduler=configured), tmp_path)


@pytest.mark.parametrize(
    ("criterion", "options", "message"),
    [
        (loss_of("lovasz"), {"accumulate": 2}, "accumulate must be 1 with Lovasz"),
        (loss_of("ce"), {"accumulate": 0}, "accumulate must be >= 1"),
        (loss_of("ce"), {"convention": "mean"}, "convention must be one of"),
        (torch.nn.CrossEntropyLoss(), {}, "criterion must be a Criterion"),
    ],
)
def test_steps_that_cannot_be_are_refused(criterion, options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        Steps(criterion, **options)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_probabilities_are_refused(accumulate, tmp_path):
    steps = Steps(loss_of("ce"), accumulate=accumulate)
    steps.network.append(torch.nn.Softmax(1))
    with pytest.raises(pw.PixelwiseError, match="logits must be raw"):
        trained(steps, tmp_path)


def test_a_sampler_that_repeats_images_is_refused():
    sampler = DistributedSampler(SET, num_replicas=3, rank=0)
    with pytest.raises(pw.PixelwiseError, match="must be each of 8 images once, got 9 on all"):
        refuse_repeats([DataLoader(SET, sampler=sampler)])
    refuse_repeats({"val": DataLoader(SET, sampler=DistributedSampler(SET, 4, rank=0))})


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("Lightning", tmp_path, monkeypatch)
