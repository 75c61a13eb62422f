"""Licences of first weights, as their publishers state them. Where none is stated: unknown.

The licence of weights says nothing about that of the images that they were trained with.
"""

UNKNOWN = "unknown"


def license_of_encoder(name: str) -> str:
    """The licence of the ImageNet weights of an encoder.

    Args:
        name: in segmentation_models_pytorch; those of timm have the prefix tu-.
    """
    if name.startswith("tu-"):
        return license_of_timm(name.removeprefix("tu-"))
    if name.startswith("mit_b"):  # the file of the network in segmentation_models_pytorch
        return "NVIDIA Source Code License"
    return UNKNOWN


def license_of_timm(name: str) -> str:
    """What timm states about the weights of a network."""
    from timm.models import get_pretrained_cfg

    found = get_pretrained_cfg(name)
    return getattr(found, "license", None) or UNKNOWN
