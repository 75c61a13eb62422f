"""When the GPU kernels are chosen, what the choice records, and how it fails."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import pixelwise as pw
from ops.kernel_cases import DEVICE
from pixelwise.errors import BackendError
from pixelwise.ops import backends
from pixelwise.ops.gpu.launch import launch
from pixelwise.ops.stats import pixel_stats
from pixelwise.ops.unknown import raise_if_unknown

LOGITS = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)).to(DEVICE)
TARGET = torch.randint(0, 3, (2, 4, 5), generator=torch.Generator().manual_seed(1)).to(DEVICE)
LOSSES = [
    "ce(label_smoothing=0.1)+dice(squared=true)",
    "focal(gamma=1.5)",
    "0.3*ce+tversky(alpha=0.3,beta=0.7,per_image=true,classes=[0,2])",
    "bce+focal(activation='sigmoid')+dice(activation='sigmoid')",
]


def on_a_gpu_that_may_not_exist():
    """Logits and target of shapes without values, so that none can be looked at."""
    logits = torch.empty(2, 3, 4, 5, device="cuda", requires_grad=True)
    return logits, torch.empty(2, 4, 5, device="cuda", dtype=torch.int64)


def test_auto_takes_triton_for_cuda_tensors_and_records_it():
    with FakeTensorMode():
        assert pixel_stats(*on_a_gpu_that_may_not_exist()).backend == "triton"


def test_auto_takes_no_interpreted_kernels():
    """What runs on the CPU by default is made for it."""
    stats = pixel_stats(LOGITS.cpu(), TARGET.cpu())
    assert stats.backend == backends.usable_backends("cpu")[0] != "triton"


@pytest.mark.parametrize("loss", ["ce+dice", *LOSSES[:3]])
def test_no_value_of_a_gpu_tensor_is_asked_for(loss):
    """A fake tensor has no value: a loss that looks at one on the host raises here."""
    criterion = pw.criterion(loss, num_classes=3, class_weights=[1, 2, 3], ignore_index=[7, 255])
    upsampling = pw.criterion(loss, num_classes=3, upsample="bilinear")
    with FakeTensorMode(allow_non_fake_inputs=True):
        logits, target = on_a_gpu_that_may_not_exist()
        assert criterion(logits, target).shape == ()
        assert upsampling(logits[:, :, ::2, ::2], target).requires_grad
        assert pw.predict_label(logits, (9, 9)).shape == (2, 9, 9)
        assert pw.confusion_matrix(logits, target).shape == (3, 3)
        assert pixel_stats(logits, target, weight=target.float()).backend == "triton"
    raise_if_unknown()  # shapes leave no count behind


def test_triton_on_cpu_tensors_is_refused_unless_it_is_interpreted(monkeypatch):
    monkeypatch.setattr(backends, "INTERPRETED", False)
    message = r'backend "triton" must run on cuda, got logits on cpu. Available here: .*torch'
    with pytest.raises(BackendError, match=message):
        pixel_stats(LOGITS.cpu(), TARGET.cpu(), backend="triton")


def test_a_kernel_that_cannot_be_compiled_ends_in_one_sentence():
    """Never a silent fallback: the message names the way on."""

    class Broken:
        def __getitem__(self, grid):
            return self

        def __call__(self, **_options):
            raise RuntimeError("ptxas fatal\nno kernel image for this device")

    message = (
        rf'backend "triton" does not compile or start on {DEVICE}.* \(RuntimeError: no kernel '
        r'image for this device\). Use backend="torch".'
    )
    with pytest.raises(BackendError, match=message):
        launch(Broken(), 1, LOGITS, num_warps=1)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_and_gradients_are_those_of_torch(loss):
    """The whole way from criterion to gradient, with options that need every sum."""
    values = {}
    for backend in ("triton", "torch"):
        x = LOGITS.clone().requires_grad_()
        value = pw.criterion(loss, num_classes=3, backend=backend)(x, TARGET)
        values[backend] = value.detach(), torch.autograd.grad(value, x)[0]
    torch.testing.assert_close(values["triton"], values["torch"])


def test_compiled_training_steps_call_the_kernels():
    """torch.compile sees an opaque operator: no graph break, the same gradient."""
    one, two = (LOGITS.clone().requires_grad_() for _ in range(2))
    loss = pw.criterion("ce+dice", backend="triton")
    torch.compile(loss, fullgraph=True, backend="aot_eager")(one, TARGET).backward()
    loss(two, TARGET).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_functional_gradients_and_batches_of_problems():
    """func.grad, vmap and a second derivative give what the definition gives."""

    def all_of(backend):
        loss = pw.criterion("ce+dice", backend=backend)
        x = LOGITS[:1].double()
        both = torch.stack([x, 2 * x]), torch.stack([TARGET[:1], TARGET[1:]])
        slope = torch.func.grad(lambda x: torch.func.grad(loss)(x, TARGET[:1])[0, 0, 0, 0])
        return torch.func.grad(loss)(x, TARGET[:1]), torch.func.vmap(loss)(*both), slope(x)

    torch.testing.assert_close(all_of("triton"), all_of("torch"))
