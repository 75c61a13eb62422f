# %% [markdown]
# # Lesson 1: a label image is an indexed PNG
#
# A label image stores one number for every pixel: the index of its class. It looks like an image,
# but it is a table of numbers.
# Programs for photographs are allowed to change a value by a little, because nobody sees that. In
# a label, a value that changes by one is another class.
#
# This lesson draws a label, then damages it in the four ways that happen most often, and shows
# pixel by pixel what is lost.

# %%
import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import pixelwise as pw

# %% [markdown]
# ## A label from polygons
#
# Annotation tools store polygons. `polygons_to_label` paints them, the first at the bottom, the
# last on top.
# A pixel belongs to a polygon if its centre is inside, so polygons that share an edge neither
# overlap nor leave a gap.
#
# There are four classes. The value 255 is *void*: pixels that nobody could label, here a narrow
# band around the car. Losses and scores leave them out.

# %%
VOID = 255
colors = [(90, 160, 220), (150, 80, 60), (110, 110, 120), (250, 200, 40)]
classes = pw.Classes(["sky", "building", "road", "car"], colors=colors)
border = [(27, 62), (31, 50), (37, 43), (58, 43), (64, 52), (74, 54), (74, 65)]
car = [(29, 60), (33, 52), (38, 45), (57, 45), (62, 54), (72, 56), (72, 63)]
shapes = [  # a value and the corners (x, y) of its polygon
    (1, [(8, 8), (38, 8), (38, 52), (8, 52)]),
    (1, [(60, 20), (88, 20), (88, 52), (60, 52)]),
    (2, [(0, 50), (96, 50), (96, 72), (0, 72)]),
    (VOID, [*border, (27, 65)]),
    (3, [*car, (29, 63)]),
]
label = pw.polygons_to_label(shapes, size=(72, 96))

values, pixels = np.unique(label, return_counts=True)
print(label.shape, label.dtype)
print(dict(zip(values.tolist(), pixels.tolist())))
assert values.tolist() == [0, 1, 2, 3, VOID]

# %% [markdown]
# These numbers are the label. A few of them, at the roof of the car:

# %%
print(label[41:48, 34:46])

# %% [markdown]
# Colours are only for eyes. `index_to_color` looks them up, and `color_to_index` looks up the way
# back.

# %%
color = pw.index_to_color(label, classes)
assert np.array_equal(pw.color_to_index(color, classes), label)


def in_color(stored):
    """Colours of stored values; magenta: neither a class nor void."""
    known = np.isin(stored, [0, 1, 2, 3, VOID])
    shown = pw.index_to_color(np.where(known, stored, VOID), classes)
    return np.where(known[..., None], shown, np.uint8([255, 0, 255]))


def enlarged(*pictures, rows=slice(40, 57), columns=slice(25, 50), times=9):
    """A window of several pictures, side by side; pixels become squares."""
    shown = []
    for picture in pictures:
        window = picture[rows, columns]
        shown.append(window.repeat(times, 0).repeat(times, 1))
        shown.append(np.full((len(shown[-1]), times, 3), 255, np.uint8))
    return Image.fromarray(np.concatenate(shown[:-1], axis=1))


# %% alt="The label in colours: two buildings, a road, and a yellow car inside a pale band of void"
Image.fromarray(color.repeat(6, 0).repeat(6, 1))

# %% [markdown]
# ## The right way to store it
#
# `write_label` writes an indexed PNG: one byte a pixel, here the class index itself, and a palette
# of 256 colours beside it, so that a viewer shows the colours. (Only values above 255 need two
# bytes, in a grey PNG without a palette.)
# It reads the file back and compares before the file appears. `read_label` returns the stored
# values, whatever the palette says.

# %%
folder = Path("street")
pw.write_label(folder / "labels" / "right.png", label, classes)

file = Image.open(folder / "labels" / "right.png")
print(file.format, file.mode, file.size)
assert file.mode == "P", "indexed: one value a pixel and a palette"
assert len(file.getpalette()) == 3 * 256
assert np.array_equal(pw.read_label(folder / "labels" / "right.png"), label)

# %% [markdown]
# ## Damage 1: JPEG
#
# JPEG makes a file small by rounding waves of 8×8 pixels. A border is a sharp step, and a step
# made of few waves rings.
# Even at quality 95, five colours become hundreds:

# %%
color_file = io.BytesIO()
Image.fromarray(color).save(color_file, "JPEG", quality=95)
jpeg = np.asarray(Image.open(color_file))

found = [np.unique(p.reshape(-1, 3), axis=0) for p in (color, jpeg)]
wrong = (jpeg != color).any(axis=2)
print(f"colours: {len(found[0])} before, {len(found[1])} after")
print(f"pixels with another colour: {wrong.sum():,} of {wrong.size:,}")
assert len(found[0]) == 5
assert len(found[1]) > 100

# %% [markdown]
# Taking the nearest class for every colour puts most pixels right, but not all. Void is not a
# class, so its band is gone; and on the way from one colour to another lies, by chance, the
# colour
# of a third class.

# %% alt="The label; as JPEG, with blurred borders; nearest classes: no void, sky at the car"
nearest = pw.color_to_index(jpeg, classes, unknown="nearest")
still = nearest != label
print(f"still wrong: {still.sum()} pixels")
print(f"of them void before: {(still & (label == VOID)).sum()}")
assert 0 < still.sum() < wrong.sum()
enlarged(color, jpeg, in_color(nearest))

# %% [markdown]
# Storing the *indices* in a JPEG is worse. They differ by one, so many pixels silently become
# another class, and no program can tell:

# %%
index_file = io.BytesIO()
Image.fromarray(label).save(index_file, "JPEG", quality=75)
jpeg_index = np.asarray(Image.open(index_file))

changed = jpeg_index != label
silent = changed & (jpeg_index <= 3)
print(f"changed: {changed.sum()} pixels")
print(f"of them into another class: {silent.sum()}")
assert silent.sum() > 0

# %% alt="The label; its indices after JPEG: void is magenta, and other classes appear"
enlarged(color, in_color(jpeg_index))

# %% [markdown]
# Saving the JPEG as PNG afterwards keeps the damage without loss. The suffix does not say how a
# file was stored before.
#
# ## Damage 2: cv2.imwrite of colours
#
# OpenCV has blue first, everyone else has red first. `cv2.imwrite` of an RGB array writes a file
# with red and blue swapped, and it writes three bytes a pixel: a colour image, not a label.

# %%
# color is RGB, and cv2 takes it as BGR
cv2.imwrite(str(folder / "labels" / "cv2.png"), color)

file = Image.open(folder / "labels" / "cv2.png")
print(file.format, file.mode)
assert file.mode == "RGB"
swapped = np.asarray(file)
assert np.array_equal(swapped, color[:, :, ::-1])

# %% [markdown]
# Nothing is lost here, but a program that looks up colours finds none of its own.
# `color_to_index` refuses instead of guessing, and says what it saw:

# %%
try:
    pw.color_to_index(swapped, classes)
except pw.PixelwiseError as error:
    print(str(error).split(", (")[0], "...")

# %% [markdown]
# In the right order the lookup is exact. The same line reads a colour image that came from
# `cv2.imread`, which has blue first too:

# %%
again = pw.color_to_index(swapped[:, :, ::-1], classes)
assert np.array_equal(again, label)

# cv2.imread shows a label in the colours of its palette, blue first
bgr = cv2.imread(str(folder / "labels" / "right.png"))
assert np.array_equal(pw.color_to_index(bgr[:, :, ::-1], classes), label)

# %% alt="The label in its colours, and with red and blue swapped: the car is blue"
enlarged(color, swapped)

# %% [markdown]
# ## Damage 3: resizing with interpolation
#
# Interpolation takes a mean of neighbours. The mean of class 1 and class 3 is class 2: a
# *building* next to a *car* becomes *road*. Next to void, whose value is 255, anything can come
# out.

# %%
size = (72, 54)
smooth = cv2.resize(label, size, interpolation=cv2.INTER_LINEAR)
exact = Image.fromarray(label).resize(size, Image.Resampling.NEAREST)
exact = np.asarray(exact)

new = ~np.isin(smooth, values)
other = ~new & (smooth != exact)
print(f"{new.sum()} pixels have a value that the label never had,")
print(f"such as {np.unique(smooth)[4:9]}")
print(f"{other.sum()} pixels have another class than the nearest pixel")
assert new.sum() > 0
assert other.sum() > 0
assert np.isin(exact, values).all(), "nearest neighbour: no new value"

# %% alt="Resized by nearest neighbour, and interpolated: magenta void, a thin line of building"
window = {"rows": slice(28, 44), "columns": slice(0, 40), "times": 8}
enlarged(in_color(exact), in_color(smooth), **window)

# %% [markdown]
# Resize an image as you like. Resize its label with nearest neighbour only: it copies values and
# never computes one.
#
# ## Damage 4: a short palette
#
# A PNG may use 1, 2, 4 or 8 bits a pixel. Given a palette of four colours, programs choose two
# bits, because two bits are enough for four colours. They are not enough for 255:

# %%
path = folder / "labels" / "short.png"
short = Image.fromarray(label)
short.putpalette(np.uint8(colors).tobytes())  # no colour for void
short.save(path)

shown = pw.read_label(path)
bits = path.read_bytes()[24]  # the header of a PNG has the bits of a pixel
lost = label == VOID
print(f"{bits} bits a pixel")
print(f"{lost.sum()} void pixels became class {np.unique(shown[lost])}")
assert bits == 2
assert (shown[lost] == 3).all(), "the last two bits of 255 are 3"
assert np.array_equal(shown[~lost], label[~lost])

# %% alt="The car inside its band of void; with the short palette the band is car too"
enlarged(color, in_color(shown))

# %% [markdown]
# No error, no warning, and every value in the file is a class. The band that nobody could label
# is now *car*, and it is counted in every score. `write_label` always writes 256 colours and 8
# bits, or 16 bits where a value is above 255.
#
# ## What the audit says
#
# `pw.audit`, or `pixelwise audit street` on the command line, looks at a whole folder. Here are
# all the damaged files in one dataset, each with an image, and a `dataset.toml` that names the
# classes:

# %%
labels = folder / "labels"
Image.fromarray(jpeg).save(labels / "jpeg_as_png.png")
(labels / "jpeg.png").write_bytes(color_file.getvalue())  # by name a PNG
half = label[::2, ::2]
large = cv2.resize(half, (96, 72), interpolation=cv2.INTER_LINEAR)
Image.fromarray(large).save(labels / "resized.png")

scene = pw.index_to_color(np.where(label == VOID, 2, label), classes)
rng = np.random.default_rng(0)
(folder / "images").mkdir()
for path in sorted(labels.iterdir()):
    noisy = scene + rng.normal(0, 12, scene.shape)
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    image.save(folder / "images" / path.name)

lines = ["[splits.train]", 'images = "images"', 'labels = "labels"']
for name, rgb in zip(classes.names, colors):
    lines += ["[[classes]]", f'name = "{name}"', f"color = {list(rgb)}"]
(folder / "dataset.toml").write_text("\n".join(lines))

audit = pw.audit("street")
damaged = {path.name for path in labels.iterdir()} - {"right.png"}
assert len(damaged) == 5
assert damaged <= {Path(finding.file).name for finding in audit.findings}
audit

# %% [markdown]
# Every rule has a cause and, where one exists, a repair: `print(audit.text())` has them all, and
# `pixelwise audit street --html audit.html` shows each place in its image.
# With `fix`, the audit writes a repaired copy of the dataset. What was only stored wrongly comes
# back exactly. What was lost does not:

# %%
# F1, the nearest class for a JPEG, has to be asked for
pw.audit("street", fix="repaired", fix_rules=("safe", "F1"))
for path in sorted(Path("repaired/labels").iterdir()):
    wrong = pw.read_label(path) != label
    print(f"{path.name:16} {wrong.sum():4} pixels differ from the original")

assert np.array_equal(pw.read_label("repaired/labels/cv2.png"), label)
assert not np.array_equal(pw.read_label("repaired/labels/short.png"), label)

# %% [markdown]
# ## A prediction is a label image too
#
# Store it in the same way, and it can be read, shown and scored by the same calls. Here the
# prediction is one pixel too far to the right, and the right part of the car is missed:

# %%
pred = np.roll(np.where(label == VOID, 2, label), 1, axis=1)
pred[:, 54:][pred[:, 54:] == 3] = 2
pw.write_label("predictions/right.png", pred, classes)

read_pred = pw.read_label("predictions/right.png")
target = pw.read_label(folder / "labels" / "right.png")
counts = pw.count_confusion(read_pred, target, num_classes=4)
for name, value in zip(classes.names, pw.iou(counts)):
    print(f"{name:9} IoU {value:.3f}")
print(f"mean      IoU {pw.mean_iou(counts):.3f}")
assert counts.valid == (label != VOID).sum(), "void is in no count"

# %% alt="Image, label, prediction and errors: the right part of the car is missed"
photo = pw.read_image(folder / "images" / "right.png")
pw.show(photo, target, read_pred, classes, focus="car")

# %% [markdown]
# The counts behind these scores are a confusion matrix: rows are what was drawn, columns what was
# predicted.

# %%
counts.plot(classes=classes)

# %% [markdown]
# The score of one class by hand: the pixels that both call *car*, divided by the pixels that at
# least one of them calls *car*, without void.

# %%
valid = target != VOID
both = ((read_pred == 3) & (target == 3) & valid).sum()
either = (((read_pred == 3) | (target == 3)) & valid).sum()
print(f"{both} / {either} = {both / either:.3f}")
assert both / either == pw.iou(counts)[3]

# %% [markdown]
# ## What to remember
#
# - A label image is an indexed PNG with 8 bits a pixel and a full palette: `write_label` writes
#   it, `read_label` reads it, values unchanged.
# - Never JPEG, never a colour image, never interpolation, never a palette without room for void.
# - Look at a folder with `pixelwise audit` before the first training, not after it.
#
# Next: [Lesson 2](2_one_hot.py) makes numbers for a loss from this label. Details of formats:
# [what is in this folder?](../first-contact.md)
#
# ## Three questions
#
# **1. A label was a JPEG, and someone saved it as PNG. The file is lossless now. Is the label
# intact?**
#
# <details>
# <summary>Answer</summary>
#
# No. PNG keeps what it is given, and it was given the damaged values. The colours that the JPEG
# invented are all still there.
# Export the label again from its polygons or its original. Taking the nearest class is for labels
# whose source is gone, and some border pixels stay wrong.
#
# </details>
#
# **2. An 8-bit label has the classes 0, 1 and 2. After `cv2.resize` with its default, all values
# are still 0, 1 or 2. Did the resize do no harm?**
#
# <details>
# <summary>Answer</summary>
#
# It did. The default interpolates: between 0 and 2 the mean is 1, so a border of class 1 appears
# between the two where there was none, and no check of values can find it.
# Use `interpolation=cv2.INTER_NEAREST`, or `Image.Resampling.NEAREST` in Pillow.
#
# </details>
#
# **3. A label file opens in a viewer and shows all the right colours. Is it a good label image?**
#
# <details>
# <summary>Answer</summary>
#
# You cannot tell. A viewer shows the same colours for an indexed PNG and for a colour image, and
# nearly the same for a JPEG.
# Look at the mode: `Image.open(path).mode` must be `P` (or `L`, without a palette), or on a
# command line `file label.png` must say *8-bit colormap*. `pixelwise audit` looks at all of it.
#
# </details>
