# %% [markdown]
# # Lesson 2: one-hot labels with ignore_index
#
# A label has one number for every pixel. Formulas of losses have one term for every class: *is
# this pixel a car, yes or no?*
# The bridge between the two is the one-hot label: one channel for every class, 1 where the pixel
# has the class and 0 elsewhere.
#
# The difficult part is void, the pixels that nobody labelled. This lesson builds the one-hot
# label with void, computes cross entropy and Dice from it by hand, and shows that one call gives
# the same numbers with less memory.

# %%
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

import pixelwise as pw

# %% [markdown]
# ## From (N, H, W) to (N, C, H, W)
#
# A target is a batch of N labels. Its one-hot form has a channel axis behind N, where logits have
# theirs too.

# %%
target = torch.tensor([[[0, 1], [2, 0]]])
hot = pw.one_hot(target, num_classes=3)

print(tuple(target.shape), "->", tuple(hot.shape))
print(hot)
assert hot.shape == (1, 3, 2, 2)
assert torch.equal(hot.argmax(dim=1), target), "the way back"
assert torch.equal(hot, F.one_hot(target, 3).movedim(-1, 1))  # C is last

# %% [markdown]
# The same for a scene of four classes. A band of void, 255, surrounds the car.

# %%
VOID = 255
colors = [(90, 160, 220), (150, 80, 60), (110, 110, 120), (250, 200, 40)]
classes = pw.Classes(["sky", "building", "road", "car"], colors=colors)
shapes = [
    (1, [(3, 2), (15, 2), (15, 24), (3, 24)]),
    (2, [(0, 22), (40, 22), (40, 32), (0, 32)]),
    (VOID, [(13, 29), (16, 21), (19, 17), (31, 17), (35, 24), (35, 29)]),
    (3, [(15, 27), (18, 21), (20, 19), (30, 19), (33, 25), (33, 27)]),
]
label = pw.polygons_to_label(shapes, size=(32, 40))
target = torch.from_numpy(label)[None].long()
hot = pw.one_hot(target, num_classes=4)


def side_by_side(*pictures, times=5):
    """Pictures in one row; a pixel becomes a square, a channel is grey."""
    shown = []
    for picture in pictures:
        rgb = picture
        if picture.ndim == 2:
            rgb = np.repeat(np.uint8(255 * picture)[..., None], 3, axis=2)
        shown.append(rgb.repeat(times, 0).repeat(times, 1))
        shown.append(np.full((len(shown[-1]), times, 3), 140, np.uint8))
    return Image.fromarray(np.concatenate(shown[:-1], axis=1))


# %% alt="The label, and its four channels: white is 1; the band of void is black in all of them"
color = pw.index_to_color(label, classes)
side_by_side(color, *hot[0].numpy(), times=4)

# %% [markdown]
# ## Void is a column of zeros
#
# At a void pixel all channels are 0. So a sum over the channels is 1 at every labelled pixel and
# 0 at every void pixel: whatever is multiplied by the one-hot label, void drops out.

# %%
void = target == VOID
assert (hot.sum(dim=1)[~void] == 1).all()
assert (hot.sum(dim=1)[void] == 0).all()
print(f"{void.sum()} of {void.numel()} pixels are void")

# %% [markdown]
# The value that means void is your choice: 255, −100 as in torch, several values, or even a class
# that is to be left out. The number of channels is C for all of them.

# %%
for value in (255, 30, -1, -100):
    other = torch.where(void, value, target)
    assert torch.equal(pw.one_hot(other, 4, ignore_index=value), hot)

no_sky = pw.one_hot(target, 4, ignore_index=(0, VOID))
assert no_sky.shape[1] == 4
assert (no_sky[:, 0] == 0).all(), "sky is ignored too: its channel is empty"

# %% [markdown]
# ## What 255 does to F.one_hot
#
# `F.one_hot` knows no void. If it is told the number of classes, it refuses 255 and −100:

# %%
for value in (255, -100):
    try:
        F.one_hot(torch.where(void, value, target), num_classes=4)
    except RuntimeError as error:
        print(f"{value:4}: {error}")

# %% [markdown]
# If it is not told, it makes a channel for every number up to the largest:

# %%
naive = F.one_hot(target)
print(tuple(naive.shape), naive.dtype)
assert naive.shape[-1] == VOID + 1

# %% [markdown]
# Many programs do this on purpose, convert to float and cut the first C channels off. The values
# are right:

# %%
as_float = naive.movedim(-1, 1).float()
cut = as_float[:, :4]
assert torch.equal(cut, hot)

# %% [markdown]
# The memory is not. A cut is a view: it keeps all channels alive. Here is what every tensor
# really holds, in bytes for each pixel:


# %%
def held(tensor):
    """Bytes of the memory behind a tensor, for each pixel of the target."""
    return tensor.untyped_storage().nbytes() // target.numel()


print(f"F.one_hot, int64       {held(naive):5}")
print(f"the same as float      {held(as_float):5}")
print(f"the first 4 channels   {held(cut):5}   (a view of the line above)")
print(f"pw.one_hot             {held(hot):5}")

pixels, gib = 8 * 1024 * 2048, 2**30
peak = pixels * (held(naive) + held(as_float)) / gib  # at once
print(f"eight labels of 1024 x 2048 by F.one_hot: {peak:.1f} GiB")
print(f"by pw.one_hot: {pixels * held(hot) / gib:.2f} GiB")
assert held(cut) == held(as_float) == 4 * (VOID + 1)
assert held(hot) == 4 * 4

# %% [markdown]
# ## A floor under every element
#
# Some formulas take the logarithm of the label, such as the Kullback-Leibler divergence, and the
# logarithm of 0 is minus infinity. `eps` is added to every element:

# %%
small = torch.tensor([[[0, 1], [VOID, 0]]])
floor = pw.one_hot(small, num_classes=3, eps=1e-6)
print(floor)
assert floor.min() == torch.tensor(1e-6)
assert floor.log().isfinite().all()

# %% [markdown]
# The floor is in the void column as well. With `eps`, void is nearly nothing, no longer exactly
# nothing: where void must be exact, leave `eps` at 0.
#
# ## Cross entropy by hand
#
# Logits are what a network returns: any numbers, (N, C, H, W). Step by step:
#
# 1. `log_softmax` over the channels gives the logarithm of the probability of every class;
# 2. times the one-hot label keeps that of the right class;
# 3. the sum over the channels is one number for every pixel, exactly 0 at void;
# 4. the mean is over the pixels that are *labelled*.

# %%
generator = torch.Generator().manual_seed(0)
logits = torch.randn(1, 4, *label.shape, generator=generator) + 1.5 * hot
logits.requires_grad_()

log_p = logits.log_softmax(dim=1)
loss_map = -(hot * log_p).sum(dim=1)
by_hand = loss_map.sum() / hot.sum()

ours = pw.CrossEntropy()(logits, target)
torchs = F.cross_entropy(logits, target, ignore_index=VOID)
print(f"by hand            {by_hand:.6f}")
print(f"pw.CrossEntropy    {ours:.6f}")
print(f"F.cross_entropy    {torchs:.6f}")
assert loss_map.shape == target.shape
assert (loss_map[void] == 0).all()
torch.testing.assert_close(ours, by_hand)
torch.testing.assert_close(torchs, by_hand)

# %% alt="The label, and the loss of every pixel in grey: the band of void is black"
bright = (loss_map / loss_map.max()).detach()
side_by_side(color, bright[0].numpy())

# %% [markdown]
# Step 4 is where programs differ. `loss_map.mean()` divides by all pixels, void too: the more
# void an image has, the smaller its loss and its gradient.

# %%
print(f"mean over all pixels       {loss_map.mean():.6f}")
print(f"mean over labelled pixels  {by_hand:.6f}")
assert loss_map.mean() < by_hand
same = pw.CrossEntropy(void="zero")(logits, target)  # if it has to be so
torch.testing.assert_close(same, loss_map.mean())

# %% [markdown]
# ## Dice by hand
#
# Dice compares two areas of each class: the sum of the probabilities, and the sum of the label.
# Probabilities at void have to be taken out by hand, for softmax gives some to every pixel:

# %%
p = logits.softmax(dim=1) * hot.sum(dim=1, keepdim=True)  # 0 at void
axes = (0, 2, 3)
dice = 2 * (p * hot).sum(axes) / (p.sum(axes) + hot.sum(axes))

print("Dice of each class:", [round(value, 4) for value in dice.tolist()])
ours = pw.Dice()(logits, target)
print(f"loss by hand  {1 - dice.mean():.6f}")
print(f"pw.Dice       {ours:.6f}")
torch.testing.assert_close(ours, 1 - dice.mean())

q = logits.softmax(dim=1)  # the probabilities at void are left in
wrong = 2 * (q * hot).sum(axes) / (q.sum(axes) + hot.sum(axes))
print(f"without care  {1 - wrong.mean():.6f}")
assert (wrong < dice).all(), "void counts as false positives"

# %% [markdown]
# Both losses together are one call and one pass over the logits:

# %%
both = (pw.CrossEntropy() + pw.Dice())(logits, target)
torch.testing.assert_close(both, by_hand + 1 - dice.mean())

# %% [markdown]
# ## The gradient at void is exactly zero
#
# A network must learn nothing from pixels that nobody labelled. Exactly nothing, even where its
# output is not a number:

# %%
with torch.no_grad():
    broken = torch.where(void[:, None], torch.nan, logits)
broken.requires_grad_()

loss = (pw.CrossEntropy() + pw.Dice())(broken, target)
loss.backward()
at_void = broken.grad[:, :, void[0]]
print(f"loss {loss:.6f}, largest gradient at void {at_void.abs().max()}")
assert torch.equal(loss, both)
assert (at_void == 0).all()
assert (broken.grad[:, :, ~void[0]] != 0).any()

# %% [markdown]
# The formula by hand fails here, because 0 · NaN is NaN:

# %%
product = hot * broken.log_softmax(dim=1)
print("by hand:", -product.sum().item())
assert product.sum().isnan()

# %% [markdown]
# A target that is void everywhere has nothing to say. Its mean is 0 / 0. By hand the gradient is
# NaN too, and one step with it destroys every weight of a network; torch gives a loss of NaN with
# gradient 0. Here both are 0, so the step changes nothing and the log stays readable:

# %%
nothing = torch.full_like(target, VOID)
y = pw.one_hot(nothing, 4)
formulas = {
    "by hand": lambda x: -(y * x.log_softmax(dim=1)).sum() / y.sum(),
    "torch": lambda x: F.cross_entropy(x, nothing, ignore_index=VOID),
    "pw": lambda x: pw.CrossEntropy()(x, nothing),
}
for name, formula in formulas.items():
    x = logits.detach().requires_grad_()
    loss = formula(x)
    loss.backward()
    largest = x.grad.abs().max()
    print(f"{name:8} loss {loss:3.1f}   largest gradient {largest:3.1f}")
assert loss == 0
assert (x.grad == 0).all()

# %% [markdown]
# ## No loss needs the one-hot label
#
# It explains the formulas. To compute them, an index is enough: it says which channel is meant.
# What has to stay in memory until the backward pass can be counted:


# %%
def kept_for_backward(loss):
    """Memory that a loss keeps for its gradient, in times the logits."""
    kept = {}

    def pack(tensor):
        memory = tensor.untyped_storage()
        kept[memory.data_ptr()] = memory.nbytes()
        return tensor

    def unpack(tensor):
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        result = loss()
    result.backward()
    return sum(kept.values()) / logits.untyped_storage().nbytes()


def both_by_hand():
    y = pw.one_hot(target, 4)
    p = logits.softmax(dim=1) * y.sum(dim=1, keepdim=True)
    dice = 2 * (p * y).sum(axes) / (p.sum(axes) + y.sum(axes))
    entropy = -(y * logits.log_softmax(dim=1)).sum() / y.sum()
    return entropy + 1 - dice.mean()


hand = kept_for_backward(both_by_hand)
loss = pw.CrossEntropy() + pw.Dice()
call = kept_for_backward(lambda: loss(logits, target))
print(f"by hand      {hand:.2f} times the logits")
print(f"in one call  {call:.2f} times the logits")
assert call < hand

# %% [markdown]
# By hand these are the one-hot label, the softmax and its logarithm, each as large as the logits,
# and the mask of void. The call keeps the logits, which are there anyway, and the target: 8 bytes
# a pixel for any number of classes.
#
# ## What to remember
#
# - One-hot is (N, H, W) → (N, C, H, W), with the channel axis where logits have theirs.
# - Void is a column of zeros in C channels, not a channel of its own and not 256 channels.
# - Means are over labelled pixels, and probabilities at void belong to no class.
# - For losses pass the target as it is: `pw.CrossEntropy()(logits, target)`.
#
# Before: [Lesson 1](1_label_image.py), where void comes from. Next:
# [Lesson 3](3_sigmoid_or_softmax.py), how logits become probabilities. Guide:
# [Which loss?](../which-loss.md)
#
# ## Three questions
#
# **1. A loss is computed as `F.cross_entropy(logits, target, reduction="none",
# ignore_index=255).mean()`. What is wrong?**
#
# <details>
# <summary>Answer</summary>
#
# The mean divides by all pixels, void too. Two images with the same mistakes have different
# losses if one has more void.
# Divide the sum by the number of labelled pixels, which is what `reduction="mean"` and
# `pw.CrossEntropy()` do.
#
# </details>
#
# **2. To be safe, someone maps void to class C and trains with C + 1 channels. What does the
# network learn?**
#
# <details>
# <summary>Answer</summary>
#
# It learns to predict *nobody labelled this*, which is a property of the annotator, not of the
# scene. The extra channel takes probability from the classes at every pixel,
# and its pixels are in every sum of the loss. Void has to be in no sum at all.
#
# </details>
#
# **3. Why is multiplying by a mask not enough to ignore a pixel?**
#
# <details>
# <summary>Answer</summary>
#
# Because 0 · NaN and 0 · ∞ are NaN. A pixel whose logits have overflowed makes the whole sum NaN
# although its factor is 0.
# A pixel is ignored only if it is never added: selected out, not multiplied by 0.
#
# </details>
