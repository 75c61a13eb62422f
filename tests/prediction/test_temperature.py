"""The temperature of a run: the least negative log-likelihood, kept with what chose it."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.temperature import likelihoods_of
from pixelwise.score.record import DataSplit
from pixelwise.score.temperature import TEMPERATURES, best_temperature, chosen_temperature


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return pw.train(**train_settings(make_dataset(folder / "data"), folder / "run", epochs=3))


def overconfident(factor, channels=4):
    """Logits that are `factor` times those of which the target is drawn."""
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.randn(1, channels, 60, 70, generator=generator, dtype=torch.float64)
    p = x.softmax(1)[0].permute(1, 2, 0).reshape(-1, channels)
    target = torch.multinomial(p, 1, generator=generator).view(1, 60, 70)
    return factor * x, target


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.7, 4.0])
def test_the_temperature_undoes_what_the_logits_were_multiplied_by(factor):
    sums, pixels = likelihoods_of(*overconfident(factor), "softmax", 255)
    found, _ = best_temperature(sums / pixels)
    assert found == pytest.approx(factor, rel=0.05)


def test_the_least_sum_is_that_of_a_fine_search():
    """Between the temperatures that are summed at, the polynomial is exact enough."""
    logits, target = overconfident(1.3)
    sums, pixels = likelihoods_of(logits, target, "softmax", 255)
    found, nll = best_temperature(sums / pixels)
    tried = np.linspace(1.1, 1.6, 501)
    losses = [F.cross_entropy(logits / t, target).item() for t in tried]
    assert found == pytest.approx(tried[np.argmin(losses)], abs=2e-3)
    assert nll == pytest.approx(min(losses), abs=1e-6)


def test_sums_leave_void_out_and_upsample_inside():
    logits, target = overconfident(1.0)
    target[:, :5] = 255
    small = logits[:, :, ::2, ::2]
    sums, pixels = likelihoods_of(small, target, "softmax", 255)
    full = F.interpolate(small, (60, 70), mode="bilinear")
    assert pixels == 55 * 70
    for t, found in zip(TEMPERATURES, sums):
        expected = F.cross_entropy(full / t, target, ignore_index=255, reduction="sum")
        assert found == pytest.approx(expected.item(), rel=1e-6)


def test_one_channel_has_two_classes():
    logits, _ = overconfident(1.0, 2)
    one = logits[:, 1:] - logits[:, :1]
    target = (torch.rand(1, 60, 70, generator=torch.Generator().manual_seed(2)) < 0.4).long()
    two = likelihoods_of(logits, target, "softmax", 255)
    found = likelihoods_of(one, target, "sigmoid", 255)
    assert found[0] == pytest.approx(two[0], rel=1e-9)
    assert found[1] == two[1]


def test_a_least_value_at_an_end_is_the_end():
    assert best_temperature(np.arange(len(TEMPERATURES), dtype=float))[0] == TEMPERATURES[0]
    assert best_temperature(-np.arange(len(TEMPERATURES), dtype=float))[0] == TEMPERATURES[-1]


def test_the_temperature_at_an_end_is_said_to_be_one():
    place = DataSplit(None, "val"), 1, 1, "key", "pixelwise predict"
    up, down = (np.arange(17.0), -np.arange(17.0))
    for sums, said in ((up, True), (down, True), ((up - 5.2) ** 2, False)):
        found = chosen_temperature(sums, 10, *place)
        assert ("no other than 0.5 to 8 is tried" in found.text()) == said


def test_what_is_no_temperature_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="temperature must be a number or auto, got 'cold'"):
        PredictConfig(tmp_path, temperature="cold", expect=True)


def test_auto_is_fitted_once_and_kept_in_the_run(run, tmp_path, capsys):
    first = pw.predict(run, out=tmp_path / "a", confidence="max", temperature="auto")
    kept = (run / "temperature.json").read_bytes()
    found = json.loads(kept)
    assert found["schema"] == "pixelwise.temperature/1"
    assert found["nll"] <= found["nll_at_one"]
    about = json.loads((first / "prediction.json").read_text())["confidence"]
    assert about["temperature"] == found["temperature"]
    assert about["temperature_from"] == found["dataset"]
    pw.predict(run, out=tmp_path / "b", confidence="max", temperature="auto")
    assert (run / "temperature.json").read_bytes() == kept
    assert "temperature" in capsys.readouterr().err


def test_another_label_means_another_temperature(run, tmp_path):
    pw.predict(run, out=tmp_path / "a", expect=True, temperature="auto")
    before = json.loads((run / "temperature.json").read_text())
    data = json.loads((run / "config.json").read_text())["config"]["data"]
    label = next(pair.label for pair in pw.read_description(data).pairs("val"))
    label.touch()
    pw.predict(run, out=tmp_path / "b", expect=True, temperature="auto")
    after = json.loads((run / "temperature.json").read_text())
    assert after["key"] != before["key"]
    assert after["temperature"] == before["temperature"]


@pytest.mark.parametrize("damage", ["{", '{"schema": "pixelwise.temperature/1"}'])
def test_a_damaged_file_is_made_again(run, tmp_path, damage):
    (run / "temperature.json").write_text(damage)
    pw.predict(run, out=tmp_path / "out", expect=True, temperature="auto")
    assert json.loads((run / "temperature.json").read_text())["temperature"] > 0
