"""A disk that is full, forbids or breaks at the n-th access, for every n of a short command.

Always one sentence and exit code 2, or a finding of it; old files whole; no temporary file; and the
command after it succeeds with the result that it would have had.
"""

import pytest

from fuzz.faults import COMMANDS, READING, WRITING, sweep


@pytest.mark.parametrize("kind", [READING, WRITING])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_an_access_that_fails_costs_one_sentence_and_no_file(tmp_path, command, kind):
    """Every second access; `make soak` fails every one in every way."""
    survived, wrong = sweep(command, tmp_path, kind, step=2)
    assert wrong == []
    assert survived > 0
