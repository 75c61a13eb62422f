"""The memory that the content of one file may take: a default, an option, a variable."""

import os

import pytest

from pixelwise.errors import setting
from pixelwise.files.content import VARIABLE, Unreadable, max_unpacked
from pixelwise.files.limits import allow_unpacked, check_unpacked

GIB = 1 << 30


def test_one_gib_is_allowed_and_a_byte_more_is_refused_with_the_option_that_allows_it():
    check_unpacked(GIB, "pixels")
    with pytest.raises(Unreadable, match="at most 1 GiB") as refused:
        check_unpacked(GIB + 1, "20,000 x 20,000 pixels")
    assert refused.value.got == "20,000 x 20,000 pixels, which takes 1.0 GiB"
    assert setting("max_gib", 2) in refused.value.hint
    assert "PIXELWISE_MAX_GIB=2" in refused.value.hint


def test_a_size_that_no_machine_has_gets_no_advice_to_allow_it():
    with pytest.raises(Unreadable, match="at most 1 GiB") as refused:
        check_unpacked(10**30, "a list")
    assert refused.value.hint == ""


def test_the_limit_is_raised_for_a_while_and_for_child_processes(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with allow_unpacked(2.5):
        assert max_unpacked() == int(2.5 * GIB)
        with allow_unpacked(None):
            assert os.environ[VARIABLE] == "2.5"
    assert VARIABLE not in os.environ
    assert max_unpacked() == GIB


def test_a_limit_that_was_there_before_comes_back(monkeypatch):
    monkeypatch.setenv(VARIABLE, "3")
    with allow_unpacked(0.5):
        assert max_unpacked() == GIB // 2
    assert max_unpacked() == 3 * GIB


def test_a_variable_that_is_not_a_number_means_the_default(monkeypatch):
    monkeypatch.setenv(VARIABLE, "much")
    assert max_unpacked() == GIB
