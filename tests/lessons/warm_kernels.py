"""A script that starts kernels, which is named, run so that they begin with torch imported."""

import os
import runpy
import sys
import time
from pathlib import Path

import jupyter_client.launcher

sys.path.insert(0, str(Path(sys.argv[0]).parents[1]))
import warm


def warm_kernel(words, **options):
    """A kernel, once it leads the group that is ended with it."""
    process = warm.Popen(words, **options)
    while os.getpgid(process.pid) != process.pid:
        time.sleep(0.001)
    return process


jupyter_client.launcher.Popen = warm_kernel
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
