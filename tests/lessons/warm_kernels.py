"""A script that starts kernels, which is named, run so that they begin with torch imported."""

import runpy
import sys
from pathlib import Path

import jupyter_client.launcher

sys.path.insert(0, str(Path(sys.argv[0]).parents[1]))
import warm

jupyter_client.launcher.Popen = warm.Popen
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
