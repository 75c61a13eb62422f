"""A folder -> its dataset.toml, or the commands that make a dataset of it.

command.py   what `pixelwise init` does; config.py is what it takes
suggest.py   a folder that is not a dataset yet -> the commands that make it one
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "command", "init")
