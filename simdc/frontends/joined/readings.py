"""Layers as loops, accesses and code, whatever op they are: what a formula or a value is read off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TypeAlias

from xdsl.ir import Operation, SSAValue

from simdc.cost.kernel import Affine, Instruction, Loop, affine
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.broadcasting import BroadcastOp
from simdc.ir.nest_text import Access, parse_code, parse_nest
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp, ReductionOp
from simdc.ir.ops.reduce_extreme import ReduceMaxOp, ReduceMinOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.scalar import FUNCTIONS, ScalarOp
from simdc.named import NamedTuple


class Reading(NamedTuple):
    """`made`, at the index that its `access` says, is what `code` leaves under the name `result`. `tensors` are what
    the code reads, by name. What `loops` move no result is gathered over: the result then begins as `start` says."""

    loops: tuple[Loop, ...]
    tensors: dict[str, tuple[SSAValue, Access]]
    access: Access
    code: tuple[Instruction, ...]
    result: str
    start: tuple[Instruction, ...] = ()

    @property
    def gathered(self) -> tuple[Loop, ...]:
        moving = set(self.access.loops)
        return tuple(loop for loop in self.loops if loop.name not in moving)

    @property
    def is_pointwise(self) -> bool:
        """Whether each element of the result is made of those of its operands that lie at the same place."""
        if self.gathered:
            return False
        mine = _long(self.access)
        return all(_long(access) == mine for _, access in self.tensors.values())


class Pieces(NamedTuple):
    """Tensors one after the other along dimension `axis` of what they make."""

    parts: tuple[SSAValue, ...]
    axis: int

    @property
    def tensors(self) -> dict[str, tuple[SSAValue, Access]]:
        found = {f"x{n}": part for n, part in enumerate(self.parts)}
        return {name: (part, Access(shape_of(part), place_in(part))) for name, part in found.items()}

    @property
    def gathered(self) -> tuple[Loop, ...]:
        return ()


class SeenAs(NamedTuple):
    """A tensor whose elements stand in another `shape`, in their order."""

    source: SSAValue
    shape: tuple[int, ...]

    @property
    def tensors(self) -> dict[str, tuple[SSAValue, Access]]:
        return {"x": (self.source, Access(shape_of(self.source), place_in(self.source)))}

    @property
    def gathered(self) -> tuple[Loop, ...]:
        return ()


Layer: TypeAlias = "Reading | Pieces | SeenAs"


class LayerReadings:
    """How layers make values, each looked at once: no layer is changed before the ones behind it were asked for."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, Layer | None] = {}
        self._bases: dict[SSAValue, list[SSAValue]] = {}
        self._pointwise: dict[SSAValue, bool] = {}

    def of(self, value: SSAValue) -> Layer | None:
        """How the layer that makes `value` makes it; None for one that is none of these."""
        if value not in self._known:
            found = self._known[value] = reading_of(value)
            self._bases[value] = [] if found is None else [base_of(each) for each, _ in found.tensors.values()]
            self._pointwise[value] = isinstance(found, Reading) and found.is_pointwise
        return self._known[value]

    def bases(self, value: SSAValue) -> list[SSAValue]:
        """What a value that was asked for is made of, behind views."""
        return self._bases[value]

    def is_pointwise(self, value: SSAValue) -> bool:
        return self._pointwise[value]


def place_in(value: SSAValue) -> tuple[Affine, ...]:
    """The index of an element of a value, by loops `i0`, `i1`, ... for its dimensions."""
    return tuple(affine(f"i{place}") if size > 1 else affine() for place, size in enumerate(shape_of(value)))


def reading_of(value: SSAValue) -> Layer | None:
    """How the layer that makes `value` makes it; None for one that is none of these."""
    owner = value.owner
    if not isinstance(owner, Operation):
        return None
    return next((read(owner, value) for kind, read in _READERS.items() if isinstance(owner, kind)), None)


def base_of(value: SSAValue) -> SSAValue:
    """What a value is seen of, views left out that add or drop dimensions of one element."""
    while isinstance(value.owner, ReshapeOp) and long_sizes(value.owner.input) == long_sizes(value):
        value = value.owner.input
    return value


def through_views(value: SSAValue, index: Sequence[Affine]) -> tuple[SSAValue, tuple[Affine, ...]]:
    """`base_of` the value, and the index of its element where `value` has `index`."""
    base = base_of(value)
    rest = iter(each for each, size in zip(index, shape_of(value), strict=True) if size > 1)
    return base, tuple(next(rest) if size > 1 else affine() for size in shape_of(base))


def long_sizes(value: SSAValue) -> list[int]:
    return [size for size in shape_of(value) if size > 1]


def _long(access: Access) -> list[tuple[int, Affine]]:
    return [each for each in zip(access.shape, access.index, strict=True) if each[0] > 1]


def _of_program(owner: Operation, value: SSAValue) -> Reading | None:
    assert isinstance(owner, ProgramOp)
    if owner.finish is not None:
        return None
    nest, place = parse_nest(owner.nest.data), next(n for n, each in enumerate(owner.outputs) if each is value)
    tensors = {f"x{n}": each for n, each in enumerate(zip(owner.inputs, nest.inputs, strict=True))}
    if any(access.shape != shape_of(each) for each, access in (*tensors.values(), (value, nest.results[place]))):
        return None
    start = () if owner.start is None else parse_code(owner.start.data)
    return Reading(nest.loops, tensors, nest.results[place], parse_code(owner.code.data), f"y{place}", start)


def _elementwise(
    result: SSAValue, names: Sequence[str], values: Sequence[SSAValue], code: Sequence[Instruction]
) -> Reading:
    """Operands broadcast to the result: their last dimensions stand below its last."""
    shape = shape_of(result)
    index = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(shape))
    loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(shape) if size > 1)

    def access(value: SSAValue) -> Access:
        own = shape_of(value)
        here = zip(own, index[len(shape) - len(own) :], strict=True)
        return Access(own, tuple(each if size > 1 else affine() for size, each in here))

    tensors = {name: (value, access(value)) for name, value in zip(names, values, strict=True)}
    return Reading(loops, tensors, Access(shape, index), tuple(code), "y")


def _of_pieces(owner: Operation, value: SSAValue) -> Pieces:
    assert isinstance(owner, ConcatOp)
    return Pieces(tuple(owner.inputs), owner.axis.value.data)


def _of_view(owner: Operation, value: SSAValue) -> SeenAs | None:
    """Where dimensions of one element alone come or go, `base_of` leaves the view out."""
    (source,) = owner.operands
    return None if long_sizes(source) == long_sizes(value) else SeenAs(source, shape_of(value))


def _of_repetition(owner: Operation, value: SSAValue) -> Reading:
    return _elementwise(value, ("x",), owner.operands, (Instruction("move", "y", ("x",)),))


def _of_two(owner: Operation, value: SSAValue) -> Reading:
    assert isinstance(owner, BroadcastOp)
    return _elementwise(value, ("a", "b"), owner.operands, owner.instructions())


def _of_curve(owner: Operation, value: SSAValue) -> Reading:
    assert isinstance(owner, ActivationOp)
    return _elementwise(value, ("x",), owner.operands, owner.forward())


def _of_number(owner: Operation, value: SSAValue) -> Reading:
    assert isinstance(owner, ScalarOp)
    return _elementwise(value, ("x",), owner.operands, FUNCTIONS[owner.function.data](owner.value.value.data))


def _of_relu(owner: Operation, value: SSAValue) -> Reading:
    return _elementwise(value, ("x",), owner.operands, (Instruction("max", "y", ("x", 0.0)),))


def _of_sum(owner: Operation, value: SSAValue) -> Reading:
    return _over_axes(owner, value, (Instruction("add", "y", ("y", "x")),), 0.0)


def _of_mean(owner: Operation, value: SSAValue) -> Reading:
    """Each element's share of it is added."""
    share = Instruction("mul", "share", ("x", prod(shape_of(value)) / prod(shape_of(owner.operands[0]))))
    return _over_axes(owner, value, (share, Instruction("add", "y", ("y", "share"))), 0.0)


def _of_extreme(owner: Operation, value: SSAValue) -> Reading:
    assert isinstance(owner, ReduceMaxOp | ReduceMinOp)
    return _over_axes(owner, value, (Instruction(owner.OPCODE, "y", ("y", "x")),), owner.NEUTRAL)


def _over_axes(owner: Operation, value: SSAValue, code: Sequence[Instruction], start: float) -> Reading:
    """What `code` gathers over the axes of a reduction, which the result has lost or keeps with size one."""
    assert isinstance(owner, ReductionOp)
    shape, axes = shape_of(owner.input), owner.summed
    index = tuple(affine(f"d{place}") if size > 1 else affine() for place, size in enumerate(shape))
    kept = [each for place, each in enumerate(index) if place not in axes]
    made = [affine() if place in axes else each for place, each in enumerate(index)]
    made = made if len(shape_of(value)) == len(shape) else kept
    loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(shape) if size > 1)
    tensors = {"x": (owner.input, Access(shape, index))}
    begin = (Instruction("move", "y", (start,)),)
    return Reading(loops, tensors, Access(shape_of(value), tuple(made)), tuple(code), "y", begin)


def _of_slice(owner: Operation, value: SSAValue) -> Reading:
    assert isinstance(owner, SliceOp)
    axis, first, step = (each.value.data for each in (owner.axis, owner.first, owner.step))
    shape, place = shape_of(owner.input), place_in(value)
    here = affine(*((name, times * step) for name, times in place[axis].terms), constant=first)
    loops = tuple(Loop(f"i{number}", size) for number, size in enumerate(shape_of(value)) if size > 1)
    tensors = {"x": (owner.input, Access(shape, (*place[:axis], here, *place[axis + 1 :])))}
    return Reading(loops, tensors, Access(shape_of(value), place), (Instruction("move", "y", ("x",)),), "y")


_READERS: dict[type[LayerOp], Callable[[Operation, SSAValue], Layer | None]] = {
    ConcatOp: _of_pieces,
    ReshapeOp: _of_view,
    ExpandOp: _of_repetition,
    ProgramOp: _of_program,
    BroadcastOp: _of_two,
    ActivationOp: _of_curve,
    ScalarOp: _of_number,
    ReluOp: _of_relu,
    ReduceSumOp: _of_sum,
    ReduceMeanOp: _of_mean,
    ReduceMaxOp: _of_extreme,
    ReduceMinOp: _of_extreme,
    SliceOp: _of_slice,
}
