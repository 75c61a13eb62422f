"""pixelwise: semantic segmentation, from label image to loss to score.

A label image is reduced to sums. Sums add. Weights, losses and scores are formulas on sums.

What is in this folder?       init  audit  fix  read_description  find_pairs  RULES
How do I read and write it?   read_label  write_label  read_image  overlay  Classes
                              voc_colormap  distinct_colormap
                              color_to_index  index_to_color  polygons_to_label  rle_to_mask
From another tool?            convert
How often is each class?      count_labels  class_weights  weights
                              count_members  pos_weights: of classes that overlap
Which loss?                   criterion  LOSSES  PRESETS  CrossEntropy  Dice  Focal  Tversky  Lovasz
                              a + 0.5 * b is one pass; help(pw.Dice) has the options
Tensors                       one_hot  activate  pixel_stats  predict_label  confusion_matrix
Train, predict                train  plan_training  predict  load_network  SegmentationDataset
                              export: one file that labels images, compared with the network
                              load_predictor: several networks, and views of an image
Pictures                      show: image, label, prediction and errors side by side; overlay;
                              .plot() of counts, scores, weights; read_curves
How good is it?               count_confusion  iou  dice  mean_iou  pixel_accuracy  CONVENTIONS
                              score  report; metrics has boundary, surface, threshold, calibration,
                              instance, category and image scores
What went wrong?              PixelwiseError, and its where, name, must, got, event and hint

A command takes its settings or its configuration: train("street", loss="ce"), or
train(TrainConfig(...)); so do init, convert, audit, weights, predict, export, score, report, demo.
Public names are imported when they are first used, so `import pixelwise` loads no torch.
"""

from pixelwise.lazy import lazy_names

__version__ = "0.1.0"

_DEFINED_IN = {
    "labels.classes": ["Classes"],
    "labels.palettes": ["voc_colormap"],
    "labels.tables.distinct": ["distinct_colormap"],
    "labels.image": ["read_image"],
    "labels.png": ["read_label", "write_label"],
    "labels.color": ["color_to_index", "index_to_color", "overlay"],
    "labels.shapes": ["Outline", "polygons_to_label"],
    "labels.raster": ["Patch"],
    "labels.rle": ["mask_to_rle", "rle_to_mask"],
    "labels.pairs": ["Pair", "find_pairs"],
    "labels.description": ["Description", "read_description"],
    "convert.config": ["ConvertConfig"],
    "convert.report": ["ConvertReport"],
    "audit.config": ["AuditConfig"],
    "audit.findings": ["Finding"],
    "audit.result": ["Audit"],
    "audit.rules": ["RULES"],
    "weights.counts": ["LabelCounts", "count_labels"],
    "weights.members": ["MemberLabelCounts", "count_members", "pos_weights"],
    "repair.command": ["fix"],
    "repair.result": ["Repaired"],
    "weights.formulas": ["class_weights"],
    "weights.config": ["WeightsConfig"],
    "weights.member_record": ["MemberWeights"],
    "weights.record": ["Weights"],
    "metrics.confusion": ["ConfusionCounts", "count_confusion"],
    "metrics.means": ["CONVENTIONS"],
    "metrics.scores": [
        "classes_averaged",
        "dice",
        "f_beta",
        "frequency_weighted_iou",
        "iou",
        "mean_accuracy",
        "mean_dice",
        "mean_iou",
        "pixel_accuracy",
        "precision",
        "recall",
    ],
    "ops.calibration": ["calibration_counts", "threshold_counts"],
    "ops.onehot": ["one_hot"],
    "ops.activations": ["activate"],
    "ops.stats": ["PixelStats", "pixel_stats"],
    "ops.unknown": ["raise_if_unknown"],
    "ops.predict": ["confusion_matrix", "predict_label"],
    "losses.pixel": ["BinaryCrossEntropy", "CrossEntropy", "Focal", "Poly1"],
    "losses.region": ["Dice", "FBeta", "GeneralizedDice", "Jaccard", "Tversky"],
    "losses.mcc": ["MCC"],
    "losses.unified": ["FocalOfMean", "UnifiedFocal"],
    "losses.hard_pixels": ["OHEM", "TopK"],
    "losses.lovasz": ["Lovasz", "LovaszHinge"],
    "losses.boundary": ["Boundary", "Hausdorff"],
    "losses.skeleton": ["SoftCLDice"],
    "losses.deep_supervision": ["DeepSupervision"],
    "losses.criterion": ["Criterion"],
    "losses.presets": ["PRESETS"],
    "losses.table": ["LOSSES", "criterion"],
    "init.config": ["InitConfig"],
    "survey.statements": ["Survey"],
    "score.config": ["ScoreConfig"],
    "score.record": ["Score"],
    "score.compare": ["Comparison"],
    "score.members": ["MultilabelScore"],
    "plan.config": ["TrainConfig"],
    "prediction.config": ["PredictConfig"],
    "figures.figure": ["Figure"],
    "pictures.layout": ["Shown"],
    "pictures.show": ["show"],
    "logs.curves": ["Curves", "read_curves"],
    "logs.hooks": ["CheckpointSaved", "EpochDone", "StepDone"],
    "run.dry_run": ["StepCost", "TrainingPlan", "plan_training"],
    "folds.command": ["train"],
    "prediction.predict": ["predict"],
    "export.config": ["ExportConfig"],
    "export.manifest": ["Artefact"],
    "prediction.predictor": ["Predictor", "load_predictor"],
    "data.cut": ["Augmentation"],
    "data.dataset": ["SegmentationDataset"],
    "run.trained": ["TrainedNetwork", "load_network"],
    "demo.command": ["DemoConfig"],
    "ranks.rank_stats": ["stats_of_all_ranks"],
    "report.audit_page": ["audit_page"],
    "report.config": ["ReportConfig"],
    "errors": ["MissingPackageError", "PixelwiseError"],
}
# Both packages and commands: the package can be called (see callable_package.py).
_COMMANDS = ("audit", "convert", "demo", "export", "init", "report", "score", "weights")

__all__, __getattr__, __dir__ = lazy_names(__name__, _DEFINED_IN, (*_COMMANDS, "metrics"))
