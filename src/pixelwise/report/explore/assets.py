"""The pictures of all images of a score, in a folder beside its page.

NUMBER.jpg     the image
NUMBER-s.jpg   the same, small, for the table of images
NUMBER.css     the label and the prediction: a browser lets a page that was opened from a file show
               the pixels of another file and not read them, but it does read style sheets

Every name is the position of the image in the score, never its id.
"""

import os
from base64 import b64decode
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image

from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import check_free, staged_folder
from pixelwise.labels.image import decode_rgb
from pixelwise.pictures.reduce import Box
from pixelwise.progress import progress_line
from pixelwise.report.explore.layers import LARGE, Layers
from pixelwise.report.source import Source
from pixelwise.score.record import ImageScores
from pixelwise.sums import ahead

MARK = "pixelwise-report.txt"
SAYS = "Pictures of the report beside this folder. Written again with it.\n"
SMALL: Box = (96, 72)


def folder_of(page: Path) -> Path:
    """Where the pictures of a page lie: report_files beside report.html."""
    return page.with_name(f"{page.stem}_files")


def write_assets(page: Path, source: Source) -> None:
    """Write the pictures of all images of a score; a folder from before is replaced.

    An image whose files cannot be read or may not be shown has no file here.

    Args:
        page: of the score.
        source: the score.
    Raises:
        RunError: the folder is not one of a report, or the file system refuses.
    """
    folder, images = folder_of(page), source.score.images
    check_free("report", folder, "Name another page with --out.", replaceable=MARK)
    with staged_folder(folder) as staging, progress_line("pictures") as progress:
        atomic_write(staging / MARK, SAYS.encode())
        write = partial(_write, Layers(source), staging)
        threads = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
        with ahead(write, enumerate(images), threads or 1, 4 * (threads or 1)) as written:
            for done, _ in enumerate(written, 1):
                if progress is not None:
                    progress(done, len(images))


def _write(layers: Layers, folder: Path, numbered: tuple[int, ImageScores]) -> None:
    number, image = numbered
    photo, label, prediction = layers.read(image, LARGE)
    if photo.data:
        data = b64decode(photo.data.partition(",")[2])
        atomic_write(folder / f"{number}.jpg", data)
        small, file = Image.fromarray(decode_rgb(f"{number}.jpg", data)), BytesIO()
        small.thumbnail(SMALL)
        small.save(file, "JPEG", quality=78)
        atomic_write(folder / f"{number}-s.jpg", file.getvalue())
    if label.data and prediction.data:
        text = f':root {{ --layers-{number}: "{label.data} {prediction.data}" }}\n'
        atomic_write(folder / f"{number}.css", text.encode())
