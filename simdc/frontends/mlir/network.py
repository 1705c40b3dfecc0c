"""The network being built of a foreign module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, UnitAttr, f32
from xdsl.ir import BlockArgument, Operation, SSAValue

from simdc.cost.kernel import Instruction, Loop, affine
from simdc.frontends.imported_network import ImportedNetwork, free_name
from simdc.frontends.joined import join_written
from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.layer_error import MAX_SIZE
from simdc.ir.nest_text import Access, Nest
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.stored_width import give_width, noted_width

from .constant_values import ConstantValues
from .problems import Unpriced
from .values import Filled, ModuleConstant, Seen, Value, plain


class ForeignNetwork(ImportedNetwork):
    """Layers in the order of their ops; constants become parameters when somebody reads them."""

    source: ClassVar = "module"
    refused: ClassVar = Unpriced

    def __init__(self, name: str, batch: int | None, file: str):
        super().__init__(name, 1 if batch is None else batch, file)
        self._is_batch_known = batch is not None
        self._constants: dict[tuple[str, tuple[int, ...]], SSAValue] = {}
        self._first_shapes: dict[str, tuple[int, ...]] = {}
        self._laid: dict[Seen, ModuleConstant] = {}
        self._labels: set[str] = set()
        self.trained: dict[str, int] = {}
        """Elements of those constants of the module that may be weights, by their labels."""
        self.statistics: set[str] = set()
        """Those among them that are gathered, not trained."""
        self._used: set[str] = set()
        self.reads: dict[SSAValue, int] = {}
        """How many ops of the module read what has become of a result of theirs."""
        self.values = ConstantValues()
        self.step = "op"
        """What the op being read is called; its layers are named after it."""
        self.around = ""
        """The name of the call whose function is being read, by its location."""
        self.reading: Operation | None = None
        """The op being read."""
        self.made: list[tuple[str, Operation]] = []
        """Layers by name, each with an op of the module that it was made of, the first of them first."""

    def argument(self, name: str, shape: tuple[int, ...], bits: int | None) -> SSAValue:
        """A network input of the whole `shape`, `bits` wide in the source."""
        made = self.image(name, shape)
        if bits is not None and bits < 32:
            self._input_bits[made.index] = bits
        return made

    def label(self, wanted: str) -> str:
        """A name for a constant that no other has."""
        found = free_name(wanted, self._labels)
        self._labels.add(found)
        return found

    def unused(self) -> str:
        """A name for a layer of the op being read."""
        return free_name(self.step, self._layers)

    def add(self, op: LayerOp, bits: int | None = None) -> SSAValue:
        """The only result of a layer, `bits` wide in the source."""
        self.insert(op, op.layer.data)
        if bits is not None and bits < 32:
            give_width(op.results[0], bits)
        return op.results[0]

    def insert(self, op: Operation, name: str) -> None:
        super().insert(op, name)
        if isinstance(op, LayerOp) and self.reading is not None:
            self.made.append((name, self.reading))

    def is_read_again(self, value: SSAValue) -> bool:
        """Whether an op beside the one being read needs the value as it is."""
        return self.reads.get(value, 1) > 1

    @staticmethod
    def is_parameter(value: SSAValue) -> bool:
        return isinstance(value.owner, ParameterOp)

    def replace(self, op: LayerOp, fresh: LayerOp, bits: int | None) -> SSAValue:
        """`fresh`, of the same name, in the place of a layer that nobody reads, with the work of the op being read."""
        name, taken_in = op.layer.data, self.unused()
        self._layers.add(taken_in)
        self._layers.discard(name)
        self._reads -= len(op.operands)
        op.detach()
        op.erase()
        folded = () if op.folded is None else op.folded.data
        fresh.folded = ArrayAttr([*folded, StringAttr(taken_in)])
        return self.add(fresh, bits)

    def parameter_of(self, constant: ModuleConstant) -> SSAValue:
        """The tensor of a constant, the same for all readers that see it in the same shape."""
        key, label = (constant.label, constant.shape), constant.label
        if key not in self._constants:
            if prod(constant.shape) > MAX_SIZE:
                raise Unpriced(f"constant '{label}' has more than {MAX_SIZE} elements")
            first = self._first_shapes.setdefault(label, constant.shape)
            if first != constant.shape:
                # One parameter, whose values are given once.
                whole = self.parameter_of(constant._replace(shape=first))
                self._constants[key] = self.add(
                    ReshapeOp(free_name(f"{label}.view", self._layers), whole, shape=constant.shape)
                )
                return self._constants[key]
            op = ParameterOp.make(label, make_tensor_type(f32, constant.shape))
            self._constants[key] = self.append(op, label)
            self.use(constant.roots)
            if constant.bits is not None and constant.bits < 32:
                give_width(op.result, constant.bits)
        return self._constants[key]

    def use(self, labels: Iterable[str]) -> None:
        """Constants of the module that some layer reads, or has taken in."""
        self._used.update(labels)

    def base(self, seen: Seen) -> SSAValue:
        """What is looked at, as a tensor."""
        return self.parameter_of(seen.base) if isinstance(seen.base, ModuleConstant) else seen.base

    def tensor(self, value: Value) -> SSAValue:
        """A tensor that lies as `value` is seen: a copy where it lies in another way."""
        if isinstance(value, Filled) or isinstance(value.base, ModuleConstant):
            return self.parameter_of(self._laid_out(value))
        if _is_whole(value):
            return value.base
        if value.padding is not None:
            return self._bordered(value)
        if _is_view(value):
            return self._viewed(value)
        shape = value.shape or (1,)
        loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(shape))
        index = tuple(affine(loop.name) for loop in loops)
        read = value.access(index if value.shape else ())
        nest = Nest(loops, (read,), (Access(shape, index),))
        code = (Instruction("move", "y0", ("x0",)),)
        return self.add(ProgramOp.make(self.unused(), [self.base(value)], nest, [shape], code), self._bits(value))

    def _laid_out(self, value: Value) -> ModuleConstant:
        """The constant that lies as `value`, which is one, is seen: no copy, it is laid before the network runs."""
        shape = value.shape or (1,)
        if isinstance(value, Filled):
            return self._known(ModuleConstant(self.label(f"{self.step}.filled"), shape), value)
        assert isinstance(value.base, ModuleConstant)
        if _is_whole(value):
            return value.base
        if _is_view(value):
            return value.base._replace(shape=shape)
        if value not in self._laid:
            made = ModuleConstant(self.label(self.step), shape, value.base.bits, value.base.roots)
            self._laid[value] = self._known(made, value)
        return self._laid[value]

    def _known(self, laid: ModuleConstant, value: Value) -> ModuleConstant:
        """A constant that holds what is seen of others."""
        self.values.learn(laid.label, [value], lambda: self.values.seen(value))
        return laid

    def _bits(self, value: Seen) -> int | None:
        """The width in the source of what is looked at, which a copy has as well."""
        if isinstance(value.base, ModuleConstant):
            return value.base.bits
        base = value.base
        while isinstance(base.owner, LayerOp) and base.owner.UNIT is None:
            base = base.owner.operands[0]
        return self._input_bits.get(base.index) if isinstance(base, BlockArgument) else noted_width(base)

    def written_out(self, value: Value) -> Seen:
        """The same as a tensor that lies as it is seen."""
        base = self._laid_out(value) if value.is_constant else self.tensor(value)
        return plain(base, value.shape or (1,), value.shape)

    def without_border(self, value: Seen) -> Seen:
        """The same, its border written out if it has one."""
        return value if value.padding is None else self.written_out(value)

    def _viewed(self, value: Seen) -> SSAValue:
        return self.add(ReshapeOp(self.unused(), self.base(value), shape=value.shape or (1,)))

    def _bordered(self, value: Seen) -> SSAValue:
        """With its border written out, and what lies around that."""
        names = [f"v{place}" for place in range(len(value.shape))]
        order = [loop for terms, _ in value.index for loop, step in terms if step == 1]
        if sorted(order) != names or len(value.own) != len(names):
            return self.tensor(self._within_border(value))
        if order != names:
            # As the base lies first: index v1, v0 on a shape [4, 6] is a border of a base seen as [6, 4].
            straight = tuple(value.shape[int(name[1:])] for name in order)
            inner = value._replace(
                shape=straight,
                index=tuple(affine(new, constant=e.constant) for new, e in zip(names, value.index, strict=True)),
            )
            turned = [affine(name) for name in order]
            return self.tensor(plain(self._bordered(inner), straight).through(value.shape, turned))
        before = [-expression.constant for expression in value.index]
        after = [whole - own - low for whole, own, low in zip(value.shape, value.own, before, strict=True)]
        assert value.padding is not None
        base = self.base(value)
        return self.add(PadOp(self.unused(), base, before=before, after=after, value=value.padding), self._bits(value))

    def _within_border(self, value: Seen) -> Seen:
        """The same, looked at in a copy with as much border as is seen of it."""
        # Positions 2*v0 - 1 of v0 = 0 .. 2 run from -1 to 3: of 3 elements one before and one behind.
        before = [max(0, -each.constant) for each in value.index]
        last = [
            each.constant + sum(step * (value.shape[int(name[1:])] - 1) for name, step in each.terms)
            for each in value.index
        ]
        after = [max(0, end - own + 1) for end, own in zip(last, value.own, strict=True)]
        assert value.padding is not None
        base = self.base(value)
        wide = PadOp(self.unused(), base, before=before, after=after, value=value.padding)
        copy = self.add(wide, self._bits(value))
        index = [each._replace(constant=each.constant + low) for each, low in zip(value.index, before, strict=True)]
        return plain(copy, shape_of(copy)).through(value.shape, index)

    def reshaped(self, value: Seen, shape: tuple[int, ...]) -> Seen:
        """The same numbers in another shape: where dimensions of one element come or go, nothing is made of it."""
        if shape == value.shape:
            return value
        long = [place for place, size in enumerate(value.shape) if size > 1]
        if [value.shape[place] for place in long] == [size for size in shape if size > 1]:
            places = [place for place, size in enumerate(shape) if size > 1]
            to = dict(zip(long, places, strict=True))
            index = [affine(f"v{to[place]}") if place in to else affine() for place in range(len(value.shape))]
            return value.through(shape, index)
        if prod(value.shape) != prod(shape):
            raise Unpriced(f"{list(value.shape)} cannot be read as {list(shape)}")
        if value.is_constant:
            return plain(self._laid_out(value)._replace(shape=shape), shape)
        source = self.tensor(value)
        return plain(self.add(ReshapeOp(self.unused(), source, shape=shape or (1,))), shape or (1,), shape)

    def finish(self, results: Sequence[SSAValue]) -> ModuleOp:
        self._parameters = sum(self.trained.get(label, 0) for label in self._used - self.statistics)
        module = super().finish(results)
        network = network_of(module)
        network.unknown_batch = None if self._is_batch_known else UnitAttr()
        join_written(network, self.values)
        # A mask that nobody reads as a tensor, or half of a table, is no weight, and was counted when it was made.
        network.settle_parameters()
        return module


def _is_whole(value: Seen) -> bool:
    """Whether the base lies as it is seen."""
    return value.is_plain or value.own == value.shape == (1,)


def _is_view(value: Seen) -> bool:
    """Whether the elements stand in their order, each once."""
    dimensions = [terms for terms, constant in value.index if terms or constant]
    kept = tuple(f"v{place}" for place, size in enumerate(value.shape) if size > 1)
    whole = tuple(size for size in value.own if size > 1) == tuple(size for size in value.shape if size > 1)
    found = tuple(
        name for terms in dimensions for name, step in terms if step == 1 and int(name[1:]) < len(value.shape)
    )
    found = tuple(name for name in found if value.shape[int(name[1:])] > 1)
    return whole and found == kept and all(constant == 0 for _, constant in value.index)
