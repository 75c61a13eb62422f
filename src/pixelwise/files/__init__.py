"""The only code that opens, checks, writes and stages files; records as plain data and back.

walk.py        walk_files: the visible files below a folder, in a defined order
names.py       check_names: what Windows and folders that ignore case cannot hold; lies_in
limits.py      check_unpacked: how much memory the content of one file may take
affixes.py     the id in the name of a file; affixes with which names pair up
patterns.py    folders that are named together: train/*/images
content.py     read_file: regular files, whole or refused; the format by the first bytes
atomic.py      atomic_write: the whole file or the old one
folder.py      folders that appear under their name only when they are complete
lock.py        a lock of a folder that ends with its process
json_file.py   JSON from outside: no NaN, no equal keys, checked types
toml_file.py   TOML: tables of a file; values as TOML text
results.py     JSON files that the commands write and read
records.py     to_plain, from_plain: dataclasses <-> what JSON and TOML hold
"""
