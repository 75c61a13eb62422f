"""The large versions of the tests of this folder, and a table of what they found: make soak."""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fuzz.attempts import BUDGET_GIB
from fuzz.bombs import BOMBS, explode
from fuzz.faults import COMMANDS, READING, WRITING, sweep
from fuzz.run import READERS, fuzz
from make import make_dataset

PAGE = Path(__file__).parent.parent.parent / "docs/reliability.md"
FIGURES = re.compile(r"(<!-- figures -->\n).*(<!-- end -->)", re.S)
KILLS = int(os.environ.get("SOAK_KILLS", "50"))
# 1 = every access to the disk
STEP = int(os.environ.get("SOAK_STEP", "1"))
SHORT, LONG = 4, 40  # epochs of the two trainings whose memory is compared
TRAIN = """
import resource, sys
from pixelwise.cli import main
assert main(sys.argv[1:]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def say(text):
    print(text, flush=True)


def kills(folder):
    words = [sys.executable, "-m", "fuzz.kills", folder, str(KILLS), str(time.time_ns() % 10**6)]
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode:
        return {"kills": 0, "trainings": 0, "wrong": [done.stderr.decode()[-500:]]}
    return json.loads(done.stdout)


def memory(folder):
    """KiB that a long training takes more than a short one."""
    data = make_dataset(folder / "data", 8, 2, size=(21, 31))
    peaks = []
    for epochs in (SHORT, LONG):
        words = ["train", data, f"--epochs={epochs}", "--network=small", "--batch=2"]
        words += ["--workers=0", "--device=cpu", "--out", folder / f"run{epochs}"]
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, *words], capture_output=True, check=True
        )
        peaks.append(int(done.stdout.split()[-1]))
    return peaks[1] - peaks[0]


def faults(folder):
    survived, wrong = 0, []
    for command in COMMANDS:
        for kind in (READING, WRITING):
            place = folder / f"{command.name.replace(' ', '')}-{kind}"
            place.mkdir()
            found = sweep(command, place, kind, STEP, every_error=True)
            survived, wrong = survived + found[0], wrong + found[1]
    return survived, wrong


def soak(minutes):
    """Rows of the table, and everything that went wrong."""
    rows, wrong = [], []

    def row(what, tried, problems, note=""):
        rows.append((what, f"{tried:,}", str(len(problems)), note))
        wrong.extend(map(str, problems))
        say(f"{what}: {tried:,} tried, {len(problems)} failed. {note}")

    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        for part in ("kills", "memory", "faults", "bombs"):
            (folder / part).mkdir()
        found = kills(folder / "kills")
        note = f"{found['trainings']} trainings, equal bit for bit to the one that was not killed"
        row("kills of a training, then `--resume`", found["kills"], found["wrong"], note)
        survived, problems = faults(folder / "faults")
        note = f"{len(COMMANDS)} commands, every access to the disk, each error"
        row("disk accesses that fail", survived + len(problems), problems, note)
        more, steps = memory(folder / "memory"), (LONG - SHORT) * 4
        note = f"{more / 1024:.1f} MiB more after {steps} more steps"
        row("memory of a long training", 2, [note] * (more > 64 << 10), note)
        peaks, problems = explode(folder / "bombs")
        worst = max(peaks, key=lambda name: peaks[name])
        note = f"at most {peaks[worst] / (1 << 30):.2f} GiB ({worst.replace('_', ' ')})"
        row("small files that say they are large", len(BOMBS), problems, note)
        tried, failed = fuzz(minutes, time.time_ns() // 1000 % 10**12, say)
        note = f"{len(READERS)} readers, {BUDGET_GIB * 1024:g} MiB allowed for each file"
        row("damaged files", tried, [seed for seed, _ in failed], note)
    return rows, wrong


def table(rows):
    head = [("what", "tried", "failed", "note"), ("---", "--:", "--:", "---")]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*head, *rows])


def main():
    began = time.monotonic()
    rows, wrong = soak(float(os.environ.get("SOAK_MINUTES", "8")))
    packages = [f"{name} {version(name)}" for name in ("pixelwise", "torch", "numpy", "pillow")]
    made = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
    made += f"{', '.join(packages)}, {platform.system()}, {time.monotonic() - began:.0f} seconds.\n"
    figures = f"{made}\n{table(rows)}"
    say(f"\n{figures}")
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        FIGURES.sub(lambda m: m[1] + figures + m[2], text), encoding="utf-8", newline="\n"
    )
    for problem in wrong:
        say(problem)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
