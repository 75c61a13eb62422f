"""The entry to the pass: what it refuses, and that its result works under torch's transforms."""

import pytest
import torch

import pixelwise as pw
from pixelwise.ops.backends import BACKENDS, usable_backends
from pixelwise.ops.stats import pixel_stats

HERE = usable_backends("cpu")

LOGITS = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
TARGET = torch.randint(0, 3, (2, 4, 5), generator=torch.Generator().manual_seed(1))

REFUSED = {
    "target with a channel axis": (
        {"target": TARGET.unsqueeze(1)},
        r"= \(2, 4, 5\), got \(2, 1, 4, 5\). Remove the channel axis: target.squeeze\(1\)",
    ),
    "target that would broadcast": ({"target": TARGET[:, :, :1]}, r"got \(2, 4, 1\)"),
    "one image too few": ({"target": TARGET[:1]}, r"= \(2, 4, 5\), got \(1, 4, 5\)"),
    "sizes that differ": (
        {"target": torch.zeros(2, 8, 10, dtype=torch.long)},
        'Sizes may differ only with upsample="bilinear"',
    ),
    "upsampling that would shrink": (
        {"target": TARGET[:, :2], "upsample": "bilinear"},
        r"at least as large as the logits \(4, 5\) to be upsampled to, got \(2, 5\)",
    ),
    "upsampling in one dimension": (
        {"logits": LOGITS[:, :, 0], "target": TARGET[:, 0], "upsample": "bilinear"},
        r"logits must be \(N, C, h, w\) for upsample",
    ),
    "unknown upsampling": ({"upsample": "nearest"}, "upsample must be one of bilinear"),
    "float target": ({"target": TARGET.float()}, "target must be class indices of an integer or b"),
    "target that is a list": ({"target": [[0]]}, "target must be a tensor, got list"),
    "integer logits": ({"logits": LOGITS.long()}, "logits must be a floating-point tensor"),
    "logits without channels": ({"logits": LOGITS[:, :0]}, "at least one channel"),
    "logits without a batch": ({"logits": LOGITS[0, 0, 0]}, r"must be \(N, C, \*S\)"),
    "softmax over one channel": ({"logits": LOGITS[:, :1]}, 'use activation="sigmoid"'),
    "unknown activation": ({"activation": "tanh"}, "activation must be one of softmax, sigmoid"),
    "unknown sum": ({"sums": ["prob", "intre"]}, "Did you mean 'inter'"),
    "sigmoid sum of softmax": ({"sums": ["nll_neg"]}, "sums must be one of valid, target"),
    "negative gamma": ({"gamma": -1}, "gamma must be >= 0"),
    "unknown backend": ({"backend": "cuda"}, "backend must be one of auto"),
    "weight of the wrong shape": ({"weight": torch.ones(2, 4)}, r"weight must be \(N, \*S\)"),
    "negative weight": (
        {"weight": torch.ones(2, 4, 5).index_fill(2, torch.tensor(3), -1.0)},
        r"weight must be finite and >= 0 at every pixel, got -1.0 at \(0, 0, 3\)",
    ),
    "weight that is NaN": ({"weight": torch.full((2, 4, 5), float("nan"))}, "got nan at"),
    "target elsewhere": ({"target": TARGET.to("meta")}, "target must be on cpu, got meta"),
}


@pytest.mark.parametrize(("wrong", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_argument_is_one_sentence(wrong, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        pixel_stats(**({"logits": LOGITS, "target": TARGET} | wrong))


def test_a_mask_of_foreground_255_is_recognised():
    target = TARGET.bool().to(torch.uint8) * 255
    with pytest.raises(ValueError, match="Is 255 the foreground of a 0/255 mask"):
        pixel_stats(LOGITS[:, :2], target, ignore_index=None)


def test_a_sum_that_was_not_asked_for_is_named():
    stats = pixel_stats(LOGITS, TARGET, sums=["nll"])
    with pytest.raises(ValueError, match="sums must be given with 'prob' for this, got nll"):
        _ = stats.prob
    with pytest.raises(AttributeError, match="no attribute 'probability'"):
        _ = stats.probability


def test_auto_records_its_choice():
    assert pixel_stats(LOGITS, TARGET).backend in HERE


def test_every_sum_has_the_shape_of_images_and_classes_in_float64():
    stats = pixel_stats(LOGITS, TARGET, gamma=2.0)
    shapes = {name: (tuple(getattr(stats, name).shape), stats.sums.dtype) for name in stats.names}
    assert set(shapes.values()) == {((2, 3), torch.float64)}


@pytest.mark.parametrize("backend", HERE)
def test_sums_of_two_tiles_are_the_sums_of_the_whole(backend):
    """Sums add: over tiles of an image, and over images by over_batch."""
    parts = [
        pixel_stats(LOGITS[:, :, rows], TARGET[:, rows], backend=backend)
        for rows in (slice(0, 1), slice(1, 4))
    ]
    whole = pixel_stats(LOGITS, TARGET, backend=backend)
    torch.testing.assert_close((parts[0] + parts[1]).sums, whole.sums, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(whole.over_batch().prob, whole.prob.sum(0, keepdim=True))


@pytest.mark.parametrize("backend", HERE)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("size", [(4, 5), (8, 10), (16, 20), (9, 13), (4, 12)])
def test_upsampling_inside_is_interpolating_before(backend, activation, size):
    """Equal to interpolate + loss, in value and gradient."""
    loss = "ce+dice+focal" if activation == "softmax" else "bce+dice+focal"
    target = torch.randint(0, 3, (2, *size), generator=torch.Generator().manual_seed(2))
    target[:, 1] = 255
    one, two = (LOGITS.double().clone().requires_grad_() for _ in range(2))
    inside = pw.criterion(loss, upsample="bilinear", backend=backend)(one, target)
    large = torch.nn.functional.interpolate(two, size=size, mode="bilinear", align_corners=False)
    before = pw.criterion(loss, backend="torch")(large, target)
    torch.testing.assert_close(inside, before)
    torch.testing.assert_close(
        *(torch.autograd.grad(v, x)[0] for v, x in ((inside, one), (before, two)))
    )


@pytest.mark.parametrize("backend", HERE)
class TestTransforms:
    """The pass works under torch.func, torch.compile, checkpointing and retained graphs."""

    def loss(self, backend):
        return pw.criterion("ce+dice", backend=backend)

    def expected(self):
        x = LOGITS.clone().requires_grad_()
        return torch.autograd.grad(self.loss("torch")(x, TARGET), x)[0]

    def test_func_grad(self, backend):
        gradient = torch.func.grad(self.loss(backend))(LOGITS, TARGET)
        torch.testing.assert_close(gradient, self.expected())

    def test_vmap_over_a_batch_of_problems(self, backend):
        loss = self.loss(backend)
        logits, target = torch.stack([LOGITS, 2 * LOGITS]), torch.stack([TARGET, TARGET])
        values = torch.func.vmap(loss)(logits, target)
        torch.testing.assert_close(values, torch.stack([loss(x, TARGET) for x in logits]))
        shared = torch.func.vmap(loss, in_dims=(0, None))(logits, TARGET)
        torch.testing.assert_close(shared, values)
        gradients = torch.func.vmap(torch.func.grad(loss))(logits, target)
        torch.testing.assert_close(gradients[0], self.expected())

    def test_jvp(self, backend):
        direction = torch.ones_like(LOGITS).cumsum(1)
        _, slope = torch.func.jvp(lambda x: self.loss(backend)(x, TARGET), (LOGITS,), (direction,))
        torch.testing.assert_close(slope, (self.expected() * direction).sum())

    def test_compile_without_graph_breaks(self, backend):
        x = LOGITS.clone().requires_grad_()
        compiled = torch.compile(self.loss(backend), fullgraph=True, backend="aot_eager")
        compiled(x, TARGET).backward()
        torch.testing.assert_close(x.grad, self.expected())
        with pytest.raises(ValueError, match=r"77 \(40 pixels, first at n=0 y=0 x=0\)"):
            compiled(x, torch.full_like(TARGET, 77))

    def test_two_backwards_through_one_graph(self, backend):
        x = LOGITS.clone().requires_grad_()
        value = self.loss(backend)(x, TARGET)
        first = torch.autograd.grad(value, x, retain_graph=True)[0]
        torch.testing.assert_close(torch.autograd.grad(value, x)[0], first)

    def test_two_losses_on_one_logits_tensor(self, backend):
        x = LOGITS.clone().requires_grad_()
        (self.loss(backend)(x, TARGET) + self.loss(backend)(x, TARGET)).backward()
        torch.testing.assert_close(x.grad, 2 * self.expected())

    def test_activation_checkpointing(self, backend):
        x = LOGITS.clone().requires_grad_()
        value = torch.utils.checkpoint.checkpoint(
            self.loss(backend), x, TARGET, use_reentrant=False
        )
        value.backward()
        torch.testing.assert_close(x.grad, self.expected())

    def test_autocast_gives_a_float32_loss(self, backend):
        weight = torch.ones(3, 3, 1, 1, requires_grad=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = torch.nn.functional.conv2d(LOGITS, weight)
            value = self.loss(backend)(logits, TARGET)
        assert logits.dtype == torch.bfloat16
        assert value.dtype == torch.float32
        value.backward()
        assert weight.grad.isfinite().all()

    def test_inference_mode(self, backend):
        with torch.inference_mode():
            assert self.loss(backend)(LOGITS, TARGET) > 0


@pytest.mark.parametrize("backend", [b for b in HERE if b != "torch"])
def test_logits_changed_in_place_before_backward_are_an_error(backend):
    """Kernels recompute from the logits, so changed logits must not give a wrong gradient."""
    logits = LOGITS.clone().requires_grad_() * 1
    value = pw.CrossEntropy(backend=backend)(logits, TARGET)
    logits.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


def test_a_backend_that_cannot_run_here_is_refused():
    logits = LOGITS.to("meta")
    for backend in [b for b in BACKENDS if b != "torch"]:
        with pytest.raises(pw.PixelwiseError, match=f'backend "{backend}" must run on'):
            pixel_stats(logits, TARGET.to("meta"), backend=backend)
