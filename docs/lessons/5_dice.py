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

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## From counts
#
# A label with one square object, and a prediction that lies a little to the side. Every pixel is
# one of four cases: found (true positive, TP), missed (false negative, FN), false alarm (false
# positive, FP), or background in both, which Dice does not count.

# %% alt="A square object and a prediction that is shifted to the lower right: where both lie is green, what was missed is blue, what is false is orange."
label, pred = np.zeros((2, 12, 16), np.uint8)
label[2:8, 3:9] = pred[4:10, 5:11] = 1

colors = [(240, 240, 240), (0, 150, 110), (40, 90, 200), (240, 150, 40)]
cases = pw.Classes(["background", "found", "missed", "false alarm"], colors=colors)
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
precision, recall, iou = tp / (tp + false), tp / (tp + missed), tp / (tp + false + missed)
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
square = torch.from_numpy(label)[None].long()
y = pw.one_hot(square, 2, dtype=torch.float64)
logits = 2 * y + torch.randn(1, 2, 12, 16, dtype=torch.float64)
p = pw.activate(logits)

inter, size = (p * y).sum((0, 2, 3)), (p + y).sum((0, 2, 3))  # one number per class
by_hand = 1 - (2 * inter / size).mean()
one_call = pw.Dice()(logits, square)
torch.testing.assert_close(by_hand, one_call)
print("soft Dice of each class:", (2 * inter / size).numpy(), f"loss: {one_call:.4f}")

sure = 100 * pw.one_hot(torch.from_numpy(pred)[None].long(), 2, dtype=torch.float64)
np.testing.assert_allclose(pw.Dice()(sure, square), 1 - pw.dice(counts).mean())

# %% [markdown]
# ## Plain or squared denominator
#
# The first paper has Σ p² + Σ y² below, later ones Σ p + Σ y. For p of 0 and 1 they are equal. In
# between they are not, so two papers that "use Dice" may have different numbers and gradients.
# Let every pixel of the object have the same p, and all others 0:

# %%
print("   p   plain 2p / (p + 1)   squared 2p / (p² + 1)")
for value in (0.1, 0.5, 0.9, 0.99):
    probs = torch.where(square == 1, value, 1e-9).double()
    x = torch.logit(probs)[:, None]  # one channel
    plain = 1 - pw.Dice(activation="sigmoid")(x, square)
    squared = 1 - pw.Dice(activation="sigmoid", squared=True)(x, square)
    np.testing.assert_allclose(plain, 2 * value / (value + 1), rtol=1e-6)
    np.testing.assert_allclose(squared, 2 * value / (value**2 + 1), rtol=1e-6)
    print(f"{value:4}{plain:13.4f}{squared:22.4f}")

# %% [markdown]
# Squared is kinder to pixels that are nearly right: towards p = 1 it hardly rises any more.
#
# ## Per image or per batch
#
# Two images: a large object that is found well, and a small one of which half is missed. Add the
# counts first (per batch), and the small object hardly shows. Take the Dice of each image first,
# and both count alike.

# %%
labels = np.zeros((2, 20, 20), np.uint8)
labels[0, 2:18, 2:18], labels[1, 2:4, 2:4] = 1, 1
preds = labels.copy()
preds[0, 2, 2:18], preds[1, 2] = 0, 0  # one row of each is missed

each = [pw.count_confusion(a, b, num_classes=2) for a, b in zip(preds, labels)]
per_image = [pw.dice(one)[1] for one in each]
per_batch = pw.dice(each[0] + each[1])[1]
print("Dice of each image:", np.array(per_image), f"their mean: {np.mean(per_image):.3f}")
print(f"Dice of the counts added: {per_batch:.3f}")

x, target = 100.0 * pw.one_hot(torch.from_numpy(preds), 2), torch.from_numpy(labels)
batch_loss = pw.Dice(classes="foreground")(x, target)
image_loss = pw.Dice(classes="foreground", per_image=True)(x, target)
np.testing.assert_allclose(1 - batch_loss, per_batch, rtol=1e-6)
np.testing.assert_allclose(1 - image_loss, np.mean(per_image), rtol=1e-6)

# %% [markdown]
# They agree where all images are alike, and in a batch of one. `pw.Dice` is per batch unless told
# otherwise. Scores of a data set are of the counts added; `pixelwise score --all` prints the
# others.
#
# ## A class that is not there
#
# The second image has no object at all, and the prediction is right. Dice is 0 / 0. What then?

# %%
empty = torch.zeros(1, 20, 20, dtype=torch.long)
one_pixel = empty.clone()
one_pixel[0, 5, 5] = 1
nothing, speck = 100.0 * pw.one_hot(empty, 2), 100.0 * pw.one_hot(one_pixel, 2)

print("absent  smooth   nothing predicted   one false pixel")
for absent, smooth in [("skip", 0), ("keep", 0), ("keep", 1), ("keep", 100)]:
    loss = pw.Dice(classes="foreground", absent=absent, smooth=smooth)
    print(f"{absent:6}{smooth:8}{loss(nothing, empty):20.3f}{loss(speck, empty):18.3f}")
    assert loss(nothing, empty) == 0

# %% [markdown]
# - `"skip"`, the default, leaves the class out of the mean: no reward and no punishment. Cross
#   entropy beside it punishes the false pixel, one reason for `ce + dice`.
# - `"keep"` takes the formula as it is: a single false pixel costs everything.
# - `smooth` adds pixels to both sides of the ratio and softens this. It is a number of *pixels*:
#   1 is nothing in an image of a million pixels, and a quarter of an object of four.
#
# ## A rare class
#
# Now a data set with a rare class, drawn here: fields seen from above, a road through most of them,
# and a few cars on it. In the fields lie stones of the same colours as cars, so that colour alone
# does not tell them apart.


# %% alt="Four images of green fields with a grey road, small coloured cars on the road and stones of the same colours beside it; below each its label, in which cars are a few red pixels."
H, W = 40, 48
PAINT = [(170, 60, 60), (70, 80, 160), (200, 200, 195)]  # of cars and of stones
colors = [(120, 170, 90), (130, 130, 130), (220, 40, 60)]
classes = pw.Classes(["field", "road", "car"], colors=colors)


def scene(random):
    image, label = np.full((H, W, 3), (96.0, 130.0, 70.0)), np.zeros((H, W), np.uint8)
    left, slope = random.integers(6, W - 20), random.uniform(-0.4, 0.4)
    across = np.arange(W) - left - slope * np.arange(H)[:, None]
    if random.random() < 0.85:
        label[(across >= 0) & (across < 14)] = 1
        image[label == 1] = (110, 108, 105)
    stones, cars = random.integers(2, 6), random.integers(0, 3)
    for on, size in [(0, random.integers(2, 6, 2)) for _ in range(stones)] + [(1, (5, 3))] * cars:
        places = np.argwhere(label == on)
        if len(places):
            y, x = random.choice(places)
            part = np.zeros((H, W), bool)
            part[y : y + size[0], x : x + size[1]] = True
            part &= label == on
            image[part] = random.choice(PAINT) + random.normal(0, 12, 3)
            label[part] = 2 * on
    image += random.normal(0, 10, (H, W, 1)) + random.normal(0, 5, (H, W, 3))
    return np.clip(image, 0, 255).astype(np.uint8), label


random = np.random.default_rng(0)
train = [scene(random) for _ in range(30)]
val = [scene(random) for _ in range(30)]
shown = [np.vstack([image, pw.index_to_color(label, classes)]) for image, label in train[:4]]
sheet = Image.fromarray(np.hstack(shown))
sheet.resize((4 * sheet.width, 4 * sheet.height), Image.Resampling.NEAREST)

# %% [markdown]
# Written as a data set: images, indexed PNGs ([lesson 1](1_label_image.py)), and `dataset.toml`.

# %%
folder = Path("fields")
for name in ("images", "labels"):
    (folder / name).mkdir(parents=True, exist_ok=True)
for number, (image, label) in enumerate(train):
    Image.fromarray(image).save(folder / f"images/{number:02}.png")
    pw.write_label(folder / f"labels/{number:02}.png", label, classes)

toml = 'task = "multiclass"\n[splits.train]\nimages = "images"\nlabels = "labels"\n'
toml += "".join(f'[[classes]]\nname = "{name}"\n' for name in classes.names)
(folder / "dataset.toml").write_text(toml)

weighed = pw.weights(folder, drop_background=0.98)
counts = weighed.counts
for name, pixels, images in zip(classes.names, counts.pixels, counts.images):
    print(
        f"{name:6}{pixels:6} pixels, {pixels / counts.valid:7.2%}, in {images} of {counts.files} images"
    )

# %% [markdown]
# Class weights come from these counts. `inverse` is N / (C n): the share that each class would have
# if all were alike, divided by the one it has. The others are milder.

# %%
n = counts.pixels
np.testing.assert_allclose(pw.class_weights(counts), n.sum() / (3 * n))
for method, row in weighed.by_method.items():
    print(f"{method:17}{row.formula:55}{np.array(row.weights)}")

# %% [markdown]
# ## Images with nothing in them
#
# `weights` has also listed the images that one class fills to 98 % or more. They teach little
# and take as long as the others. A keep list has the ids of the rest, and one line in
# `dataset.toml` makes the split use it. Not all have to go: a network that never sees empty
# fields finds cars in them.

# %%
for filled in weighed.filled:
    print(f"image {filled.id}: {filled.share:.1%} {filled.name}")

pw.weights(folder, drop_background=0.98, keep_list=folder / "keep.txt")
toml = toml.replace('labels = "labels"\n', 'labels = "labels"\nlist = "keep.txt"\n')
(folder / "dataset.toml").write_text(toml)
after = pw.weights(folder).counts
shares = n[2] / counts.valid, after.pixels[2] / after.valid
print(f"{counts.files} images, then {after.files}; cars {shares[0]:.2%}, then {shares[1]:.2%}")
assert after.files == counts.files - len(weighed.filled)

# %% [markdown]
# ## What three losses make of it
#
# The same small network, trained for the same number of steps with cross entropy, with weighted
# cross entropy, and with cross entropy + Dice; each twice, from other first weights, because
# one run is an anecdote.


# %%
def tensors(scenes):
    images, labels = (torch.from_numpy(np.stack(part)) for part in zip(*scenes))
    return images.movedim(-1, 1).float() / 255 - 0.5, labels


def layer(before, dilation):
    conv = torch.nn.Conv2d(before, 12, 3, padding=dilation, dilation=dilation)
    return [conv, torch.nn.BatchNorm2d(12), torch.nn.ReLU()]


def fit(loss, seed):
    """Counts of the validation images after every 40 steps."""
    torch.manual_seed(seed)
    last = torch.nn.Conv2d(12, 3, 1)  # it ends in logits
    model = torch.nn.Sequential(*layer(3, 1), *layer(12, 2), *layer(12, 4), last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = []
    for step in range(1, 201):
        some = torch.randint(0, len(images), (4,))
        optimizer.zero_grad()
        loss(model(images[some]), target[some]).backward()
        optimizer.step()
        if step % 40 == 0:
            with torch.no_grad():
                pred = pw.predict_label(model.eval()(val_images))
            model.train()
            history.append(pw.count_confusion(pred.numpy(), val_target.numpy(), num_classes=3))
    return history


(images, target), (val_images, val_target) = tensors(train), tensors(val)


weighted = pw.CrossEntropy(weight=pw.class_weights(counts, "inverse"))
both = pw.CrossEntropy() + pw.Dice()
losses = {"ce": pw.CrossEntropy(), "weighted ce": weighted, "ce + dice": both}
runs = {name: [fit(loss, seed) for seed in (0, 1)] for name, loss in losses.items()}

print("IoU of cars after 40, 80, ... steps")
for name, both in runs.items():
    for history in both:
        print(f"{name:12}", *(f"{pw.iou(counts)[2]:5.2f}" for counts in history))

# %%
at_the_end, scores = {}, (pw.iou, pw.precision, pw.recall)
print("at the end, mean of both runs:  IoU, precision, recall of cars;  pixel accuracy")
for name, both in runs.items():
    # NaN is the precision where nothing was predicted
    of_cars = np.nan_to_num([[score(run[-1])[2] for score in scores] for run in both])
    at_the_end[name] = iou, precision, recall = of_cars.mean(axis=0)
    accuracy = np.mean([pw.pixel_accuracy(run[-1]) for run in both])
    print(f"{name:26}{iou:8.2f}{precision:10.2f}{recall:9.2f}{accuracy:20.4f}")

ce, weighted, with_dice = at_the_end.values()
assert ce[0] < min(weighted[0], with_dice[0])  # IoU
assert weighted[1] < with_dice[1]  # precision

# %% [markdown]
# - **Cross entropy** is a mean over pixels, and cars are less than half a percent of them. For most
#   of the training it says *no cars anywhere*, and pixel accuracy does not show it.
# - **Weighted cross entropy** sees them first. A car's pixel costs almost 200 times as much as one
#   of a field, so the network rather calls a stone a car than miss one: the highest recall, paid
#   with precision.
# - **Cross entropy + Dice** counts the class, not its pixels: one third of the Dice is that of
#   cars, however few pixels they have, and false alarms are in its denominator. It starts later
#   than weights do, and has the highest precision.
#
# Weights, Dice and crops around the class all push in one direction: do not add them up unmeasured.
# `pixelwise score` compares two runs. More in [rare classes](../rare-classes.md).
#
# ## The family
#
# Tversky has separate costs for the two kinds of error: TP / (TP + α FP + β FN).

# %%
for loss, alpha, beta in [(pw.Dice(), 0.5, 0.5), (pw.Jaccard(), 1, 1), (pw.FBeta(2), 0.2, 0.8)]:
    value = pw.Tversky(alpha=alpha, beta=beta)(logits, square)
    torch.testing.assert_close(loss(logits, square), value)
    print(f"α = {alpha:3}, β = {beta:3}: {value:.4f} = {type(loss).__name__}")

# %% [markdown]
# β above α says that a miss is worse than a false alarm. Here is how hard the pixels of an object
# pull upwards while they are found, from p = 0.02 to 0.98. The object is 5 % of the pixels, and the
# background stands at 0.1.

# %%
line = (torch.arange(1000) < 50).long()[None]


def pull(loss, value):
    """Minus the gradient of the loss, summed over the logits of the object."""
    probs = torch.where(line == 1, value, 0.1).double()[:, None]
    x = torch.logit(probs).requires_grad_()
    loss(x, line).backward()
    return -x.grad[0, 0, :50].sum().item()


pulling = {
    "cross entropy": pw.BinaryCrossEntropy(),
    "Dice": pw.Dice(activation="sigmoid"),
    "Tversky, α 0.3, β 0.7": pw.Tversky(0.3, 0.7, activation="sigmoid"),
    "F-β, β = 2": pw.FBeta(2, activation="sigmoid"),
}
values = [round(0.02 * k, 2) for k in range(1, 50)]
curves = {name: [pull(loss, value) for value in values] for name, loss in pulling.items()}
for name, curve in curves.items():
    print(f"{name:22} pulls {curve[0]:.3f} at p = 0.02, {curve[24]:.3f} at p = 0.5")
assert curves["Dice"][0] < curves["cross entropy"][0]
assert curves["Tversky, α 0.3, β 0.7"][0] > curves["Dice"][0]

# %% [markdown]
# Cross entropy pulls hardest where the object is missed altogether; the ratios hardly pull there,
# since the sigmoid is flat. Where pixels are half right it is the other way round. A sum has both,
# which is why `ce + dice` is where to start. [Which loss?](../which-loss.md) goes on from here.
#
# ## Three questions
#
# **1. Paper A has a Dice of 0.80, paper B an IoU of 0.70, of the same class. Who is better?**
#
# <details>
# <summary>Answer</summary>
#
# Dice = 2 IoU / (1 + IoU), so B has a Dice of 1.4 / 1.7 = 0.82 if both are of the counts of all
# images. Means over images cannot be converted, and may differ more than the two papers do.
#
# </details>
#
# **2. Four crops, one of them with a tumour of 30 pixels. Dice per image or per batch?**
#
# <details>
# <summary>Answer</summary>
#
# Per batch, the default: the tumour's class has one ratio, and false alarms in the other three
# crops are in it. Per image, those three have no tumour, and what they count depends on `absent`
# and `smooth`. If *small* tumours matter as much as large ones, per image says that.
#
# </details>
#
# **3. A class has 0.1 % of the pixels and is never predicted. What do you try, in which order?**
#
# <details>
# <summary>Answer</summary>
#
# Look at the labels and at the size: is it still visible at the resolution that the network sees?
# Then `ce + dice`. Then crops that show the class more often, or mild weights (`enet`,
# `median_frequency`). Full inverse weights last: they cost precision.
#
# </details>
