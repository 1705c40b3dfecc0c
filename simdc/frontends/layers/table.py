"""The table of layers that networks are written in, and the way into it.

A layer is a function from its arguments as people give them to ops. A keyword-only parameter is an option of the layer,
in positional order; one without a default is required. Every front end reads the table, so a new layer is one function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from xdsl.ir import SSAValue

from simdc.ir.plugin_ops import load_plugin_ops


@frozen
class LayerKind:
    """How a layer is called: number of tensor `inputs`, None for two or more, and its options in positional order."""

    build: Callable[..., SSAValue]
    inputs: int | None
    parameters: tuple[str, ...]
    required: tuple[str, ...]


LAYERS: dict[str, LayerKind] = {}
TAKES_ANY_NUMBER = 0x04
"""The flag of a code object whose function has a parameter such as `*inputs`."""


def layer(build: Callable[..., SSAValue]) -> Callable[..., SSAValue]:
    """Enter a function into the table under its own name. Raises ValueError if there is one of that name."""
    if build.__name__ in LAYERS:
        raise ValueError(f"there is a layer called '{build.__name__}' already")
    code = build.__code__
    options = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults: dict[str, Any] = build.__kwdefaults__ or {}
    required = tuple(name for name in options if name not in defaults)
    inputs = None if code.co_flags & TAKES_ANY_NUMBER else code.co_argcount - 2
    LAYERS[build.__name__] = LayerKind(build, inputs, options, required)
    return build


def find_layer(kind: str) -> LayerKind | None:
    """The layer called `kind`, built in or of a plug-in."""
    if kind not in LAYERS:
        load_plugin_ops()
    return LAYERS.get(kind)
