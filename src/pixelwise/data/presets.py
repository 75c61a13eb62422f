"""AUGMENTATIONS: the names that --augment takes. No torch here."""

from dataclasses import dataclass

from pixelwise.errors import check_choice


@dataclass(frozen=True)
class Preset:
    """What happens to a crop after zoom, mirror and colours. 0 and False: nothing.

    Attributes:
        about: one line.
        crop_only: no zoom, mirror or change of colours either.
        turns: one of the four right-angle turns.
        upside_down: half of the examples.
        degrees: largest rotation; a larger crop is rotated, so that only what comes from beyond the
            image is void.
        hue: largest shift, in turns of the colour circle.
        gamma: largest |log2| of the exponent.
        blur: largest standard deviation, in pixels at the network.
        noise: largest standard deviation, in grey levels.
        shrink: smallest factor by which the image is made smaller and larger again.
        chance: of each of the last six.
    """

    about: str
    crop_only: bool = False
    turns: bool = False
    upside_down: bool = False
    degrees: float = 0.0
    hue: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    shrink: float = 1.0
    chance: float = 0.2


AUGMENTATIONS: dict[str, Preset] = {
    "default": Preset("zoom, mirror, brightness, contrast and saturation, as far as is set"),
    "none": Preset("a crop and nothing else", crop_only=True),
    "aerial": Preset("default, right-angle turns, upside down", turns=True, upside_down=True),
    "strong": Preset(
        "default, upside down, rotation up to 180 degrees, hue, gamma, blur, noise, lower detail",
        upside_down=True,
        degrees=180,
        hue=0.05,
        gamma=0.6,
        blur=1.5,
        noise=12,
        shrink=0.5,
    ),
}


def check_augmentation(name: str) -> None:
    """Raise unless a name is one of AUGMENTATIONS, or looks like `module:function`.

    Raises:
        ArgumentError: naming those there are.
    """
    module, _, function = name.partition(":")
    parts = [*module.split("."), function]
    if not all(part.isidentifier() for part in parts):
        check_choice("train", "augment", name, (*AUGMENTATIONS, "module:function"))
