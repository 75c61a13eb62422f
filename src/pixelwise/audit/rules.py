"""The rules of the audit: what each is called, how bad it is, where it comes from, what mends it.

F  how a label file is stored          V  the values in a label
G  image and label on top of each other   P  which label belongs to which image
S  splits and copies                   R  shapes and regions            M  the class table

error    training or scores would be wrong, or stop     note    worth knowing
warning  wrong in many programs, or wrong more often than not
"""

import shlex
from dataclasses import dataclass

SEVERITIES = ("error", "warning", "note")
# {root} is the data set, {out} a folder for the mended copy.
_MEND = "pixelwise audit {root} --fix {out}"


@dataclass(frozen=True)
class Rule:
    """What a finding of a rule means.

    Args:
        severity: one of SEVERITIES.
        title: what is wrong, in words that stand alone.
        cause: how it comes about most often, and what to do where no command mends it.
        fix: the command that mends it; "" if none does.
        counted: what the count of a finding counts.
        about: what a finding is about, if not a file.
    """

    severity: str
    title: str
    cause: str
    fix: str = ""
    counted: str = "pixels"
    about: str = "file"


def command(fix: str, root: str) -> str:
    """The command that mends a rule, with the names of folders as a shell wants them."""
    folder = root.rstrip("/") or root
    return fix.format(root=shlex.quote(folder), out=shlex.quote(f"{folder}-fixed"))


RULES = {
    "F1": Rule(
        "error",
        "the label is stored with loss",
        "It was saved as JPEG, lossy WebP or GIF, which change values. Export it again from its "
        "source as a PNG; only if that is gone, take the nearest class.",
        f"{_MEND} --fix-rules safe F1",
        "files",
    ),
    "F2": Rule(
        "warning",
        "the name ends like another format than the content has",
        "The file was renamed instead of converted. Programs that trust the ending fail.",
        _MEND,
        "files",
    ),
    "F3": Rule(
        "error",
        "the file cannot be read",
        "A copy or a download was cut off, or the file has been damaged. Restore it from its "
        "source, or take the pair out.",
        counted="files",
    ),
    "F4": Rule(
        "note",
        "the label has extras that change how other programs read it",
        "An image editor wrote transparency, an orientation, a colour profile or interlacing. "
        "pixelwise ignores them; other programs turn, scale or widen the values.",
        _MEND,
        "files",
    ),
    "F5": Rule(
        "warning",
        "the labels are not all stored the same way",
        "They come from several exports. Programs that read the values of one kind read colours "
        "or scaled values of another.",
        _MEND,
        "files",
    ),
    "F6": Rule(
        "warning",
        "the grey label has fewer than 8 bits a pixel",
        "The encoder saved space. pixelwise reads the stored values; most programs multiply them, "
        "so that 1 becomes 17, 85 or 255.",
        _MEND,
        "files",
    ),
    "F7": Rule(
        "warning",
        "the label has fewer bits a pixel than the values of the data set need",
        "A program saved an indexed PNG with a short palette: larger values wrapped around, and "
        "void became a class. Export it again with write_label.",
        counted="files",
    ),
    "F8": Rule(
        "warning",
        "stored values lie beyond the end of the palette",
        "The palette was cut to the classes and void was forgotten. Other programs refuse the file "
        "or show and read such pixels as black.",
        _MEND,
    ),
    "F9": Rule(
        "warning",
        "palettes differ between files, or from the colours of the classes",
        "Colours were given to the classes of each file by themselves, or the palette is shifted "
        "by one. Whoever reads colours gets other classes.",
        _MEND,
        "files",
    ),
    "F10": Rule(
        "error",
        "the label is a colour picture",
        "The array was saved with three channels, as cv2.imwrite of a colour picture does, or it "
        "is the picture for viewing. A label image has one stored value a pixel.",
        _MEND,
        "files",
    ),
    "F11": Rule(
        "error",
        "red and blue are swapped in the label",
        "It was drawn as RGB and saved as BGR, as OpenCV does.",
        _MEND,
        "files",
    ),
    "F12": Rule(
        "error",
        "the label has an alpha channel",
        "An image editor added it. Where alpha is not full, the values below were never meant to "
        "be seen: say whether they are void.",
        _MEND,
    ),
    "V1": Rule(
        "error",
        "colours in the label belong to no class",
        "A class is missing in the table, or another table was used to draw.",
        _MEND,
    ),
    "V2": Rule(
        "error",
        "values between two classes line their border",
        "The label was resized with interpolation, or drawn with smooth edges. Resize labels with "
        "nearest neighbour only.",
        _MEND,
    ),
    "V3": Rule(
        "error",
        "values scatter around those of the classes",
        "The label was a JPEG once and was saved as PNG later. Export it again from its source.",
        _MEND,
    ),
    "V4": Rule(
        "error",
        "stored values are neither a class nor void",
        "A class or the void value is missing in dataset.toml, or the file belongs to another "
        "data set. Add the value to a class, or to ignore_values.",
    ),
    "V5": Rule(
        "error",
        "the foreground of a binary label is stored as 255 or 128 instead of 1",
        "It was saved to be looked at. Void is 255 as well, so training would see no foreground.",
        _MEND,
    ),
    "V6": Rule(
        "error",
        "all stored values are off by one",
        "Classes were counted from 1, or void or background was left out of the class table.",
        f"{_MEND} --fix-rules safe V6",
    ),
    "V7": Rule(
        "error",
        "Cityscapes labels hold label ids where the classes are train ids",
        "*_labelIds.png were taken for *_labelTrainIds.png.",
        _MEND,
    ),
    "V8": Rule(
        "warning",
        "a split has no void, while nearly every label of another has",
        "Void was lost or became a class when this split was exported. Compare two labels, and "
        "export the split again.",
        counted="files",
        about="split",
    ),
    "V9": Rule(
        "error",
        "the label holds fractions, NaN or negative values",
        "It was saved from a floating-point or signed array. Map the values to 0..65535 and save "
        "them with write_label.",
    ),
    "V10": Rule(
        "note",
        "the labels have 16 bits a pixel, though 8 would do",
        "The array had a wider type when it was saved. Some programs read the upper 8 bits only, "
        "which are all 0.",
        _MEND,
        "files",
    ),
    "V11": Rule(
        "warning",
        "a class never occurs, or not where it is learnt",
        "Its value is wrong in dataset.toml, the files are only a part of the data set, or the "
        "class is to be taken out or merged with another.",
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
        counted="pixels",
    ),
    "G1": Rule(
        "error",
        "image and label differ in size",
        "One of them was resized or cropped alone. Export the label at the size of its image.",
        counted="files",
    ),
    "G2": Rule(
        "error",
        "image and label are turned against each other",
        "The camera noted its orientation in the file (EXIF) and the labelling program applied "
        "it, or height and width were swapped. Save the image with its pixels turned.",
        counted="files",
    ),
    "G3": Rule(
        "warning",
        "the label fits its image better when it is mirrored, turned or shifted",
        "Image and label were exported with different conventions for the first row.",
        counted="files",
    ),
    "G4": Rule(
        "note",
        "a frame of one value lies around the label",
        "The picture was rectified, padded or cropped. If the frame is a class, training learns "
        "it: declare it void, or cut it off.",
    ),
    "P1": Rule(
        "error",
        "images and labels do not pair up",
        "A file is missing, misspelt or there twice. Rename, add or remove one.",
        counted="files",
    ),
    "P2": Rule(
        "error",
        "a line of a list names no file",
        "It was written by hand or for another version of the data set.",
        counted="lines",
        about="list",
    ),
    "S1": Rule(
        "warning",
        "the same image is there twice",
        "It was copied or downloaded twice. If the copies are in two splits, scores are too good.",
        counted="files",
    ),
    "S2": Rule(
        "warning",
        "images in two splits are almost the same",
        "They are neighbours in a video or overlapping tiles. Scores are too good: split by "
        "video or by scene.",
        counted="files",
    ),
    "S3": Rule(
        "warning",
        "the same image has different labels",
        "It was labelled twice. Keep one of the two.",
        counted="files",
    ),
    "S4": Rule(
        "warning",
        "different images have the same label",
        "A label was copied to the wrong name.",
        counted="files",
    ),
    "S5": Rule(
        "note",
        "the splits differ in their classes or sizes",
        "They were not drawn from the same pictures at random. Scores on one say less about "
        "the other.",
        counted="files",
        about="split",
    ),
    "R1": Rule(
        "note",
        "the label is strewn with single pixels",
        "A wand or a threshold drew it, or an interpolation was rounded.",
    ),
    "R2": Rule(
        "error",
        "shapes of an annotation file cannot be painted, or not as they were meant",
        "Clicks by mistake, or an export that rounded or cut points.",
        counted="shapes",
    ),
    "R3": Rule(
        "warning",
        "names of classes differ only by case, blanks or a typo",
        "They were typed by hand. Give the other spelling to convert with --alias OLD=NEW.",
        "pixelwise convert {root} --alias OLD=NEW",
        "shapes",
    ),
    "R4": Rule(
        "note",
        "shapes of different classes overlap",
        "What is painted later hides what lies below. Choose what lies on top.",
        "pixelwise convert {root} --order area",
    ),
    "R5": Rule(
        "note",
        "shapes that share a border overlap by a line of pixels",
        "The program that paints them counts both ends of a shape.",
        "pixelwise convert {root} --rule center",
    ),
    "R6": Rule(
        "error",
        "an annotation file has another size than its image",
        "The image was resized or turned after it was labelled. Label it again, or put back the "
        "image that was labelled.",
        counted="files",
    ),
    "M1": Rule(
        "warning",
        "the class table contradicts itself",
        "Two classes share a colour, or void is listed as a class. Change dataset.toml.",
        counted="classes",
        about="place",
    ),
}
