"""Class files: names, colours and stored values of classes, in whatever form a tool writes them.

rows.py   Rows: classes as a source lists them
read.py   read_rows: a file, a known dataset or colours in hex -> Rows
"""
