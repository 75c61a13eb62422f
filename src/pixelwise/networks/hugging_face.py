"""`hf:FOLDER` and `hf:NAME`: segmentation networks of transformers, from a folder or the cache.

Nothing is downloaded, no code of the folder is run, and weights are read from safetensors alone.
Labels are never reduced (`do_reduce_labels`): dataset.toml says what is void.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, RunError, setting
from pixelwise.extras import explain_missing
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.json_file import read_json
from pixelwise.networks.encoder_weights import IMAGENET, Normalization
from pixelwise.networks.licenses import UNKNOWN

LOCAL = {"local_files_only": True, "trust_remote_code": False}
QUERIES = ("eomt", "eomt_dinov3")  # queries of masks that need nothing but the image


class HuggingFace(nn.Module):
    """A network of transformers that takes a tensor.

    Args:
        model: as transformers makes it.
        is_bgr: it takes blue first.
    """

    def __init__(self, model: Any, is_bgr: bool) -> None:
        super().__init__()
        self.model = model
        self.is_bgr = is_bgr
        parts = model.config, getattr(model.config, "backbone_config", None)
        if model.config.model_type == "dpt":  # logits at native stride
            layers = model.head.head
            layers[-1] = nn.Identity() if isinstance(layers[-1], nn.Upsample) else layers[-1]
        patches = [p for part in parts if isinstance(p := getattr(part, "patch_size", None), int)]
        self.multiple = patches[0] if patches else 1

    @property
    def encoder(self) -> nn.Module | None:
        """The part without the head, or None where there is no such part."""
        names = ("backbone", self.model.base_model_prefix or "backbone")
        return next((p for n in names if (p := getattr(self.model, n, None)) is not None), None)

    def forward(self, image: Tensor) -> Any:
        """(N, 3, H, W) float image -> what transformers gives; of UPerNet, before upsampling."""
        image = image.flip(1) if self.is_bgr else image
        if self.model.config.model_type == "upernet":
            return self.model.decode_head(self.model.backbone(image).feature_maps)
        grid = [length // self.multiple for length in image.shape[2:]]
        config = self.model.config
        if config.model_type == "dpt" and not config.is_hybrid:  # its own forward is for squares
            states = self.model.dpt(image, output_hidden_states=True).hidden_states[1:]
            chosen = [s for n, s in enumerate(states) if n in config.backbone_out_indices]
            return self.model.head(self.model.neck(chosen, *grid))
        if hasattr(self.model, "grid_size"):  # of EoMT: else that of one image size
            self.model.grid_size = tuple(grid)
        return self.model(image)


def find_folder(name: str, text: str) -> Path:
    """The folder of a network: itself, or that of the cache.

    Raises:
        ArgumentError: there is none on this machine.
    """
    if (Path(text) / "config.json").is_file():
        return Path(text)
    with explain_missing("train"):
        from huggingface_hub import snapshot_download
    try:
        return Path(snapshot_download(text, local_files_only=True))
    except Exception:  # a name of another form, or none in the cache
        must = "hf: with a folder that has config.json, or a name in the cache of Hugging Face"
        hint = f"Download it first: hf download {text}"
        raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint) from None


def build_hugging_face(
    name: str, text: str, num_channels: int, source: str, log: Callable[[str], object]
) -> tuple[nn.Module, Normalization]:
    """A network of transformers, with the weights of its folder unless source is "none".

    Raises:
        ArgumentError: the folder has no network that segments.
        RunError: weights were asked for by "imagenet", and there are none.
        MissingPackageError: transformers is not installed.
    """
    with explain_missing("train"):
        import transformers as hf
    if source == "offline":
        must = f"auto, imagenet or none for {name}"
        raise ArgumentError("train", "encoder_weights", must=must, got=source)
    folder = find_folder(name, text)
    config = hf.AutoConfig.from_pretrained(folder, **LOCAL)
    config.num_labels = num_channels
    for off in ("use_auxiliary_head", "use_pretrained_backbone"):
        if getattr(config, off, False):
            setattr(config, off, False)
    kind: Any  # their mappings are typed as if every model had several
    if type(config) in hf.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING:
        kind = hf.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING[type(config)]
    elif config.model_type in QUERIES:
        kind = hf.MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING[type(config)]
    else:
        must, hint = "one that transformers has for semantic segmentation", ""
        if "dino" in config.model_type or "vit" in config.model_type:
            hint = "A backbone alone gets a head by linear:BACKBONE, with the name of timm."
        raise ArgumentError("train", "network", must=must, got=config.model_type, hint=hint)
    has_weights = any(folder.glob("model*.safetensors"))
    if source == "imagenet" and not has_weights:
        hint = f"Give {setting('encoder_weights', 'none')} for random weights."
        raise RunError(folder, "weights", must="model.safetensors", got="nothing", hint=hint)
    processor = read_processor(folder)
    if source == "none" or not has_weights:
        model = kind(config)
        if source != "none":
            log(f"{name}: random weights, because {folder} has no model.safetensors")
        normalization = normalization_of(processor)
    else:
        model, found = kind.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype=torch.float32,
            **LOCAL,
        )
        mismatched = [key[0] if isinstance(key, tuple) else key for key in found["mismatched_keys"]]
        random = sorted({*found["missing_keys"], *mismatched})
        beside = f"; random: {', '.join(random[:6])}" if random else ""
        log(f"{name}: weights of {folder}; their licence: {license_of_folder(folder)}{beside}")
        normalization = normalization_of(processor)
    if processor.get("do_reduce_labels") or processor.get("reduce_labels"):
        log(f"{name}: its processor reduces labels; here dataset.toml says what is void")
    body = HuggingFace(model.train(), bool(processor.get("do_flip_channel_order")))
    return body, normalization


def read_processor(folder: Path) -> dict[str, Any]:
    """What preprocessor_config.json says; nothing without such a file."""
    file = folder / "preprocessor_config.json"
    found = read_json(file, RunError) if file.is_file() else {}
    return found if isinstance(found, dict) else {}


def normalization_of(processor: dict[str, Any]) -> Normalization:
    """Mean and std on the 0..255 scale: (x · factor - mean) / std = (x - mean / factor) / ...

    Args:
        processor: of preprocessor_config.json; without values, those of ImageNet.
    """
    if not processor:
        return IMAGENET
    factor = processor.get("rescale_factor", 1 / 255) if processor.get("do_rescale", True) else 1.0
    mean, std = (processor.get(f"image_{key}") for key in ("mean", "std"))
    if not processor.get("do_normalize", mean is not None):
        mean, std = [0.0] * 3, [1.0] * 3
    if mean is None or std is None:
        return IMAGENET
    means, stds = (tuple(float(v) / factor for v in values) for values in (mean, std))
    return Normalization(means, stds)


def license_of_folder(folder: Path) -> str:
    """The licence that the head of the model card names, or unknown."""
    card = folder / "README.md"
    try:
        text = read_file(card).decode(errors="replace")
    except Unreadable:
        return UNKNOWN
    found = re.search(r"\A---\n(?:.*\n)*?license:[ \t]*(\S+)", text)
    return found.group(1) if found else UNKNOWN
