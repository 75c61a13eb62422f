"""decoys.py: names that tell that a file holds no classes."""

import pytest

from pixelwise.survey.decoys import decoy_of

DECOYS = [
    ("gtFine/train/ulm/ulm_000001_000019_gtFine_color.png", "colour copies of labels"),
    ("gtFine/train/ulm/ulm_000001_000019_gtFine_instanceIds.png", "ids of objects"),
    ("gt/fog/train/GP1/GP1_frame_000001_gt_labelColor.png", "colour copies of labels"),
    ("gt/fog/train/GP1/GP1_frame_000001_gt_invIds.png", "invalid pixels"),
    ("training/semantic_rgb/000000_10.png", "colour copies of labels"),
    ("training/instance/000000_10.png", "ids of objects"),
    ("RGB_color_image_masks/001.png", "colour copies of labels"),
    ("ColorMasks-Train/1_lab.png", "colour copies of labels"),
    ("labels/sem_seg/colormaps/train/a.png", "colour copies of labels"),
    ("SegmentationObject/2007_000032.png", "ids of objects"),
    ("SegmentationClassVisualization/a.jpg", "pictures for people"),
    ("SegmentationClassAug_Visualization/a.png", "pictures for people"),
    ("disparity/ulm/ulm_000001_000019_disparity.png", "depth or motion"),
    ("depth/00001.png", "depth or motion"),
    ("1_DSM/dsm_potsdam_02_10.tif", "depth or motion"),
    ("ISIC_0000001_superpixels.png", "superpixels or maps of scores"),
    ("ISIC_0000001_attribute_globules.png", "attributes"),
    ("test/2nd_manual/01_manual2.gif", "a second observer"),
    ("Image_01L_2ndHO.png", "a second observer"),
    ("im0001.vk.ppm.gz", "a second observer"),
    ("training/mask/21_training_mask.gif", "fields of view"),
    ("test/0_predict.png", "predictions"),
    ("predictions/0.png", "predictions"),
    ("pred_004.png", "predictions"),
    ("results/", "predictions"),
    ("ADE_train_00000001_parts_1.png", "parts of objects"),
]
LABELS = [
    *("gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png", "labels/color_fundus_01.png"),
    *(
        "mask/21.png",
        "masks/colorado_1.png",
        "annotations/trimaps/a.png",
        "1st_manual/21_manual1.gif",
    ),
    *("SegmentationClass/2007_000032.png", "Category_ids/1.png", "coarse/1.png", "output/1.png"),
    *("labels/a.png", "normal/1.png", "predator/1.png", "depthcharge.png", "vk.png", ".png"),
]


@pytest.mark.parametrize(("name", "kind"), DECOYS)
def test_a_name_tells_what_a_file_holds_instead_of_classes(name, kind):
    assert decoy_of(name) == kind


@pytest.mark.parametrize("name", LABELS)
def test_a_name_that_tells_nothing_is_not_held_against_a_file(name):
    assert decoy_of(name) is None


@pytest.mark.parametrize(
    ("name", "beside", "kind"),
    [
        ("mask/21.png", "1st_manual", "fields of view"),
        ("Categories/1.png", "Category_ids", "colour copies of labels"),
        ("labels_coarse/1.png", "labels_fine", "coarse labels"),
        ("masks/1.png", "boundaries", "valid pixels"),
        ("output/1.png", "images", "predictions"),
    ],
)
def test_some_names_tell_something_only_beside_others(name, beside, kind):
    assert decoy_of(name) is None
    assert decoy_of(name, beside=[beside]) == kind


def test_a_folder_of_colour_images_is_no_decoy_for_images_but_depth_and_predictions_are():
    assert decoy_of("color/1.jpg", "image") is None
    assert decoy_of("depth/1.png", "image") == "depth or motion"
    assert decoy_of("0_predict.png", "image") == "predictions"
