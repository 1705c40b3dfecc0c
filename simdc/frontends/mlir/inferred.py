"""The sizes of an op's results, where its type leaves some open, from those of its operands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, IntegerAttr
from xdsl.ir import Operation

from .asked import operand
from .body import ARCS, HLO
from .module_text import attribute, integer, integers, lists_of, name_of, segments, shape_of_type
from .problems import Unpriced
from .reader import Reader, filled_in
from .whole_numbers import whole_numbers

Sizes: TypeAlias = "tuple[int, ...] | None"
Rule: TypeAlias = "Callable[[Reader, Operation, tuple[int, ...]], Sizes]"
"""Of the first result; the sizes in its type stand in the last argument."""

CONVOLUTION = re.compile(r"\[([^\]]*)\]x\[([^\]]*)\]->\[([^\]]*)\]")


def sizes_of_results(reader: Reader, op: Operation, declared: Sequence[tuple[int, ...]]) -> list[Sizes]:
    """None for a result of which nothing follows. Raises Unpriced."""
    name = name_of(op)
    if name.startswith("linalg."):
        # What a result starts from stands last among the operands, and is as large.
        return [shape_of_type(each.type) for each in op.operands[-len(op.results) :]]
    rule = RULES.get(name)
    if rule is not None:
        return [rule(reader, op, declared[0])]
    if name == "stablehlo.reduce":
        gone = integers(op, "dimensions") or ()
        whole = shape_of_type(operand(op, 0).type)
        return [tuple(size for axis, size in enumerate(whole) if axis not in gone)] * len(op.results)
    # Element by element: all operands that have as many dimensions agree.
    shapes = {shape_of_type(each.type) for each in op.operands}
    alike = {shape for shape in shapes if len(shape) == len(declared[0])}
    return [alike.pop()] if _is_elementwise(name) and len(alike) == 1 else [None]


def _is_elementwise(name: str) -> bool:
    dialect, _, short = name.partition(".")
    return dialect in ("arith", "math") or (dialect in ("stablehlo", "chlo") and short in (*HLO, *ARCS, "compare"))


def _same(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    return shape_of_type(operand(op, 0).type)


def _empty(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    return filled_in(reader, declared, op.operands)


def _expanded(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    """One open size of each group follows from the whole."""
    source, found = shape_of_type(operand(op, 0).type), list(declared)
    for whole, group in zip(source, _groups(op), strict=True):
        unknown = [axis for axis in group if declared[axis] == DYNAMIC_INDEX]
        rest = prod(declared[axis] for axis in group if axis not in unknown)
        if len(unknown) == 1 and whole % rest == 0:
            found[unknown[0]] = whole // rest
        elif unknown:
            return filled_in(reader, declared, op.operands[1:])
    return tuple(found)


def _collapsed(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    source = shape_of_type(operand(op, 0).type)
    return tuple(prod(source[axis] for axis in group) for group in _groups(op))


def _groups(op: Operation) -> list[list[int]]:
    found = attribute(op, "reassociation")
    if not isinstance(found, ArrayAttr):
        raise Unpriced("it does not say which dimensions belong together")
    groups = cast("Sequence[ArrayAttr[IntegerAttr]]", found.data)
    return [[each.value.data for each in group.data] for group in groups]


def _cut(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    sizes = filled_in(reader, integers(op, "static_sizes") or (), segments(op, 4)[2])
    return sizes if len(sizes) == len(declared) else None


def _padded(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    _, before, after = segments(op, 3)
    low, high = (
        filled_in(reader, integers(op, name) or (), given)
        for name, given in (("static_low", before), ("static_high", after))
    )
    return tuple(map(sum, zip(low, shape_of_type(operand(op, 0).type), high, strict=True)))


def _joined(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    axis = integer(op, "dim", integer(op, "dimension", 0))
    shapes = [shape_of_type(each.type) for each in op.operands]
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _turned(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    source = shape_of_type(operand(op, 0).type)
    return tuple(source[axis] for axis in integers(op, "permutation") or ())


def _by_numbers(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    """The last operand that says a shape has the sizes."""
    return whole_numbers(reader, op.operands[0 if name_of(op) == "stablehlo.dynamic_iota" else 1])


def _product(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    lists = lists_of(op, "dot_dimension_numbers")
    lhs, rhs = (shape_of_type(each.type) for each in op.operands)
    sides: list[int] = []
    for side, shape in (("lhs", lhs), ("rhs", rhs)):
        gone = lists.get(f"{side}_batching_dimensions", []) + lists.get(f"{side}_contracting_dimensions", [])
        sides += [size for axis, size in enumerate(shape) if axis not in gone]
    return (*(lhs[axis] for axis in lists.get("lhs_batching_dimensions", [])), *sides)


def _convolved(reader: Reader, op: Operation, declared: tuple[int, ...]) -> Sizes:
    """A batch that is open is that of the images; how many positions a window has must be known."""
    found = CONVOLUTION.search(str(attribute(op, "dimension_numbers")))
    if found is None:
        return None
    source, _, result = ([each.strip() for each in found[place].split(",")] for place in (1, 2, 3))
    sizes = list(declared)
    sizes[result.index("b")] = shape_of_type(operand(op, 0).type)[source.index("b")]
    return None if DYNAMIC_INDEX in sizes else tuple(sizes)


RULES: dict[str, Rule] = {
    "tensor.empty": _empty,
    "tensor.cast": _same,
    "tensor.expand_shape": _expanded,
    "tensor.collapse_shape": _collapsed,
    "tensor.extract_slice": _cut,
    "tensor.pad": _padded,
    "tensor.concat": _joined,
    "stablehlo.concatenate": _joined,
    "stablehlo.transpose": _turned,
    "stablehlo.dynamic_broadcast_in_dim": _by_numbers,
    "stablehlo.dynamic_reshape": _by_numbers,
    "stablehlo.dynamic_iota": _by_numbers,
    "stablehlo.dynamic_update_slice": _same,
    "stablehlo.scatter": _same,
    "stablehlo.optimization_barrier": _same,
    "stablehlo.dot_general": _product,
    "stablehlo.convolution": _convolved,
}
