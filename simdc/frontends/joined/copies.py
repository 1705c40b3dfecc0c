"""Copies beside sums of products: a sum reads a tensor where it lies, repeated or turned as the copy would have it, and
writes its result in the order in which somebody reads it."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, affine
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.nest_splitting import groups_of, with_loop_cut
from simdc.ir.nest_text import Access, Nest, nest_text, parse_code, parse_nest, substituted
from simdc.ir.network import NetworkOp
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.stored_width import take_width
from simdc.named import NamedTuple

from .layers import read_once


class CopyNest(NamedTuple):
    """A copy: how its loops, which are the dimensions of what it makes, index what it reads."""

    op: ProgramOp
    source: Access
    made: Access


def join_copies(network: NetworkOp) -> None:
    """Take out copies that sums of products alone need."""
    for op in list(network.layers()):
        if isinstance(op, ProgramOp) and op.parent is not None and (copy := _copy(op)) is not None:
            _write_as(copy)
    for op in list(network.layers()):
        if isinstance(op, ContractionOp) and op.distances == (1,) * len(op.distances) and not op.backwards:
            _read_through(op)


def _read_through(op: ContractionOp) -> None:
    """Let a sum read what stands before all copies on each side."""
    for place in (0, 1):
        while (fresh := _read_behind(op, place)) is not op:
            op = fresh


def _copy(op: ProgramOp) -> CopyNest | None:
    code = parse_code(op.code.data)
    if [(step.opcode, *step.sources) for step in code] != [("move", "x0")] or len(op.inputs) != 1:
        return None
    nest = parse_nest(op.nest.data)
    if op.start or op.finish or nest.summed or nest.inputs[0].shape != shape_of(op.inputs[0]):
        return None
    # A loop that runs once is at its first position.
    given = {loop.name: affine(loop.name) if loop.bound > 1 else affine() for loop in nest.loops}

    def bare(access: Access) -> Access:
        return access._replace(index=tuple(substituted(each, given) for each in access.index))

    return CopyNest(op, bare(nest.inputs[0]), bare(nest.results[0]))


def _source(value: SSAValue, views: list[LayerOp]) -> SSAValue:
    """What is behind views, in whatever shape: elements lie in the same order."""
    while isinstance(value.owner, ReshapeOp):
        views.append(value.owner)
        value = value.owner.input
    return value


def _write_as(copy: CopyNest) -> None:
    """Let a sum write its result as the copy that alone reads it would."""
    views: list[LayerOp] = []
    value = _source(copy.op.inputs[0], views)
    op = value.owner
    if not isinstance(op, ContractionOp) or not all(map(read_once, [value, *(view.results[0] for view in views)])):
        return
    nest = parse_nest(op.nest.data)
    written, read = nest.results[0], copy.source
    # Turned, and neither cut nor repeated: each dimension that is read is a loop of the copy.
    long = [each for each, size in zip(read.index, read.shape, strict=True) if size > 1]
    if any(each != affine(*(name for name, _ in each.terms)) or len(each.terms) != 1 for each in long):
        return
    if (
        sorted(read.loops) != sorted(copy.made.loops)
        or len(read.loops) < len(long)
        or prod(read.shape) != prod(copy.made.shape)
    ):
        return
    loops: dict[str, Affine] = {}
    for group in groups_of(written.shape, read.shape):
        if len(group.first) != 1:
            return
        name = written.index[group.first[0]].terms[0][0]
        names: tuple[str, ...] = (name,)
        if len(group.second) > 1:
            nest, names = with_loop_cut(nest, name, [read.shape[place] for place in group.second])
        loops |= {read.index[place].terms[0][0]: affine(new) for place, new in zip(group.second, names, strict=True)}
    made = Access(copy.made.shape, tuple(substituted(each, loops) for each in copy.made.index))
    _replace(op, copy.op, nest._replace(results=(made,)), [*op.operands], [*reversed(views), copy.op])


def _read_behind(op: ContractionOp, place: int) -> ContractionOp:
    """Let a sum read what a copy reads; the sum itself where it cannot."""
    views: list[LayerOp] = []
    value = _source(op.operands[place], views)
    copy = _copy(value.owner) if isinstance(value.owner, ProgramOp) else None
    if copy is None or shape_of(value) != copy.made.shape:
        return op
    nest = parse_nest(op.nest.data)
    own = nest.inputs[place]
    # Beyond its ends a tensor reads as zeros; what a copy has cut off lies there in its source.
    if not all(_is_within(each, size, nest) for each, size in zip(own.index, own.shape, strict=True)):
        return op
    found: dict[str, Affine] = {}
    for group in groups_of(own.shape, copy.made.shape):
        sizes = [copy.made.shape[each] for each in group.second]
        at = own.index[group.first[0]]
        if len(group.first) > 1:
            return op
        indices: tuple[Affine, ...] = (at,)
        if len(sizes) > 1:
            if len(at.terms) != 1 or at != affine(at.terms[0][0]) or nest.bounds[at.terms[0][0]] != prod(sizes):
                return op
            nest, names = with_loop_cut(nest, at.terms[0][0], sizes)
            indices = tuple(map(affine, names))
        loops = [copy.made.index[each].terms[0][0] for each in group.second]
        found |= dict(zip(loops, indices, strict=True))
    read = Access(copy.source.shape, tuple(substituted(each, found) for each in copy.source.index))
    inputs = [*nest.inputs]
    inputs[place] = read
    # What is repeated along a loop that the other side does not know is no factor there: the sum counts its elements.
    if not set(inputs[0].loops) | set(inputs[1].loops) >= set(nest.bounds):
        return op
    operands = [*op.operands]
    operands[place] = copy.op.inputs[0]
    # A copy that somebody else reads, too, stays.
    alone = all(map(read_once, [value, *(view.results[0] for view in views)]))
    gone = [copy.op, *reversed(views)] if alone else []
    return _replace(op, op, nest._replace(inputs=tuple(inputs)), operands, gone)


def _is_within(expression: Affine, size: int, nest: Nest) -> bool:
    last = expression.constant + sum(step * (nest.bounds[name] - 1) for name, step in expression.terms)
    return expression.constant >= 0 and last < size


def _replace(
    op: ContractionOp, last: LayerOp, nest: Nest, operands: list[SSAValue], gone: list[LayerOp]
) -> ContractionOp:
    """A sum with another nest in the place of `op` that gives what `last` gave; it does the work of `gone`, each of
    which only the next one or the sum reads."""
    fields = {name: each for name, each in op.properties.items() if name not in ("layer", "nest")}
    fresh = ContractionOp(op.layer.data, *operands, nest=nest_text(nest), result=last.results[0].type, **fields)
    names = [StringAttr(each.layer.data) for each in gone if each.UNIT is not None]
    fresh.folded = ArrayAttr([*(op.folded or ()), *names]) if op.folded or names else None
    fresh.location, fresh.results[0].name_hint = op.location, op.results[0].name_hint
    take_width(fresh, last)
    block = op.parent
    assert block is not None
    block.insert_op_before(fresh, last)
    last.results[0].replace_all_uses_with(fresh.result)
    for each in dict.fromkeys([last, *reversed(gone), op]):
        block.erase_op(each)
    return fresh
