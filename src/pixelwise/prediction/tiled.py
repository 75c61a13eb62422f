"""Images that are larger than a tile: read, predicted and written by rows.

    rows of the file  ->  at the network  ->  tiles  ->  bands of logits  ->  rows of the label

Of an image in a format that is read by rows, no more is in memory than the rows of one row of
tiles; others are decoded whole, and only what comes after them is in bands.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

from pixelwise.data.resize import STRIDE, network_size
from pixelwise.data.resize_rows import ResizedRows
from pixelwise.data.samples import image_to_tensor
from pixelwise.errors import ArgumentError, DatasetError, LabelError, setting
from pixelwise.files.content import Unreadable
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bands.windows import image_by_rows
from pixelwise.labels.image import image_size
from pixelwise.labels.pairs import Pair
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.predict import predict_rows
from pixelwise.prediction.confidence import beside_label, expected_sums
from pixelwise.prediction.label_files import label_files
from pixelwise.prediction.pipeline import GPU_BATCH_PIXELS, Work
from pixelwise.prediction.predictor import Predictor
from pixelwise.prediction.unfinished import stamp_of
from pixelwise.tiles.bands import Band, ReadRows, bands
from pixelwise.tiles.grid import Tiling, is_larger, make_grid
from pixelwise.tiles.label import finished_rows


class TiledWork:
    """What is done with an image that is larger than a tile.

    Args:
        work: what is done with others; its failures, counts and journal are those of these too.
        tiling: the tiles.
    """

    def __init__(self, work: Work, tiling: Tiling) -> None:
        self.work, self.tiling = work, tiling
        self.predictor: Predictor = work.predictor
        (self.scale,) = self.predictor.scales
        self.tile = network_size(tiling.tile, self.scale)

    def takes(self, pair: Pair) -> bool:
        """Whether an image is larger than a tile at the network; not if it cannot be read."""
        try:
            return is_larger(network_size(image_size(pair.image), self.scale), self.tile)
        except DatasetError:
            return False  # reading it says why

    @torch.no_grad()
    def run(self, pair: Pair, advance: Callable[[float], None]) -> None:
        """Predict an image and write its label image; or note why it cannot be predicted.

        Args:
            pair: the image.
            advance: called with shares of the image that are done.
        Raises:
            RunError: the file system refuses.
        """
        work, stamp, done = self.work, stamp_of(pair.image), 0.0
        work.begun.forget(pair.id)
        folder, where = work.begun.folder, str(pair.image)
        config = work.config
        threshold = config.thresholds or config.threshold
        activation = self.predictor.activation
        asked, note = work.asked, None
        try:
            with ExitStack() as opened:
                size, rows = opened.enter_context(self.rows_of(pair))
                about = size, work.classes, config.format
                write = opened.enter_context(label_files(folder, pair.image, pair.id, *about))
                if asked is not None:
                    file = beside_label(asked, folder, pair, *about)
                    beside = opened.enter_context(file)
                found = self.bands_of(pair, size, rows)
                if config.calibration:
                    found = self.counted(pair, found)
                for part, logits in finished_rows(found, size[0]):
                    check_no_nan(where, logits)
                    made = (asked.kind, asked.temperature) if asked is not None else ()
                    labels, sure = predict_rows(logits, part, size[1], activation, threshold, *made)
                    labels = labels[:, None] if work.classes.files and labels.dim() == 3 else labels
                    label = labels[0].cpu().numpy()
                    if asked is not None and sure is not None:
                        of_rows = logits, labels, activation, asked.temperature, part
                        expected = expected_sums(*of_rows) if asked.expects else None
                        label = beside.take(label, sure[0].cpu().numpy(), expected)
                        note = beside.sums.as_lists()
                    write(label)
                    share = (part.stop - part.first) / size[0]
                    done += share
                    advance(share)
        except torch.OutOfMemoryError:
            event = f"out of GPU memory for tiles of {self.tile[0]}x{self.tile[1]}"
            hint = f"Use a smaller {setting('tile')}, or {setting('device', 'cpu')}."
            work.failed[pair.id] = DatasetError(pair.image, "image", event=event, hint=hint)
            torch.cuda.empty_cache()
        except (DatasetError, ArgumentError, LabelError) as error:
            work.failed[pair.id] = error
        else:
            work.journal.add(pair.id, stamp, note)
        advance(1 - done)

    def counted(self, pair: Pair, found: Iterator[Band]) -> Iterator[Band]:
        """The bands of an image whose probabilities are counted, which takes all of its logits.

        Raises:
            LabelError, ArgumentError: see Work.count.
        """
        held = list(found)
        if not self.work.count(pair, torch.cat([band.logits for band in held], 2)):
            raise self.work.failed[pair.id]
        return iter(held)

    @contextmanager
    def rows_of(self, pair: Pair) -> Iterator[tuple[tuple[int, int], ReadRows]]:
        """The size of an image, and its rows at the network.

        Raises:
            DatasetError: it cannot be read.
        """
        kind = self.work.images
        with image_by_rows(pair.image, kind) as image:
            if image is None:
                samples, _ = kind.read(pair.image)
                size = samples.shape[0], samples.shape[1]
                (whole,) = self.predictor.inputs_of(samples, str(pair.image))
                yield size, lambda first, stop: whole[:, first:stop]
                return
            read, size = image.read, image.size

            def tensor(first: int, stop: int) -> Tensor:
                return image_to_tensor(read(first, stop))

            dtype = torch.uint8 if kind.dtype == "uint8" else torch.float32
            yield size, ResizedRows(tensor, size, network_size(size, self.scale), dtype)

    def bands_of(self, pair: Pair, size: tuple[int, int], rows: ReadRows) -> Iterator[Band]:
        """The logits of an image, in bands.

        Raises:
            DatasetError: a band of rows takes too much memory.
            ArgumentError: the network has no whole stride.
        """
        at_network = network_size(size, self.scale)
        grid = make_grid(at_network, self.tile, self.tiling.overlap, STRIDE)
        # rows that are held, and those that a row of tiles adds
        pixels = 2 * self.work.images.bytes_a_pixel * grid.tile[0] * at_network[1]
        what = f"a row of tiles of {grid.tile[0]:,} x {at_network[1]:,} pixels"
        try:
            check_unpacked(pixels, what)
        except Unreadable as reason:
            raise reason.at(DatasetError, pair.image, "image") from None
        device = self.predictor.device
        budget = 0 if device.type == "cpu" else GPU_BATCH_PIXELS
        at_once = max(1, budget // (grid.tile[0] * grid.tile[1]))

        def logits_of(tiles: Tensor) -> Tensor:
            return self.predictor.logits_of([tiles.to(device)])

        return bands(grid, rows, logits_of, self.tiling.blend, at_once)
