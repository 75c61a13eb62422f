"""What people call the folders of images, of labels and of splits; all in small letters."""

# The more telling first.
IMAGE_FOLDERS = (
    *("images", "image", "imgs", "img", "jpegimages", "leftimg8bit", "img_dir", "pictures"),
    *("photos", "frames", "rgb", "input", "inputs", "x", "data"),
)
LABEL_FOLDERS = (
    *("labels", "label", "segmentationclassaug", "segmentationclass", "gtfine", "masks", "mask"),
    *("annotations", "ann_dir", "annot", "gt", "gts", "ground_truth", "groundtruth", "targets"),
    *("segmentation", "segmentations", "segmentationobject", "instances", "y"),
)
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
