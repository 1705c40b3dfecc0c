"""Functions on tensors and numbers: what a network text can ask about its own shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import SSAValue

from .errors import DslError, Place
from .values import Value, describe, number

Shape = Callable[[SSAValue], tuple[int, ...]]
DIMENSIONS = {"channels": 1, "features": 1, "height": 2, "width": 3}
EXTREMES: dict[str, Callable[[Sequence[int | float]], int | float]] = {"min": min, "max": max}
FUNCTIONS = frozenset([*DIMENSIONS, *EXTREMES])


def call_function(name: str, values: Sequence[Value], shape: Shape, place: Place) -> Value:
    """The value of `name(*values)`; `shape` gives a tensor's shape with batch first."""
    if name in EXTREMES:
        if len(values) < 2:
            raise DslError(f"{name} takes two or more numbers, got {len(values)}, as in '{name}(c, 64)'", place)
        return EXTREMES[name]([number(value, name, place) for value in values])
    if len(values) != 1:
        raise DslError(f"{name} takes one tensor, got {len(values)} arguments; write '{name}(x)'", place)
    tensor = values[0]
    if not isinstance(tensor, SSAValue):
        raise DslError(f"{name} needs a tensor, got {describe(tensor)}; write '{name}(x)'", place)
    sizes = shape(tensor)
    if DIMENSIONS[name] >= len(sizes):
        message = f"{name} needs a tensor with a {name} dimension, this one has shape {list(sizes)}"
        raise DslError(f"{message}; ask before it is flattened", place)
    return sizes[DIMENSIONS[name]]
