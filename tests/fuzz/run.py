"""Damaged files for every reader, for as long as wanted: `make fuzz`.

Each batch is read in a process of its own, so that a crash of native code is found too. A failure
is printed with what repeats it, such as `FUZZ_SEED="labelme:1234" make fuzz`.
"""

import os
import sys
import time
from concurrent.futures.process import BrokenProcessPool

from fuzz.annotation_readers import ANNOTATIONS, ARRAYS, CLASSES
from fuzz.attempts import SEPARATOR, failures
from fuzz.readers import IMAGES, LABELS
from fuzz.run_readers import RUNS
from pixelwise.processes import new_pool

READERS = {r.name: r for r in (*LABELS, *IMAGES, *ARRAYS, *ANNOTATIONS, *CLASSES, *RUNS)}
BATCH = 200


def batch(name, first, count=BATCH):
    """Failures of some inputs of a reader; what native code writes is not shown."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return list(failures(READERS[name], range(first, first + count)))


def crashes(name, first):
    """Inputs of a batch that end the process which reads them."""
    for number in range(first, first + BATCH):
        pool = new_pool(1)
        try:
            yield from pool.submit(batch, name, number, 1).result()
        except BrokenProcessPool:
            yield f"{name}{SEPARATOR}{number}", "the process died"
        finally:
            pool.shutdown()


def fuzz(minutes, first, say=print):
    """(inputs tried, failures) of all readers in turn, until the time is over."""
    end, tried, failed, pool = time.monotonic() + 60 * minutes, 0, [], new_pool(1)
    while time.monotonic() < end:
        for name in READERS:
            if time.monotonic() > end:
                break
            try:
                found = pool.submit(batch, name, first).result()
            except BrokenProcessPool:
                pool = new_pool(1)
                found = list(crashes(name, first))
            tried += BATCH
            failed += found
            for seed, wrong in found:
                say(f'FUZZ_SEED="{seed}"\n{wrong}\n')
        first += BATCH
    pool.shutdown()
    return tried, failed


def main():
    if "FUZZ_SEED" in os.environ:
        name, _, number = os.environ["FUZZ_SEED"].rpartition(SEPARATOR)
        found = batch(name, int(number), 1)
        print("\n".join(wrong for _, wrong in found) or "nothing is wrong")
        return bool(found)
    minutes = float(os.environ.get("FUZZ_MINUTES", "60"))
    first = int(os.environ.get("FUZZ_FIRST", time.time_ns() // 1000 % 10**12))
    print(f"{len(READERS)} readers, {minutes:g} minutes, inputs from number {first} on", flush=True)
    tried, failed = fuzz(minutes, first)
    print(f"{tried:,} damaged files, {len(failed)} failures")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
