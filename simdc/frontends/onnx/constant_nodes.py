"""Nodes on constants that can be followed without reading a value: the weight may be large, or not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from .constant import Array, Constant, known
from .graph import Node
from .problems import Unsupported
from .shapes import flattened, reshaped, squeezed, unsqueezed

FLOAT, INT64, STRING = 1, 7, 8
KINDS: dict[int, str] = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""numpy's names of ONNX's element types."""

Inputs = Sequence[Constant | None]


def _constant(node: Node, inputs: Inputs) -> Constant:
    name, value = node.outputs[0], node.attributes.get("value")
    if isinstance(value, Constant):
        return Constant(name, value.shape, value.element, {name: value.elements}, value.array)
    for key, element in (("value_float", FLOAT), ("value_floats", FLOAT), ("value_int", INT64), ("value_ints", INT64)):
        if key in node.attributes:
            array = np.asarray(node.attributes[key], KINDS[element])
            return known(name, array, element, {name: array.size})
    raise Unsupported(f"a constant with {', '.join(node.attributes) or 'no value'} is not read")


def _constant_of_shape(node: Node, inputs: Inputs) -> Constant:
    name, fill = node.outputs[0], node.attributes.get("value")
    shape = _need(inputs).ints()
    if min(shape, default=1) < 0:
        raise Unsupported(f"a shape cannot be {list(shape)}")

    def read() -> Array:
        return np.full(shape, fill.array().reshape(-1)[0] if isinstance(fill, Constant) else np.float32(0))

    element = fill.element if isinstance(fill, Constant) else FLOAT
    return Constant(name, shape, element, {name: prod(shape)}, read)


def _identity(node: Node, inputs: Inputs) -> Constant:
    return _need(inputs)


def _cast(node: Node, inputs: Inputs) -> Constant:
    source, element = _need(inputs), node.integer("to", FLOAT)
    kind = KINDS.get(element)
    if kind is None:
        # bfloat16 and the 8-bit formats: the nearest that numpy has.
        kind = "f4" if element in (16, 17, 18, 19, 20) else None
    if kind is None:
        raise Unsupported(f"a constant cannot be cast to type {element}")
    return Constant(source.name, source.shape, element, source.sources, lambda: source.array().astype(kind))


def _transpose(node: Node, inputs: Inputs) -> Constant:
    source = _need(inputs)
    order = node.integers("perm") or tuple(reversed(range(len(source.shape))))
    if sorted(order) != list(range(len(source.shape))):
        raise Unsupported(f"{list(order)} does not permute {len(source.shape)} dimensions")
    return source.transposed(order)


def _reshape(node: Node, inputs: Inputs) -> Constant:
    source, target = _need(inputs), inputs[1] if len(inputs) > 1 else None
    if target is None:
        raise Unsupported("its shape is missing")
    zero_is_size = bool(node.integer("allowzero", 0))
    return source.reshaped(reshaped(source.shape, target.ints(), zero_is_size=zero_is_size))


def _flatten(node: Node, inputs: Inputs) -> Constant:
    source = _need(inputs)
    return source.reshaped(flattened(source.shape, node.integer("axis", 1)))


def _squeeze(node: Node, inputs: Inputs) -> Constant:
    source = _need(inputs)
    return source.reshaped(squeezed(source.shape, _axes(node, inputs)))


def _unsqueeze(node: Node, inputs: Inputs) -> Constant:
    source = _need(inputs)
    return source.reshaped(unsqueezed(source.shape, _axes(node, inputs) or ()))


def _need(inputs: Inputs) -> Constant:
    if not inputs or inputs[0] is None:
        raise Unsupported("its input is missing")
    return inputs[0]


def _axes(node: Node, inputs: Inputs) -> tuple[int, ...] | None:
    given = inputs[1] if len(inputs) > 1 else None
    return node.integers("axes") if given is None else given.ints()


UNREAD: dict[str, Callable[[Node, Inputs], Constant]] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Identity": _identity,
    "Dropout": _identity,
    "Cast": _cast,
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}
