"""What a training run says while it runs.

metrics_file.py  metrics.jsonl: its lines
loggers.py       LOGGERS: who else is given them
hooks.py         functions of the user
"""
