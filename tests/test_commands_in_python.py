"""Every command in one style from Python: settings or a configuration in, a record out."""

import pytest

import pixelwise as pw
from make import make_dataset, train_settings


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    settings = train_settings(data, tmp_path_factory.mktemp("runs") / "run")
    return pw.train(settings.pop("data"), **settings)


def test_a_folder_may_be_text_a_path_or_in_a_configuration(data):
    found = [pw.audit(data), pw.audit(str(data)), pw.audit(pw.AuditConfig(str(data)))]
    assert len({one.text() for one in found}) == 1


def test_a_command_can_be_called_with_the_name_of_its_first_setting(data):
    assert pw.weights(data=data).text() == pw.weights(pw.WeightsConfig(data)).text()


def test_a_run_is_predicted_and_scored_by_its_folder_alone(run):
    predictions = pw.predict(str(run))
    assert predictions.parent.parent == run
    assert pw.score(str(run)).text() == pw.score(predictions).text()


def test_a_trained_network_predicts_what_read_image_gives(data, run):
    image = pw.read_image(pw.read_description(data).pairs("val")[0].image)
    assert pw.load_network(run).predict(image).shape == image.shape[:2]


def test_init_describes_a_folder_and_shows_what_it_found(tmp_path):
    data = make_dataset(tmp_path / "data")
    (data / "dataset.toml").unlink()
    assert pw.init(str(data)).text()
    assert pw.read_description(data).classes


@pytest.mark.parametrize(
    "command",
    [pw.init, pw.convert, pw.audit, pw.weights, pw.train, pw.predict, pw.score, pw.report],
)
def test_a_folder_that_is_not_there_is_one_sentence(command, tmp_path):
    with pytest.raises(pw.PixelwiseError) as found:
        command(str(tmp_path / "nodir"))
    assert "nodir" in str(found.value)
    assert "\n" not in str(found.value)
