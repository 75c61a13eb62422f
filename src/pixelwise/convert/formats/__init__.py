"""One file per annotation format; table.py has FORMATS, which names them all."""
