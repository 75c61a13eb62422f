"""NETWORKS and OTHERS: the names that a network can have. No torch here."""

from typing import Any

from pixelwise.errors import ArgumentError, check_choice

# name -> (class in segmentation_models_pytorch, options that keep the logits at native stride)
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "deeplabv3": ("DeepLabV3", {"upsampling": 1}),
    "deeplabv3plus": ("DeepLabV3Plus", {"upsampling": 1}),
    "dpt": ("DPT", {"dynamic_img_size": True}),
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
SMALL, SEGNET = "small", "segnet"
# how a name goes on -> (what it is, licence of its first weights)
OTHERS: dict[str, tuple[str, str]] = {
    "small": ("a network of a few layers, for the demo and for tests", "none, it has no weights"),
    "segnet": ("SegNet: VGG-16 with batch norm, unpooling by its indices", "unknown"),
    "linear:BACKBONE": ("one 1x1 convolution on a backbone of timm", "stated at the start"),
    "mlp:BACKBONE": ("two 1x1 convolutions on a backbone of timm", "stated at the start"),
    "tv:NAME": ("a network of torchvision, such as deeplabv3_resnet50", "unknown"),
    "hf:NAME": ("a network of transformers, from a folder or the cache", "stated at the start"),
}
KINDS = frozenset(n.partition(":")[0] for n in OTHERS if ":" in n)
# what follows the colon in a hint, where resnet34 does not fit
EXAMPLES = {"dpt": "vit_small_patch16_224", "tv": "deeplabv3_resnet50", "hf": "FOLDER"}
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
    if name in (SMALL, SEGNET) or name.partition(":")[2]:
        return
    known = [SMALL, *(f"{n}:ENCODER" for n in NETWORKS), *(n for n in OTHERS if n != SMALL)]
    plain = name.strip(":").lower()
    if plain in NETWORKS or plain in KINDS:
        hint = f"Did you mean {plain}:{EXAMPLES.get(plain, 'resnet34')}?"
    elif plain.startswith(ENCODERS):
        hint = f"Did you mean unet:{plain}?"
    else:
        check_choice("train", "network", name, known)
        return
    must = f"one of {', '.join(known)}"
    raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint)
