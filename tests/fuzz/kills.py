"""A training that is killed again and again, and goes on, ends as the one that was not.

python -m fuzz.kills FOLDER KILLS SEED prints what happened as JSON. The process imports torch once
and forks a child for each part of a training; the moment of a kill is a share of the time that the
whole training takes.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from make import make_dataset
from pixelwise.cli import main

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
EPOCHS = 12
SMALL = ("--network=small", "--batch=2", "--workers=0", "--device=cpu", "--log-every=1")
FILES = ("metrics.jsonl", "last/weights.safetensors", "best/weights.safetensors")


def train(words, log, seconds=None, number=0):
    """Exit status of a training in a child; it is sent a signal after some seconds."""
    child = os.fork()
    if child == 0:
        for descriptor in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
        status = 1
        try:
            status = main([str(word) for word in words])
        finally:
            os._exit(status)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_training(folder, kills, seed):
    """(kills that hit, starts anew, differences) of trainings until so many kills have hit."""
    chance = random.Random(seed)
    data = make_dataset(folder / "data", 4, 2, size=(21, 31))
    log, words = folder / "log", ["train", data, f"--epochs={EPOCHS}", *SMALL]
    train(
        ["train", data, "--epochs=1", *SMALL, "--out", folder / "warm"], log
    )  # compiles what is compiled once
    began = time.monotonic()
    whole = folder / "whole"
    assert train([*words, "--out", whole], log) == 0, log.read_text()
    lasts = time.monotonic() - began
    hits, anew, trainings, wrong = 0, 0, 0, []
    while hits < kills and not wrong:
        run, trainings, code = folder / f"run{trainings}", trainings + 1, None
        while code != 0 and not wrong:
            going_on = any((run / name / "config.json").is_file() for name in ("last", "best"))
            if run.exists() and not going_on:  # the first epoch had not ended
                shutil.rmtree(run)
                anew += 1
            rest = ["train", "--resume", run] if going_on else [*words, "--out", run]
            number = chance.choice(SIGNALS)
            moment = chance.uniform(0.1, 1) * lasts
            hit = hits < kills
            code = train(rest, log, moment if hit else None, number)
            hits += code != 0
            allowed = {0, -number, 128 + number} if hit else {0}
            if code not in allowed:
                wrong.append(f"exit code {code}: {log.read_text().splitlines()[-1]}")
        wrong += [
            f"{name} differs"
            for name in FILES
            if not wrong and (run / name).read_bytes() != (whole / name).read_bytes()
        ]
        left = [str(p) for p in folder.rglob(".*") if p.is_file() or p.is_dir()]
        wrong += [f"left {left}"] * bool(left)
    return {"kills": hits, "anew": anew, "trainings": trainings, "wrong": wrong}


if __name__ == "__main__":
    place, number, seed = sys.argv[1:]
    import pixelwise.run.train  # noqa: F401  (before the first fork)

    print(json.dumps(killed_training(Path(place), int(number), int(seed))))
