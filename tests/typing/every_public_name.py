"""A program that uses every public name, for type checkers; it is not run."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import pixelwise as pw
from pixelwise import metrics as m


class Axes:
    """As of matplotlib."""


def label_images(folder: Path) -> None:
    classes = pw.Classes(["sky", "road"], colors=[(0, 0, 255), (90, 90, 90)], ignore_values=(11,))
    label = pw.read_label(folder / "label.png")
    pw.write_label(str(folder / "copy.png"), label, classes)
    image: NDArray[np.uint8] = pw.index_to_color(classes.to_index(label), classes)
    back = pw.color_to_index(image, classes, unknown="ignore")
    shown = pw.overlay(image, back, classes, opacity=0.4)
    photo = pw.read_image(folder / "image.jpg")
    outline = pw.Outline([(0, 0), (4, 0), (4, 4)], kind="polygon")
    patch = pw.Patch(np.ones((2, 2), bool), top=1, left=1)
    drawn = pw.polygons_to_label([(0, outline), (1, patch)], size=(8, 8), rule="coco")
    mask = pw.rle_to_mask([3, 2, 11], size=(4, 4))
    runs = pw.mask_to_rle(mask)
    print(shown.shape, photo.dtype, drawn.max(), runs["size"], pw.voc_colormap(4)[1].tolist())
    print(pw.distinct_colormap(4)[1].tolist())


def figures(folder: Path, counts: pw.ConfusionCounts, ax: Axes) -> None:
    figure: pw.Figure = counts.plot(classes=["sky", "road"])
    figure.save(folder / "confusion.svg")
    same: Axes = figure.draw(ax)
    curves: pw.Curves = pw.read_curves(folder)
    losses: pw.Figure = curves.plot()
    shown: pw.Shown = pw.show(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), int), focus="road")
    print(
        shown.svg(),
        shown.size,
        losses.svg(),
        same,
        m.bootstrap_intervals(np.ones((2, 3, 4), np.int64)).shape,
    )


def data_sets(folder: Path) -> float:
    pairs = pw.find_pairs(folder / "images", str(folder / "labels"), image_suffix="_leftImg8bit")
    first: pw.Pair = pairs[0]
    description: pw.Description = pw.read_description(folder)
    with ThreadPoolExecutor() as executor:
        counts: pw.LabelCounts = pw.count_labels(pairs, description.classes, executor)
    weight = pw.class_weights(counts, method="median_frequency", zero="max")
    sides: pw.MemberLabelCounts = pw.count_members(pairs, description.classes)
    print(pw.pos_weights(sides, zero="max").max(), pw.MemberWeights.SCHEMA)
    found: pw.Audit = pw.audit(folder, quick=True)
    finding: pw.Finding = found.findings[0]
    print(
        first.id,
        pw.RULES[finding.rule].severity,
        pw.audit_page(found, folder / "audit.html"),
    )
    fixed: pw.Repaired = pw.fix(folder, folder / "repaired")
    print(fixed.text())
    return float(weight.mean() + counts.pixels.sum())


def tensors(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    hot = pw.one_hot(target, num_classes=3, eps=1e-7)
    probs = pw.activate(logits, "sigmoid")
    stats: pw.PixelStats = pw.pixel_stats(logits, target, upsample="bilinear", backend="torch")
    everywhere = pw.stats_of_all_ranks(stats)
    pred = pw.predict_label(logits, size=(64, 64))
    matrix = pw.confusion_matrix(logits, target)
    pixels, confidence, correct = pw.calibration_counts(logits, target, bins=10)
    histogram = pw.threshold_counts(logits, target)
    pw.raise_if_unknown()
    print(everywhere.names, pred.dtype, pixels.sum(), confidence.sum(), correct.sum())
    return hot.sum() + probs.sum() + matrix.sum() + histogram.sum()


def losses(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    pixel: list[pw.Criterion] = [
        pw.CrossEntropy(weight=[1, 2, 3], label_smoothing=0.1),
        pw.BinaryCrossEntropy(pos_weight=[2.0]),
        pw.Focal(gamma=1.5, alpha=[0.2, 0.3, 0.5]),
        pw.Poly1(epsilon=2.0),
        pw.OHEM(threshold=0.8),
        pw.TopK(fraction=0.2),
    ]
    region = [
        pw.Dice(per_image=True, upsample="bilinear", ignore_index=[254, 255]),
        pw.Jaccard(absent="zero"),
        pw.Tversky(alpha=0.3, beta=0.7),
        pw.FBeta(beta=2.0),
        pw.GeneralizedDice(weighting="simple"),
        pw.MCC(),
        pw.UnifiedFocal(gamma=0.5, delta=0.7),
        pw.FocalOfMean(alpha=0.5),
        pw.Lovasz(classes="foreground"),
        pw.LovaszHinge(),
        pw.Boundary(spacing=(1.0, 2.0)),
        pw.Hausdorff(alpha=1.0),
        pw.SoftCLDice(iterations=5),
    ]
    both = pw.Dice.like("smp>=0.4", smooth=1) + 0.5 * pixel[0]
    same = pw.criterion("ce + 0.5*dice", num_classes=3)
    deep = pw.DeepSupervision(both, weights=[1.0, 0.5])
    print(len(region), pw.LOSSES["ce"].activations, pw.PRESETS["torch"]["CrossEntropy"].differs)
    total: torch.Tensor = both(logits, target) + deep([logits, logits], target)
    return total + same(logits, target)


def scores(pred: NDArray[np.uint8], target: NDArray[np.uint8]) -> float:
    counts: pw.ConfusionCounts = pw.count_confusion(pred, target, num_classes=4)
    per_class = [pw.iou(counts), pw.dice(counts), pw.precision(counts), pw.recall(counts)]
    per_class += [pw.f_beta(counts, beta=2)]
    means = [pw.mean_iou(counts, convention="present"), pw.mean_dice(counts)]
    means += [pw.pixel_accuracy(counts), pw.mean_accuracy(counts)]
    means += [pw.frequency_weighted_iou(counts)]
    averaged: NDArray[np.bool] = pw.classes_averaged(counts, "target")
    print(averaged, len(per_class), list(pw.CONVENTIONS))
    return sum(means)


def specialised_scores(
    pred: NDArray[np.uint8], target: NDArray[np.uint8], probs: NDArray[np.float32], ids: list[str]
) -> float:
    counts: m.ConfusionCounts = m.count_confusion(pred, target, num_classes=4)
    per_class = [m.iou(counts), m.dice(counts), m.precision(counts), m.recall(counts)]
    per_class += [m.f_beta(counts), m.category_iou(counts, ids)]
    means = [m.mean_iou(counts), m.mean_dice(counts), m.pixel_accuracy(counts)]
    means += [m.mean_accuracy(counts), m.frequency_weighted_iou(counts)]
    means += [m.mean_iou_c([counts]), m.mean_iou_d([counts]), m.mean_iou_i([counts], worst=0.05)]
    means += [m.generalized_dice(counts, "simple"), m.mean_per_image([counts], "dice", "target")]
    means += [m.mean_iou(m.leave_out(counts, [0]), classes="foreground")]
    with_void: m.ConfusionCounts = m.count_with_void(pred, target, num_classes=4)
    rest: m.MemberCounts = m.one_against_rest(with_void + m.count_one_hot(pred, target))
    own = m.member_scores(rest + m.count_planes(pred, target))["iou"]
    means += [m.mean_of_members(rest, "weighted", "dice"), float(own.sum())]
    print(
        list(m.CONVENTIONS),
        rest.tp + rest.fp + rest.fn + rest.tn,
        m.classes_averaged(counts),
        m.image_iou([counts]),
        m.merge_classes(counts, ids),
    )

    objects: m.InstanceCounts = m.count_instances(pred, target, target, 4, categories=ids)
    strips: m.BoundaryCounts = m.count_boundary(pred, target, num_classes=4, width=0.01)
    contours: m.ContourCounts = m.count_contours(pred, target, num_classes=4)
    per_class += [m.instance_iou(objects), m.boundary_iou(strips), m.boundary_f(contours)]
    distances: m.SurfaceDistances = m.surface_distances(pred, target, 4, spacing=(1.0, 0.5))
    per_class += [m.average_surface_distance(distances), m.hausdorff_distance(distances, 95)]
    per_class += [m.normalized_surface_distance(distances, tolerance=2.0)]

    swept: m.ThresholdCounts = m.count_thresholds(probs, target)
    recall, precision = m.precision_recall_curve(swept)
    false_positives, true_positives = m.roc_curve(swept)
    threshold, best = m.best_threshold(swept, score="dice")
    means += [m.average_precision(swept), m.roc_auc(swept), best]
    at_best: m.ConfusionCounts = m.confusion_at(swept, threshold)
    sure: m.CalibrationCounts = m.count_calibration(probs, target, bins=10)
    confidence, accuracy = m.reliability_curve(sure)
    means += [m.expected_calibration_error(sure), m.maximum_calibration_error(sure)]
    print(recall, precision, false_positives, true_positives, at_best, confidence, accuracy)

    under_void = m.count_under_void(pred, target, num_classes=4)
    print(m.scores_like([counts], under_void, tool="mmseg"), m.sweep(swept).argmax())
    print(m.paired_bootstrap([counts], [counts], resamples=100))
    return sum(means) + sum(float(values.mean()) for values in per_class)


def step_done(step: pw.StepDone) -> None:
    print(step.run, step.epoch, step.step, step.lr, float(step.loss))


def epoch_done(epoch: pw.EpochDone) -> None:
    print(epoch.values["val/miou"], epoch.counts.matrix, epoch.is_best)


def saved(checkpoint: pw.CheckpointSaved) -> None:
    print(checkpoint.folder, checkpoint.miou)


def commands(folder: Path) -> None:
    try:
        survey: pw.Survey = pw.init(folder, force=True)
        pw.init(pw.InitConfig(folder))
        made: pw.ConvertReport = pw.convert("drawn", out=folder, format="labelme")
        pw.convert(pw.ConvertConfig(Path("drawn"), out=folder))
        pw.audit(pw.AuditConfig(folder))
        weights: pw.Weights | pw.MemberWeights = pw.weights(folder, method="inverse")
        pw.weights(pw.WeightsConfig(folder))
        run: Path = pw.train(folder, loss="ce+dice", epochs=2, crop=(64, 64))
        pw.train(pw.TrainConfig(folder, lr=0.01))
        planned: pw.TrainingPlan = pw.plan_training(folder, batch=4)
        cost: pw.StepCost | None = planned.step
        pw.train(folder, log=["tensorboard"], on_step=step_done, on_epoch=epoch_done)
        pw.train(folder, on_checkpoint=saved)
        predictions: Path = pw.predict(run, split="val")
        pw.predict(pw.PredictConfig(run))
        score: pw.Score | pw.Comparison | pw.MultilabelScore
        score = pw.score(predictions, boundary=True, convention="target")
        pw.score(pw.ScoreConfig(predictions))
        page: Path = pw.report(run, worst=3)
        pw.report(pw.ReportConfig(run))
        network: pw.TrainedNetwork = pw.load_network(run)
        predictor: pw.Predictor = pw.load_predictor([run, "runs/other"], flip=True, scales=(1, 2))
        artefact: pw.Artefact = pw.export(run, size=(64, 96))
        pw.export(pw.ExportConfig(run))
        pw.demo(pw.DemoConfig(folder))
        pw.demo(out=folder)
        dataset = pw.SegmentationDataset([], pw.read_description(folder).classes)
        print(
            made.text(),
            planned.text(),
            cost.seconds if cost else 0.0,
            network.classes,
            predictor.classes,
            artefact.text(),
            pw.Augmentation.__name__,
            survey.text(),
            weights,
            score,
            page,
            len(dataset),
        )
    except pw.MissingPackageError as error:
        print(error.hint)
    except pw.PixelwiseError as error:
        print(error.where, error.must, error.got)
