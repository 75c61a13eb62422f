"""Train networks. Commands meet at files, so each can be run again alone.

train.py         dataset.toml -> run folder
setup.py         network, optimizer, devices, datasets: the objects of the loop
position.py      where a run is, and how it goes on from a checkpoint
run_folder.py    the folder of a run, made or reopened; checkpoint.py its checkpoints
step.py          loss, gradient, optimizer; a number that is not finite
seen.py          what share of each class the examples of an epoch show
ema.py           the average of the weights over steps
accumulate.py    the gradient of a batch from its parts
compiled.py      the network as torch.compile trains it
start.py         first weights from another run or file
optimizer.py     OPTIMIZERS and their learning rates
evaluate.py      counts and loss of the validation split
val_counts.py    counts of each image of that split, epoch by epoch
evidence.py      which epochs are as good as the best, by a bootstrap over these images; stop.py
                 what a run says and decides by it
val_pictures.py  pictures for the loggers; examples.py those of what the network sees
trained.py       load_network: an image in, a label out
"""
