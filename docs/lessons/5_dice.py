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
from pixelwise.figures.bars import Bars, Series
from pixelwise.figures.charts import Line
from pixelwise.figures.lines import Lines

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## From counts
#
# A label with one square object, and a prediction that lies a little to the side. Every pixel is
# one of four cases: found (true positive, TP, green), missed (false negative, FN, blue), false
# alarm (false positive, FP, orange), or background in both, which Dice does not count.

# %% alt="A square object and a prediction that is shifted to the lower right: where both lie is green, what was missed is blue, what is false is orange."
label, pred = np.zeros((2, 12, 16), np.uint8)
label[2:8, 3:9] = pred[4:10, 5:11] = 1

kinds = np.array([[0, 3], [2, 1]], np.uint8)[label, pred]
colors = [(240, 240, 240), (0, 150, 110), (40, 90, 200), (240, 150, 40)]
cases = pw.Classes(["background", "found", "missed", "false"], colors=colors)
nearest = Image.Resampling.NEAREST
Image.fromarray(pw.index_to_color(kinds, cases)).resize((320, 240), nearest)

# %% [markdown]
# Dice divides twice the overlap by the two sizes added, 2 |A ∩ B| / (|A| + |B|). In counts this is
# 2 TP / (2 TP + FP + FN), and that is F1, the harmonic mean of precision and recall. IoU divides by
# the union. Of one class the two are the same information, Dice = 2 IoU / (1 + IoU); *means* of
# them over classes or images are not.

# %%
tp, fn, fp = (int((kinds == kind).sum()) for kind in (1, 2, 3))
dice, iou = 2 * tp / (2 * tp + fp + fn), tp / (tp + fp + fn)
precision, recall = tp / (tp + fp), tp / (tp + fn)
f1 = 2 * precision * recall / (precision + recall)
print(f"TP {tp}, FP {fp}, FN {fn}: Dice {dice:.3f}, F1 {f1:.3f}, IoU {iou:.3f}")

counts = pw.count_confusion(pred, label, num_classes=2)
ours = [pw.dice(counts)[1], pw.f_beta(counts, beta=1)[1]]
np.testing.assert_allclose([*ours, f1, 2 * iou / (1 + iou)], dice)
np.testing.assert_allclose(pw.iou(counts)[1], iou)

# %% [markdown]
# ## From probabilities
#
# Counts have no gradient. Soft Dice puts the probability p in the place of the predicted 0 or 1:
# TP becomes Σ p y, and the size of the prediction Σ p. The loss is 1 − Dice, the mean over
# classes. Where all p are 0 or 1 it is the Dice above.

# %%
torch.manual_seed(0)
square = torch.from_numpy(label)[None]
y = pw.one_hot(square, 2, dtype=torch.float64)
logits = 2 * y + torch.randn(1, 2, 12, 16, dtype=torch.float64)
p = pw.activate(logits)

inter, size = (p * y).sum((0, 2, 3)), (p + y).sum((0, 2, 3))  # of each class
loss = pw.Dice()(logits, square)
torch.testing.assert_close(1 - (2 * inter / size).mean(), loss)
print("soft Dice of each class:", (2 * inter / size).numpy(), f"loss {loss:.3f}")

sure = 100.0 * pw.one_hot(torch.from_numpy(pred)[None], 2)
np.testing.assert_allclose(1 - pw.Dice()(sure, square), pw.dice(counts).mean())

# %% [markdown]
# ## Plain or squared denominator
#
# The first paper has Σ p² + Σ y² below, later ones Σ p + Σ y. For p of 0 and 1 they are equal. In
# between they are not, so two papers that "use Dice" may have different numbers and gradients.
# Let every pixel of the object have the same p, and all others 0:

# %%
print("   p   plain 2p / (p + 1)   squared 2p / (p² + 1)")
for p in (0.1, 0.5, 0.9, 0.99):
    x = torch.where(square == 1, p, 1e-9).double().logit()[:, None]
    plain = 1 - pw.Dice(activation="sigmoid")(x, square)
    squared = 1 - pw.Dice(activation="sigmoid", squared=True)(x, square)
    np.testing.assert_allclose(plain, 2 * p / (p + 1), rtol=1e-6)
    np.testing.assert_allclose(squared, 2 * p / (p**2 + 1), rtol=1e-6)
    print(f"{p:4}{plain:13.4f}{squared:22.4f}")

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
labels[0, 2:18, 2:18] = labels[1, 2:4, 2:4] = 1
preds = labels.copy()
preds[:, 2] = 0  # one row of each is missed

each = [pw.count_confusion(a, b, 2) for a, b in zip(preds, labels)]
per_image = [pw.dice(one)[1] for one in each]
per_batch = pw.dice(each[0] + each[1])[1]
print(f"Dice of each image: {per_image[0]:.3f}, {per_image[1]:.3f}", end="; ")
print(f"their mean: {np.mean(per_image):.3f}")
print(f"Dice of the counts added: {per_batch:.3f}")

preds, target = torch.from_numpy(preds), torch.from_numpy(labels)
x = 100.0 * pw.one_hot(preds, 2)
for rule, expected in [(False, per_batch), (True, np.mean(per_image))]:
    loss = pw.Dice(classes="foreground", per_image=rule)(x, target)
    np.testing.assert_allclose(1 - loss, expected, rtol=1e-6)

# %% [markdown]
# They agree in a batch of one. `pw.Dice` is per batch unless told otherwise. Scores of a data set
# are of the counts added; `pixelwise score --all` prints the others.
#
# ## A class that is not there
#
# An image has no object, and the prediction is right. Dice is 0 / 0. And with one false pixel?

# %%
empty = torch.zeros(1, 20, 20, dtype=torch.uint8)
one_pixel = empty.clone()
one_pixel[0, 5, 5] = 1
right, wrong = (100.0 * pw.one_hot(label, 2) for label in (empty, one_pixel))

print("absent  smooth   nothing predicted   one false pixel")
for absent, smooth in [("skip", 0), ("keep", 0), ("keep", 1), ("keep", 100)]:
    loss = pw.Dice(classes="foreground", absent=absent, smooth=smooth)
    a, b = loss(right, empty), loss(wrong, empty)
    print(f"{absent:6}{smooth:8}{a:20.3f}{b:18.3f}")

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
PAINT = [(170, 60, 60), (70, 80, 160), (200, 200, 195)]  # cars, stones
colors = [(120, 170, 90), (130, 130, 130), (220, 40, 60)]
classes = pw.Classes(["field", "road", "car"], colors=colors)


def scene(random):
    image = np.full((H, W, 3), (96.0, 130.0, 70.0))
    left, slope = random.integers(6, W - 20), random.uniform(-0.4, 0.4)
    across = np.arange(W) - left - slope * np.arange(H)[:, None]
    road = (across >= 0) & (across < 14) & (random.random() < 0.85)
    image[road] = (110, 108, 105)
    label = road.astype(np.uint8)
    for on in [0] * random.integers(2, 6) + [1] * random.integers(0, 3):
        if (label == on).any():
            y, x = random.choice(np.argwhere(label == on))
            height, width = (5, 3) if on else random.integers(2, 6, 2)
            part = np.zeros((H, W), bool)
            part[y : y + height, x : x + width] = True
            part &= label == on
            image[part] = random.choice(PAINT) + random.normal(0, 12, 3)
            label[part] = 2 * on
    image += random.normal(0, 10, (H, W, 1)) + random.normal(0, 5, (H, W, 3))
    return np.clip(image, 0, 255).astype(np.uint8), label


random = np.random.default_rng(0)
train, val = ([scene(random) for _ in range(30)] for _ in range(2))
shown = [np.vstack([a, pw.index_to_color(b, classes)]) for a, b in train[:4]]
Image.fromarray(np.hstack(shown)).resize((16 * W, 8 * H), nearest)

# %% [markdown]
# Written as a data set: images, indexed PNGs ([lesson 1](1_label_image.py)), and `dataset.toml`.
# `pw.weights`, in a shell `pixelwise weights fields`, counts the pixels of each class. The weights
# come from these counts: `inverse` is N / (C n), the share that a class would have if all were
# alike, divided by the one it has. The others are milder.

# %%
folder = Path("fields")
(folder / "images").mkdir(parents=True, exist_ok=True)
(folder / "labels").mkdir(exist_ok=True)
for number, (image, label) in enumerate(train):
    Image.fromarray(image).save(folder / f"images/{number:02}.png")
    pw.write_label(folder / f"labels/{number:02}.png", label, classes)

toml = '[splits.train]\nimages = "images"\nlabels = "labels"\n'
for name, color in zip(classes.names, colors):
    toml += f'[[classes]]\nname = "{name}"\ncolor = {list(color)}\n'
(folder / "dataset.toml").write_text(toml)
weights = pw.weights(folder, drop_background=0.98)
n = weights.counts.pixels
np.testing.assert_allclose(pw.class_weights(weights.counts), n.sum() / (3 * n))
weights.plot()

# %% [markdown]
# ## Images with nothing in them
#
# `weights` has also listed the images that one class fills to 98 % or more. They teach little
# and take as long as the others. A keep list has the ids of the rest, and one line in
# `dataset.toml` makes the split use it. Not all have to go: a network that never sees empty
# fields finds cars in them.

# %%
for filled in weights.filled:
    print(f"image {filled.id}: {filled.share:.1%} {filled.name}")

pw.weights(folder, drop_background=0.98, keep_list=folder / "keep.txt")
toml = toml.replace('"labels"\n', '"labels"\nlist = "keep.txt"\n')
(folder / "dataset.toml").write_text(toml)
kept = pw.weights(folder).counts
print(f"{kept.files} images are left, with {kept.pixels[2]} pixels of cars")
assert (kept.files, kept.pixels[2]) == (30 - len(weights.filled), n[2])

# %% [markdown]
# ## What three losses make of it
#
# The same small network, trained for 200 steps with cross entropy, with weighted cross entropy,
# and with cross entropy + Dice; each twice, from other first weights: one run proves little.


# %%
def tensors(scenes):
    images, labels = (np.stack(part) for part in zip(*scenes))
    images = torch.from_numpy(images).movedim(-1, 1)
    return images.float() / 255 - 0.5, torch.from_numpy(labels)


def layer(before, dilation):
    conv = torch.nn.Conv2d(before, 12, 3, padding=dilation, dilation=dilation)
    return [conv, torch.nn.BatchNorm2d(12), torch.nn.ReLU()]


def fit(loss, seed):
    """Counts of the validation images after every 40 steps."""
    torch.manual_seed(seed)
    layers = *layer(3, 1), *layer(12, 2), *layer(12, 4)
    model = torch.nn.Sequential(*layers, torch.nn.Conv2d(12, 3, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = []
    for step in range(1, 201):
        some = torch.randint(0, len(images), (4,))
        optimizer.zero_grad()
        loss(model(images[some]), target[some]).backward()
        optimizer.step()
        if step % 40 == 0:
            with torch.no_grad():
                pred = pw.predict_label(model.eval()(val_images)).numpy()
            model.train()
            history.append(pw.count_confusion(pred, val_target.numpy(), 3))
    return history


(images, target), (val_images, val_target) = tensors(train), tensors(val)
inverse = pw.class_weights(weights.counts, "inverse")
losses = {
    "ce": pw.CrossEntropy(),
    "weighted ce": pw.CrossEntropy(weight=inverse),
    "ce + dice": pw.CrossEntropy() + pw.Dice(),
}
runs = {name: [fit(losses[name], seed) for seed in (0, 1)] for name in losses}


# %%
def lines(title, x_label, y_label, series):
    """A chart of several lines: name -> (x, y) of its points."""
    curves = [Line(name, tuple(points)) for name, points in series.items()]
    return Lines(title, tuple(curves), x_label, y_label)


curves = {}
for name, both in runs.items():
    for number, run in enumerate(both, 1):
        iou = [(40 * k, pw.iou(counts)[2]) for k, counts in enumerate(run, 1)]
        curves[f"{name}, run {number}"] = iou
lines("IoU of cars in images that were not trained on", "step", "IoU", curves)

# %%
end, scores = {}, (pw.iou, pw.precision, pw.recall)
print("cars:             IoU precision    recall  pixel accuracy")
for name, both in runs.items():
    values = [[score(run[-1]) for score in scores] for run in both]
    end[name] = np.nan_to_num(values).mean(axis=0)  # 0 if never predicted
    accuracy = np.mean([pw.pixel_accuracy(run[-1]) for run in both])
    values = [f"{value:9.2f}" for value in end[name][:, 2]]
    print(f"{name:11}", *values, f"{accuracy:12.4f}")

assert end["ce"][0, 2] < min(end["weighted ce"][0, 2], end["ce + dice"][0, 2])
assert end["weighted ce"][1, 2] < end["ce + dice"][1, 2]  # precision
series = tuple(Series(name, tuple(values[0])) for name, values in end.items())
Bars("IoU of each class, mean of both", classes.names, series, "IoU")

# %% [markdown]
# - **Cross entropy** is a mean over pixels, and cars are half a percent of them. It can say *no
#   cars anywhere* for as long as it is trained here, and pixel accuracy does not show it.
# - **Weighted cross entropy** sees them first. A car's pixel costs more than 100 times as much as
#   one of a field, so the network rather calls a stone a car than miss one: recall, paid with
#   precision.
# - **Cross entropy + Dice** counts the class, not its pixels: one third of the Dice is that of
#   cars, however few pixels they have, and false alarms are in its denominator. It may start later
#   than weights do; its precision is higher.
#
# More in [rare classes](../rare-classes.md). `pixelwise score` compares two runs.
#
# ## The family
#
# Tversky has separate costs for the two kinds of error: TP / (TP + α FP + β FN). β above α says
# that a miss is worse than a false alarm. Dice, IoU and F-β are members:

# %%
costs = {pw.Dice(): (0.5, 0.5), pw.Jaccard(): (1, 1), pw.FBeta(2): (0.2, 0.8)}
for loss, (alpha, beta) in costs.items():
    value = pw.Tversky(alpha=alpha, beta=beta)(logits, square)
    torch.testing.assert_close(loss(logits, square), value)
    print(f"α = {alpha:3}, β = {beta:3}: {value:.3f} = {type(loss).__name__}")

# %% [markdown]
# How hard do the pixels of an object pull upwards while it is found, from p = 0.02 to 0.98? It has
# 5 % of the pixels, and the background stands at 0.1.

# %%
small = (torch.arange(1000) < 50).long()[None]


def pull(loss, p):
    """Minus the gradient of the loss, summed over the logits of the object."""
    probs = torch.where(small == 1, p, 0.1).double()[:, None]
    x = probs.logit().requires_grad_()
    loss(x, small).backward()
    return -x.grad[0, 0, :50].sum().item()


pulling = {
    "cross entropy": pw.BinaryCrossEntropy(),
    "Dice": pw.Dice(activation="sigmoid"),
    "Tversky, α 0.3, β 0.7": pw.Tversky(0.3, 0.7, activation="sigmoid"),
    "F-β, β = 2": pw.FBeta(2, activation="sigmoid"),
}
at = [k / 50 for k in range(1, 50)]
curves = {name: [(p, pull(pulling[name], p)) for p in at] for name in pulling}
assert curves["Dice"][0][1] < curves["cross entropy"][0][1]
assert curves["Dice"][24][1] > curves["cross entropy"][24][1]
lines("Pull on the object", "p of its pixels", "−Σ ∂loss/∂logit", curves)

# %% [markdown]
# Cross entropy pulls hardest where the object is missed altogether; the ratios hardly pull there,
# since the sigmoid is flat. Where pixels are half right it is the other way round. A sum has both,
# which is why `ce + dice` is where to start. Go on with [which loss](../which-loss.md).
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
