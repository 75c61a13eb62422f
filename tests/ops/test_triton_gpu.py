"""What only a GPU can show: no waiting, graphs, repeatability, memory, more than 2^31 logits."""

import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from pixelwise.ops.stats import pixel_stats
from pixelwise.ops.unknown import raise_if_unknown

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no GPU: compiled kernels cannot be run"
)
CASES = {"dense": (None, 1), "upsampled": ("bilinear", 4)}
each_case = pytest.mark.parametrize(("upsample", "scale"), CASES.values(), ids=CASES)


def make(upsample, scale, shape=(2, 19, 64, 96), device="cuda", dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    n, c, *size = shape
    logits = torch.randn(shape, generator=generator).to(device, dtype).requires_grad_()
    target = torch.randint(0, c, (n, *(s * scale for s in size)), generator=generator)
    target[:, :3] = 255
    criterion = pw.criterion("ce+dice(classes='foreground')", num_classes=c, upsample=upsample)
    return criterion, logits, target.to(device, torch.uint8)


def step(criterion, logits, target):
    logits.grad = None
    value = criterion(logits, target)
    value.backward()
    return value.detach()


@each_case
def test_nothing_waits_for_the_device(upsample, scale):
    """Loss, gradient, prediction and counting, with a weight map and several ignored values."""
    criterion, logits, target = make(upsample, scale)
    weight = torch.rand(target.shape, device="cuda")

    def work():
        step(criterion, logits, target)
        pixel_stats(logits, target, ignore_index=[254, 255], weight=weight, upsample=upsample)
        pw.confusion_matrix(logits.detach(), target)
        return pw.predict_label(logits.detach(), tuple(target.shape[1:]))

    work()
    raise_if_unknown()
    torch.cuda.set_sync_debug_mode("error")
    try:
        work()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@each_case
def test_a_captured_graph_computes_what_its_steps_compute(upsample, scale):
    """Replays read the new logits and targets, and count unknown targets, too."""
    criterion, logits, target = make(upsample, scale)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(criterion, logits, target)
    torch.cuda.current_stream().wait_stream(side)
    logits.grad = None
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value = criterion(logits, target)
        value.backward()
    with torch.no_grad():
        logits.mul_(-2)
        target[:, 5:9] = 3
    graph.replay()
    captured = value.clone(), logits.grad.clone()
    expected = step(criterion, logits, target), logits.grad
    assert all(torch.equal(a, b) for a, b in zip(captured, expected))
    target[0, 6, 7] = 99
    graph.replay()
    with pytest.raises(ValueError, match="got 1 other pixels on cuda"):
        raise_if_unknown()


def test_unknown_targets_are_counted_where_inductor_makes_graphs():
    """mode="reduce-overhead": the first call runs in the memory of a graph, later ones replay."""
    criterion, logits, target = make(None, 1)
    compiled = torch.compile(criterion, mode="reduce-overhead")

    def steps(number):
        for _ in range(number):
            torch.compiler.cudagraph_mark_step_begin()
            step(compiled, logits, target)

    steps(4)
    others = [torch.full((1 << 18,), 7, device="cuda") for _ in range(64)]
    raise_if_unknown()
    target[0, 6, 7] = 99
    steps(3)
    with pytest.raises(ValueError, match="got 3 other pixels on cuda"):
        raise_if_unknown()
    raise_if_unknown()
    assert all(bool((other == 7).all()) for other in others)


def test_what_a_side_stream_counts_is_neither_lost_nor_seen_too_late():
    """The reader waits for the counter's last writer, whichever stream that was in."""
    criterion, logits, target = make(None, 1)
    target[1, 10, 10:15] = 77
    step(criterion, logits, target)
    with pytest.raises(ValueError, match="got 5 other pixels on cuda"):
        raise_if_unknown()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        torch.cuda._sleep(50_000_000)
        step(criterion, logits, target)
    with pytest.raises(ValueError, match="got 5 other pixels on cuda"):
        raise_if_unknown()
    raise_if_unknown()
    torch.cuda.current_stream().wait_stream(side)


@pytest.mark.parametrize(
    ("upsample", "scale", "most"), [(None, 1, 8), ("bilinear", 4, 10)], ids=CASES
)
def test_a_step_starts_few_kernels(upsample, scale, most):
    """Fills and copies are counted; the third step, when all that is kept has been made."""
    criterion, logits, target = make(upsample, scale)
    for _ in range(2):
        step(criterion, logits, target)
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=activities) as profile:
        step(criterion, logits, target)
        torch.cuda.synchronize()
    on_device = torch.autograd.DeviceType.CUDA
    started = [event.name for event in profile.events() if event.device_type == on_device]
    assert 3 <= len(started) <= most, started


def test_nothing_waits_in_a_step_of_training():
    """Network, loss, gradient, optimizer, and losses that are no formula on sums."""
    criterion, _, target = make(None, 1)
    images = torch.randn(2, 3, 64, 96, device="cuda")
    network = torch.nn.Conv2d(3, 19, 3, padding=1, device="cuda")
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    losses = [criterion, pw.criterion("lovasz+ce", num_classes=19), pw.criterion("ohem")]

    def work():
        for loss in losses:
            optimizer.zero_grad()
            loss(network(images), target).backward()
            optimizer.step()

    work()
    torch.cuda.set_sync_debug_mode("error")
    try:
        work()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    raise_if_unknown()


def test_nan_at_a_valid_pixel_is_counted_by_the_prediction():
    """It is an error when it is asked for; at an ignored pixel it does not matter."""
    _, drawn, target = make(None, 1)
    logits = drawn.detach()
    logits[0, 3, 0, 5] = float("nan")  # ignored
    pw.confusion_matrix(logits, target)
    raise_if_unknown()
    logits[1, 3, 10, 5:7] = float("nan")
    logits[1, 4, 10, 6] = float("nan")
    pw.confusion_matrix(logits, target)
    with pytest.raises(ValueError, match=r"numbers at valid pixels, got 2 other pixels on cuda"):
        raise_if_unknown()


@each_case
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_same_input_gives_the_same_bits(upsample, scale, dtype):
    """Twenty times: nothing is added in an order that chance decides."""
    criterion, logits, target = make(upsample, scale, (2, 150, 60, 70), dtype=dtype)
    first = step(criterion, logits, target), logits.grad
    for _ in range(20):
        again = step(criterion, logits, target), logits.grad
        assert all(torch.equal(a, b) for a, b in zip(first, again))


@pytest.mark.parametrize(
    ("upsample", "scale", "shape", "limit"),
    [(None, 1, (4, 19, 512, 512), 1.1), ("bilinear", 4, (2, 150, 128, 128), 0.15)],
    ids=CASES,
)
def test_the_memory_contract(upsample, scale, shape, limit):
    """Peak beyond logits and target, gradient included, in full-resolution logits."""
    criterion, logits, target = make(upsample, scale, shape)
    step(criterion, logits, target)
    logits.grad = None
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step(criterion, logits, target)
    extra = torch.cuda.max_memory_allocated() - before
    assert extra <= limit * logits.numel() * logits.element_size() * scale**2


def test_an_unknown_target_is_raised_when_asked_and_not_before():
    criterion, logits, target = make(None, 1)
    target[1, 10, 10:15] = 77
    assert step(criterion, logits, target).isfinite()
    with pytest.raises(ValueError, match=r"must be class indices .*, got 5 other pixels on cuda"):
        raise_if_unknown()
    raise_if_unknown()


def test_more_than_two_to_the_31_logits_are_counted_exactly():
    """N C P > 2^31 by expansion; each of the 2^26 + 3 pixels of 33 classes is counted."""
    pixels = 2**26 + 3
    logits = torch.zeros(1, 1, 1, device="cuda").expand(1, 33, pixels)
    target = torch.ones(1, 1, dtype=torch.uint8, device="cuda").expand(1, pixels)
    stats = pixel_stats(logits, target, sums=["target", "prob"])
    expected = F.one_hot(torch.tensor([1]), 33).double() * pixels
    assert torch.equal(stats.target.cpu(), expected)
    torch.testing.assert_close(stats.prob.cpu(), torch.full((1, 33), pixels / 33).double())


def test_offsets_beyond_two_to_the_31_elements_are_exact():
    """Logits of more than 2^31 elements, of which the last rows are looked at as well."""
    logits = torch.zeros(3, 12, 8192, 8192, dtype=torch.bfloat16, device="cuda")
    logits[2, 11, -4:] = 30
    target = torch.full((3, 8192, 8192), 255, dtype=torch.uint8, device="cuda")
    target[2, -4:] = 11
    logits.requires_grad_()
    stats = pixel_stats(logits, target, sums=["prob", "nll"])
    torch.testing.assert_close(stats.prob[2, 11].item(), 4.0 * 8192)
    gradient = torch.autograd.grad(stats.prob[2, 0], logits)[0]
    assert not gradient[:2].any()
    assert not gradient[2, :, :-4].any()


def test_autocast_gives_half_logits_and_a_float32_loss():
    criterion, logits, target = make(None, 1)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        half = F.conv2d(logits, torch.eye(19, device="cuda").view(19, 19, 1, 1))
        value = criterion(half, target)
    assert (half.dtype, value.dtype) == (torch.bfloat16, torch.float32)
    value.backward()
    assert logits.grad.isfinite().all()


@each_case
def test_compiled_by_inductor_without_graph_breaks(upsample, scale):
    criterion, logits, target = make(upsample, scale)
    expected = step(criterion, logits, target), logits.grad
    found = step(torch.compile(criterion, fullgraph=True), logits, target), logits.grad
    torch.testing.assert_close(found, expected)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two GPUs")
def test_a_tensor_on_another_device_than_the_current_one():
    """The kernel is started where the tensor is."""
    values = [step(*make(None, 1, device=f"cuda:{i}")).cpu() for i in range(2)]
    assert torch.equal(*values)
