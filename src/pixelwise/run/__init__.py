"""The loops: train, predict, score. Commands meet at files, so each can be run again alone.

config.py       one frozen dataclass per command; the command line is made from them
init.py         a folder -> its dataset.toml
next_step.py    a folder that is no data set yet -> the commands that make one of it
train.py        dataset.toml -> run folder                    plan.py, run_folder.py, optimizer.py
predict.py      run folder -> indexed PNGs                    checkpoint.py, staging.py
score.py        PNGs -> score.json (imports no torch)         counting.py, score_table.py
compare.py      two folders of PNGs -> comparison.json        json_files.py
calibration.py  logits and labels -> calibration.json         calibration_table.py
evaluate.py     what predict and score do together, in memory, for the validation of a run
dataset.py      pairs -> tensors, and the augmentation        resize.py, loader.py
networks.py     names -> networks                             small.py, encoder_weights.py
distributed.py  ranks and devices; sums over ranks
display.py      progress on stderr                            metrics_log.py, interrupt.py
scenes.py       the street scenes of the demo
"""
