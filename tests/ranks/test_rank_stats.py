"""Two processes with a gradient of one: sums are exchanged before the formula."""

import json
import subprocess
import sys

import pytest

import warm

# Rank 0 has one image with few valid pixels, rank 1 two images; each process prints the loss and
# the gradient that data-parallel training ends up with.
TRAIN = """
import json, sys, torch
import pixelwise as pw

text, rank, world, meeting, exact, void = sys.argv[1], *map(int, sys.argv[2:4]), *sys.argv[4:]
generator = torch.Generator().manual_seed(5)
image = torch.randn(3, 2, 6, 5, generator=generator, dtype=torch.float64)
target = torch.randint(0, 3, (3, 6, 5), generator=generator)
target[0, 1:] = 255
target[0] = target[0].masked_fill(torch.tensor(void == "all"), 255)
torch.manual_seed(0)
net = torch.nn.Conv2d(2, 4, 1).double()
criterion = pw.criterion(text)
if world > 1:
    address = dict(init_method=f"file://{meeting}", rank=rank, world_size=world)
    torch.distributed.init_process_group("gloo", **address)
    net = torch.nn.parallel.DistributedDataParallel(net)
mine = {(0, 1): slice(0, 3), (0, 2): slice(0, 1), (1, 2): slice(1, 3)}[rank, world]
mine = slice(rank, 3, world) if exact == "dealt" else mine
logits = net(image[mine])
if exact in ("loop", "dealt"):
    from pixelwise.ranks.rank_stats import loss_over_ranks
    loss = loss_over_ranks(criterion, logits, target[mine], 3 if exact == "dealt" else None)
else:
    stats = criterion.stats(logits, target[mine])
    stats = pw.stats_of_all_ranks(stats) if exact == "exact" else stats
    loss = criterion.formula(stats)
loss.backward()
print(json.dumps([loss.item(), [p.grad.flatten().tolist() for p in net.parameters()]]))
"""


def trained(tmp_path, text, world, exact, void):
    """[loss, gradients] of every rank."""
    meeting = str(tmp_path / f"meeting-{world}-{exact}")
    runs = [
        warm.Popen(
            [sys.executable, "-c", TRAIN, text, str(rank), str(world), meeting, exact, void],
            stdout=subprocess.PIPE,
        )
        for rank in range(world)
    ]
    return [json.loads(run.communicate(timeout=300)[0].splitlines()[-1]) for run in runs]


@pytest.mark.parametrize(
    ("text", "void"),
    [("ce + dice", "some"), ("focal + dice(per_image=true, absent='keep')", "all")],
)
def test_ranks_with_unequal_pixels_teach_what_one_process_teaches(tmp_path, text, void):
    """X41, X42: loss and gradient are those of one process, also if a rank has nothing valid."""
    ((loss, gradient),) = trained(tmp_path, text, 1, "exact", void)
    ranks = trained(tmp_path, text, 2, "exact", void)
    for value, slopes in ranks:
        assert value == pytest.approx(loss, rel=1e-12)
        for slope, expected in zip(slopes, gradient, strict=True):
            assert slope == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("batch", ["loop", "dealt"])
def test_the_training_loop_takes_the_loss_of_all_ranks(tmp_path, batch):
    """Any number of processes learns from the same loss; also if it is known who has what."""
    ((loss, gradient),) = trained(tmp_path, "ce + dice", 1, batch, "some")
    for value, slopes in trained(tmp_path, "ce + dice", 2, batch, "some"):
        assert value == pytest.approx(loss, rel=1e-6)
        for slope, expected in zip(slopes, gradient, strict=True):
            assert slope == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_loss_that_needs_pixels_stays_with_its_rank(tmp_path):
    """lovasz sorts the pixels of a batch: the mean over ranks is what is learnt."""
    ranks = trained(tmp_path, "ce + lovasz", 2, "loop", "some")
    assert ranks[0][0] != pytest.approx(ranks[1][0], rel=1e-3)
    assert ranks[0][1] == ranks[1][1]


def test_the_mean_of_the_ranks_losses_is_another_number(tmp_path):
    """What data-parallel training does by itself: every rank weighs alike."""
    ((loss, gradient),) = trained(tmp_path, "ce + dice", 1, "mean", "some")
    ranks = trained(tmp_path, "ce + dice", 2, "mean", "some")
    assert ranks[0][1] == ranks[1][1]
    assert sum(value for value, _ in ranks) / 2 != pytest.approx(loss, rel=0.01)
    assert ranks[0][1][0] != pytest.approx(gradient[0], rel=0.01)


def test_what_differs_between_ranks_is_said_only_where_it_applies():
    from pixelwise.losses.table import criterion
    from pixelwise.ranks.rank_stats import differences

    sums, mixed = (criterion(text, num_classes=3) for text in ("ce+dice", "ce+lovasz+top_k"))
    assert differences(sums, batch_norm=False) == []
    (line,) = differences(sums, batch_norm=True)
    assert line.startswith("BatchNorm statistics are of each process's share of the batch: results")
    (line,) = differences(mixed, batch_norm=False)
    assert line.startswith("Lovasz, TopK: the loss is of each process's share, then the mean: res")
