"""What people call folders of images, of labels and of splits, and the words in such names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Whole names, in small letters; the more telling first.
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


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words inside names. Those of labels count more: "label_images" holds labels.
IMAGE_WORDS = _set(
    "image images img imgs jpegimages pngimages picture pictures photo photos photograph "
    "photographs frame frames rgb input inputs raw original originals sat satellite ortho "
    "visible leftimg stills irrg rgbir scene scenes pic pics src source org orig"
)
LABEL_WORDS = _set(
    "label labels labeled labelled lbl lbls lab mask masks msk gt gts gtfine annotation "
    "annotations annot annots ann anns anno annos annotated groundtruth truth target targets "
    "segmentation segmentations segmentationclass seg segs semantic semantics semseg trimap "
    "trimaps manual manuals parsing labelids labeltrainids trainids trimask zones "
    "pedmasks categories category"
)
# Which of several kinds of labels is meant: classes, drawn by a person, the first observer.
_CLASS_WORDS = _set(
    "semantic semantics segmentationclass trimap trimaps 1st manual manual1 labelids trainids "
    "labeltrainids fine gtfine sem semseg"
)
_WHOLE = {"x": "image", "a": "", "data": "image", "y": "label", "top": "image", "map": "label"}
# Two words in one of small letters: trainannot, testmasks, traincrop, trainset.
_AFTER_SPLIT = IMAGE_WORDS | LABEL_WORDS | {"set", "data", "crop", "aug", "id", "ids", "noval"}
_SHORT_SPLITS = {"tr": "train", "te": "test", "ts": "test", "va": "val"}
_SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}
_SPLIT_OF |= {"trainval": "trainval", "trn": "train", "eval": "val", "tst": "test"}
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JOINED = (
    ("ground truth", "groundtruth"),
    ("1 st", "1st"),
    ("label ids", "labelids"),
    ("label train ids", "labeltrainids"),
    ("segmentation class", "segmentationclass"),
    ("jpeg images", "jpegimages"),
    ("png images", "pngimages"),
    ("left img 8 bit", "leftimg"),
    ("leftimg 8 bit", "leftimg"),
    ("gt fine", "gtfine"),
    ("train val", "trainval"),
    ("ped masks", "pedmasks"),
)


@dataclass(frozen=True)
class Words:
    """What the name of a folder, or the part of a file's name that is not its id, says.

    Args:
        split: "train", "val", "test", "trainval", "fold 3", or "".
        is_image, is_label: it has a word for images, or for labels.
        classes: it says which labels hold classes.
        rest: what is left without these words: of "ISIC2018_Training_Input" it is "isic 2018".
        template: all words, those of the split replaced by "{}".
    """

    split: str
    is_image: bool
    is_label: bool
    classes: bool
    rest: str
    template: str


@lru_cache(maxsize=100_000)
def words_of(name: str) -> Words:
    """The words in a name."""
    words, split, place = _tokens(name), "", -1
    for index, word in enumerate(words):
        found = _SPLIT_OF.get(word, "")
        if not found and len(words) > 1 and word in _SHORT_SPLITS and word not in name.split("_"):
            found = _SHORT_SPLITS[word]
        if word == "dev" and len(words) > 1:
            found = ""
        if word == "fold" and words[index + 1 : index + 2] and words[index + 1].isdecimal():
            found = f"fold {int(words[index + 1])}"
            words[index + 1 : index + 2] = []
        if found:
            split, place = split or found, index if place < 0 else place
            words[index] = "{}"
            break
    if place >= 0:
        # Test_v2, train2017, test_set: of the same splits as Training, val2017 and train
        while place + 1 < len(words) and re.fullmatch(r"v|\d+|set|data", words[place + 1]):
            if words[place + 1] == "data" and len(words) > place + 2:
                break
            del words[place + 1]
    is_label = bool(LABEL_WORDS.intersection(words)) and "with" not in words
    is_image = bool(IMAGE_WORDS.intersection(words)) and not is_label
    if len(words) == 1 and words[0] in _WHOLE:
        is_image, is_label = (_WHOLE[words[0]] == kind for kind in ("image", "label"))
    kinds = IMAGE_WORDS | LABEL_WORDS | _CLASS_WORDS | {"{}", "png", "jpg", "tif", "tiff", "with"}
    rest = " ".join(word for word in words if word not in kinds)
    classes = bool(_CLASS_WORDS.intersection(words))
    return Words(split, is_image, is_label, classes, rest, " ".join(words))


def split_of(parts: Iterable[str]) -> str:
    """The split that the folders of a path name; "" = none of them does."""
    splits = [split for part in parts if (split := words_of(part).split)]
    # stuffthingmaps_trainval2017/train2017
    return next((split for split in splits if split != "trainval"), "".join(splits[:1]))


def template_of(parts: Iterable[str]) -> tuple[str, ...]:
    """The folders of a path, alike for all splits."""
    return tuple(words_of(part).template or part for part in parts)


def _tokens(name: str) -> list[str]:
    """Its words in small letters, split at marks, digits, capital letters and after a split."""
    words = list[str]()
    for part in _PARTS.findall(name):
        word = part.lower()
        words += _divided(word)
    text = f" {' '.join(words)} "
    for several, one in _JOINED:
        text = text.replace(f" {several} ", f" {one} ")
    return text.split()


def _divided(word: str) -> list[str]:
    """trainannot -> train annot; labelstrain -> labels train."""
    if word in _SPLIT_OF or word in LABEL_WORDS or word in IMAGE_WORDS:
        return [word]
    for split in sorted(_SPLIT_OF, key=len, reverse=True):
        rest = word.removeprefix(split)
        if rest != word and (rest in _AFTER_SPLIT or rest in _SPLIT_OF):
            return [split, rest]
        rest = word.removesuffix(split)
        if rest != word and rest in _AFTER_SPLIT:
            return [rest, split]
    return [word]
