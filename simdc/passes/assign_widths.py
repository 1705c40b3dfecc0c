"""Give every tensor the width that it has in DRAM, as its element type: `i8` is eight bits, whatever they encode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from simdc.cost.hardware import Hardware, Widths
from simdc.cost.machines import AnyMachine
from simdc.ir.attributes import Unit
from simdc.ir.base import LayerOp, make_tensor_type, tensor_type
from simdc.ir.context import machine_of
from simdc.ir.fields import make_integer_type, whole
from simdc.ir.form import accumulator_bits
from simdc.ir.in_use import update_of
from simdc.ir.network import NetworkOp, ParameterOp, network_of
from simdc.ir.notes import add_note
from simdc.ir.once_per_kind import OncePerKind
from simdc.ir.ops.free import DropoutOp
from simdc.ir.stored_width import given_widths, is_kept

# A quantized network can have a hundred such tensors: the note names a few and says how many more there are.
MOST_LISTED = 8


def dataflow_widths(network: NetworkOp, hardware: Hardware) -> dict[SSAValue, int]:
    """Bits in DRAM of an element of each value, decided by who reads it.

    What the systolic array reads has the width of that operand: `ifmap_bits`, `weight_bits` for parameters or
    `bias_bits`; a parameter that rows are gathered from has `weight_bits`, too, keys and values that a decoder keeps
    `cache_bits`. What the array alone makes and others read has `psum_bits`; everything else has the SIMD array's
    `width_bits`.
    A free op (flatten) hands on its operand's data at its operand's width. On HI1, conv -> relu -> conv -> add: the
    first convolution gives 32-bit sums to the relu, the relu 8-bit inputs to the second, that 32-bit sums to the add.

    An op is here what it is in its first form: which form is the cheapest depends on the widths, so they cannot depend
    on it.
    """
    widths = hardware.systolic.widths
    by_role = _by_role(widths)
    found: dict[SSAValue, int] = {}

    def width_wanted(value: SSAValue) -> int | None:
        """By an op of the systolic array that reads the value, or what free ops hand on of it."""
        is_parameter = isinstance(value.owner, ParameterOp)
        waiting = [value]
        while waiting:
            seen = waiting.pop()
            if is_kept(seen):
                return by_role["cache"]
            for use in seen.uses:
                reader = use.operation
                role = reader.ROLES[use.index] if isinstance(reader, LayerOp) and reader.ROLES else ""
                if role in by_role and (is_parameter or role != "table"):
                    # In q @ k of attention, k lies in the array like weights but is an activation: ifmap width.
                    return by_role["ifmap" if role == "weight" and not is_parameter else role]
                # relu -> flatten -> linear: the linear layer decides how the relu's result is stored.
                if _is_free(reader):
                    waiting += reader.results
        return None

    for argument in network.body.block.args:
        found[argument] = width_wanted(argument) or hardware.simd.width_bits
    for op in network.body.block.ops:
        for result in op.results:
            if _is_free(op) and op.operands:
                found[result] = found[op.operands[0]]
                continue
            # Rows that are appended to a cache make it no wider.
            if isinstance(op, LayerOp) and op.ROLES[:1] == ("cache",):
                found[result] = found[op.operands[0]]
                continue
            left_array = isinstance(op, LayerOp) and op.UNIT is Unit.SYSTOLIC
            found[result] = width_wanted(result) or (widths.psum_bits if left_array else hardware.simd.width_bits)
    return found


def _by_role(widths: Widths) -> dict[str, int]:
    """Bits of an operand by its role; what is in none of these is the SIMD array's."""
    weight = widths.weight_bits
    kept = widths.cache_bits or widths.ifmap_bits
    return {"ifmap": widths.ifmap_bits, "weight": weight, "bias": widths.bias_bits, "table": weight, "cache": kept}


def take_given(network: NetworkOp, found: dict[SSAValue, int]) -> None:
    """Narrow `found` to the widths that the source itself gives, in bits.

    A tensor that the file stores in fewer bits than the machine would is as narrow in DRAM: 4-bit weights on a machine
    of 8 take 4. Where the file has more bits, the machine's width stays, and a note says so. An update's result is
    written over the old parameter or state, so it has that width: an SGD on 8-bit weights stores 8 bits a weight, not
    the 32 of the SIMD array that computed it.
    """
    wide: list[str] = []
    for value, bits in given_widths(network).items():
        if bits > found[value]:
            wide.append(f"'{value.name_hint or value}' in {bits} bits and not {found[value]}")
        found[value] = min(bits, found[value])
    for op in network.body.block.ops:
        if _is_free(op) and op.operands:
            # In program order, so of two views in a row the second sees the width that the first has now.
            found.update(dict.fromkeys(op.results, found[op.operands[0]]))
        if (update := update_of(op)) is not None:
            found.update({new: found[old] for new, old in zip(update.results, update.replaced, strict=True)})
    if wide:
        more = f" and {len(wide) - MOST_LISTED} more" if len(wide) > MOST_LISTED else ""
        listed = ", ".join(wide[:MOST_LISTED]) + more
        add_note(network, f"the machine keeps its own widths where the file stores more: {listed}")


def _is_free(op: Operation) -> bool:
    return isinstance(op, LayerOp) and op.UNIT is None


def program_order_widths(network: NetworkOp, hardware: Hardware) -> dict[SSAValue, int]:
    """The rule of the released SimDIT: a result of the SIMD array is stored at ifmap width if the next entry of the
    program runs on the systolic array, whoever reads it; all else at psum width. Its programs have no dropout."""
    widths = hardware.systolic.widths
    by_role = _by_role(widths)
    found: dict[SSAValue, int] = dict.fromkeys(network.body.block.args, widths.psum_bits)
    entries = [op for op in network.layers() if not isinstance(op, DropoutOp)]
    # conv, relu, conv: the relu's result has ifmap width. conv, relu, add, conv: psum width, even if a conv reads it.
    before_array = {op for op, after in pairwise(entries) if after.UNIT is Unit.SYSTOLIC}
    for op in network.body.block.ops:
        for result in op.results:
            if _is_free(op) and op.operands:
                found[result] = found[op.operands[0]]
                continue
            quantized = isinstance(op, LayerOp) and op.UNIT is Unit.SIMD and op in before_array
            found[result] = widths.ifmap_bits if quantized else widths.psum_bits
        if isinstance(op, LayerOp) and op.ROLES:
            for value, role in zip(op.operands, op.ROLES, strict=False):
                if role != "ifmap" and role in by_role:
                    found[value] = by_role[role]
    return found


def element_widths(network: NetworkOp, widths: Widths) -> dict[SSAValue, int]:
    """On a machine of units: partial sums never leave it, so each tensor has the width of its elements, whoever reads
    it; weights and biases have their own."""
    by_role = _by_role(widths)
    found: dict[SSAValue, int] = dict.fromkeys(network.body.block.args, widths.ifmap_bits)
    for op in network.body.walk():
        found |= dict.fromkeys(op.results, widths.ifmap_bits)
    for op in network.body.walk():
        if isinstance(op, LayerOp):
            for value, role in zip(op.operands, op.ROLES, strict=False):
                if isinstance(value.owner, ParameterOp) and role in by_role:
                    found[value] = by_role[role]
    return found


def _retype(value: SSAValue, width: int) -> None:
    """In place: xDSL's way, a new value, copies the operands of every reader for each of them, and a training step
    returns all its weights."""
    value._type = _stored(tensor_type(value), width)  # pyright: ignore[reportPrivateUsage]


@lru_cache(maxsize=4096)
def _stored(kind: TensorType[Attribute], width: int) -> TensorType[Attribute]:
    return make_tensor_type(make_integer_type(width), kind.get_shape())


def _is_priced(op: LayerOp) -> bool:
    return op.cost is not None or op.uncosted is not None or op.artefacts is not None


def _widths(op: LayerOp) -> list[Attribute | None]:
    return [*(value.type for value in (*op.operands, *op.results)), op.accumulator]


@dataclass(frozen=True)
class AssignWidthsPass(ModulePass):
    """Writes element types from the machine's widths, and for each layer the width of its partial sums. A layer that
    has another width afterwards loses its price."""

    name = "simdc-assign-widths"

    rule: Literal["dataflow", "program-order"] = "dataflow"
    """Whether readers decide the width of a tensor or, as in the released SimDIT, the next entry of the program."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), machine_of(op)
        # A cost counts bits: one that was made for tensors of 16 bits says nothing of the same layer at 8.
        before = {layer: _widths(layer) for layer in network.layers() if _is_priced(layer)}
        if isinstance(hardware, Hardware):
            found = (dataflow_widths if self.rule == "dataflow" else program_order_widths)(network, hardware)
        else:
            found = element_widths(network, hardware.widths)
        if self.rule == "dataflow":
            take_given(network, found)
        for value, width in found.items():
            _retype(value, width)
        accumulator = OncePerKind[LayerOp, "IntegerAttr | None"](lambda layer: _accumulator(layer, hardware))
        for layer in network.layers():
            layer.accumulator = accumulator(layer)
        for layer, widths in before.items():
            if _widths(layer) != widths:
                layer.drop_price()


def _accumulator(layer: LayerOp, hardware: AnyMachine) -> IntegerAttr | None:
    """Bits of partial sums as an attribute; what runs on no array keeps what it has."""
    return layer.accumulator if layer.runs_on is None else whole(accumulator_bits(layer.runs_on, hardware))
