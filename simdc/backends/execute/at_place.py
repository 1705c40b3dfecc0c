"""Boxes that are cut out or written at a place which is data. Kernels know how much they move; where is found here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import layer_error
from simdc.ir.ops.at_place import GIVEN, AtPlaceOp, PutAtOp, SliceAtGradOp, SliceAtOp

from .arrays import Array, Arrays
from .gather import RowRun
from .program import ProgramRun, run_program


def box(op: AtPlaceOp, whole: Sequence[int], sizes: Sequence[int], starts: Sequence[Array]) -> tuple[slice, ...]:
    """The positions along each dimension of a tensor of shape `whole`. Raises SimdcError for a start that is no whole
    number."""
    given = iter(starts)
    found: list[slice] = []
    for first, size, full in zip(op.first.get_values(), sizes, whole, strict=True):
        number = next(given).item() if first == GIVEN else first
        if number != np.floor(number):
            error: SimdcError = layer_error(op, f"begins at {number:g}, which is no whole number")
            raise error
        # 3 of 8 positions from 6 on: those from 5 on.
        start = int(min(max(number, 0), full - size))
        found.append(slice(start, start + size))
    return tuple(found)


def _cut(op: SliceAtOp, args: Sequence[Array]) -> Array:
    source, *starts = args
    return source[box(op, source.shape, op.sizes.get_values(), starts)]


def _run_cut(op: SliceAtOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    run = run_program(program, {"input": _cut(op, args).reshape(-1), **_starts(args[1:])})
    return (run.arrays["y"].reshape(shape_of(op.result)),), run


def _run_put(op: PutAtOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """What the kernel does not write is there already."""
    data, updates, *starts = args
    run = run_program(program, {"updates": updates.reshape(-1), **_starts(starts)})
    return (_put(op, data, run.arrays["y"].reshape(updates.shape), starts),), run


def _starts(starts: Sequence[Array]) -> dict[str, Array]:
    return {f"start{number}": each for number, each in enumerate(starts)}


def _put(op: AtPlaceOp, data: Array, updates: Array, starts: Sequence[Array]) -> Array:
    result = data.copy()
    result[box(op, data.shape, updates.shape, starts)] = updates
    return result


def _run_grad(op: SliceAtGradOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    gradient, *starts = args
    shape = program.nests[-1].inputs[-1].shape
    run = run_program(program, {"gradient": gradient.reshape(shape), **_starts(starts)})
    zeros, written = run.arrays["zeros"].reshape(op.shape.get_values()), run.arrays["y"].reshape(gradient.shape)
    return (_put(op, zeros, written, starts),), run


BY_PLACE: dict[type[LayerOp], RowRun] = {SliceAtOp: _run_cut, PutAtOp: _run_put, SliceAtGradOp: _run_grad}
"""Ops whose kernels read or write the box that numbers name."""


@register_impls
class PlaceFunctions(InterpreterFunctions):
    @impl(SliceAtOp)
    def slice_at(self, interpreter: Interpreter, op: SliceAtOp, args: Arrays) -> Arrays:
        return (_cut(op, args),)

    @impl(PutAtOp)
    def put_at(self, interpreter: Interpreter, op: PutAtOp, args: Arrays) -> Arrays:
        data, updates, *starts = args
        return (_put(op, data, updates, starts),)

    @impl(SliceAtGradOp)
    def slice_at_grad(self, interpreter: Interpreter, op: SliceAtGradOp, args: Arrays) -> Arrays:
        gradient, *starts = args
        return (_put(op, np.zeros(op.shape.get_values()), gradient, starts),)
