"""Operators on two tensors or more, element by element, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.broadcast import AddOp, DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.named import NamedTuple

from .view import view


class Binary(NamedTuple):
    """The op of two tensors, and what `ScalarOp` calls it with a number on the right and on the left. `role` names a
    constant tensor."""

    op: Callable[[str, SSAValue, SSAValue], LayerOp]
    right: str
    left: str | None
    role: str


BINARIES = {
    "Add": Binary(AddOp, "add", "add", "bias"),
    "Sub": Binary(SubtractOp, "sub", "rsub", "bias"),
    "Mul": Binary(MultiplyOp, "mul", "mul", "scale"),
    "Div": Binary(DivideOp, "div", "rdiv", "scale"),
    "Pow": Binary(PowerOp, "pow", None, "scale"),
    "Max": Binary(MaximumOp, "max", "max", "bias"),
    "Min": Binary(MinimumOp, "min", "min", "bias"),
}
SEVERAL = {"Sum": "Add", "Mean": "Add"}


@operator("Add", "Sub", "Mul", "Div", "Pow")
def binary(build: Build) -> Value:
    return combine(build, BINARIES[build.node.op_type], build.name, 0, 1)


@operator("Max", "Min", "Sum", "Mean")
def several(build: Build) -> Value:
    """One op for each input after the first; a mean then divides."""
    node = build.node
    kind = BINARIES[SEVERAL.get(node.op_type, node.op_type)]
    count = len(build.inputs)
    mean = node.op_type == "Mean" and count > 1
    if count == 1:
        return view(build, build.tensor(0), build.shape(0))
    for place in range(1, count):
        last = place == count - 1 and not mean
        result = combine(build, kind, build.name if last else build.part(f"part{place}"), 0, place)
        build.inputs[0] = result
    if mean:
        return build.add(ScalarOp(build.name, build.tensor(0), function="div", value=float(count)))
    return build.value(0)


def combine(build: Build, kind: Binary, name: str, left: int, right: int) -> Value:
    """The op on two inputs of the node; a constant with one value is an immediate."""
    for number, tensor, function in ((right, left, kind.right), (left, right, kind.left)):
        constant = build.constant(number)
        if constant is None or constant.elements != 1 or function is None:
            continue
        shape = build.shape(tensor)
        if len(constant.shape) > len(shape) or isinstance(build.value(tensor), type(constant)):
            continue
        try:
            value = constant.number()
        except SimdcError:
            # The weights were taken out of the file: a tensor of one value then, not an immediate.
            break
        if not isfinite(value):
            raise Unsupported(f"its constant is {value}")
        return build.add(ScalarOp(name, build.tensor(tensor), function=function, value=value))
    lhs, rhs = (_operand(build, place, kind.role) for place in (left, right))
    return build.add(kind.op(name, lhs, rhs))


def _operand(build: Build, place: int, role: str) -> SSAValue:
    constant = build.constant(place)
    if constant is not None and not constant.shape:
        build.inputs[place] = constant.reshaped((1,))
    found = build.tensor(place, role)
    if not shape_of(found):
        raise Unsupported("it reads a single number that depends on data")
    return found
