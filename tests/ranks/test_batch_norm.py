"""BatchNorm over ranks is that of one process with all images."""

import sys

import pytest
import torch
from torch import nn

import warm
from pixelwise.ranks.batch_norm import BatchNormOverRanks, batch_norm_over_ranks

RANK = """
import os, sys, torch
from torch import distributed, nn
from pixelwise.ranks.batch_norm import BatchNormOverRanks

rank, meeting, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=3)
case = torch.load(out + "/case.pt")
found = {}
for name, (momentum, affine) in case["norms"].items():
    norm = nn.BatchNorm2d(4, momentum=momentum, affine=affine).double()
    own = BatchNormOverRanks(norm, counts=rank < 2)
    for image, slope in case["batches"]:
        # the last rank has borrowed an image, on which nothing depends
        parts = [image[:3], image[3:], image[:1]]
        slopes = [slope[:3], slope[3:], torch.zeros_like(slope[:1])]
        mine = parts[rank].clone().requires_grad_()
        result = own(mine)
        result.backward(slopes[rank])
    found[name] = [result.detach(), mine.grad, *own.state_dict().values()]
    if affine:
        found[name] += [own.weight.grad, own.bias.grad]
torch.save(found, f"{out}/{rank}.pt")
distributed.destroy_process_group()
os._exit(0)  # as a rank of ours: threads of gloo that are still there abort the end of Python
"""


def test_three_ranks_with_uneven_images_are_one_process(tmp_path):
    """Values, gradients and running statistics; one rank has an image that does not count."""
    torch.manual_seed(3)
    norms = {"usual": (0.1, True), "mean of all": (None, True), "bare": (0.1, False)}
    batches = [[torch.randn(5, 4, 6, 7).double() * 3 + 50 for _ in range(2)] for _ in range(2)]
    torch.save({"norms": norms, "batches": batches}, tmp_path / "case.pt")
    words = [sys.executable, "-c", RANK]
    ranks = [
        warm.Popen([*words, str(rank), str(tmp_path / "meeting"), str(tmp_path)])
        for rank in range(3)
    ]
    assert [rank.wait(timeout=300) for rank in ranks] == [0, 0, 0]
    first, second, third = (torch.load(tmp_path / f"{rank}.pt") for rank in range(3))
    for name, (momentum, affine) in norms.items():
        norm = nn.BatchNorm2d(4, momentum=momentum, affine=affine).double()
        for image, slope in batches:
            image.requires_grad_()
            result = norm(image)
            result.backward(slope)
        own = [torch.cat(both) for both in zip(first[name][:2], second[name][:2], strict=True)]
        torch.testing.assert_close(own, [result.detach(), image.grad], rtol=1e-9, atol=1e-9)
        tensors, number = list(norm.state_dict().values()), len(norm.state_dict())
        for rank in (first, second, third):
            torch.testing.assert_close(rank[name][2 : 2 + number], tensors, rtol=1e-9, atol=1e-9)
        sums = [sum(both) for both in zip(*(r[name][2 + number :] for r in (first, second, third)))]
        whole = [p.grad for p in norm.parameters()]
        torch.testing.assert_close(sums, whole, rtol=1e-9, atol=1e-9)
        image.grad = None


@pytest.mark.parametrize("training", [True, False])
def test_alone_it_is_that_of_torch_bit_for_bit(training):
    torch.manual_seed(0)
    norm, image = nn.BatchNorm2d(3), torch.randn(2, 3, 5, 5)
    norm.train(training)
    other = batch_norm_over_ranks(nn.Sequential(nn.BatchNorm2d(3)).train(training))
    assert isinstance(other[0], BatchNormOverRanks)
    assert torch.equal(other(image), norm(image))
    assert torch.equal(other[0].running_var, norm.running_var)
