"""Train networks. Commands meet at files, so each can be run again alone.

config.py           TrainConfig: what the command takes
train.py            dataset.toml -> run folder
  plan.py           read and check everything before anything is written
  preflight.py      settings without torch, the header and the end of every image
  bad_images.py     pairs that cannot be used: how many may be, and the file about them
  setup.py          network, optimizer, devices, datasets: the objects of the loop
  run_folder.py     the folder of a run, made or reopened; checkpoint.py its checkpoints
  step.py           loss, gradient, optimizer; a number that is not finite
  seen.py           what share of each class the examples of an epoch show
  ema.py            the average of the weights over steps
  accumulate.py     the gradient of a batch from its parts; parts.py says what differs
  start.py          first weights from another run or file
  optimizer.py      OPTIMIZERS and their learning rates
  evaluate.py       counts and loss of the validation split
  metrics_file.py   metrics.jsonl: its lines; loggers.py who else is given them
  val_pictures.py   pictures for the loggers; hooks.py functions of the user
trained.py          load_network: an image in, a label out
"""
