"""NETWORKS: the names that a network can have. No torch here."""

from typing import Any

from pixelwise.errors import ArgumentError, check_choice

# name -> (class in segmentation_models_pytorch, options that keep the logits at native stride)
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "deeplabv3": ("DeepLabV3", {"upsampling": 1}),
    "deeplabv3plus": ("DeepLabV3Plus", {"upsampling": 1}),
    "fpn": ("FPN", {"upsampling": 1}),
    "linknet": ("Linknet", {}),
    "manet": ("MAnet", {}),
    "pan": ("PAN", {"upsampling": 1}),
    "pspnet": ("PSPNet", {"upsampling": 1}),
    "segformer": ("Segformer", {"upsampling": 1}),
    "unet": ("Unet", {}),
    "unetplusplus": ("UnetPlusPlus", {}),
    "upernet": ("UPerNet", {"upsampling": 1}),
}
SMALL = "small"
# how names of encoders begin
ENCODERS = (
    "resnet",
    "resnext",
    "efficientnet",
    "mit_b",
    "mobilenet",
    "densenet",
    "vgg",
    "convnext",
)


def check_name(name: str) -> None:
    """Raise if a name without a colon is not that of a network.

    Raises:
        ArgumentError: the names that are known.
    """
    if name == SMALL or name.partition(":")[2]:
        return
    known = [SMALL, *(f"{n}:ENCODER" for n in NETWORKS)]
    plain = name.strip(":").lower()
    if plain in NETWORKS:
        hint = f"Did you mean {plain}:resnet34?"
    elif plain.startswith(ENCODERS):
        hint = f"Did you mean unet:{plain}?"
    else:
        check_choice("train", "network", name, known)
        return
    must = f"one of {', '.join(known)}"
    raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint)
