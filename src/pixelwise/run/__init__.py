"""Train networks and predict label images. Commands meet at files, so each can be run again alone.

config.py           TrainConfig, PredictConfig: what the two commands take
train.py            dataset.toml -> run folder
  plan.py           read and check everything before anything is written
  preflight.py      settings without torch, the header and the end of every image
  bad_images.py     pairs that cannot be used: how many may be, and the file about them
  setup.py          network, optimizer, devices, datasets: the objects of the loop
  run_folder.py     the folder of a run, made or reopened; checkpoint.py its checkpoints
  optimizer.py      AdamW and its learning rates
  evaluate.py       counts and loss of the validation split
predict.py          run folder -> indexed PNGs                calibration.py counts of probabilities
  pipeline.py       read ahead, network, write behind
  unfinished.py     what is done already when predict goes on
trained.py          load_network: an image in, a label out
dataset.py          pairs -> tensors, and augmentation        resize.py, loader.py
distributed.py      ranks and devices, sums over ranks        rank_stats.py the loss over ranks
ranks.py            processes that train together, started and watched
"""
