"""`tensor` and what stands around: constants, shapes, slices and borders. Nothing is moved until somebody needs it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, DenseResourceAttr
from xdsl.ir import Operation

from simdc.cost.kernel import Affine, affine
from simdc.ir.ops.concat import ConcatOp

from .asked import block_of, operand
from .body import number_of
from .constant_arrays import with_border
from .constants import folded
from .module_text import (
    attribute,
    element_bits,
    element_kind,
    integer,
    integers,
    may_be_trained,
    segments,
    shape_of_type,
)
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader, filled_in, reads, result_bits, result_shape
from .values import Filled, ModuleConstant, Seen, Value, names_for, plain, roots_of

ELIDED = "__elided__"
"""The key of everything that a printer left out."""


@reads("arith.constant", "stablehlo.constant", "tosa.const", "ml_program.global_load_const")
def constant(reader: Reader, op: Operation) -> Sequence[Value]:
    """A parameter, or a number; values of tensors are not looked at."""
    held = (attribute(op, name) for name in ("value", "values", "global"))
    value = next((each for each in held if each is not None), None)
    shape = result_shape(op)
    try:
        return [Filled(shape, number_of(value))]
    except Unpriced:
        if not shape:
            raise
    if isinstance(value, DenseResourceAttr) and value.resource_handle.data != ELIDED:
        # The same key is the same weight, however often it stands there.
        label = value.resource_handle.data
    else:
        label = reader.network.label(op.results[0].name_hint or reader.network.step)
    if isinstance(value, DenseIntOrFPElementsAttr):
        reader.network.values.hold(label, value.get_values, truth=element_kind(op.results[0].type) == "i1")
    made = ModuleConstant(label, shape or (1,), result_bits(op))
    if may_be_trained(op.results[0].type):
        reader.network.trained[label] = prod(shape)
    return [plain(made, made.shape, shape)]


def numbers_from_zero(network: ForeignNetwork, wanted: str, count: int, bits: int | None) -> ModuleConstant:
    """The numbers 0, 1, ..."""
    label = network.label(wanted)
    network.values.count(label, count)
    return ModuleConstant(label, (count,), bits)


@reads("tensor.empty", "bufferization.alloc_tensor")
def empty(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing."""
    return [Filled(result_shape(op), None)]


@reads("tensor.splat")
def splat(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number everywhere."""
    return [Filled(result_shape(op), reader.number(operand(op, 0)))]


@reads("tensor.cast")
def cast(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the same tensor."""
    value, shape = reader.value(operand(op, 0)), result_shape(op)
    if value.shape != shape:
        raise Unpriced(f"it takes {list(value.shape)} for {list(shape)}")
    return [value]


@reads("arith.bitcast", "stablehlo.optimization_barrier", "tosa.identity")
def same(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the same tensors."""
    return [reader.value(each) for each in op.operands]


@reads("arith.index_cast", "arith.extf", "arith.truncf", "arith.sitofp", "arith.extsi", "arith.trunci")
def cast_number(reader: Reader, op: Operation) -> Sequence[Value]:
    """A number that is known."""
    return [Filled((), reader.number(operand(op, 0)))]


@reads("tensor.expand_shape", "tensor.collapse_shape", "tensor.reshape", "tosa.reshape", "stablehlo.reshape",
       "stablehlo.dynamic_reshape")  # fmt: skip
def reshape(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing, or a reshape, which costs nothing."""
    return [_reshaped(reader, reader.value(operand(op, 0)), result_shape(op))]


def _reshaped(reader: Reader, value: Value, shape: tuple[int, ...]) -> Value:
    return Filled(shape, value.number) if isinstance(value, Filled) else reader.network.reshaped(value, shape)


@reads("tensor.from_elements")
def from_elements(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: one number as a tensor."""
    if len(op.operands) == 1:
        return [reader.value(operand(op, 0)).through(result_shape(op), ())]
    raise Unpriced("a tensor is put together of several numbers")


@reads("tensor.extract")
def extract(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: one element of a tensor."""
    value = reader.value(operand(op, 0))
    if isinstance(value, Filled):
        return [Filled((), value.number)]
    return [value.through((), [affine(constant=int(reader.number(each))) for each in op.operands[1:]])]


@reads("tensor.extract_slice")
def extract_slice(reader: Reader, op: Operation) -> Sequence[Value]:
    """Nothing: the reader's index goes through it; else a copy."""
    given = segments(op, 4)[1:]
    offsets, sizes, strides = (
        filled_in(reader, integers(op, f"static_{name}") or (), each)
        for name, each in zip(("offsets", "sizes", "strides"), given, strict=True)
    )
    return [sliced(reader.value(operand(op, 0)), offsets, sizes, strides, result_shape(op))]


def sliced(
    value: Value, first: Sequence[int], sizes: Sequence[int], steps: Sequence[int], shape: tuple[int, ...]
) -> Value:
    """`sizes` positions of each dimension from `first` on; those of one element may fall away in `shape`. Raises
    Unpriced where some lie beyond the ends."""
    boxes = [*zip(value.shape, first, sizes, steps, strict=False)]
    if {len(first), len(sizes), len(steps)} != {len(value.shape)}:
        raise Unpriced(f"it cuts {list(value.shape)} by {len(first)} places, {len(sizes)} sizes, {len(steps)} steps")
    if any(start < 0 or step < 1 or start + (size - 1) * step >= whole for whole, start, size, step in boxes):
        raise Unpriced(f"it cuts {list(sizes)} from {list(first)} on out of {list(value.shape)}")
    left = list(enumerate(shape))
    index: list[Affine] = []
    for size, start, step in zip(sizes, first, steps, strict=True):
        if left and left[0][1] == size:
            place, _ = left.pop(0)
            index.append(affine((f"v{place}", step), constant=start) if size > 1 else affine(constant=start))
        elif size == 1:
            index.append(affine(constant=start))
        else:
            raise Unpriced("its sizes are not those of its result")
    return value.through(shape, index)


@reads("tensor.pad")
def pad(reader: Reader, op: Operation) -> Sequence[Value]:
    """The border of the reader's window; else `pad`."""
    _, before, after = segments(op, 3)
    low = filled_in(reader, integers(op, "static_low") or (), before)
    high = filled_in(reader, integers(op, "static_high") or (), after)
    inner = block_of(op, 0).last_op
    if inner is None or not inner.operands or inner.operands[0].owner is block_of(op, 0):
        raise Unpriced("what its border holds depends on the place")
    owner = inner.operands[0].owner
    number = (
        number_of(attribute(owner, "value"))
        if isinstance(owner, Operation) and owner.parent is block_of(op, 0)
        else reader.number(inner.operands[0])
    )
    return [bordered(reader.network, reader.value(operand(op, 0)), low, high, number)]


def bordered(network: ForeignNetwork, value: Value, low: Sequence[int], high: Sequence[int], number: float) -> Value:
    """With `low` positions before and `high` behind each dimension."""
    if not len(low) == len(high) == len(value.shape):
        raise Unpriced(f"its border has {len(low)} and {len(high)} numbers for {len(value.shape)} dimensions")
    shape = tuple(before + size + after for before, size, after in zip(low, value.shape, high, strict=True))
    if isinstance(value, Filled):
        if value.number == number or 0 in value.shape:
            return Filled(shape, number)
        value = network.written_out(value)
    if min((*low, *high), default=0) < 0:
        raise Unpriced("its border cuts")
    if shape == value.shape:
        return value
    bits = value.base.bits if isinstance(value.base, ModuleConstant) else None
    pad = partial(with_border, low=low, high=high, number=number)
    known = folded(network, [value], shape, bits, pad)
    if known is not None:
        return known
    inner = [0] * len(shape)
    if value.padding == number and _is_border(value):
        # One around another of the same number is one.
        inner = [each.constant for each in value.index]
    elif not value.is_plain:
        value = network.written_out(value)
    places = zip(names_for(len(shape)), low, inner, strict=True)
    index = [each._replace(constant=within - before) for each, before, within in places]
    return Seen(value.base, value.own, shape, tuple(index), number)


def apart(reader: Reader, value: Value, axis: int, count: int, number: float) -> Value:
    """`count` elements of a number between neighbours along `axis`."""
    # a b with one between: a 0 b 0, as [2, 1] with a column behind, without the last.
    shape = value.shape
    if isinstance(value, Filled):
        value = reader.network.written_out(value)
    column = reader.network.reshaped(value, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
    after = [count if place == axis + 1 else 0 for place in range(len(shape) + 1)]
    wide = bordered(reader.network, column, [0] * len(after), after, number)
    assert isinstance(wide, Seen)
    long = reader.network.reshaped(wide, (*shape[:axis], shape[axis] * (count + 1), *shape[axis + 1 :]))
    left = (*shape[:axis], shape[axis] * (count + 1) - count, *shape[axis + 1 :])
    return sliced(long, [0] * len(left), left, [1] * len(left), left)


def _is_border(value: Seen) -> bool:
    """Whether a border is all that its base is seen with."""
    names = names_for(len(value.shape))
    return len(names) == len(value.own) and all(
        found == name._replace(constant=found.constant) for found, name in zip(value.index, names, strict=True)
    )


@reads("tensor.concat", "stablehlo.concatenate", "tosa.concat")
def concat(reader: Reader, op: Operation) -> Sequence[Value]:
    """`concat`."""
    axis = integer(op, "dim", integer(op, "dimension", integer(op, "axis", 0)))
    return [joined(reader, [reader.value(each) for each in op.operands], axis, result_shape(op), result_bits(op))]


def joined(reader: Reader, values: Sequence[Value], axis: int, shape: tuple[int, ...], bits: int | None) -> Value:
    network = reader.network
    values = [value for value in values if 0 not in value.shape]
    if len(values) == 1:
        return values[0]
    if all(value.is_constant for value in values):
        label = network.label(network.step)
        network.values.join(label, values, axis)
        return plain(ModuleConstant(label, shape, bits, roots_of(values)), shape)
    tensors = [network.tensor(value) for value in values]
    return plain(network.add(ConcatOp(network.unused(), *tensors, axis=axis), bits), shape)


@reads("tensor.insert_slice")
def insert_slice(reader: Reader, op: Operation) -> Sequence[Value]:
    """A border where all around is one number, with numbers in its gaps; else `concat` with what lies before and behind
    along one dimension."""
    given = segments(op, 5)[2:]
    offsets, sizes, strides = (
        filled_in(reader, integers(op, f"static_{name}") or (), each)
        for name, each in zip(("offsets", "sizes", "strides"), given, strict=True)
    )
    source, target = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    whole = shape_of_type(operand(op, 1).type)
    if not len(offsets) == len(sizes) == len(strides) == len(whole) or target.shape != whole:
        raise Unpriced(f"it puts {list(sizes)} at {len(offsets)} places into {list(target.shape)}")
    part = source if source.shape == tuple(sizes) else _reshaped(reader, source, tuple(sizes))
    if any(each != 1 for each in strides):
        if not isinstance(target, Filled):
            raise Unpriced("it puts its slice down with gaps, in which other data stays")
        for axis, step in enumerate(strides):
            part = apart(reader, part, axis, step - 1, target.number or 0.0) if step > 1 else part
        sizes = part.shape
    if tuple(sizes) == whole:
        return [part]
    after = [full - first - size for full, first, size in zip(whole, offsets, sizes, strict=True)]
    if isinstance(target, Filled):
        return [bordered(reader.network, part, offsets, after, target.number or 0.0)]
    cut = [place for place, size in enumerate(sizes) if size != whole[place]]
    if len(cut) != 1:
        raise Unpriced("it puts its slice into a tensor along several dimensions")
    (axis,) = cut
    parts: list[Value] = []
    for first, size in ((0, offsets[axis]), (None, 0), (offsets[axis] + sizes[axis], after[axis])):
        if first is None:
            parts.append(part)
        elif size:
            box = (*whole[:axis], size, *whole[axis + 1 :])
            starts = [first if place == axis else 0 for place in range(len(whole))]
            parts.append(sliced(target, starts, box, [1] * len(whole), box))
    return [joined(reader, parts, axis, whole, element_bits(op.results[0].type))]
