"""Run what `pixelwise export` made: python runner.py image.png label.png, Runner(folder)(image)"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


class Refused(ValueError):
    """The artefact is not what it was when it was made, or the image is not what it takes."""


def read(path):
    """(H, W, C) samples of an image file, or of an array that numpy has saved."""
    if Path(str(path)).suffix == ".npy":
        return np.load(path)
    with Image.open(path, formats=("PNG", "JPEG", "BMP", "TIFF")) as image:
        if image.mode in "IF" or (getattr(image, "n_frames", 1) > 1 and image.format != "MPO"):
            raise Refused(f"{path} must be one image of 8 or 16 bits a sample")
        if image.mode.startswith("I;16"):  # the upper 8 bits, as in training
            return np.repeat((np.asarray(image)[:, :, None] >> 8).astype(np.uint8), 3, axis=2)
        return np.asarray(image.convert("RGB"))


class Runner:
    """Checks all files and the golden image once; then labels images, (H, W, C) or (N, H, W, C)."""

    def __init__(self, folder, providers=("CPUExecutionProvider",)):
        self.about = json.loads(((folder := Path(folder)) / "manifest.json").read_text("utf-8"))
        for name, digest in self.about["sha256"].items():
            if hashlib.sha256((folder / Path(name).name).read_bytes()).hexdigest() != digest:
                raise Refused(f"{folder / name} is not the file of the manifest")
        if not (self.about.get("certificate") or {"passed": True})["passed"]:
            raise Refused(f"{folder} has failed its comparison with the network")
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", providers=[*providers])
        golden = next(name for name in self.about["sha256"] if name in ("golden.png", "golden.npy"))
        wanted = np.asarray(Image.open(folder / "golden_label.png", formats=("PNG",)))
        share = np.mean(self(read(folder / golden)).reshape(wanted.shape) != wanted)
        if share > self.about["golden_tolerance"]:
            raise Refused(f"{share:.2%} of the golden label are computed differently here")

    def __call__(self, image):
        """Stored values (H, W) of an image, or 0 and 1 (C, H, W) where classes overlap."""
        made, images = self.about["contract"], np.asarray(image)
        batch = images if images.ndim == 4 else images[None]
        *size, bands = batch.shape[1:]
        fits = size == made["size"] if made["size"] else not any(n % made["multiple"] for n in size)
        if not fits or bands != made["channels"] or batch.dtype != made["input_dtype"]:
            raise Refused(f"image must be as in {made}, got {images.shape} {images.dtype}")
        labels = self.session.run([made["output"]], {made["input"]: batch.transpose(0, 3, 1, 2)})[0]
        return labels if images.ndim == 4 else labels[0]


if __name__ == "__main__":
    found = Runner(Path(__file__).parent)(read(sys.argv[1]))
    Image.fromarray(found.reshape(-1, found.shape[-1])).save(sys.argv[2])
