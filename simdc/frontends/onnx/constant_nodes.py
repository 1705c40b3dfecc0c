"""Nodes on constants that can be followed without reading a value: the weight may be large, or not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, isfinite, prod

import numpy as np

from .constant import FLOATS, Array, Constant, ValueOrigin, known
from .graph import Node
from .problems import Unsupported
from .shapes import flattened, reshaped, squeezed, unsqueezed

FLOAT, INT32, INT64 = 1, 6, 7
KINDS: dict[int, str] = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""numpy's names of ONNX's element types."""

BITS: dict[int, int] = {
    2: 8,
    3: 8,
    4: 16,
    5: 16,
    6: 32,
    **dict.fromkeys((17, 18, 19, 20), 8),
    **dict.fromkeys((21, 22, 23), 4),
}
"""Bits of the element types that quantized tensors have: whole numbers and the small floating point formats."""

Inputs = Sequence[Constant | None]


def stated(element: int) -> ValueOrigin:
    """Of a tensor that a node of the graph states."""
    return ValueOrigin.STATED if element in FLOATS else ValueOrigin.COMPUTED


def _constant(node: Node, inputs: Inputs) -> Constant:
    name, value = node.outputs[0], node.attributes.get("value")
    if isinstance(value, Constant):
        return Constant(name, value.shape, value.element, {name: value.elements}, value.array, stated(value.element))
    for key, element in (("value_float", FLOAT), ("value_floats", FLOAT), ("value_int", INT64), ("value_ints", INT64)):
        if key in node.attributes:
            array = np.asarray(node.attributes[key], KINDS[element])
            return known(name, array, element, {name: array.size}, stated(element))
    raise Unsupported(f"a constant with {', '.join(node.attributes) or 'no value'} is not read")


def _constant_of_shape(node: Node, inputs: Inputs) -> Constant:
    name, fill = node.outputs[0], node.attributes.get("value")
    shape = _need(inputs).ints()
    if min(shape, default=1) < 0:
        raise Unsupported(f"a shape cannot be {list(shape)}")

    def read() -> Array:
        # One number in memory, whatever the shape.
        return np.broadcast_to(fill.settings()[0] if isinstance(fill, Constant) else np.float32(0), shape)

    element = fill.element if isinstance(fill, Constant) else FLOAT
    return Constant(name, shape, element, {name: prod(shape)}, read, stated(element))


def _range(node: Node, inputs: Inputs) -> Constant:
    """Its size is known from its three numbers; that of fractions, which shape inference does not tell, too."""
    name, parts = node.outputs[0], [part for part in inputs if part is not None]
    if len(parts) != 3 or any(part.elements != 1 for part in parts):
        raise Unsupported("it needs three numbers")
    start, limit, step = (part.settings()[0].item() for part in parts)
    if not step or not isfinite((limit - start) / step):
        raise Unsupported(f"it counts from {start} to {limit} in steps of {step}")
    size = max(0, ceil((limit - start) / step))
    return Constant(name, (size,), parts[0].element, {}, lambda: np.arange(size) * step + start)


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

    def read() -> Array:
        # The lowest number of a wide type is -inf in a narrow one and no whole number: masks are cast so.
        with np.errstate(invalid="ignore", over="ignore"):
            return source.array().astype(kind)

    return Constant(source.name, source.shape, element, source.sources, read, source.origin, source.largest)


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


def sizes(node: Node, shape: Sequence[int]) -> Constant:
    """What Shape and Size make of a value of `shape`."""
    if node.op_type == "Size":
        array = np.asarray(prod(shape), np.int64)
    else:
        array = np.asarray(shape[node.integer("start", 0) : node.integer("end", len(shape))], np.int64)
    return known(node.outputs[0], array, INT64)


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
    "Range": _range,
    "Identity": _identity,
    "Dropout": _identity,
    "Cast": _cast,
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}
