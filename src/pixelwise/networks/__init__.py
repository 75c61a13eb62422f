"""Networks by name, their first weights included.

table.py            the names
trust.py            which `module:function` a checkpoint may name
build.py            `fpn:resnet34`, `small` or `module:function` -> Network
outputs.py          tensors, dicts and tuples that a network returns -> logits
auxiliary.py        heads for training alone
segnet.py           VGG-16 with batch norm, unpooling by its indices
plain_head.py       a backbone of timm with one or two 1x1 convolutions
from_torchvision.py networks of torchvision at native stride
hugging_face.py     networks of transformers from a folder or the cache
licenses.py         the licence of first weights, or unknown
small.py            a network of our own for tests and first tries
encoder_weights.py  ImageNet by download, ImageNet from an installed package, or none
"""
