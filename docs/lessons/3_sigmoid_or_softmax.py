# %% [markdown]
# # Lesson 3: sigmoid or softmax, and over which axis
#
# A segmentation network gives a number for every class at every pixel: the *logits*, of shape
# (N, C, H, W). Softmax or sigmoid makes probabilities of them. The wrong function, or the right one
# over the wrong axis, raises no error: shapes agree, all values lie in 0..1, the loss even falls.
# This lesson shows what each mistake looks like, and why the logits should leave the network as
# they are.

# %%
import math
import textwrap
import warnings

import numpy as np
import torch
from PIL import Image

import pixelwise as pw
from pixelwise.figures.charts import Line
from pixelwise.figures.lines import Lines

torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# A small scene: a label with sky, a tree and a road, and logits of a network that is mostly right.
# They are the one-hot label times 3, plus noise.

# %%
colors = [(86, 180, 233), (0, 120, 90), (150, 100, 70)]
classes = pw.Classes(["sky", "tree", "road"], colors=colors)
label = torch.zeros(16, 24, dtype=torch.long)
label[10:] = 2
label[3:12, 6:11] = 1

torch.manual_seed(0)
noise = torch.randn(1, 3, 16, 24)
logits = 3 * pw.one_hot(label[None], 3) + noise
print("logits (N, C, H, W):", tuple(logits.shape))

# %% [markdown]
# ## Over the channels
#
# Softmax divides exp of each logit by a sum, so that the results sum to 1. Along which axis? Each
# pixel is exactly one of the classes, so the probabilities *of the classes of one pixel* have to
# sum to 1: the channel axis, `dim=1` of (N, C, H, W). All three axes "work":

# %%
over = {"channels": 1, "height": 2, "width": 3}
probs = {axis: torch.softmax(logits, dim=dim) for axis, dim in over.items()}

for axis, p in probs.items():
    assert p.shape == logits.shape
    assert 0 <= p.min() <= p.max() <= 1
    low, high = p.sum(dim=1).aminmax()  # over the classes of a pixel
    print(f"over {axis:8}: sum over classes {low:.2f} to {high:.2f}")

assert torch.allclose(probs["channels"].sum(dim=1), torch.ones(1, 16, 24))

# %% [markdown]
# Only over the channels the classes of each pixel sum to 1. Here is the probability of *road* from
# the three, black for 0 and white for 1.


# %% alt="Three maps of the probability of road. Over channels: the road is white and all else dark. Over height: the road is dark grey. Over width: nearly black everywhere."
def beside(*parts):
    """Images or maps beside each other, each pixel enlarged."""
    gap = np.full_like(parts[0][:, :1], 128)
    row = np.hstack([one for part in parts for one in (part, gap)][:-1])
    size = 10 * row.shape[1], 10 * row.shape[0]
    return Image.fromarray(row).resize(size, Image.Resampling.NEAREST)


beside(*((255 * p[0, 2]).byte().numpy() for p in probs.values()))

# %% [markdown]
# Over the height, the pixels *of a column* share one road between them: where the road is six
# pixels high, each gets about a sixth. Over the width, a row shares it. The sum of such a map says
# how much road there can be at all, whatever the image shows:

# %%
for axis, p in probs.items():
    road, true = p[0, 2].sum(), int((label == 2).sum())
    print(f"over {axis:8}: {road:5.1f} pixels of road, true {true}")

assert round(probs["height"][0, 2].sum().item(), 3) == 24  # one per column
assert round(probs["width"][0, 2].sum().item(), 3) == 16  # one per row

# %% [markdown]
# The largest value at each pixel is then no longer the class with the largest logit:

# %% alt="Four label images. The true label with sky, a tree and a road; then the predictions. Over channels only a few pixels differ from the truth. Over height and over width a large part of the pixels has a wrong class."
predicted = {axis: p.argmax(dim=1)[0] for axis, p in probs.items()}
wrong = {axis: int((pred != label).sum()) for axis, pred in predicted.items()}
for axis, pixels in wrong.items():
    print(f"over {axis:8}: {pixels:3} of {label.numel()} pixels wrong")
assert wrong["channels"] < min(wrong["height"], wrong["width"])

labels = [one.numpy().astype(np.uint8) for one in (label, *predicted.values())]
beside(*(pw.index_to_color(one, classes) for one in labels))

# %% [markdown]
# Three ways in which code ends up with the wrong axis:
#
# - one image without its batch axis: in (C, H, W) `dim=1` is the height;
# - arrays of other libraries, (N, H, W, C): there `dim=1` is the height too, and `dim=-1` is right;
# - `logits.reshape(-1, C)`, to have one pixel a row: without `movedim(1, -1)` before it, a row
#   holds numbers of different pixels.
#
# `pw.activate` and all losses take (N, C, ...) and know the axis.

# %%
torch.testing.assert_close(pw.activate(logits), probs["channels"])

one = logits[0]  # (C, H, W)
torch.testing.assert_close(torch.softmax(one, dim=0), probs["channels"][0])
torch.testing.assert_close(torch.softmax(one, dim=1), probs["height"][0])

pixels = logits.movedim(1, -1).reshape(-1, 3)
mixed = logits.reshape(-1, 3)
assert pixels.shape == mixed.shape
assert torch.equal(pixels[0], logits[0, :, 0, 0])  # all classes of a pixel
assert torch.equal(mixed[0], logits[0, 0, 0, :3])  # one class of three pixels

# %% [markdown]
# ## One channel
#
# Is a pixel foreground or not? One channel is enough, and its activation is the sigmoid
# 1 / (1 + exp(−x)), computed for every element alone. Softmax over a single channel divides a
# number by itself: 1 everywhere, and no gradient. Here it is an error.

# %%
one = torch.tensor([[[[-2.0, -0.5], [0.5, 2.0]]]])
print("sigmoid:", torch.sigmoid(one).flatten())
print("softmax:", torch.softmax(one, dim=1).flatten())

try:
    pw.activate(one)
except pw.PixelwiseError as error:
    print(textwrap.fill(f"pixelwise: {error}", 76))

# %% [markdown]
# Two channels with softmax are the same model with one number too many. Only the *difference* of
# the two logits matters, and its sigmoid is the probability of the second:

# %%
two = torch.cat([noise[:, :1], noise[:, 1:2]], dim=1)
difference = two[:, 1:] - two[:, :1]
second = torch.softmax(two, dim=1)[:, 1:]
torch.testing.assert_close(second, torch.sigmoid(difference))

target = (label == 2).long()[None]
of_two = pw.CrossEntropy()(two, target)
of_one = pw.BinaryCrossEntropy()(difference, target)
torch.testing.assert_close(of_two, of_one)
print(f"two channels, softmax: {of_two:.4f}")
print(f"one channel, sigmoid:  {of_one:.4f}")

# %% [markdown]
# ## Two classes at one pixel
#
# A wheel is a part of a car: its pixels are *car* and *wheel*. Such tasks are called multi-label.
# Each class is a yes or no of its own, and each channel gets its own sigmoid. With softmax two
# classes have to share the 1: not both can be above a half. Let the logits of such a pixel learn,
# with nothing else to do:

# %%
both = torch.tensor([[1.0, 1.0, 0.0]])  # car and wheel, not tree: (N, C)


def learn(activation):
    x = torch.zeros(1, 3, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=1.0)
    for _ in range(500):
        optimizer.zero_grad()
        p = pw.activate(x, activation)
        loss = -(both * p.log() + (1 - both) * (1 - p).log()).mean()
        loss.backward()
        optimizer.step()
    return p.detach()[0], loss.item()


learnt = {name: learn(name) for name in ("softmax", "sigmoid")}
for name, (p, loss) in learnt.items():
    car, wheel, tree = p.tolist()
    print(f"{name}: car {car:.3f}, wheel {wheel:.3f}, tree {tree:.3f}", end="; ")
    print(f"loss {loss:.3f}")
assert learnt["softmax"][0].max() < 0.51
assert learnt["sigmoid"][0][:2].min() > 0.99

# %% [markdown]
# In the library the choice is one word, and the target has a plane for each class. All functions
# take it, and losses on classes that overlap are `pw.BinaryCrossEntropy` and
# `pw.Dice(activation="sigmoid")`.

# %%
# a plane per class, (N, C, H, W); the first one overlaps the others
planes = torch.stack([label > 0, label == 1, label == 2])[None]
loss = pw.BinaryCrossEntropy()(logits, planes.long())
members = pw.predict_label(logits, activation="sigmoid")
print(f"loss {loss:.4f}, predicted (N, C, H, W) = {tuple(members.shape)}")

# %% [markdown]
# ## Why the network ends in logits
#
# A loss wants log p. Computed in two steps, first softmax and then log, it fails as soon as p is
# too small for its type: p becomes 0 and its log −inf. Computed in one step, −log p is
# log Σ exp(x) − x of the right class, which is a moderate number. The table shows the cost of a
# pixel in which a wrong class is ahead by `lead`.

# %%
print("lead   softmax, then log       in one step")
print("       float16   float32   float16   float32")
for lead in (5, 10, 17, 20, 80, 120):
    costs = []
    for x in (torch.tensor([0.0, lead]).half(), torch.tensor([0.0, lead])):
        costs += [-x.softmax(0).log()[0], -x.log_softmax(0)[0]]
    half, half_at_once, single, single_at_once = map(float, costs)
    row = (half, single, half_at_once, single_at_once)
    print(f"{lead:4}", *(f"{cost:9.2f}" for cost in row))

x = torch.tensor([[[0.0], [120.0]]])
assert math.isinf(torch.softmax(x, dim=1).log()[0, 0].item())
assert pw.CrossEntropy()(x, torch.tensor([[0]])).item() == 120

# %% [markdown]
# ## Activated twice
#
# The losses of this library, like `F.cross_entropy` of torch, take logits and apply the activation
# inside. If the network ends in a softmax of its own, it is applied twice. Nothing fails; the
# training is only slow and ends too early. Softmax of numbers in 0..1 is nearly uniform: with three
# classes, even a pixel that is perfectly right has p = e / (e + 2).

# %%
perfect = 20 * pw.one_hot(label[None], 3)
once = pw.CrossEntropy()(perfect, label[None])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    twice = pw.CrossEntropy()(torch.softmax(perfect, dim=1), label[None])
print(f"a perfect prediction costs {once:.4f}, activated twice {twice:.4f}")
print(f"−log(e / (e + 2)) = {-math.log(math.e / (math.e + 2)):.4f}")
print(textwrap.fill(f"warning: {caught[0].message}", 76))
assert "softmax" in str(caught[0].message)

# %% [markdown]
# The gradient is what hurts. A pixel that is surely wrong should pull hardest. Activated twice, it
# hardly pulls at all, because the inner softmax is flat there.


# %%
def pull(x, twice):
    """How hard a pixel of logits (x, 0, 0) pulls its class, the first, up."""
    pixel = torch.tensor([[[x], [0.0], [0.0]]], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is on purpose
        given = torch.softmax(pixel, dim=1) if twice else pixel
        pw.CrossEntropy()(given, torch.tensor([[0]])).backward()
    return -pixel.grad[0, 0, 0].item()


at = [x / 4 for x in range(-32, 33)]
once = Line("once", tuple((x, pull(x, False)) for x in at))
twice = Line("activated twice", tuple((x, pull(x, True)) for x in at))
print(f"at −8: {once.points[0][1]:.4f}, twice {twice.points[0][1]:.4f}")
assert once.points[0][1] > 0.99
assert twice.points[0][1] < 0.001
x_label = "logit of the right class; the others are 0"
Lines("Pull on the right class", (once, twice), x_label, "−∂loss/∂logit")

# %% [markdown]
# ## Predictions need no activation
#
# Softmax keeps the order of the classes, so the class with the largest logit is the class with
# the largest probability. With sigmoid, p > 0.5 means x > 0, and p > t means x > log(t / (1 − t)).

# %%
assert torch.equal(logits.argmax(dim=1), pw.activate(logits).argmax(dim=1))
assert torch.equal(pw.predict_label(logits).long(), logits.argmax(dim=1))

road = logits[:, 2:] - 1.5  # one channel: is it road?
for t in (0.1, 0.5, 0.9):
    pred = pw.predict_label(road, activation="sigmoid", threshold=t)
    by_logit = road[:, 0] > math.log(t / (1 - t))
    assert torch.equal(pred.bool(), by_logit)
    counts = pw.count_confusion(pred.numpy(), target.numpy(), num_classes=2)
    recall, precision = pw.recall(counts)[1], pw.precision(counts)[1]
    print(f"threshold {t}: recall {recall:.3f}, precision {precision:.3f}")

# %% [markdown]
# A lower threshold finds more and is wrong more often. Which one is best is a question for images
# that are not scored afterwards, not for this lesson: `pixelwise predict --thresholds-from`, see
# [foreground and background](../binary.md).
#
# ## In one table
#
# | each pixel is | channels | activation | losses | prediction |
# |---|---|---|---|---|
# | one of C classes | C ≥ 2 | softmax over the channels | `CrossEntropy`, `Dice` | argmax |
# | foreground or not | 1 | sigmoid | `BinaryCrossEntropy`, `Dice(activation="sigmoid")` | x > 0 |
# | of several classes at once | C | sigmoid of each | the same | x > 0 in each channel |
#
# Next: [Lesson 4](4_cross_entropy.py) computes a loss from logits, step by step.
#
# ## Three questions
#
# **1. The probabilities of a pixel are 0.9, 0.8 and 0.1. Was it softmax?**
#
# <details>
# <summary>Answer</summary>
#
# Not over the channels: they would sum to 1, and only one could be above 0.5. It was a sigmoid,
# which is right for classes that overlap, or a softmax over another axis, which never is.
#
# </details>
#
# **2. A three-class network trains, but its loss never falls below 0.55. Where do you look first?**
#
# <details>
# <summary>Answer</summary>
#
# For a softmax in the network before a loss that has one inside: −log(e / (e + 2)) is the smallest
# value that such a loss can have. Remove it from the network. `pw.CrossEntropy` warns of it on the
# CPU.
#
# </details>
#
# **3. Why does an exported network for prediction need no softmax layer, and when does it?**
#
# <details>
# <summary>Answer</summary>
#
# The argmax of the logits is the argmax of the probabilities, so labels need none. It is needed
# where probabilities themselves are asked for: confidence, expected areas, averages of several
# networks.
#
# </details>
