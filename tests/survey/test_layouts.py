"""Folders as people have them: what a person sees at once is taken without a question."""

import pytest

from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description
from pixelwise.survey.complete_pairs import find_complete
from pixelwise.survey.given import Given
from pixelwise.survey.splits import find_layout
from survey.drawing import colours, disc, draw, grey, objects, photo, stripes, view

P, G, L, D, C, V, N = photo, grey, stripes, disc, colours, view, objects


def found(root, given=None):
    """{split: "images -> labels, number of pairs"} of the first pair of each split."""
    layout = find_layout(root, given)
    draft = Description(root, Classes(["a"]), layout.splits)
    complete = find_complete(draft, layout.lists, given or Given())
    splits, shown = complete.splits, {}
    for name in splits:
        one = find_complete(
            Description(root, Classes(["a"]), {name: splits[name]}), layout.lists, Given()
        )
        first = one.pairs[0]
        label = first.label.relative_to(root).as_posix() if first.label else "-"
        shown[name] = f"{first.image.relative_to(root).as_posix()} -> {label}"
    statements = (*layout.statements, *complete.statements)
    return shown, statements, {p.image: p.label for p in complete.pairs}


# what it is called: (files, the first pair of each split; val of folds is left out)
SURE = {
    "a folder of each": (
        [("images/{}.jpg", P), ("labels/{}.png", L)],
        {"train": "images/* -> labels/*"},
    ),
    "capital letters and other words": (
        [("Imgs/{}.png", P), ("Ground Truth/{}.png", D)],
        {"train": "Imgs/* -> Ground Truth/*"},
    ),
    "names that say nothing": (
        [("alpha1/{}.jpg", P), ("beta/{}.png", L)],
        {"train": "alpha1/* -> beta/*"},
    ),
    "deep": (
        [("a/b/c/images/{}.jpg", P), ("a/b/c/masks/{}.png", D)],
        {"train": "a/b/c/images/* -> a/b/c/masks/*"},
    ),
    "labels one folder deeper": (
        [("images/cat_{}.jpg", P), ("annotations/trimaps/cat_{}.png", L)],
        {"train": "images/* -> annotations/trimaps/*"},
    ),
    "masks below the images": (
        [("data/{}.jpg", P), ("data/masks/{}.png", D)],
        {"train": "data/* -> data/masks/*"},
    ),
    "splits outside": (
        [(f"{s}/{k}/{s}{{}}.png", m) for s in ("train", "val") for k, m in (("x", P), ("y", L))],
        {"train": "train/x/* -> train/y/*", "val": "val/x/* -> val/y/*"},
    ),
    "splits with a year": (
        [(f"images/{s}2017/{{}}.jpg", P) for s in ("train", "val")]
        + [(f"annotations/{s}2017/{{}}.png", L) for s in ("train", "val")],
        {
            "train": "images/train2017/* -> annotations/train2017/*",
            "val": "images/val2017/* -> annotations/val2017/*",
        },
    ),
    "trainannot": (
        [(f"{s}/{{}}.png", P) for s in ("train", "val", "test")]
        + [(f"{s}annot/{{}}.png", L) for s in ("train", "val", "test")],
        {s: f"{s}/* -> {s}annot/*" for s in ("train", "val", "test")},
    ),
    "Train_Labels": (
        [(f"{s}_Images/{{}}.png", P) for s in ("Train", "Validation")]
        + [(f"{s}_Labels/{{}}_L.png", L) for s in ("Train", "Validation")],
        {
            "train": "Train_Images/* -> Train_Labels/*",
            "val": "Validation_Images/* -> Validation_Labels/*",
        },
    ),
    "masks beside the splits": (
        [(f"{s}/{s}_{{}}.jpg", P) for s in ("train", "val")]
        + [(f"{s}_masks/{s}_{{}}.png", L) for s in ("train", "val")],
        {s: f"{s}/* -> {s}_masks/*" for s in ("train", "val")},
    ),
    "words of a challenge": (
        [(f"X2018_Task1-2_{s}_Input/X_{{}}.jpg", P) for s in ("Training", "Validation")]
        + [
            (f"X2018_Task1_{s}_GroundTruth/X_{{}}_segmentation.png", D)
            for s in ("Training", "Validation")
        ],
        {
            "train": "X2018_Task1-2_Training_Input/* -> X2018_Task1_Training_GroundTruth/*",
            "val": "X2018_Task1-2_Validation_Input/* -> X2018_Task1_Validation_GroundTruth/*",
        },
    ),
    "TR and TE": (
        [(f"S-{s}/S-{s}-Image/{{}}.jpg", P) for s in ("TR", "TE")]
        + [(f"S-{s}/S-{s}-Mask/{{}}.png", D) for s in ("TR", "TE")],
        {
            "train": "S-TR/S-TR-Image/* -> S-TR/S-TR-Mask/*",
            "test": "S-TE/S-TE-Image/* -> S-TE/S-TE-Mask/*",
        },
    ),
    "imagesTr": (
        [
            ("imagesTr/c_{1}_0000.png", G),
            ("labelsTr/c_{1}.png", L),
            ("imagesTs/c_{1}_0000.png", G, 9, 12),
        ],
        {"train": "imagesTr/* -> labelsTr/*", "test": "imagesTs/* -> -"},
    ),
    "cities in splits": (
        [
            (f"leftImg8bit/{s}/{c}/{c}_{{}}_leftImg8bit.png", P)
            for s, c in (("train", "aachen"), ("train", "bonn"), ("val", "ulm"))
        ]
        + [
            (f"gtFine/{s}/{c}/{c}_{{}}_gtFine_{k}.png", m)
            for s, c in (("train", "aachen"), ("train", "bonn"), ("val", "ulm"))
            for k, m in (("labelIds", L), ("instanceIds", N), ("color", C))
        ],
        {
            "train": "leftImg8bit/train/aachen/* -> gtFine/train/aachen/*_labelIds.png",
            "val": "leftImg8bit/val/ulm/* -> gtFine/val/ulm/*_labelIds.png",
        },
    ),
    "areas in splits": (
        [
            (f"{s}/{a}/{k}_png/{{}}.png", m)
            for s in ("Train", "Val")
            for a in ("Rural", "Urban")
            for k, m in (("images", P), ("masks", L))
        ],
        {
            "train": "Train/Rural/images_png/* -> Train/Rural/masks_png/*",
            "val": "Val/Rural/images_png/* -> Val/Rural/masks_png/*",
        },
    ),
    "sites": (
        [
            (f"{s}/{{}}_{k}.png", m)
            for s in ("aachen", "bergisch")
            for k, m in (("rgb", P), ("seg", L))
        ],
        {"train": "aachen/*_rgb.png -> aachen/*_seg.png"},
    ),
    "sequences in splits": (
        [
            (f"set_{s}/seq{n}/{k}/{{1}}.png", m)
            for s, n in (("train", 1), ("train", 2), ("val", 3))
            for k, m in (("Images", P), ("Labels", L))
        ],
        {
            "train": "set_train/seq1/Images/* -> set_train/seq1/Labels/*",
            "val": "set_val/seq3/Images/* -> set_val/seq3/Labels/*",
        },
    ),
    "a folder for each patient": (
        [("p{1}/image.png", P), ("p{1}/mask.png", D)],
        {"train": "p000/image.png -> p000/mask.png"},
    ),
    "a folder of each patient, with kinds": (
        [(f"case{n}/{k}/{{}}.png", m) for n in range(4) for k, m in (("img", P), ("seg", D))],
        {"train": "case0/img/* -> case0/seg/*"},
    ),
    "prefixes": (
        [("images/image_{1}.png", P), ("masks/gt_{1}.png", L)],
        {"train": "images/image_* -> masks/gt_*"},
    ),
    "prefixes without a mark": (
        [("a/img{}.png", P), ("a/lbl{}.png", L)],
        {"train": "a/img* -> a/lbl*"},
    ),
    "side by side": (
        [("{}.jpg", P), ("{}_mask.png", D)],
        {"train": "*.jpg -> *_mask.png"},
    ),
    "side by side by extension": (
        [
            ("MT_Free/Imgs/e{}.jpg", P),
            ("MT_Free/Imgs/e{}.png", D),
            ("MT_Crack/Imgs/f{}.jpg", P),
            ("MT_Crack/Imgs/f{}.png", D),
        ],
        {"train": "MT_Crack/Imgs/*.jpg -> MT_Crack/Imgs/*.png"},
    ),
    "test without labels side by side": (
        [("train/{}_sat.jpg", P), ("train/{}_mask.png", D), ("test/{}_sat.jpg", P, 90, 93)],
        {"train": "train/*_sat.jpg -> train/*_mask.png", "test": "test/*_sat.jpg -> -"},
    ),
    "test in another form, with predictions": (
        [
            ("train/image/{}.png", G),
            ("train/label/{}.png", D),
            ("test/{}.png", G),
            ("test/{}_predict.png", G),
        ],
        {"train": "train/image/* -> train/label/*", "test": "test/* -> -"},
    ),
    "field of view": (
        [
            ("images/{}_training.png", P),
            ("1st_manual/{}_manual1.png", D),
            ("mask/{}_training_mask.png", V),
        ],
        {"train": "images/* -> 1st_manual/*"},
    ),
    "second observer": (
        [("{1}L.jpg", P), ("{1}L_1stHO.png", D), ("{1}L_2ndHO.png", D)],
        {"train": "*.jpg -> *_1stHO.png"},
    ),
    "instances, colours, depth": (
        [
            ("image_2/{}.png", P),
            ("semantic/{}.png", L),
            ("semantic_rgb/{}.png", C),
            ("instance/{}.png", N),
            ("depth/{}.png", N),
        ],
        {"train": "image_2/* -> semantic/*"},
    ),
    "colours beside indices": (
        [("images/{}.png", P), ("labels/{}.png", L), ("labels_painted/{}.png", C)],
        {"train": "images/* -> labels/*"},
    ),
    "pictures for people": (
        [
            ("JPEGImages/{}.jpg", P),
            ("SegmentationClassPNG/{}.png", L),
            ("SegmentationClassVisualization/{}.jpg", P),
        ],
        {"train": "JPEGImages/* -> SegmentationClassPNG/*"},
    ),
    "colours alone": (
        [("2_Ortho_RGB/top_{}_RGB.tif", P), ("5_Labels_all/top_{}_label.tif", C)],
        {"train": "2_Ortho_RGB/* -> 5_Labels_all/*"},
    ),
    "boundaries of fields": (
        [("rgb/{}.jpg", P), ("labels/{}.png", L), ("boundaries/{}.png", D)],
        {"train": "rgb/* -> labels/*"},
    ),
    "grey images": (
        [("frames/{}.png", G), ("annot/{}.png", L)],
        {"train": "frames/* -> annot/*"},
    ),
    "images of several formats": (
        [
            ("images/a{}.jpg", P),
            ("images/b{}.png", P),
            ("labels/a{}.png", L),
            ("labels/b{}.png", L),
        ],
        {"train": "images/a* -> labels/a*"},
    ),
    "a results folder": (
        [("images/{}.png", P), ("masks/{}.png", D), ("results/{}.png", D)],
        {"train": "images/* -> masks/*"},
    ),
    "another data set is only junk": (
        [
            ("images/{}.png", P),
            ("masks/{}.png", D),
            ("__MACOSX/images/{}.png", P),
            ("images/.ipynb_checkpoints/{}.png", P),
        ],
        {"train": "images/* -> masks/*"},
    ),
    "sites in names": (
        [(f"{s}_{k}/{{}}.png", m) for s in ("rome", "oslo") for k, m in (("rgb", P), ("seg", L))],
        {"train": "oslo_rgb/* -> oslo_seg/*"},
    ),
    "archives called like splits": (
        [(f"images/{s}2017/{{}}.jpg", P) for s in ("train", "val")]
        + [(f"maps_trainval2017/{s}2017/{{}}.png", L) for s in ("train", "val")],
        {
            "train": "images/train2017/* -> maps_trainval2017/train2017/*",
            "val": "images/val2017/* -> maps_trainval2017/val2017/*",
        },
    ),
    "val below train": (
        [(f"{k}/{n}{{}}.png", m) for n in ("a", "val/v") for k, m in (("images", P), ("masks", L))],
        {"train": "images/a* -> masks/a*", "val": "images/val/* -> masks/val/*"},
    ),
    "splits in names of files": (
        [(f"images/{s}_{{}}.jpg", P) for s in ("train", "val")]
        + [(f"masks/{s}_{{}}.png", L) for s in ("train", "val")],
        {"train": "images/train_* -> masks/train_*", "val": "images/val_* -> masks/val_*"},
    ),
    "a word of labels above images": (
        [(f"seg/images/{s}/{s}{{}}.jpg", P) for s in ("train", "val", "test")]
        + [(f"seg/labels/{s}/{s}{{}}.png", L) for s in ("train", "val")],
        {
            "train": "seg/images/train/* -> seg/labels/train/*",
            "val": "seg/images/val/* -> seg/labels/val/*",
            "test": "seg/images/test/* -> -",
        },
    ),
    "results of a network": (
        [("images/{}.png", P), ("labels/{}.png", L), ("results_unet/{}.png", L)],
        {"train": "images/* -> labels/*"},
    ),
    "colours of light": (
        [("images/rgb/{}.jpg", P), ("images/nir/{}.jpg", G), ("labels/{}.png", L)],
        {"train": "images/rgb/* -> labels/*"},
    ),
    "labels below a folder of tasks": (
        [(f"images/10k/{s}/{{}}.jpg", P) for s in ("train", "val")]
        + [
            (f"labels/sem_seg/{k}/{s}/{{}}.png", m)
            for s in ("train", "val")
            for k, m in (("masks", L), ("colormaps", C))
        ],
        {s: f"images/10k/{s}/* -> labels/sem_seg/masks/{s}/*" for s in ("train", "val")},
    ),
}


def _matches(name, form):
    start, _, end = form.partition("*")
    return name == form or ("*" in form and name.startswith(start) and name.endswith(end))


@pytest.mark.parametrize("layout", SURE)
def test_what_a_person_sees_at_once_is_taken_without_a_question(tmp_path, layout):
    files, expected = SURE[layout]
    shown, statements, _ = found(draw(tmp_path, files))
    assert [str(s) for s in statements if s.sureness == "open"] == []
    splits = {name for name in shown if name != "val" or "val" in expected}
    assert splits == set(expected), shown
    for name, form in expected.items():
        for one, wanted in zip(shown[name].split(" -> "), form.split(" -> ")):
            assert _matches(one, wanted), f"{name}: {shown[name]}, not {form}"
