"""Five kills at moments that a seed decides; `make soak` does fifty."""

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_a_training_that_was_killed_five_times_ends_as_the_one_that_was_not(tmp_path):
    """SIGKILL, SIGTERM and SIGINT: the same weights and metrics.jsonl, bit for bit, no litter."""
    words = [sys.executable, "-m", "fuzz.kills", tmp_path, "5", "7"]
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        words, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = json.loads(done.stdout)
    assert (found["kills"], found["wrong"]) == (5, [])
