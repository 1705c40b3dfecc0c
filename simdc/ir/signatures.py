"""How a layer is called from Python: for help and for type checkers."""

from __future__ import annotations

import json
import textwrap
from fractions import Fraction
from inspect import Parameter, Signature

from .layers import LayerKind
from .options import simplest

WIDTH = 100
TENSORS = "xyzu"
"""What pages and help call the inputs of a layer."""


def signature_of(kind: LayerKind) -> Signature:
    """Tensors, then options by name, and the layer's own name. Annotations are texts."""
    if kind.inputs is None:
        parameters = [Parameter("inputs", Parameter.VAR_POSITIONAL, annotation="Tensor")]
    else:
        names = TENSORS[: kind.inputs]
        parameters = [Parameter(name, Parameter.POSITIONAL_ONLY, annotation="Tensor") for name in names]
    for name, parameter in kind.options.items():
        default = simplest(kind.defaults[name]) if name in kind.defaults else Parameter.empty
        annotation = parameter.option.python + (" | None" if default is None else "")
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation))
    called = Parameter("name", Parameter.KEYWORD_ONLY, default=None, annotation="str | None")
    return Signature([*parameters, called], return_annotation="Tensor")


def inputs_text(kind: LayerKind) -> str:
    """Its tensors, by the names that the page of the language has for them."""
    return "x, y, ..." if kind.inputs is None else ", ".join(TENSORS[: kind.inputs])


def option_text(kind: LayerKind, name: str) -> str:
    """`stride: pair = 1`: an option with its type, and its default where it has one that is a value."""
    default = kind.defaults.get(name)
    return f"{name}: {kind.options[name].option.kind}" + ("" if default is None else f" = {_value_text(default)}")


def _value_text(value: object) -> str:
    """As JSON has it, but for fractions: 1/6 instead of 0.16666666666666666."""
    text = json.dumps(simplest(value))
    near = Fraction(value).limit_denominator(16) if isinstance(value, float) and len(text) > 8 else None
    return str(near) if near is not None and near.numerator / near.denominator == value else text


def help_of(kind: LayerKind) -> str:
    """What the layer does, and a line or more for each option."""
    lines = [kind.text, ""]
    for name, parameter in kind.options.items():
        text = f"{name}: {parameter.option.meaning}" + (f"; {parameter.note}" if parameter.note else "")
        lines.append(textwrap.fill(text, WIDTH, subsequent_indent="    "))
    return "\n".join(lines).rstrip()
