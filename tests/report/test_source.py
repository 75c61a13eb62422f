"""A score is found, read strictly, and refused with the place of what is wrong."""

import os
import re
import shutil

import pytest

from pixelwise.errors import RunError
from pixelwise.logs.curves import read_metrics
from pixelwise.report.source import find_metrics, find_result, read_source


def test_a_score_is_found_in_its_file_its_folder_and_its_run(run_folder, score_path):
    """The same score, whatever of the three is named."""
    places = [score_path, score_path.parent, run_folder]
    assert [find_result(place) for place in places] == [score_path] * 3


def test_of_several_scores_the_newest_counts(run_folder, score_path):
    """By the time the file was written."""
    older = run_folder / "score.json"
    shutil.copy(score_path, older)
    os.utime(older, ns=(10**18, 10**18))
    os.utime(score_path, ns=(10**18 + 1, 10**18 + 1))
    assert find_result(run_folder) == score_path


def test_a_folder_without_score_is_refused_with_the_command_that_makes_one(run_folder, score_path):
    """A run whose predictions are there needs `score`, and the message says of what."""
    score_path.unlink()
    (score_path.parent / "prediction.json").write_text("{}")
    command = re.escape(f"Make one: pixelwise score {score_path.parent}")
    with pytest.raises(RunError, match=rf"got no score.json in it or below it\. {command}"):
        read_source(run_folder)


def test_a_run_without_predictions_needs_two_commands(tmp_path):
    """First predict, then score."""
    (tmp_path / "config.json").write_text("{}")
    predict = re.escape(f"pixelwise predict {tmp_path}, then pixelwise score")
    with pytest.raises(RunError, match=predict):
        read_source(tmp_path)


def test_a_folder_with_a_space_stands_in_quotes_in_the_commands(tmp_path):
    folder = tmp_path / "my run; ls"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(RunError, match=re.escape(f"predict '{folder}', then pixelwise score '")):
        read_source(folder)
    (folder / "prediction.json").write_text("{}")
    with pytest.raises(RunError, match=re.escape(f"Make one: pixelwise score '{folder}'")):
        read_source(folder)


def test_an_empty_folder_is_refused_with_the_general_command(tmp_path):
    """It names the folder."""
    message = re.escape(f"{tmp_path}: source must be a folder with a score")
    with pytest.raises(RunError, match=f"{message}.*pixelwise score PREDICTIONS --data DATASET"):
        read_source(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    """It names the path."""
    with pytest.raises(RunError, match=r"nowhere: source must be .* got no such path"):
        read_source(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a file with content, got an empty file"),
        (b'{"schema": ', "valid JSON, got Expecting value"),
        (b'{"schema": NaN}', "valid JSON, got NaN, which JSON does not allow"),
        (b"\xff\xfe", "valid JSON, got .*codec can't decode"),
        (b"[" * 100_000, "plain JSON, got deeper nesting"),
    ],
)
def test_a_damaged_file_is_refused_by_name(score_path, content, reason):
    """No traceback, whatever the bytes."""
    score_path.write_bytes(content)
    with pytest.raises(RunError, match=rf"score\.json: file must be {reason}"):
        read_source(score_path)


@pytest.mark.parametrize("schema", ["pixelwise.score/2", None, 1])
def test_another_version_is_refused(change_score, schema):
    """The message names both versions and how to come from one to the other."""
    path = change_score(lambda score: score.update(schema=schema))
    message = rf"schema must be 'pixelwise.score/1', got {schema!r}\. Write it again: pixelwise"
    with pytest.raises(RunError, match=message):
        read_source(path)


@pytest.mark.parametrize(("content", "reason"), [("[]", r"\[\]"), ("3", "3"), ("null", "None")])
def test_json_that_is_no_score_is_refused(score_path, content, reason):
    """A score is an object with a schema."""
    score_path.write_text(content)
    with pytest.raises(RunError, match=rf"content must be a JSON object, got {reason}"):
        read_source(score_path)


def drop_scores(score):
    del score["scores"]


def text_for_number(score):
    score["per_class"][2]["iou"] = "high"


def too_large_number(score):
    score["valid_pixels"] = 2**63


def too_large_score(score):
    score["scores"]["pixel_accuracy"] = 1.5


def unknown_key(score):
    score["mean"] = 0.5


def without_iou(score):
    del score["per_class"][3]["iou"]


def image_above_1(score):
    score["images"][0]["mean_iou"] = 1.5


def unknown_convention(score):
    score["mean_iou_by_convention"]["macro"] = 0.5


def true_for_number(score):
    score["per_class"][0]["target_pixels"] = True


def list_for_object(score):
    score["dataset"] = []


def number_for_list(score):
    score["images"] = 3


def two_names(score):
    score["per_class"][0]["name"] = "Heaven"


def one_class_less(score):
    del score["per_class"][-1]


def other_order(score):
    score["per_class"].reverse()


def negative_pixels(score):
    score["confusion"][0][0] = -1


def text_as_mean(score):
    score["mean_iou_by_convention"]["micro"] = "0.5"


def unknown_class_in_image(score):
    score["images"][0]["confusion"][0][0] = 6


def pixels_missing_in_image(score):
    score["images"][0]["valid"] += 1


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (drop_scores, "scores must be given, got nothing"),
        (unknown_key, "key must be one of version, .*, got 'mean'"),
        (text_for_number, r"per_class\[2\]\.iou must be a number, got 'high'"),
        (without_iou, "every row of per_class iou"),
        (too_large_number, "valid_pixels and ignored_pixels must be pixels >= 0 of 64 bits"),
        (too_large_score, "pixel_accuracy must be within 0..1, got 1.5"),
        (true_for_number, r"per_class\[0\]\.target_pixels must be an integer, got True"),
        (list_for_object, r"dataset must be a table, got \[\]"),
        (number_for_list, "images must be a list, got 3"),
        (one_class_less, r"must agree on C, got \[5, 6\]"),
        (other_order, r"per_class must have the indices 0\.\.5 in order"),
        (two_names, "per_class must have the names of classes"),
        (negative_pixels, "confusion and per_class must be pixels >= 0"),
        (text_as_mean, "mean_iou_by_convention.micro must be .* got '0.5'"),
        (unknown_convention, "a key of mean_iou_by_convention must be one of present, .*'macro'"),
        (unknown_class_in_image, "confusion of image 'seq_0000' must hold"),
        (pixels_missing_in_image, "confusion of image 'seq_0000' must add up to its valid pixels"),
        (image_above_1, "scores of image 'seq_0000' must be within 0..1"),
    ],
)
def test_a_score_of_another_form_is_refused_with_the_place(change_score, edit, reason):
    """What is not of the stated form never reaches the page."""
    path = change_score(edit)
    with pytest.raises(RunError, match=rf"score\.json: .*{reason}.*Write it again: pixelwise"):
        read_source(path)


def reordering_name(score):
    score["classes"]["names"][0] = score["per_class"][0]["name"] = "\u202eyks"


def unknown_setting(score):
    score["classes"]["colours"] = []


def number_as_colors(score):
    score["classes"]["colors"] = 3


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (reordering_name, "in classes: Classes: "),
        (unknown_setting, "classes.key must be one of names, colors"),
        (number_as_colors, "classes.colors must be a list, got 3"),
    ],
)
def test_classes_that_are_refused_are_refused_with_the_file(change_score, edit, reason):
    """The message of Classes alone does not say where they stand."""
    path = change_score(edit)
    with pytest.raises(RunError, match=rf"score\.json: {reason}.*Write it again"):
        read_source(path)


def test_metrics_are_found_in_the_run_around_the_score(run_folder, score_path):
    """From the score, from its folder and from the run."""
    places = [score_path, score_path.parent, run_folder]
    found = [find_metrics(place, score_path) for place in places]
    assert found == [run_folder / "metrics.jsonl"] * 3


def test_a_score_without_run_has_no_metrics(score_path, tmp_path):
    """Curves are not required."""
    lone = shutil.copy(score_path, tmp_path / "score.json")
    assert find_metrics(lone, lone) is None


def test_metrics_come_in_order_and_a_repeated_step_counts_once(tmp_path):
    """A resumed run writes some steps a second time; the last line is what was kept."""
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        '{"step": 10, "train/loss": 1.0}\n'
        '{"step": 20, "train/loss": 0.9}\n\n'
        '{"step": 20, "val/loss": 0.8, "val/miou": null}\n'
        '{"step": 10, "train/loss": 0.7}\n'
    )
    assert read_metrics(path) == [
        {"step": 10, "train/loss": 0.7},
        {"step": 20, "train/loss": 0.9},
        {"step": 20, "val/loss": 0.8, "val/miou": None},
    ]


def test_a_line_that_is_still_being_written_is_left_out(tmp_path):
    """A run may be looked at while it is training."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 10, "train/loss": 1.0}\n{"step": 20, "trai')
    assert read_metrics(path) == [{"step": 10, "train/loss": 1.0}]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "file must be valid JSON"),
        ("[]", r"line must be an object with a step, got \[\]"),
        ('{"train/loss": 1}', "line must be an object with a step"),
        ('{"step": "1"}', "line must be an object with a step"),
        ('{"step": 1, "train/loss": "low"}', "train/loss must be a number, got 'low'"),
        ('{"step": 1, "train/loss": 1e999}', r"train/loss must be a number within .*, got inf"),
        ('{"step": 1, "train/loss": -1e308}', r"train/loss must be a number within .*, got -1e"),
        ('{"step": 1' + 400 * "0" + "}", "line must be an object with a step"),
    ],
)
def test_a_damaged_line_is_refused_with_its_number(tmp_path, line, reason):
    """The file and the line are named."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 0}\n' + line + "\n")
    with pytest.raises(RunError, match=rf"metrics\.jsonl:2: .*{reason}"):
        read_metrics(path)
