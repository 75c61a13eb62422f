"""Cross-validation: a network for each fold, scored on the pairs that it has not seen.

command.py       train: one run, or all folds of a cross-validation
preparation.py   the folds of a split, checked before the first of them is trained
fold_runs.py     the folds one after the other; each is an ordinary run
predictions.py   what each network says of its own fold, in one folder
record.py        Folds: what folds.json holds
"""
