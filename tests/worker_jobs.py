"""Functions that tests send to workers: these import them by name."""

import os
import signal
import time
from pathlib import Path


def square(number):
    return number * number


def fail_at(bad, number):
    if number == bad:
        raise ValueError(f"{number} is bad")
    return number


class Unpicklable(Exception):
    """An error that cannot be made again from its text."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def fail_unpicklably(number):
    raise Unpicklable(number, "more")


def die_once(marker, bad, number):
    """Square a number, but at the bad one the first process that gets it is killed."""
    if number == bad and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die_at(bad, number):
    """Kill every process that gets the bad number."""
    if number == bad:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def square_slowly(number):
    time.sleep(0.02)
    return number * number


def touch(folder, number):
    """Leave a trace of having been called."""
    time.sleep(0.05)
    Path(folder, f"{number}-{os.getpid()}").touch()
    return number


def die_reading(*_):
    """Kill every process that reads a file."""
    os.kill(os.getpid(), signal.SIGKILL)
