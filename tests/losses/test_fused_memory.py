"""What losses remember from call to call: the same as if nothing were remembered."""

import threading
import warnings

import numpy as np
import pytest
import torch

import pixelwise as pw
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.ops import inputs
from pixelwise.ops.one_class import OneClassWarning

SIZE = (2, 3, 8, 8)


def batch(seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(SIZE, generator=generator)
    target = torch.randint(0, 3, (2, 8, 8), generator=generator)
    return logits.requires_grad_(), target


def gradient(loss, logits, **options):
    return torch.autograd.grad(loss, logits, retain_graph=True, **options)[0]


def change_smooth(criterion):
    criterion.smooth = 500.0


def change_weight(criterion):
    criterion.weight.copy_(torch.tensor([5.0, 0.0, 1.0]))


@pytest.mark.parametrize("change", [change_smooth, change_weight])
def test_a_graph_of_the_gradient_is_of_the_options_that_the_loss_was_computed_with(change):
    logits, target = batch()
    criterion = pw.Dice(weight=[1.0, 2.0, 3.0])
    loss = criterion(logits, target)
    before = gradient(loss, logits)
    change(criterion)
    torch.testing.assert_close(gradient(loss, logits, create_graph=True), before)


def test_a_graph_of_the_gradient_after_a_validation_in_inference_mode():
    logits, target = batch()
    criterion = pw.Dice(weight=[1.0, 2.0, 3.0])
    with torch.inference_mode():
        criterion(logits, target)
    loss = criterion(logits, target)
    torch.testing.assert_close(gradient(loss, logits, create_graph=True), gradient(loss, logits))


@pytest.mark.parametrize("wrong", [np.zeros(SIZE, np.float32), [1.0, 2.0], None, 3.0])
@pytest.mark.parametrize("loss", [pw.criterion("ce+dice"), pw.pixel_stats])
def test_logits_that_are_no_tensor_are_refused(loss, wrong):
    must = f"logits must be a floating-point tensor, got {type(wrong).__name__}"
    with pytest.raises(ArgumentTypeError, match=must):
        loss(wrong, batch()[1])


@pytest.mark.parametrize("wrong", [np.zeros((2, 8, 8), np.int64), [1, 2], None, 3])
@pytest.mark.parametrize("loss", [pw.criterion("ce+dice"), pw.pixel_stats])
def test_a_target_that_is_no_tensor_is_refused(loss, wrong):
    must = f"target must be a tensor, got {type(wrong).__name__}"
    with pytest.raises(ArgumentTypeError, match=must):
        loss(batch()[0], wrong)


def negated(tensor):
    """A view whose memory holds the numbers with the other sign, as the imaginary part of z̄."""
    return torch.complex(torch.zeros_like(tensor), -tensor.detach()).conj().imag


def test_a_view_that_negates_its_memory_is_read_as_it_reads():
    logits, target = batch()
    criterion, weight = pw.criterion("ce+dice"), torch.rand(2, 8, 8)
    view = negated(logits).requires_grad_()
    assert view.is_neg()
    loss, expected = criterion(view, target), criterion(logits, target)
    assert loss == expected
    torch.testing.assert_close(gradient(loss, view), gradient(expected, logits))
    assert criterion(logits, target, negated(weight)) == criterion(logits, target, weight)


@pytest.mark.parametrize("upsample", [None, "bilinear"])
def test_the_default_device_has_no_part_in_a_loss_of_tensors(upsample):
    logits, target = batch()
    criterion = pw.criterion("ce+dice(classes='foreground')", upsample=upsample)
    expected = criterion(logits, target)
    empty = torch.zeros(0, 3, 8, 8), target[:0]
    with torch.device("meta"):
        fresh = pw.criterion("ce+dice(classes='foreground')", upsample=upsample)
        assert criterion(logits, target) == expected
        assert fresh(logits, target) == expected
        assert fresh(*empty) == 0
        assert pw.predict_label(logits).device.type == "cpu"
        assert pw.confusion_matrix(logits, target).sum() == target.numel()
        with pytest.raises(ArgumentError, match="77"):
            criterion(logits, target.clone().fill_(77))
        with pytest.raises(ArgumentError, match="77"):
            pw.confusion_matrix(logits, target.clone().fill_(77))


def test_each_warning_is_shown_once_however_often_a_shape_comes_again():
    logits, _ = batch()
    mask = torch.zeros(2, 8, 8, dtype=torch.uint8)
    mask[:, 2:5] = 255
    criterion = pw.criterion("ce+dice")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            criterion(logits.detach().softmax(1), mask)
    ours = [w.category for w in caught if str(w.message).startswith("pixel_stats: ")]
    assert ours == [UserWarning, OneClassWarning]


def test_a_mask_of_many_rows_is_read_in_few_parts(monkeypatch):
    parts = []
    comparison = torch.Tensor.__eq__
    monkeypatch.setattr(torch.Tensor, "__eq__", lambda a, b: parts.append(0) or comparison(a, b))
    target = torch.zeros(5000, dtype=torch.int64)
    target[2500:] = 255
    with pytest.warns(OneClassWarning):
        pw.criterion("ce")(torch.randn(5000, 3), target)
    assert len(parts) <= 200


def test_threads_that_forget_shapes_of_each_other_do_not_fail(monkeypatch):
    monkeypatch.setattr(inputs, "REMEMBERED", 1)
    criterion, failed = pw.criterion("ce+dice"), []

    def call(size):
        try:
            for _ in range(200):
                criterion(torch.randn(1, 3, size), torch.zeros(1, size, dtype=torch.int64))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=call, args=(size,)) for size in range(2, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_fallible_memory_of_shapes_is_asked_once(monkeypatch):
    """Another thread may forget a shape between two questions."""

    class Forgetful(dict):
        def get(self, key):
            found = super().get(key)
            self.clear()
            return found

    monkeypatch.setattr(inputs, "_FITTING", Forgetful())
    logits, target = batch()
    criterion = pw.criterion("ce")
    assert len({criterion(logits, target).item() for _ in range(4)}) == 1
