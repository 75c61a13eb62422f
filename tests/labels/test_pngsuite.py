"""All 175 files of PngSuite: exactly the raw samples, or a refusal; never another number."""

import hashlib
import json

import numpy as np
import pytest

from conftest import SHARED
from pixelwise.errors import LabelError
from pixelwise.labels.png import label_size, read_label

FACTS_FILE = SHARED / "peer-cases" / "pngsuite_label_reading.json"
FACTS = json.loads(FACTS_FILE.read_text())["files"] if FACTS_FILE.exists() else []
CORRUPT = [fact for fact in FACTS if fact["decode"] == "error"]
LABELS = [fact for fact in FACTS if fact["decode"] == "ok" and fact["label_capable"]]
COLORED = [fact for fact in FACTS if fact["decode"] == "ok" and not fact["label_capable"]]


def each(facts):
    """One test a file; without the files one test, which the fixture `shared` skips by name."""
    return pytest.mark.parametrize("fact", facts or [None], ids=lambda f: f["file"] if f else "all")


@pytest.fixture
def folder(shared):
    return shared / "peer-cases" / "pngsuite"


@each(LABELS)
def test_a_one_channel_file_gives_its_raw_samples(folder, fact):
    """Palette indices and unscaled grey of every depth, interlaced or not, with tRNS or not."""
    label = read_label(folder / fact["file"])
    raw = np.ascontiguousarray(label, "<u2").tobytes()
    assert hashlib.sha256(raw).hexdigest() == fact["raw_samples_sha256"]
    assert label.dtype == (np.uint16 if fact["bit_depth"] == 16 else np.uint8)
    assert label_size(folder / fact["file"]) == label.shape == (fact["h"], fact["w"])


@each(COLORED)
def test_a_colour_file_is_refused_with_the_way_out(folder, fact):
    """RGB, RGBA and grey with alpha are not label images; the message names the conversion."""
    with pytest.raises(LabelError, match=r"one-channel image, got .*(color_to_index|write_label)"):
        read_label(folder / fact["file"])


@each(CORRUPT)
def test_a_corrupt_file_is_refused(folder, fact):
    """Wrong signatures, checksums, headers and missing pixels raise and never become zeros."""
    with pytest.raises(LabelError, match=r"must be an? .*(PNG|image) file"):
        read_label(folder / fact["file"])


def test_all_files_have_been_looked_at(shared):
    """105 label files, 56 colour files and 14 corrupt ones are the whole suite."""
    assert shared.is_dir()
    assert (len(LABELS), len(COLORED), len(CORRUPT)) == (105, 56, 14)
