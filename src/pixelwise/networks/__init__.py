"""Networks by name, their first weights included.

table.py            the names
trust.py            which `module:function` a checkpoint may name
build.py            `fpn:resnet34`, `small` or `module:function` -> Network
small.py            a network of our own for tests and first tries
encoder_weights.py  ImageNet by download, ImageNet from an installed package, or none
"""
