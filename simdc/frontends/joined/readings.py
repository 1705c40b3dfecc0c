"""Layers as loops, accesses and code, whatever op they are: what a formula or a value is read off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from simdc.cost.kernel import Affine, Instruction, Loop, affine
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.broadcasting import BroadcastOp
from simdc.ir.nest_text import Access, parse_code, parse_nest
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.program import ProgramOp
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


def place_in(value: SSAValue) -> tuple[Affine, ...]:
    """The index of an element of a value, by loops `i0`, `i1`, ... for its dimensions."""
    return tuple(affine(f"i{place}") if size > 1 else affine() for place, size in enumerate(shape_of(value)))


def reading_of(value: SSAValue) -> Reading | Pieces | None:
    """How the layer that makes `value` makes it; None for one that is neither."""
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


_READERS: dict[type[LayerOp], Callable[[Operation, SSAValue], Reading | Pieces | None]] = {
    ConcatOp: _of_pieces,
    ProgramOp: _of_program,
    BroadcastOp: _of_two,
    ActivationOp: _of_curve,
    ScalarOp: _of_number,
    ReluOp: _of_relu,
}
