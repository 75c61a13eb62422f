"""predict --format tiff: labels at the place on earth of their image."""

import sys

import numpy as np
import pytest

from make import STORED, VOID, draw, train_settings, write_image
from overlapping import make_set
from pixelwise.errors import MissingPackageError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run.train import train
from pixelwise.score.command import score

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
TILE = (64, 64)


@pytest.fixture
def images(tmp_path):
    """Two with their place on earth, one larger than a tile, and one without."""
    folder = tmp_path / "images"
    for number, size in enumerate([(290, 203), (40, 60)]):
        write_geotiff(folder / f"{number}.tif", draw(number, size)[0])
    write_image(folder / "2.png", draw(2, (150, 90))[0])
    return folder


def write_geotiff(path, image, **profile):
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = rasterio.Affine(0.2, 0, 500_000, 0, -0.2, 5_300_000)
    place = {"crs": "EPSG:25832", "transform": transform, **profile}
    sides = {"height": image.shape[0], "width": image.shape[1], "count": image.shape[2]}
    with rasterio.open(path, "w", driver="GTiff", dtype=image.dtype, **sides, **place) as file:
        file.write(np.moveaxis(image, 2, 0))


def settings(run, images, name, **changes):
    return PredictConfig(run, images=images, out=images.parent / name, **changes)


@pytest.mark.parametrize("options", [{}, {"tile": TILE}])
def test_labels_are_those_of_the_png_at_the_place_of_the_image(run, data, images, options):
    png = predict(settings(run, images, "png", **options))
    out = predict(settings(run, images, "tiff", format="tiff", **options))
    assert sorted(p.name for p in out.glob("*.*")) == ["0.tif", "1.tif", "2.tif", "prediction.json"]
    palette = read_description(data).classes.palette()
    for number in range(3):
        with rasterio.open(out / f"{number}.tif") as label:
            assert label.dtypes == ("uint8",)
            assert label.nodata == VOID
            assert np.array_equal(label.read(1), read_label(png / f"{number}.png"))
            colors = label.colormap(1)
            assert [colors[v][:3] for v in STORED] == [tuple(palette[v]) for v in STORED]
            assert label.profile["compress"] == "deflate"
            place = label.crs, label.transform
        assert np.array_equal(read_label(out / f"{number}.tif"), read_label(png / f"{number}.png"))
        with rasterio.open(next(images.glob(f"{number}.*"))) as image:
            assert place == (image.crs, image.transform)


def test_the_same_command_goes_on_and_png_is_another_folder(run, images):
    out = predict(settings(run, images, "out", format="tiff", tile=TILE))
    times = {p.name: p.stat().st_mtime_ns for p in out.glob("*.tif")}
    (out / "0.tif").unlink()
    (out / "unfinished.jsonl").write_bytes(b"")
    again = predict(settings(run, images, "out", format="tiff", tile=TILE, overwrite=True))
    assert {p.name for p in again.glob("*.tif")} == set(times)


def test_labels_as_tiff_have_the_score_of_those_as_png(run, tmp_path):
    png = predict(PredictConfig(run, out=tmp_path / "png", tile=TILE))
    out = predict(PredictConfig(run, out=tmp_path / "tiff", tile=TILE, format="tiff"))
    assert score(out).per_class == score(png).per_class


def test_ground_control_points_are_kept(run, tmp_path):
    points = [
        rasterio.control.GroundControlPoint(row, column, 500_000 + column, 5_300_000 - row)
        for row, column in ((0, 0), (0, 90), (90, 0), (90, 90))
    ]
    folder = tmp_path / "images"
    write_geotiff(folder / "a.tif", draw(0, (96, 96))[0], transform=None, gcps=points)
    out = predict(settings(run, folder, "out", format="tiff"))
    with rasterio.open(out / "a.tif") as label:
        found, system = label.gcps
    assert [(p.row, p.col, p.x, p.y) for p in found] == [(p.row, p.col, p.x, p.y) for p in points]
    assert system.to_epsg() == 25832


def test_classes_that_overlap_have_a_file_each(tmp_path):
    data = make_set(tmp_path / "data")
    run = train(TrainConfig(**train_settings(data, tmp_path / "run")))
    files = read_description(data).classes.files
    png = predict(PredictConfig(run, out=tmp_path / "png", tile=(32, 32)))
    out = predict(PredictConfig(run, out=tmp_path / "tiff", tile=(32, 32), format="tiff"))
    for part in files:
        assert list((out / part).glob("*.tif"))
        for path in (out / part).glob("*.tif"):
            assert np.array_equal(read_label(path), read_label(png / part / f"{path.stem}.png"))
    assert score(out).per_class == score(png).per_class


def test_without_rasterio_the_extra_is_named(run, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(MissingPackageError, match=r"pixelwise\[geotiff\]|pixelwise\[train\]"):
        predict(settings(run, images, "out", format="tiff"))
