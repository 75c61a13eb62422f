"""Licences of first weights, as their publishers state them. Where none is stated: unknown.

The licence of weights says nothing about that of the images that they were trained with.
"""

from pixelwise.networks.table import NETWORKS, SEGNET

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


def license_of_first_weights(network: str, first: str) -> str:
    """The licence of what the encoder of a network began with.

    Args:
        network: name, as of build_network.
        first: `encoder_weights` of its run: "auto", "imagenet", "offline" or "none".
    """
    kind, _, rest = network.partition(":")
    if first == "none" or not rest:
        return "none, no first weights" if network != SEGNET else UNKNOWN
    if kind in ("linear", "mlp"):
        return license_of_timm(rest.removeprefix("tu-"))
    if kind not in NETWORKS or first == "offline":
        return UNKNOWN
    from segmentation_models_pytorch.encoders import get_encoder_names

    known = rest.startswith("tu-") or rest in get_encoder_names()
    return license_of_encoder(rest if known else f"tu-{rest}")
