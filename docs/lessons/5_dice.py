# %% [markdown]
# # Lesson 5: Dice is F1
#
# Dice is the score that most papers report and a loss that many trainings use. It is one ratio of
# three counts. This lesson computes it by hand: from counts, from probabilities, with a plain and a
# squared denominator, per image and per batch. Then it follows a rare class, from its share of the
# pixels to what three losses make of it.

# %%
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import pixelwise as pw

torch.set_printoptions(precision=4, sci_mode=False)
np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## From counts
#
# A label with one square object, and a prediction that lies a little to the side. Every pixel is
# one of four cases: found (true positive, TP), missed (false negative, FN), false alarm (false
# positive, FP), or background in both, which Dice does not count.

# %% alt="A square object and a prediction that is shifted to the lower right: where both lie is green, what was missed is blue, what is false is orange."
label = np.zeros((12, 16), np.uint8)
pred = np.zeros((12, 16), np.uint8)
label[2:8, 3:9] = 1
pred[4:10, 5:11] = 1

cases = pw.Classes(
    ["background", "found", "missed", "false alarm"],
    colors=[(240, 240, 240), (0, 150, 110), (40, 90, 200), (240, 150, 40)],
)
kinds = np.select([(label & pred) == 1, label > pred, pred > label], [1, 2, 3]).astype(np.uint8)
Image.fromarray(pw.index_to_color(kinds, cases)).resize((320, 240), Image.Resampling.NEAREST)

# %% [markdown]
# Dice divides twice the overlap by the two sizes added, 2 |A ∩ B| / (|A| + |B|). In counts this is
# 2 TP / (2 TP + FP + FN), and that is F1, the harmonic mean of precision and recall. IoU divides by
# the union. Of one class the two are the same information, D = 2 IoU / (1 + IoU); *means* of
# them over classes or images are not.

# %%
tp, missed, false = (int((kinds == kind).sum()) for kind in (1, 2, 3))
dice = 2 * tp / (2 * tp + false + missed)
precision, recall = tp / (tp + false), tp / (tp + missed)
iou = tp / (tp + false + missed)
f1 = 2 * precision * recall / (precision + recall)
print(f"TP {tp}, FP {false}, FN {missed}: Dice {dice:.4f}, F1 {f1:.4f}, IoU {iou:.4f}")

counts = pw.count_confusion(pred, label, num_classes=2)
ours = [pw.dice(counts)[1], pw.f_beta(counts, beta=1)[1], 2 * iou / (1 + iou)]
np.testing.assert_allclose(ours, dice)
np.testing.assert_allclose([f1, pw.iou(counts)[1]], [dice, iou])

# %% [markdown]
# ## From probabilities
#
# Counts have no gradient. Soft Dice puts the probability p in the place of the predicted 0 or 1:
# TP becomes Σ p y, and the size of the prediction Σ p. The loss is 1 − Dice, the mean over
# classes. Where all p are 0 or 1 it is the Dice above.

# %%
torch.manual_seed(0)
target = torch.from_numpy(label)[None].long()
y = pw.one_hot(target, 2, dtype=torch.float64)
logits = 2 * y + torch.randn(1, 2, 12, 16, dtype=torch.float64)
p = pw.activate(logits)

inter, size = (p * y).sum(dim=(0, 2, 3)), (p + y).sum(dim=(0, 2, 3))  # one number per class
by_hand = 1 - (2 * inter / size).mean()
one_call = pw.Dice()(logits, target)
torch.testing.assert_close(by_hand, one_call)
print("soft Dice of each class:", 2 * inter / size, " loss:", f"{one_call:.4f}")

sure = 100 * pw.one_hot(torch.from_numpy(pred)[None].long(), 2, dtype=torch.float64)
np.testing.assert_allclose(pw.Dice()(sure, target), 1 - pw.dice(counts).mean())

# %% [markdown]
# ## Plain or squared denominator
#
# The first paper has Σ p² + Σ y² below, later ones Σ p + Σ y. For p of 0 and 1 they are equal. In
# between they are not, so two papers that "use Dice" may have different numbers and gradients.
# Let every pixel of the object have the same p, and all others 0:

# %%
print("   p   plain 2p / (p + 1)   squared 2p / (p² + 1)")
for value in (0.1, 0.5, 0.9, 0.99):
    probs = torch.where(target == 1, value, 1e-9).double()
    x = torch.logit(probs)[:, None]  # one channel
    plain = 1 - pw.Dice(activation="sigmoid")(x, target)
    squared = 1 - pw.Dice(activation="sigmoid", squared=True)(x, target)
    np.testing.assert_allclose(plain, 2 * value / (value + 1), rtol=1e-6)
    np.testing.assert_allclose(squared, 2 * value / (value**2 + 1), rtol=1e-6)
    print(f"{value:4} {plain:12.4f} {squared:21.4f}")

# %% [markdown]
# Squared is kinder to pixels that are nearly right: its slope at p = 1 is 0. It is also the
# form for soft targets: its loss is lowest where p equals the target, which the plain form
# does not promise.

# %%
half = torch.full((1, 1, 50), 0.5, dtype=torch.float64)  # a target of probabilities
for squared in (False, True):
    loss = pw.Dice(activation="sigmoid", squared=squared, classes=[0])
    values = [
        loss(torch.full((1, 1, 50), v).double().logit(), half, soft_target=True).item()
        for v in (0.25, 0.5, 0.75, 0.999)
    ]
    print("squared" if squared else "plain  ", "loss at p = 0.25, 0.5, 0.75, 0.999:", np.array(values))
assert min(values) == values[1]

# %% [markdown]
# ## Per image or per batch
#
# Two images: a large object that is found well, and a small one of which half is missed. Add the
# counts first (per batch), and the small object hardly shows. Take the Dice of each image first,
# and both count alike.

# %%
big, small = np.zeros((2, 1, 20, 20), np.uint8)
big[0, 2:18, 2:18], small[0, 2:4, 2:4] = 1, 1
labels = np.concatenate([big, small])
preds = labels.copy()
preds[0, 2, 2:18], preds[1, 2] = 0, 0  # one row of each is missed

each = [pw.count_confusion(a, b, num_classes=2) for a, b in zip(preds, labels)]
per_image = [pw.dice(one)[1] for one in each]
per_batch = pw.dice(each[0] + each[1])[1]
print(f"Dice of each image: {per_image[0]:.3f} and {per_image[1]:.3f}, their mean: {np.mean(per_image):.3f}")
print(f"Dice of the counts added: {per_batch:.3f}")

x = 100.0 * pw.one_hot(torch.from_numpy(preds).long(), 2)
target = torch.from_numpy(labels).long()
foreground = {"classes": "foreground"}
batch_loss = pw.Dice(**foreground)(x, target)
image_loss = pw.Dice(per_image=True, **foreground)(x, target)
np.testing.assert_allclose([batch_loss, image_loss], [1 - per_batch, 1 - np.mean(per_image)], 1e-6)

# %% [markdown]
# They agree where all images are alike, and in a batch of one. `pw.Dice` is per batch unless told
# otherwise. Scores of a data set are of the counts added; `pixelwise score --all` prints the others.
#
# ## A class that is not there
#
# The second image has no object at all, and the prediction is right. Dice is 0 / 0. What then?

# %%
empty = torch.zeros(1, 20, 20, dtype=torch.long)
nothing = 100.0 * pw.one_hot(empty, 2)
speck = nothing.clone()
speck[0, :, 5, 5] = torch.tensor([0.0, 100.0])  # one false pixel

print("loss of the foreground      nothing predicted   one false pixel")
for name, options in {
    'absent="skip"': {},
    'absent="keep"': {"absent": "keep"},
    'absent="keep", smooth=1': {"absent": "keep", "smooth": 1},
    'absent="keep", smooth=100': {"absent": "keep", "smooth": 100},
}.items():
    loss = pw.Dice(**foreground, **options)
    a, b = loss(nothing, empty), loss(speck, empty)
    print(f"{name:26} {a:18.3f} {b:17.3f}")
    assert a == 0

# %% [markdown]
# - `"skip"`, the default, leaves the class out of the mean: no reward and no punishment. Cross entropy
#   beside it punishes the false pixel, one reason for `ce + dice`.
# - `"keep"` takes the formula as it is: a single false pixel costs everything.
# - `smooth` adds pixels to both sides of the ratio and softens this. It is a number of *pixels*:
#   1 is nothing in an image of a million pixels, and a quarter of an object of four.
