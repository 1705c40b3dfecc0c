"""What is made of constants alone: it is worked out before the network runs, whatever the op does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from simdc.frontends.joined.numbers import Numbers

from .module_text import name_of
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, result_bits, result_shape
from .values import ModuleConstant, Value, plain, roots_of

KNOWN = ("arith", "chlo", "linalg", "math", "stablehlo", "tensor", "tm_tensor", "tosa")
"""Dialects whose ops give the same results of the same operands."""
DRAWN = ("stablehlo.custom_call", "stablehlo.rng", "stablehlo.infeed", "stablehlo.recv", "stablehlo.partition_id",
         "stablehlo.replica_id")  # fmt: skip
"""But for these, of which nobody knows, or which draw numbers."""


def worked_out(reader: Reader, op: Operation) -> Sequence[Value] | None:
    """The results of an op that reads constants alone, its body included, as constants; None for any other op."""
    name = name_of(op)
    read = [*op.operands, *_captured(op)]
    if name.partition(".")[0] not in KNOWN or name in DRAWN or not read:
        return None
    values = [reader.known[each] for each in read if each in reader.known]
    if len(values) < len(read) or not all(value.is_constant for value in values):
        return None
    of = roots_of(values)
    network = reader.network
    found: list[Value] = []
    for place in range(len(op.results)):
        try:
            shape = result_shape(op, place)
        except Unpriced:
            return None
        made = ModuleConstant(network.label(network.step), shape or (1,), result_bits(op, place), of)
        found.append(plain(made, made.shape, shape))
    return found


def folded(
    network: ForeignNetwork, values: Sequence[Value], shape: tuple[int, ...], bits: int | None,
    make: Callable[..., Numbers],
) -> Value | None:  # fmt: skip
    """The constant that `make` gives for the arrays of `values`, worked out once somebody asks for its elements; None
    where one of them depends on data."""
    if not all(value.is_constant for value in values):
        return None
    found = ModuleConstant(network.label(network.step), shape or (1,), bits, roots_of(values))
    network.values.learn(found.label, values, lambda: make(*map(network.values.seen, values)))
    return plain(found, found.shape, shape)


def refuse_known(*values: Value) -> None:
    """Raise Unpriced where all are constants: what is made of them is worked out, too, and needs no layer."""
    if all(value.is_constant for value in values):
        raise Unpriced("all that it reads is known before the network runs")


def _captured(op: Operation) -> list[SSAValue]:
    """What bodies take from around the op."""
    return [each for inner in op.walk() if inner is not op for each in inner.operands if not _is_inside(each, op)]


def _is_inside(value: SSAValue, op: Operation) -> bool:
    return op.is_ancestor(value.owner)
