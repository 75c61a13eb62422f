"""The command export, the artefact that it makes, and the commands and files that run it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from export.networks import CLASSES, SIZE, write_checkpoint
from make import draw, make_dataset, write_image
from overlapping import make_set
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, DatasetError, RunError
from pixelwise.export.command import choose_size
from pixelwise.export.config import ExportConfig
from pixelwise.export.manifest import read_manifest
from pixelwise.export.run import run_artefact
from pixelwise.export.runner import Refused, Runner, read
from pixelwise.labels.bands.image_kind import RGB8


@pytest.fixture
def copy(artefact, tmp_path):
    """Its files, to be changed."""
    for path in artefact.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def changed(folder, **changes):
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**content, **changes}))
    return folder


def test_an_artefact_has_a_certificate_and_says_all_that_is_needed(artefact, best):
    found = artefact.manifest
    assert found.certificate.text() == (
        "0 of 4,096 pixels differ; mIoU 73.11 -> 73.11 (+0.0000, 95 % interval +0.0000 to "
        "+0.0000) on 1 image of val; 1 image of other sizes left out"
    )
    assert found.certificate.passed
    assert artefact.finding() == ""
    assert (found.stored, found.scale, found.classes) == ((0, 128, 7), 0.5, CLASSES)
    assert artefact.folder == best.parent / "export"
    assert read_manifest(artefact.folder).as_dict() == found.as_dict()
    assert {path.name for path in artefact.folder.iterdir()} == {
        *("model.onnx", "manifest.json", "golden.png", "golden_label.png"),
        *("config.pbtxt", "runner.py"),
    }
    assert "dims: [ 3, 64, 64 ]" in (artefact.folder / "config.pbtxt").read_text()


def test_run_writes_the_label_that_predict_writes(artefact, best, data, tmp_path):
    image = data / "val" / "images" / "06.png"
    shown = pw.load_network(best, trust=True)
    found = run_artefact(artefact.folder, image=image, out=tmp_path / "label.png")
    assert (pw.read_label(tmp_path / "label.png") == CLASSES.to_stored(shown.predict(image))).all()
    assert "disc" in found.text()
    with pytest.raises(RunError, match=r"out must be a new file, got .*label.png"):
        run_artefact(artefact.folder, image=image, out=tmp_path / "label.png")


def test_the_runner_needs_neither_torch_nor_this_library(artefact, data, tmp_path):
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['runner.py', {str(data / 'val/images/06.png')!r}, 'label.png']\n"
        "runpy.run_path('runner.py', run_name='__main__')\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'pixelwise')))"
    )
    for path in artefact.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    stored = Runner(artefact.folder)(pw.read_image(data / "val" / "images" / "06.png"))
    assert (np.asarray(Image.open(tmp_path / "label.png")) == stored).all()
    assert len((artefact.folder / "runner.py").read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", ["deep.png", "deep.tif", "grey.png", "phone.jpg"])
def test_the_runner_reads_the_samples_that_training_reads(tmp_path, name):
    deep = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2500
    grey = Image.fromarray((deep >> 8).astype(np.uint8))
    images = {"deep": Image.fromarray(deep), "grey": grey, "phone": grey.convert("RGB")}
    several = {"format": "MPO", "save_all": True, "append_images": [grey.convert("RGB")]}
    image = images[name.split(".")[0]]
    image.save(tmp_path / name, **(several if name == "phone.jpg" else {}))
    assert (read(tmp_path / name) == RGB8.read(tmp_path / name)[0]).all()


@pytest.mark.parametrize("name", ["float.tif", "several.tif"])
def test_the_runner_refuses_images_that_training_refuses(tmp_path, name):
    grey = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6))
    Image.fromarray(np.ones((4, 6), np.float32)).save(tmp_path / "float.tif")
    grey.save(tmp_path / "several.tif", save_all=True, append_images=[grey.rotate(180)])
    with pytest.raises(Refused, match=rf"{name} must be one image of 8 or 16 bits a sample"):
        read(tmp_path / name)
    with pytest.raises(DatasetError, match=name):
        RGB8.read(tmp_path / name)


def test_several_images_at_once_are_labelled_as_one_by_one(artefact):
    images = np.stack([draw(i, SIZE)[0][:60, :52].repeat(2, 0)[:64] for i in (0, 6, 12)])
    images = np.pad(images, [(0, 0), (0, 0), (0, 64 - images.shape[2]), (0, 0)], mode="edge")
    runner = Runner(artefact.folder)
    assert (runner(images) == np.stack([runner(image) for image in images])).all()


def test_a_changed_model_or_golden_image_is_refused(copy):
    with (copy / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(Refused, match=r"model.onnx is not the file of the manifest"):
        Runner(copy)


def test_another_computation_of_the_golden_image_is_refused(copy):
    """As by a runtime that reads channels in another order."""
    from hashlib import sha256

    golden = np.asarray(Image.open(copy / "golden.png"))
    write_image(copy / "golden.png", np.ascontiguousarray(golden[..., ::-1]))
    sums = json.loads((copy / "manifest.json").read_text())["sha256"]
    sums["golden.png"] = sha256((copy / "golden.png").read_bytes()).hexdigest()
    changed(copy, sha256=sums)
    with pytest.raises(Refused, match=r"of the golden label are computed differently here"):
        Runner(copy)
    with pytest.raises(RunError, match=r"of the golden label are computed differently"):
        run_artefact(copy, image=copy / "golden.png", out=copy / "out.png")


def test_an_artefact_that_has_failed_is_a_finding_and_does_not_run(artefact, copy):
    own = artefact.manifest.certificate
    failed = replace(own, differ=400, at_distance=(399, *(0,) * 7, 1), passed=False)
    found = replace(artefact, manifest=replace(artefact.manifest, certificate=failed))
    assert "FAILED: 400 of 4,096 pixels differ, 1 of them farther than 8 pixels" in found.text()
    assert "more than 0.0001 of the pixels differ" in found.finding()
    assert "400 of" not in found.finding()  # the line above has said it
    changed(copy, certificate=found.as_dict()["certificate"])
    with pytest.raises(Refused, match="has failed its comparison"):
        Runner(copy)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": {"../model.onnx": "0"}}, r"sha256 must be the checksums of golden_label.png"),
        ({"stored": [1]}, r"stored must be the values of the classes"),
        ({"stored": [0, 7, 128]}, r"stored must be the values of the classes"),
        ({"schema": "pixelwise.run/1"}, r"schema must be 'pixelwise.artefact/1'"),
        ({"golden_tolerance": 7}, r"golden_tolerance must be between 0 and 1, got 7"),
        ({"task": "x"}, r"task must be one of"),
        ({"more": 1}, r"key must be one of"),
    ],
)
def test_a_manifest_of_others_is_read_strictly(copy, changes, message):
    with pytest.raises(RunError, match=message):
        read_manifest(changed(copy, **changes))


def test_an_image_of_another_size_is_refused(artefact, data, tmp_path):
    image = data / "val" / "images" / "07.png"
    with pytest.raises(RunError, match=r"size must be 64 x 64 \(height, width\), got 68 x 58"):
        run_artefact(artefact.folder, image=image, out=tmp_path / "a.png")
    with pytest.raises(Refused, match="image must be as in"):
        Runner(artefact.folder)(pw.read_image(image))
    with pytest.raises(Refused, match="image must be as in"):
        Runner(artefact.folder)(np.zeros((64, 64, 3)))


def test_a_missing_file_of_an_artefact_is_named(copy):
    (copy / "model.onnx").unlink()
    with pytest.raises(RunError, match=r"model\.onnx is missing .* pixelwise export RUN"):
        run_artefact(copy, image=copy / "golden.png", out=copy / "out.png")


def test_a_size_that_no_image_has_is_refused_before_a_model_is_written(best, tmp_path, capsys):
    with pytest.raises(RunError, match="no image of val has the size of the artefact"):
        pw.export(best, trust=True, out=tmp_path, size=(1, 1))
    with pytest.raises(RunError, match="no image of train, on which int8 is calibrated"):
        pw.export(best, trust=True, out=tmp_path, size=(1, 1), precision="int8", check="none")
    assert "writing" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_images_of_several_sizes_are_a_question(best):
    with pytest.raises(RunError, match=r"images of val have 2 sizes: .* Give size, height and"):
        pw.export(best, trust=True, out=best.parent / "other")
    with pytest.raises(RunError, match="size must be given where there is no split"):
        choose_size(ExportConfig(best, check="none"), None)


def test_what_cannot_be_is_one_sentence(best, tmp_path):
    with pytest.raises(ArgumentError, match="precision must be fp32 or fp16, got int8"):
        ExportConfig(best, format="torch", precision="int8")
    with pytest.raises(ArgumentError, match="only one of size and any_size can be given"):
        ExportConfig(best, size=SIZE, any_size=True)
    with pytest.raises(ArgumentError, match=r"any_size must be left out .* scale 0\.5"):
        pw.export(best, trust=True, any_size=True, out=tmp_path / "a")
    with pytest.raises(ArgumentError, match=r"threshold must be left out for a multiclass task"):
        pw.export(best, trust=True, size=SIZE, threshold=0.3, out=tmp_path / "a")
    with pytest.raises(RunError, match="no image of val has the size of the artefact"):
        pw.export(best, trust=True, size=(32, 32), out=tmp_path / "a", format="torch")
    with pytest.raises(DatasetError, match=r"Give data, or check=.none"):
        pw.export(best, trust=True, data=tmp_path, out=tmp_path / "a", size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_an_operator_that_onnx_does_not_have_is_named(data, tmp_path):
    run = write_checkpoint(tmp_path / "run", data, "bessel")
    with pytest.raises(RunError, match=r"torch.onnx cannot export the operator \w+\.\w*bessel_j0"):
        pw.export(run, trust=True, size=SIZE, check="none")


def test_integers_are_calibrated_and_compared(best, tmp_path):
    found = pw.export(
        best, size=SIZE, trust=True, precision="int8", tolerance=0.1, out=tmp_path / "int8"
    )
    assert found.manifest.calibration == 1
    assert found.manifest.certificate.passed
    assert Runner(found.folder).about["precision"] == "int8"


def test_a_program_of_torch_takes_every_size_of_32s(data, tmp_path, capsys):
    run = write_checkpoint(tmp_path / "run", data)
    assert main(["export", str(run), "--format", "torch", "--any-size", "--trust"]) == 0
    assert "0 of 4,096 pixels differ" in capsys.readouterr().out
    manifest = read_manifest(tmp_path / "run" / "export")
    assert (manifest.contract.size, manifest.contract.multiple) == (None, 32)
    with pytest.raises(RunError, match=r"format must be onnx, got torch. Its model.pt2 is for"):
        run_artefact(tmp_path / "run" / "export", image=Path(__file__), out=tmp_path / "a.png")


def test_classes_that_overlap_are_compared_plane_by_plane(tmp_path):
    data = make_set(tmp_path / "data", train=1, val=2)
    run = write_checkpoint(tmp_path / "run", data)
    found = pw.export(run, format="torch", thresholds=(0.4, 0.6), trust=True).manifest
    assert (found.certificate.pixels, found.certificate.differ) == (2 * 2 * 48 * 64, 0)
    assert (found.stored, found.thresholds) == ((1, 1), (0.4, 0.6))
    assert (found.contract.output_layout, found.contract.size) == ("NCHW", (48, 64))
    label = pw.read_label(tmp_path / "run" / "export" / "golden_label.png")
    assert label.shape == (2 * 48, 64)


def test_the_threshold_of_a_binary_task_is_that_of_the_run(tmp_path):
    data = make_dataset(tmp_path / "data", train=1, val=2, size=SIZE, binary=True)
    run = write_checkpoint(tmp_path / "run", data)
    settings = {"format": "torch", "trust": True, "size": (68, 58)}
    found = pw.export(run, thresholds_from="train", **settings).manifest
    chosen = json.loads((tmp_path / "run" / "thresholds.json").read_text())["per_class"]
    assert found.thresholds == (chosen[0]["threshold"],)
    assert (found.contract.output_layout, found.certificate.differ) == ("NHW", 0)


def test_a_model_that_leads_out_of_its_folder_is_not_read(copy, tmp_path):
    """Weights of ONNX may be in other files."""
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    from hashlib import sha256

    model = onnx.load(copy / "model.onnx")
    weights = next(one for one in model.graph.initializer if one.name == "rows")
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../secret")
    (tmp_path.parent / "secret").write_bytes(bytes(64 * 32 * 4))
    (copy / "model.onnx").write_bytes(model.SerializeToString())
    sums = json.loads((copy / "manifest.json").read_text())["sha256"]
    sums["model.onnx"] = sha256((copy / "model.onnx").read_bytes()).hexdigest()
    changed(copy, sha256=sums)
    with pytest.raises(RunError, match=r"onnxruntime cannot run .*model.onnx: .*escapes"):
        run_artefact(copy, image=copy / "golden.png", out=copy / "out.png")


def test_a_missing_package_is_named_with_its_extra(best, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", str(best), "--out", str(tmp_path / "a"), "--trust"]) == 2
    assert "pip install 'pixelwise[onnx]'" in capsys.readouterr().err


def test_a_missing_runtime_is_named_where_an_artefact_is_run(artefact, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "pixelwise.export.runner")
    golden = str(artefact.folder / "golden.png")
    assert main(["run", str(artefact.folder), golden, "--out", "never.png"]) == 2
    assert "onnxruntime is not installed. Install it with: pip install 'pixelwise[onnx]'" in (
        capsys.readouterr().err
    )


def test_a_folder_with_the_manifest_of_another_program_is_not_replaced(best, tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a page"}')
    with pytest.raises(RunError, match=r"out must be made by export, got .* so it is not replaced"):
        pw.export(best, size=SIZE, out=tmp_path, overwrite=True, trust=True)
    assert (tmp_path / "manifest.json").is_file()


def test_images_that_take_more_memory_than_a_file_may_are_refused(best, tmp_path):
    match = r"size must be that of images which take at most 1 GiB, got 100,000 x 100,000.*max_gib"
    with pytest.raises(ArgumentError, match=match):
        pw.export(best, size=(100_000, 100_000), out=tmp_path / "out", check="none", trust=True)
    assert not list(tmp_path.iterdir())
