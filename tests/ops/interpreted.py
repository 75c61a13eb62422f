"""Triton's interpreter without what it does again and again: the same numbers for less time.

On images as small as those of tests it spends its time on this:

    - before a function runs it puts functions of its own in the place of triton.language's, also
      before each function that a kernel calls; here it does so once a launch;
    - types of tensors, their shapes and their numpy types are made anew for each tensor; here they
      are looked up by their names.
"""

from types import SimpleNamespace

import triton
import triton.language as tl
from triton.runtime import interpreter

KNOWN = ("3.8.",)
LANGUAGE = SimpleNamespace(__globals__={"tl": tl, "core": tl.core})


def call(function, *args, **options):
    """Call a function in a kernel, for which the language has been replaced."""
    return function.rewrite()(*args, **options)


def shared_by(key_of, make):
    """`make`, an __init__, where objects of one key share what the first one of them was given."""
    known = {}

    def init(self, *args):
        key = key_of(*args)
        if key not in known:
            make(self, *args)
            known[key] = vars(self).copy()
        vars(self).update(known[key])

    return init


def hasten():
    """Change the interpreter of this process, if it is the one whose private parts are known."""
    if not triton.__version__.startswith(KNOWN):
        return
    replace, np_dtype, tensor = interpreter._patch_lang, interpreter._get_np_dtype, tl.tensor
    make_block, make_tensor, known = tl.block_type.__init__, tensor.__init__, {}

    def block_key(element_type, shape):
        return element_type.name, *(getattr(size, "value", size) for size in shape)

    def init_tensor(self, handle, kind):
        shared(self, handle, kind)
        self.handle, self.type = handle, kind

    def known_np_dtype(dtype):
        name = dtype.scalar.name
        if name not in known:
            known[name] = np_dtype(dtype.scalar)
        return known[name]

    shared = shared_by(lambda _, kind: kind.name, make_tensor)
    interpreter._patch_lang = lambda _: replace(LANGUAGE)
    interpreter._get_np_dtype = known_np_dtype
    interpreter.InterpretedFunction.__call__ = call
    tl.block_type.__init__ = shared_by(block_key, make_block)
    tensor.__init__ = init_tensor
