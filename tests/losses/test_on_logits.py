"""Losses on logits beside losses on sums: one algebra, one void contract, one set of settings."""

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from losses.small import LOGITS, TARGET, batch_for
from pixelwise.losses import criterion as criterion_module
from pixelwise.losses import fused as fused_module
from pixelwise.losses.table import LOSSES
from pixelwise.ops.backends import usable_backends

HERE = usable_backends("cpu")

NOT_ON_SUMS = [name for name, row in LOSSES.items() if not row.on_sums]


@pytest.fixture
def passes(monkeypatch):
    """The sums of every pass that is made."""
    made = []

    def counted(*args, **options):
        made.append(options["sums"])
        return pw.pixel_stats(*args, **options)

    def counted_with_formula(logits, target, weight, fused, definition):
        made.append(fused.spec.sums)
        return kernel_loss(logits, target, weight, fused, definition)

    kernel_loss = fused_module.kernel_loss
    monkeypatch.setattr(criterion_module, "pixel_stats", counted)
    monkeypatch.setattr(fused_module, "kernel_loss", counted_with_formula)
    return made


def test_all_terms_on_sums_share_one_pass(passes):
    loss = pw.CrossEntropy() + 0.5 * pw.Lovasz() + pw.Dice() + 0.1 * pw.Boundary()
    value = loss(LOGITS, TARGET)
    assert passes == [("valid", "target", "prob", "inter", "nll")]
    alone = [(f, term(LOGITS, TARGET)) for f, term in loss.terms()]
    torch.testing.assert_close(value, sum(f * v for f, v in alone))


def test_losses_on_logits_make_no_pass(passes):
    (pw.Lovasz() + pw.TopK())(LOGITS, TARGET)
    assert passes == []


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize("text", ["ce + 0.5*lovasz", "0.3*top_k + dice", "focal + lovasz + ohem"])
def test_text_mixes_them(text, backend):
    made = pw.criterion(text, num_classes=4, backend=backend)
    alone = [(f, term(LOGITS, TARGET)) for f, term in made.terms()]
    torch.testing.assert_close(made(LOGITS, TARGET), sum(f * v for f, v in alone))


def test_a_term_without_a_backend_agrees_with_any():
    assert (pw.CrossEntropy(backend="torch") + pw.Lovasz()).backend == "torch"
    assert (pw.Lovasz() + pw.TopK()).backend is None


@pytest.mark.parametrize("name", NOT_ON_SUMS)
def test_upsampling_inside_is_interpolating_before(name):
    row = LOSSES[name]
    small, _ = batch_for(row.activations[0])
    target = F.interpolate(TARGET[:, None].double(), size=(10, 18)).squeeze(1).long()
    big = F.interpolate(small, size=(10, 18), mode="bilinear", align_corners=False)
    torch.testing.assert_close(
        row.make(upsample="bilinear")(small, target), row.make()(big, target)
    )


@pytest.mark.parametrize("name", NOT_ON_SUMS)
def test_overlapping_classes_have_their_own_void_and_members(name):
    """A (N, C, *S) target: each channel is a one-channel problem of its own."""
    row = LOSSES[name]
    if "sigmoid" not in row.activations:
        pytest.skip("one class per pixel only")
    options = {"activation": "sigmoid"} if len(row.activations) > 1 else {}
    generator = torch.Generator().manual_seed(9)
    logits = torch.randn(2, 2, 4, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 2, logits.shape, generator=generator)
    target[0, 1, :2] = 255
    hidden = logits.masked_fill(target == 255, float("nan"))
    both = row.make(**options)(hidden, target)
    torch.testing.assert_close(both, row.make(**options)(logits, target))
    relabelled = row.make(**options)(logits.flip(1), target.flip(1))
    torch.testing.assert_close(both, relabelled)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: pw.Lovasz() + pw.BinaryCrossEntropy(), "'softmax' in Lovasz and 'sigmoid' in Bin"),
        (lambda: pw.Lovasz(ignore_index=0) + pw.Dice(), "0 in Lovasz and 255 in Dice"),
        (lambda: pw.TopK(upsample="bilinear") + pw.Dice(), "upsample must be the same in all"),
        (lambda: pw.criterion("ce + lovasz_hinge"), "sigmoid terms for lovasz_hinge, got 'ce'"),
        (lambda: pw.criterion("lovasz", num_classes=1), "lovasz_hinge in place of lovasz"),
        (lambda: pw.criterion("lovasz", backend="numba"), "backend must be \"auto\" or \"torch\""),
        (lambda: pw.Lovasz().formula(pw.pixel_stats(LOGITS, TARGET)), "Lovasz: is not a formula"),
        (lambda: pw.Lovasz()(LOGITS, TARGET.float()), "Lovasz: target must be class indices"),
        (lambda: pw.Lovasz()(LOGITS[:, :1], TARGET), "softmax over one channel|2 channels"),
        (lambda: pw.TopK()(LOGITS, TARGET[:, :2]), r"TopK: target must be \(N, \*S\)"),
        (lambda: pw.Boundary()(LOGITS, TARGET + 2), r"Boundary: target must be class indices"),
        (lambda: pw.OHEM(weight=[1.0])(LOGITS, TARGET), "OHEM: weight must be one number for each"),
        (lambda: pw.Lovasz(classes=[4])(LOGITS, TARGET), "Lovasz: classes must be indices below 4"),
        (lambda: pw.SoftCLDice(absent="drop"), "SoftCLDice: absent must be one of skip, zero, ke"),
        (lambda: pw.Hausdorff(classes=[]), "Hausdorff: classes must be distinct indices"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(run, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        run()


@pytest.mark.parametrize("name", LOSSES)
def test_class_weights_that_are_all_zero_teach_nothing(name):
    """Legal, with loss 0 and gradient 0."""
    row = LOSSES[name]
    argument = "alpha" if name == "focal" else "weight"
    logits, target = batch_for(row.activations[0])
    if name in ("generalized_dice", "unified_focal"):
        pytest.skip("weighs classes by itself")
    x = logits.clone().requires_grad_()
    loss = row.make(**{argument: [0.0] * x.shape[1]})(x, target)
    loss.backward()
    assert loss == 0
    assert torch.equal(x.grad, torch.zeros_like(x))


class TestTransforms:
    """The losses on logits under torch's transforms."""

    @pytest.mark.parametrize("name", NOT_ON_SUMS)
    def test_compile_without_graph_breaks(self, name):
        row = LOSSES[name]
        logits, target = batch_for(row.activations[0])
        # erosions are all alike, and each makes the graph larger
        loss = row.make(iterations=1) if name == "soft_cldice" else row.make()
        x, y = (logits.clone().requires_grad_() for _ in range(2))
        loss(x, target).backward()
        torch.compile(loss, backend="aot_eager", fullgraph=True)(y, target).backward()
        torch.testing.assert_close(x.grad, y.grad)

    @pytest.mark.parametrize("name", NOT_ON_SUMS)
    def test_grad_and_vmap_are_autograd(self, name):
        row = LOSSES[name]
        logits, target = batch_for(row.activations[0])
        loss = row.make()
        slope = torch.func.vmap(torch.func.grad(loss))(logits.unsqueeze(1), target.unsqueeze(1))
        for n in range(len(logits)):
            x = logits[[n]].clone().requires_grad_()
            loss(x, target[[n]]).backward()
            torch.testing.assert_close(slope[n], x.grad)
