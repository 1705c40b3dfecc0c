"""Widths that the source gives tensors, such as the eight bits of a quantized model: `simdc-assign-widths` takes them.

A width stands on the op that makes the tensor, `stored_bits`, those of the network's inputs on the network.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, UnitAttr, i64
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.utils.exceptions import VerifyException

from .network import NetworkOp

BITS = "stored_bits"
INPUT_BITS = "simdc.input_bits"
KEPT = "kept_in_cache"


def give_width(value: SSAValue, bits: int) -> None:
    """Note on the op that makes `value`, its only result, that it is stored in `bits` bits."""
    if isinstance(value, OpResult):
        value.op.attributes[BITS] = IntegerAttr(bits, i64)


def noted_width(value: SSAValue) -> int | None:
    """What `give_width` noted."""
    found = value.op.attributes.get(BITS) if isinstance(value, OpResult) else None
    return found.value.data if isinstance(found, IntegerAttr) else None


def take_width(op: Operation, replaced: Operation) -> None:
    """`op` makes from now on what `replaced` made: of its own result nothing is stored any more."""
    op.attributes.pop(BITS, None)
    if BITS in replaced.attributes:
        op.attributes[BITS] = replaced.attributes[BITS]


def keep_in_cache(value: SSAValue) -> None:
    """Note on the op that makes `value` that it is what a decoder keeps of keys or values."""
    if isinstance(value, OpResult):
        value.op.attributes[KEPT] = UnitAttr()


def is_kept(value: SSAValue) -> bool:
    return isinstance(value, OpResult) and KEPT in value.op.attributes


def give_input_widths(network: NetworkOp, bits: Mapping[int, int]) -> None:
    """Widths of the network's inputs by their number."""
    if bits:
        every = [bits.get(place, 0) for place in range(len(network.body.block.args))]
        network.attributes[INPUT_BITS] = DenseArrayBase.from_list(i64, every)


def given_widths(network: NetworkOp) -> dict[SSAValue, int]:
    """All widths that the source gives. Raises VerifyException for one that is none."""
    found: dict[SSAValue, int] = {}
    inputs = network.attributes.get(INPUT_BITS)
    if isinstance(inputs, DenseArrayBase):
        # A training step has inputs of its own behind these; 0 says nothing.
        pairs = zip(network.body.block.args, inputs.get_values(), strict=False)
        found |= {argument: int(bits) for argument, bits in pairs if bits}
    for op in network.body.block.ops:
        bits = op.attributes.get(BITS)
        if isinstance(bits, IntegerAttr) and len(op.results) == 1:
            found[op.results[0]] = bits.value.data
        elif bits is not None:
            raise VerifyException(f"'{BITS}' must be a whole number on an op with one result, got {bits}")
    for bits in found.values():
        if bits < 1:
            raise VerifyException(f"a tensor cannot be stored in {bits} bits")
    return found
