"""Mistakes that type checkers must find, each on a line marked `# error`; it is not run."""

from pathlib import Path

import numpy as np
import torch

import pixelwise as pw

pw.Dice(per_image="x")  # error
pw.Dice(per_imgae=True)  # error
pw.Dice(ignore_index="void")  # error
pw.CrossEntropy(upsample="nearest")  # error
pw.Tversky(absent="keep", backend="cuda")  # error
pw.Jaccard(classes="background")  # error
loss = pw.Dice() + pw.Lovasz()
loss * "2"  # error
pw.criterion(["ce", "dice"])  # error
logits, target = torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64)
pw.pixel_stats(logits, target, activation="softmx")  # error
pw.predict_label(logits, size=64)  # error
value: torch.Tensor = loss(logits, target)
text: str = loss(logits, target)  # error

counts = pw.count_confusion(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), 3)
number: float = pw.mean_iou(counts)
name: str = pw.mean_iou(counts)  # error
pw.mean_iou("no", 3, 4)  # error
pw.mean_iou(counts, convention="presnt")  # error
pw.iou(counts, ignore_index=255)  # error
pw.metrics.boundary_iou(counts)  # error
pw.boundary_iou(counts)  # error
pw.dise(counts)  # error

classes = pw.Classes(["sky", "road"])
pw.Classes(names=3)  # error
pw.write_label("label.png")  # error
pw.read_label("label.png", palette=True)  # error
pw.color_to_index(np.zeros((2, 2, 3), np.uint8), classes, unknown="zero")  # error
pw.polygons_to_label([], size=(4, 4), rule="centre")  # error
pw.class_weights(pw.count_labels([], classes), method="median")  # error
pw.overlay(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8), classes, 0.5, 1)  # error

pw.train("street", los="ce")  # error
pw.train("street", epochs="20")  # error
pw.train("street", schedule="cosin")  # error
pw.train(pw.ScoreConfig(Path("predictions")))  # error
pw.score("predictions", convention="presnt")  # error
pw.convert("drawn", format="label-me")  # error
pw.audit("street", quikc=True)  # error
pw.weights("street", method="median")  # error
pw.init("street", force="yes")  # error
pw.report("run", worst=2.5)  # error
pw.predict(7)  # error
