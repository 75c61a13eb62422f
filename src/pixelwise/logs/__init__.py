"""What a training run says while it runs.

metrics_file.py  metrics.jsonl: its lines
example_pictures.py  RUN/examples: what the network sees
curves.py        read_curves: them as figures
loggers.py       LOGGERS: who else is given them
hooks.py         functions of the user
"""
