"""Each option of a loss is declared once: what editors, help() and error messages make of it."""

import inspect
import pydoc
import re
from typing import Any, Unpack, get_args, get_origin

import pytest
import torch

import pixelwise as pw
from pixelwise.losses.boundary import DistanceLoss
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.hard_pixels import HardPixels
from pixelwise.losses.lovasz import LovaszLoss
from pixelwise.losses.on_logits import ClassMapsCriterion, LogitsCriterion
from pixelwise.losses.region import Region
from pixelwise.ops.backends import BACKENDS, Backend

CLASSES = [row.make for row in pw.LOSSES.values()]
# what a class has to define if it has this base, unless a base in between defines it
OWED = {
    Criterion: "formula",
    LogitsCriterion: "of_pixels",
    ClassMapsCriterion: "of_maps",
    DistanceLoss: "costs",
    LovaszLoss: "errors",
    HardPixels: "taken",
}
# generalised Dice and the correlation have a formula of their own instead of coefficients
FAMILY = [pw.Dice, pw.Jaccard, pw.Tversky, pw.FBeta]
HOOKS = [
    (make, base, name) for make in CLASSES for base, name in OWED.items() if base in make.mro()
]
HOOKS += [(make, Region, "coefficients") for make in FAMILY]
SHARING = [
    (cls, cls.__init__.__annotations__["shared"])
    for cls in CLASSES
    if "shared" in vars(cls).get("__init__", Criterion.__init__).__annotations__
]


def options(make):
    return inspect.signature(make).parameters.values()


@pytest.mark.parametrize(("make", "base", "name"), HOOKS)
def test_a_loss_defines_what_its_base_asks_for(make, base, name):
    assert getattr(make, name) is not getattr(base, name)


@pytest.mark.parametrize(("base", "name"), [*OWED.items(), (Region, "coefficients")])
def test_a_loss_that_defines_nothing_says_what_is_missing(base, name):
    """The base of a hook computes nothing: a forgotten override is an error, not None."""
    arguments = {Criterion: [(), "softmax"], LogitsCriterion: ["softmax"]}
    arguments[ClassMapsCriterion] = ["softmax"]
    bare = type("Bare", (base,), {})(*arguments.get(base, []))
    logits, target = torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 3, dtype=torch.long)
    with pytest.raises(NotImplementedError, match=rf"Bare must define {name}\("):
        bare.value(logits, target)


@pytest.mark.parametrize("make", CLASSES)
def test_every_option_is_named_and_typed_in_the_signature(make):
    """No **options, no Any; own options first, in any order by name."""
    assert all(option.annotation not in (Any, option.empty) for option in options(make))
    assert all(option.default is not option.empty for option in options(make))
    assert {option.kind for option in options(make)} <= {
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    }


@pytest.mark.parametrize(("make", "annotation"), SHARING)
def test_shared_options_are_those_of_the_base_with_its_types(make, annotation):
    """What type checkers read is what the base takes; a type may be narrower than there."""
    assert get_origin(annotation) is Unpack
    (declared,) = get_args(annotation)
    of_base = inspect.signature(make.__mro__[1].__init__).parameters
    assert set(declared.__annotations__) <= set(of_base)
    wider = {name: of_base[name].annotation for name in declared.__annotations__}
    assert all(
        own == wider[name] or own in get_args(wider[name])
        for name, own in declared.__annotations__.items()
    )


@pytest.mark.parametrize("make", CLASSES)
def test_help_describes_every_option(make):
    """Those of the class in its docstring, the shared ones in that of the base's __init__."""
    described = {
        name
        for names in re.findall(r"^[ |]*([a-z_, ]+):", pydoc.plaintext.document(make), re.M)
        for name in names.split(", ")
    }
    assert {option.name for option in options(make)} - described == set()


@pytest.mark.parametrize("make", CLASSES)
def test_an_unknown_option_is_an_error_with_the_nearest_name(make):
    pattern = rf"^{make.__name__}: an option must be one of .*, got 'upsampel'. .* 'upsample'\?$"
    with pytest.raises(pw.PixelwiseError, match=pattern):
        make(upsampel="bilinear")
    with pytest.raises(TypeError, match=pattern):
        make(upsampel="bilinear")


def test_a_loss_of_a_user_may_take_any_options():
    class Half(pw.Dice):
        def __init__(self, **options):
            super().__init__(**options)

    assert Half(smooth=1.0).smooth == 1.0
    with pytest.raises(TypeError, match="unexpected keyword argument 'smoth'"):
        Half(smoth=1.0)


def test_a_loss_shows_the_options_that_are_not_the_default():
    shown = [pw.Dice(), pw.Tversky(0.3, absent="keep"), pw.CrossEntropy([1, 2]), pw.Focal(1.0)]
    assert [repr(loss) for loss in shown] == [
        "Dice()",
        "Tversky(alpha=0.3, absent='keep')",
        "CrossEntropy(weight=[1.0, 2.0])",
        "Focal(gamma=1.0)",
    ]


def test_names_of_backends_are_those_of_the_table():
    assert set(get_args(Backend)) == {"auto", *BACKENDS}


def test_a_value_of_another_type_is_an_error_of_the_text():
    with pytest.raises(pw.PixelwiseError, match=r"dice cannot be made: .*smooth must be .*'x'"):
        pw.criterion("dice(smooth='x')", num_classes=2)
