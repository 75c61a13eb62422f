"""Adapters: losses and scores of pixelwise inside the training loops of other libraries.

One module for each host. A module can be imported without its host; the host is imported where a
class or function first needs it. The numbers are those of the functions that are called natively.
"""
