"""The rules of the audit, one row each: what is wrong, how bad it is, its cause and its repair.

F  how a label file is stored          V  the values in a label
G  image and label on top of each other   P  which label belongs to which image
S  splits and copies                   R  shapes and regions            M  the class table

error    training or scores would be wrong, or stop     note    worth knowing
warning  wrong in many programs, or wrong more often than not
"""

from pixelwise.audit.rule import IMAGE_RULES, OF_IMAGES, Rule


def repairable(*kinds: str) -> tuple[str, ...]:
    """The rules with one of these kinds of repair, in the order of RULES."""
    return tuple(name for name, rule in RULES.items() if rule.repair in kinds)


RULES = {
    "F1": Rule(
        "error",
        "the label is stored with loss",
        "It was saved as JPEG, lossy WebP or GIF, which change values. Export it again from its "
        "source as a PNG; only if that is lost, take the nearest class.",
        "files",
        repair="values",
        ask="values were lost: export it again; only if that is not possible, ask for F1, which "
        "takes the nearest class",
    ),
    "F2": Rule(
        "warning",
        "the suffix of the file is not that of its format",
        "The file was renamed instead of converted. Programs that trust the suffix fail.",
        "files",
        repair="storage",
    ),
    "F3": Rule(
        "error",
        "the file cannot be read",
        "It was cut off or damaged, is no image, holds several, or may not be read: each finding "
        "has its cause.",
        "files",
        repair="never",
    ),
    "F4": Rule(
        "note",
        "the label has extras that change how other programs read it",
        "An image editor wrote transparency, an orientation, a colour profile or interlacing. "
        "pixelwise ignores them; other programs turn, scale or widen the values.",
        "files",
        repair="storage",
    ),
    "F5": Rule(
        "warning",
        "the labels are not all stored the same way",
        "They come from several exports. Programs that read the values of one kind read colours "
        "or scaled values of another.",
        "files",
        repair="storage",
    ),
    "F6": Rule(
        "warning",
        "the grey label has fewer than 8 bits a pixel",
        "The encoder saved space. pixelwise reads the stored values; most programs multiply them, "
        "so that 1 becomes 17, 85 or 255.",
        "files",
        repair="storage",
    ),
    "F7": Rule(
        "warning",
        "the label has fewer bits a pixel than the values of the dataset need",
        "A program saved an indexed PNG with a short palette: larger values wrapped around, and "
        "void became a class. Export it again with write_label.",
        "files",
        repair="never",
    ),
    "F8": Rule(
        "warning",
        "stored values lie beyond the end of the palette",
        "The palette was cut to the classes and void was forgotten. Other programs refuse the file "
        "or show and read such pixels as black.",
        repair="storage",
    ),
    "F9": Rule(
        "warning",
        "palettes differ between files, or from the colours of the classes",
        "Colours were given to the classes of each file separately, or the palette is shifted "
        "by one. A program that reads colours gets other classes.",
        "files",
        repair="storage",
    ),
    "F10": Rule(
        "error",
        "the label is a colour image",
        "The array was saved with three channels, as cv2.imwrite of a colour image does, or it "
        "is the image for viewing. A label image has one stored value a pixel.",
        "files",
        repair="values",
    ),
    "F11": Rule(
        "error",
        "red and blue are swapped in the label",
        "It was drawn as RGB and saved as BGR, as OpenCV does.",
        "files",
        repair="values",
    ),
    "F12": Rule(
        "error",
        "the label has an alpha channel",
        "An image editor added it. Where alpha is not full, the values below were not meant to "
        "be seen: say whether they are void.",
        repair="values",
    ),
    **IMAGE_RULES,
    "V1": Rule(
        "error",
        "colours in the label belong to no class",
        "A class is missing in the table, or another table was used to draw.",
        repair="values",
    ),
    "V2": Rule(
        "error",
        "values between two classes line their border",
        "The label was resized with interpolation, or drawn with smooth edges. Resize labels with "
        "nearest neighbour only.",
        repair="values",
    ),
    "V3": Rule(
        "error",
        "values scatter around those of the classes",
        "The label was a JPEG once and was saved as PNG later. Export it again from its source.",
        repair="values",
    ),
    "V4": Rule(
        "error",
        "stored values are neither a class nor void",
        "A class or the void value is missing in dataset.toml, or the file belongs to another "
        "dataset. Add the value to a class, or to ignore_values.",
    ),
    "V5": Rule(
        "error",
        "the foreground of a binary label is stored as 255 or 128 instead of 1",
        "It was saved for viewing. Void is 255 as well, so training would see no foreground.",
        repair="values",
    ),
    "V6": Rule(
        "error",
        "all stored values are off by one",
        "Classes were counted from 1, or void or background was left out of the class table.",
        repair="values",
        ask="a shift by one is likely, not sure: look at a label; if it is right, ask for V6",
        replaces="V4",
    ),
    "V7": Rule(
        "error",
        "Cityscapes labels hold label ids where the classes are train ids",
        "*_labelIds.png were taken for *_labelTrainIds.png.",
        repair="values",
        replaces="V4",
    ),
    "V8": Rule(
        "warning",
        "a split has no void, while nearly every label of another has",
        "Void was lost or became a class when this split was exported. Compare two labels, and "
        "export the split again.",
        "files",
        "split",
    ),
    "V9": Rule(
        "error",
        "the label holds fractions, NaN or negative values",
        "It was saved from a floating-point or signed array. Map the values to 0..65535 and save "
        "them with write_label.",
        repair="never",
    ),
    "V10": Rule(
        "note",
        "the labels have 16 bits a pixel, though 8 would do",
        "The array had a wider type when it was saved. Some programs read the upper 8 bits only, "
        "which are all 0.",
        "files",
        repair="storage",
    ),
    "V11": Rule(
        "warning",
        "a class never occurs, or not in the training split",
        "Its value is wrong in dataset.toml, the files are only a part of the dataset, or the "
        "class is to be removed or merged with another.",
        about="class",
    ),
    "V12": Rule(
        "note",
        "the label is nearly all one class",
        "There may be nothing to see, or the label was never drawn. Such pairs teach little: "
        "look at a few, and drop them if they are too many.",
    ),
    "V13": Rule(
        "warning",
        "the label is void everywhere",
        "It was never drawn, or void is declared wrongly. The pair counts for nothing.",
    ),
    "V14": Rule(
        "error",
        "a value is that of a few pixels in few labels",
        "They were made by mistake, or the label was edited twice. Repaint the pixels, or ask for "
        "the repair; or make them void: take the class out of dataset.toml and add the value to "
        "ignore_values.",
        repair="values",
        ask="it may be a small object: look at one; if it is none, ask for V14, which takes the "
        "class around such pixels",
    ),
    "V15": Rule(
        "note",
        "more than half of all pixels are foreground",
        "The object may be stored as 0 and what surrounds it as 1. If so, swap the two values; "
        "scores and class weights are those of the foreground.",
        about="place",
    ),
    "V16": Rule(
        "error",
        "stored values number objects instead of classes",
        "It is the file of instances, which lies beside that of classes. Training would learn a "
        "class for each object.",
        "files",
        "place",
    ),
    "V17": Rule(
        "warning",
        "a class that overlaps others has no pixel in a split",
        "It is rare, or its files are missing there: draw the splits again, each with some of it.",
        about="class",
    ),
    "V18": Rule(
        "error",
        "classes that exclude each other overlap",
        "dataset.toml has them in exclusive. One was drawn too large, or twice under two names.",
    ),
    "G1": Rule(
        "error",
        "image and label differ in size",
        "One of them was resized alone. Export the label at the size of its image; only if that is "
        "not possible, resize the image to its label. A label is never resized.",
        "files",
        repair="resize",
        ask="the image may not be the one that was labelled: if it was only resized, ask for G1, "
        "which resizes images to their labels",
    ),
    "G2": Rule(
        "error",
        "image and label are turned against each other",
        "The camera noted its orientation in the file (EXIF), and the labelling program applied "
        "it. Save the image with its pixels turned.",
        "files",
        repair="turn",
    ),
    "G3": Rule(
        "warning",
        "the label fits its image better when it is mirrored, turned or shifted",
        "Image and label were exported with different conventions for the first row. Found are "
        "turns, and shifts of 8 pixels (of 6 in some images); hardly ever where both sides of an "
        "image are alike, or where the borders of the label are not edges of the image.",
        "files",
    ),
    "G4": Rule(
        "note",
        "a frame of one value lies around the label",
        "The image was rectified, padded or cropped. If the frame is a class, training learns "
        "it: declare it void, or cut it off.",
    ),
    "G5": Rule(
        "warning",
        "the image has an orientation tag, its label has none, and their sizes fit either way",
        "A camera wrote the tag. pixelwise applies it neither to images nor to labels, viewers "
        "turn the image alone. If the label was drawn on the image as viewers show it, it lies "
        "wrong: audit with deep compares their edges (G3).",
        "files",
        repair="turn",
        ask="the label may have been drawn on the pixels as they are stored: look at one; if it "
        "was drawn on the turned image, ask for G5",
    ),
    "P1": Rule(
        "error",
        "images and labels do not pair up",
        "A file is missing, misspelt or duplicated. Rename, add or remove one.",
        "files",
    ),
    "P2": Rule(
        "error",
        "a line of a list names no file",
        "It was written by hand or for another version of the dataset.",
        "lines",
        "list",
    ),
    "P3": Rule(
        "note",
        "a file has no partner and is left out",
        'The split has unpaired = "skip" in dataset.toml.',
        "files",
    ),
    "P4": Rule(
        "note",
        "a list or folder that is called like a split is used by no split",
        "It may be the official split: then name it in dataset.toml as list, images and labels of "
        "that split. Scores on another split cannot be compared with those of others.",
        "files",
        "place",
    ),
    "S1": Rule(
        "warning",
        "duplicate image",
        "It was copied or downloaded twice. If the copies are in two splits, scores are too good.",
        "files",
    ),
    "S2": Rule(
        "warning",
        "images in two splits are almost the same",
        "They are neighbours in a video or overlapping tiles. Scores are too good: split by "
        "video or by scene.",
        "files",
    ),
    "S3": Rule(
        "warning",
        "duplicate image with different labels",
        "It was labelled twice. Keep one of the two.",
        "files",
    ),
    "S4": Rule(
        "warning",
        "different images have the same label",
        "A label was copied to the wrong name.",
        "files",
    ),
    "S5": Rule(
        "note",
        "the splits differ in their classes or sizes",
        "They were not drawn from the same images at random. Scores on one say less about "
        "the other.",
        "files",
        "split",
    ),
    "R1": Rule(
        "note",
        "the label has many isolated pixels",
        "It was drawn with a colour-selection tool or a threshold, or an interpolation was "
        "rounded. Fewer than 8 in areas, or 3 of 10,000 pixels, are how labels look.",
    ),
    "R2": Rule(
        "error",
        "shapes of an annotation file cannot be painted, or not as they were meant",
        "Clicks by mistake, or an export that rounded or cut points.",
        "shapes",
    ),
    "R3": Rule(
        "warning",
        "names of classes differ only by case, blanks or a typo",
        "They were typed by hand. Give the other spelling to convert with --alias OLD=NEW.",
        "shapes",
        convert="--alias OLD=NEW",
    ),
    "R4": Rule(
        "note",
        "shapes of different classes overlap",
        "What is painted later hides what lies below. Choose what lies on top.",
        convert="--order area",
    ),
    "R5": Rule(
        "note",
        "shapes that share a border overlap by a line of pixels",
        "The program that paints them counts both ends of a shape.",
        convert="--rule center",
    ),
    "R6": Rule(
        "error",
        "an annotation file has another size than its image",
        "The image was resized or turned after it was labelled. Label it again, or put back the "
        "image that was labelled.",
        "files",
    ),
    "M1": Rule(
        "warning",
        "the class table contradicts itself",
        "Two classes share a colour, or void is listed as a class. Change dataset.toml.",
        *("classes", "place"),
    ),
    "M2": Rule(
        "warning",
        "two classes have the same pixels everywhere",
        "The files of one were copied to the other, or both are names of one class.",
        *("classes", "place"),
    ),
}

# Rules whose repair does not need to know the classes.
WITHOUT_CLASSES = ("F2", *repairable(*OF_IMAGES))
