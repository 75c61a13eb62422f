# %% [markdown]
# # Lesson 4: cross entropy by hand
#
# Cross entropy is one sentence: *the mean over pixels of −log p, where p is the probability that
# the network gives to the right class*. One channel or many, void, weights, label smoothing: each
# only says which pixels, which p, and which mean. This lesson computes each of them in a few lines
# of torch and compares the result with the one call.

# %%
import math

import torch
import torch.nn.functional as F
from PIL import Image

import pixelwise as pw
from pixelwise.figures.charts import Line
from pixelwise.figures.lines import Lines

torch.set_printoptions(precision=4, sci_mode=False)

# %% [markdown]
# ## One channel
#
# Two images of 2 × 2 pixels. The network has one output channel: the logit of "foreground".

# %%
first = [[0.43, -0.25], [-0.32, 0.69]]
second = [[-0.29, 0.37], [0.54, -0.72]]
logits = torch.tensor([[first], [second]], dtype=torch.float64)
target = torch.tensor([[[0, 0], [0, 1]], [[0, 0], [1, 1]]])
print("logits", tuple(logits.shape), "target", tuple(target.shape))

# %% [markdown]
# **Step 1.** Sigmoid makes of each logit the probability of foreground.

# %%
p = 1 / (1 + torch.exp(-logits[:, 0]))
print(p)

# %% [markdown]
# **Step 2.** The probability of the *right* class: p where the target is 1, 1 − p where it is 0.

# %%
p_right = torch.where(target == 1, p, 1 - p)
print(p_right)

# %% [markdown]
# **Step 3.** −log of it is what each pixel costs: 0 for a pixel that is surely right, without limit
# for one that is surely wrong.

# %%
cost = -torch.log(p_right)
print(cost)

# %% [markdown]
# **Step 4.** The mean over all pixels of the batch.

# %%
by_hand = cost.mean()
print(f"binary cross entropy: {by_hand:.4f}")

# %% [markdown]
# The call gives the same number, and so does torch. `pw.BinaryCrossEntropy` takes the logits and
# the target as it is in the file: whole numbers, with or without the axis of the one channel.

# %%
bce = pw.BinaryCrossEntropy()
one_call = bce(logits, target)
torch.testing.assert_close(one_call, by_hand)
torch.testing.assert_close(one_call, bce(logits, target[:, None]))

y = target[:, None].double()  # torch wants the type and shape of the logits
of_torch = F.binary_cross_entropy_with_logits(logits, y)
of_probs = F.binary_cross_entropy(logits.sigmoid(), y)
torch.testing.assert_close(one_call, of_torch)
torch.testing.assert_close(one_call, of_probs)
binary = one_call.item()
print(f"pixelwise: {binary:.4f}")

# %% [markdown]
# ## Many channels
#
# Now one channel per class, here two. The softmax is over the channel axis
# ([lesson 3](3_sigmoid_or_softmax.py)), so that the probabilities of a pixel sum to 1.

# %%
first = [
    [[0.3164, -0.1922], [0.4326, -1.2193]],  # of class 0
    [[0.6873, 0.6838], [0.2244, 0.5615]],  # of class 1
]
second = [
    [[-0.2516, -0.8875], [-0.6289, -0.1796]],
    [[0.0411, -1.7851], [-0.3069, -1.0379]],
]
logits = torch.tensor([first, second], dtype=torch.float64)
target = torch.tensor([[[0, 1], [1, 0]], [[1, 1], [0, 1]]])
print("logits", tuple(logits.shape), "target", tuple(target.shape))

# %% [markdown]
# **Step 1.** exp of each logit, divided by the sum over the channels.

# %%
p = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
print(p[0])  # of the first image: class 0, then class 1

# %% [markdown]
# **Step 2.** The probability of the right class. It stands in the channel that the target names:
# `gather` takes it from there. A one-hot target ([lesson 2](2_one_hot.py)) does the same with more
# memory: all other channels are multiplied by 0.

# %%
p_right = p.gather(1, target[:, None])[:, 0]
hot = pw.one_hot(target, num_classes=2, dtype=torch.float64)
torch.testing.assert_close((hot * p).sum(dim=1), p_right)
print(p_right)

# %% [markdown]
# **Steps 3 and 4.** −log, and the mean over pixels.

# %%
by_hand = -torch.log(p_right).mean()
print(f"cross entropy: {by_hand:.4f}")

one_call = pw.CrossEntropy()(logits, target)
torch.testing.assert_close(by_hand, one_call)
torch.testing.assert_close(F.cross_entropy(logits, target), one_call)
print(f"pixelwise:     {one_call:.4f}")

# %% [markdown]
# The mean is over *pixels*, not over pixels and channels. Code that takes `.mean()` of the product
# `hot * log p` divides by C as well and gets a loss that is C times smaller.

# %%
too_small = -(hot * torch.log(p)).mean()
print(f"mean over channels too: {too_small:.4f}, times C: {2 * too_small:.4f}")
torch.testing.assert_close(2 * too_small, one_call)
per_channel = pw.CrossEntropy(per_channel=True)
torch.testing.assert_close(per_channel(logits, target), too_small)

# %% [markdown]
# ## Where the loss comes from
#
# Before the mean is taken, the cost is an image. Look at it when a loss is stuck. Here is a
# scene of three classes whose logits are mostly right; black pixels cost nothing, white ones most.

# %% alt="A map of the cost of each pixel. Most pixels are black; a few scattered ones are grey or white."
scene = torch.zeros(1, 16, 24, dtype=torch.long)
scene[:, 10:] = 2
scene[:, 3:12, 6:11] = 1

torch.manual_seed(0)
scene_logits = 3 * pw.one_hot(scene, 3) + torch.randn(1, 3, 16, 24)
log_p = torch.log_softmax(scene_logits, dim=1)
cost_map = -log_p.gather(1, scene[:, None])[0, 0]
loss = pw.CrossEntropy()(scene_logits, scene)
torch.testing.assert_close(cost_map.mean(), loss)

highest = cost_map.flatten().sort(descending=True).values
tenth = highest[: len(highest) // 10].sum() / highest.sum()
print(f"mean {loss:.3f}; a tenth of the pixels makes {tenth:.0%} of it")
assert tenth > 0.4

gray = (255 * cost_map / cost_map.max()).round().byte().numpy()
Image.fromarray(gray).resize((24 * 14, 16 * 14), Image.Resampling.NEAREST)

# %% [markdown]
# ## Is that a good value?
#
# Compare it with a network that knows nothing. If it says 1 / C for each class, each pixel costs
# log C, whatever the target is. If it knows how often each class occurs and says that at each
# pixel, it pays the *entropy* of these shares.

# %%
for classes in (2, 8, 19, 150):
    random_target = torch.randint(0, classes, (1, 4, 4))
    nothing = pw.CrossEntropy()(torch.zeros(1, classes, 4, 4), random_target)
    torch.testing.assert_close(float(nothing), math.log(classes))
    print(f"{classes:3} classes: log C = {nothing:.4f}")

shares = torch.tensor([0.90, 0.09, 0.01], dtype=torch.float64)
road = torch.tensor([0] * 90 + [1] * 9 + [2])[None]
constant = shares.log().expand(1, 100, 3).movedim(2, 1)
entropy = -(shares * shares.log()).sum()
torch.testing.assert_close(pw.CrossEntropy()(constant, road), entropy)
print(f"  3 classes: log C = {math.log(3):.4f}; of 90, 9, 1 %: {entropy:.4f}")

# %% [markdown]
# So the 0.6861 above is hardly better than to toss a coin (log 2), and the 0.9823 is worse. And
# where one class has most of the pixels, a loss that looks small says little: the network of the
# last line has never looked at an image. Its score would tell: see [lesson 5](5_dice.py).

# %%
assert 0.95 * math.log(2) < binary < math.log(2) < one_call

# %% [markdown]
# ## Void
#
# A void pixel (255) has no right class. It is in no sum and in no mean: its logits change nothing,
# even where they are not numbers, and its gradient is exactly 0.

# %%
with_void = target.clone()
with_void[0, 0] = 255  # the upper row of the first image
valid = with_void != 255

loss = pw.CrossEntropy()(logits, with_void)
by_hand = -torch.log(p_right[valid]).mean()
torch.testing.assert_close(loss, by_hand)
of_torch = F.cross_entropy(logits, with_void, ignore_index=255)
torch.testing.assert_close(loss, of_torch)

broken = logits.clone()
broken[0, :, 0] = math.nan
broken.requires_grad_()
same = pw.CrossEntropy()(broken, with_void)
same.backward()
assert same == loss
assert (broken.grad[0, :, 0] == 0).all()

of_all = pw.CrossEntropy(void="zero")(logits, with_void)
print(f"mean over the {int(valid.sum())} valid pixels: {loss:.4f}")
print(f"divided by all {valid.numel()} pixels: {of_all:.4f}")

# %% [markdown]
# Some libraries divide by all pixels. Their loss gets smaller as more of an image is void, and so
# does the gradient. Where *everything* is void there is no mean: torch gives NaN, which spoils each
# sum and each log that it enters. Here it is 0, with a gradient of 0.

# %%
nothing = torch.full_like(target, 255)
print("torch:    ", F.cross_entropy(logits, nothing, ignore_index=255).item())
print("pixelwise:", pw.CrossEntropy()(logits, nothing).item())

# %% [markdown]
# ## Weights
#
# With a weight per class, each pixel counts as much as its class does, in the sum *and in what the
# sum is divided by*: Σ w · cost / Σ w. It is a weighted mean, so only the ratios of the weights
# matter. The other convention divides by the number of pixels: then large weights also make the
# loss larger, as a higher learning rate does.

# %%
weight = torch.tensor([1.0, 3.0], dtype=torch.float64)
cost, w = -torch.log(p_right), weight[target]

weighted = pw.CrossEntropy(weight=[1, 3])(logits, target)
torch.testing.assert_close((w * cost).sum() / w.sum(), weighted)
torch.testing.assert_close(F.cross_entropy(logits, target, weight), weighted)
tenfold = pw.CrossEntropy(weight=[10, 30])(logits, target)
torch.testing.assert_close(tenfold, weighted)

scaled = pw.CrossEntropy(weight=[1, 3], weighted_mean=False)(logits, target)
torch.testing.assert_close((w * cost).sum() / w.numel(), scaled)
print(f"no weights: {one_call:.4f}")
print(f"weights 1 and 3, weighted mean:          {weighted:.4f}")
print(f"weights 1 and 3, divided by the pixels:  {scaled:.4f}")

# %% [markdown]
# ## Label smoothing
#
# The target says "1 for the right class, 0 for the others". With smoothing s it gives s away to all
# C classes alike: 1 − s + s / C for the right one and s / C for each other. The cost of a pixel is
# then the mean of −log p over classes, weighted with these numbers.

# %%
s, classes = 0.1, 2
smooth_target = (1 - s) * hot + s / classes
by_hand = -(smooth_target * torch.log(p)).sum(dim=1).mean()

smoothed = pw.CrossEntropy(label_smoothing=s)(logits, target)
torch.testing.assert_close(smoothed, by_hand)
of_torch = F.cross_entropy(logits, target, label_smoothing=s)
torch.testing.assert_close(smoothed, of_torch)
print(f"without: {one_call:.4f}   with s = {s}: {smoothed:.4f}")

# %% [markdown]
# What it is for: without smoothing a pixel is never done, since a larger logit always costs less.
# With it the best p is 1 − s + s / C, and beyond that the loss rises again. A label that is wrong
# can then not ask for ever more.

# %%
right = torch.zeros(1, 1, dtype=torch.long)


def cost_at(lead, s):
    """Of a pixel whose right class is ahead of the other by `lead`."""
    pixel = torch.tensor([[[lead / 2], [-lead / 2]]])
    return float(pw.CrossEntropy(label_smoothing=s)(pixel, right))


leads = [k / 4 for k in range(-8, 41)]
smoothing = {}
for s in (0.0, 0.1, 0.2):
    costs = [(lead, cost_at(lead, s)) for lead in leads]
    best = min(costs, key=lambda point: point[1])[0]
    p_best = 1 / (1 + math.exp(-best))
    print(f"s = {s}: lowest at a lead of {best}, p = {p_best:.3f}")
    assert abs(p_best - (1 - s + s / 2)) < 0.01
    smoothing[s] = Line(f"s = {s}", tuple(costs))
curves = tuple(smoothing.values())
Lines("Cost of a pixel", curves, "logit of the right class − the other", "cost")

# %% [markdown]
# ## The gradient is p − y
#
# Of all losses this one has the simplest gradient. At each pixel and channel it is the probability
# minus the one-hot target, divided by the number of pixels. Nothing in it can overflow or vanish
# while the pixel is wrong. This is why softmax and cross entropy are computed together.

# %%
x = logits.clone().requires_grad_()
pw.CrossEntropy()(x, target).backward()
torch.testing.assert_close(x.grad, (p - hot) / target.numel())
print("autograd:\n", x.grad[0, :, 0])
print("by hand:\n", ((p - hot) / target.numel())[0, :, 0])
torch.testing.assert_close(x.grad.sum(dim=1), torch.zeros(2, 2, 2).double())

# %% [markdown]
# At each pixel it sums to 0 over the channels: what pulls the right class up pushes the others
# down. With one channel it is p − y as well, with p from the sigmoid.

# %%
x = torch.tensor([[[-2.0, 0.0, 3.0]]], requires_grad=True)  # three pixels
pw.BinaryCrossEntropy()(x, torch.tensor([[1, 1, 1]])).backward()
p_of_three = torch.sigmoid(x.detach())
torch.testing.assert_close(x.grad, (p_of_three - 1) / 3)
print("p:       ", p_of_three.flatten())
print("gradient:", x.grad.flatten())

# %% [markdown]
# ## A footnote: focal loss
#
# Focal loss multiplies the cost of a pixel with (1 − p)^γ: a pixel that is nearly right counts
# less, so that many easy pixels do not drown a few hard ones. γ = 0 is cross entropy. It does not
# know which class is rare; it only knows which pixel is still wrong.

# %%
curves = []
for gamma in (0.0, 1.0, 2.0):
    focal = pw.Focal(gamma=gamma)(logits, target)
    torch.testing.assert_close(((1 - p_right) ** gamma * cost).mean(), focal)
    print(f"γ = {gamma}: {focal:.4f}")
    at = [k / 50 for k in range(2, 51)]
    points = [(p, -((1 - p) ** gamma) * math.log(p)) for p in at]
    curves.append(Line(f"γ = {gamma}", tuple(points)))
Lines("Cost of a pixel", tuple(curves), "p of the right class", "cost")

# %% [markdown]
# Next: [Lesson 5](5_dice.py) counts regions in place of pixels.
#
# ## Three questions
#
# **1. A network with 19 classes starts with a loss of 11. What is likely wrong?**
#
# <details>
# <summary>Answer</summary>
#
# A network that knows nothing should cost about log 19, which is below 3. Much more means that it
# is *sure and wrong*: logits that are far too large (images that were not normalised, a last layer
# with huge weights), or a target whose indices are not those of the channels.
#
# </details>
#
# **2. Half of each image becomes void. Does the loss of the same prediction halve?**
#
# <details>
# <summary>Answer</summary>
#
# Not here: the mean is over valid pixels, so it changes only as far as the other half was easier or
# harder. It halves with `void="zero"`, and in libraries that divide by all pixels.
#
# </details>
#
# **3. You multiply all class weights by 100. What happens to the loss and to the training?**
#
# <details>
# <summary>Answer</summary>
#
# Nothing: Σ w · cost / Σ w is the same. With `weighted_mean=False` the loss is 100 times as large,
# and so is each step of plain SGD.
#
# </details>
