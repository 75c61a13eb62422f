"""A small set of classes that overlap, drawn here and written with Pillow alone."""

import numpy as np

from make import write_image, write_stored

TOML = """task = "multilabel"
ignore_values = [9]
[[classes]]
name = "disc"
[[classes]]
name = "bar"
value = 255
file = "bars"
""" + "".join(
    f'[splits.{name}]\nimages = "{name}/images"\nlabels = "{name}/{{class}}"\nmissing = "absent"\n'
    for name in ("train", "val")
)


def make_set(folder, train=8, val=3, size=(48, 64)):
    """A red disc and a blue bar, magenta where they overlap; void around the disc for it alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.toml").write_text(TOML)
    random = np.random.default_rng(7)
    y, x = np.ogrid[: size[0], : size[1]]
    for index in range(train + val):
        split = folder / ("train" if index < train else "val")
        cy, cx = random.uniform(0.35, 0.65, 2) * size
        distance = np.hypot(y - cy, x - cx)
        disc, left = distance < 14, int(random.integers(8, 40))
        bar = np.broadcast_to((x >= left) & (x < left + 14), size)
        image = random.normal(40, 8, (*size, 3))
        image[..., 0] += 160 * disc
        image[..., 2] += 160 * bar
        write_image(split / "images" / f"{index}.png", image.clip(0, 255).astype(np.uint8))
        stored = np.where(abs(distance - 14) < 1, 9, disc).astype(np.uint8)
        write_stored(split / "disc" / f"{index}.png", stored)
        write_stored(split / "bars" / f"{index}.png", 255 * bar.astype(np.uint8))
    return folder
