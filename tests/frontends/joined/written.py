"""Networks of programs, as modules of other compilers become them, and what they compute before and after joining."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import SSAValue

from simdc.backends.execute import execute
from simdc.cost.kernel import Instruction, Loop, affine
from simdc.frontends.joined import join_written
from simdc.frontends.joined.rotary import TableValues
from simdc.ir.base import make_tensor_type, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.nest_text import Access, Nest, parse_code
from simdc.ir.network import NetworkOp, ParameterOp, network_of
from simdc.ir.ops.program import ProgramOp


class Writer(ModuleBuilder):
    """Programs by numpy's rules: operands broadcast, what is gathered keeps its dimensions with size one."""

    def __init__(self) -> None:
        super().__init__("written", 1, "written.mlir")
        self._count = 0

    def whole(self, *shape: int) -> SSAValue:
        """A network input, batch included."""
        argument = self._block.insert_arg(make_tensor_type(f32, shape), len(self._block.args))
        argument.name_hint = f"in{len(self._block.args)}"
        return argument

    def weight(self, name: str, *shape: int) -> SSAValue:
        return self.append(ParameterOp.make(name, make_tensor_type(f32, shape)), name)

    def next_name(self) -> str:
        self._count += 1
        return f"op{self._count}"

    def point(self, code: str, *values: SSAValue) -> SSAValue:
        """`code` from x0, x1, ... to y0."""
        shape = np.broadcast_shapes(*map(shape_of, values))
        return self._program(code, values, shape, shape, "")

    def gather(self, code: str, start: str, axes: Sequence[int], value: SSAValue) -> SSAValue:
        shape = shape_of(value)
        kept = tuple(1 if place in axes else size for place, size in enumerate(shape))
        return self._program(code, [value], shape, kept, f"y0 = move({start})")

    def turned(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """Of two square matrices: one times the other's transpose, element by element."""
        (rows, columns), loops = shape_of(lhs), ("d0", "d1")
        straight = Access((rows, columns), tuple(map(affine, loops)))
        nest = Nest(
            (Loop("d0", rows), Loop("d1", columns)),
            (straight, Access((columns, rows), tuple(map(affine, loops[::-1])))),
            (straight,),
        )
        name = self.next_name()
        op = ProgramOp.make(name, [lhs, rhs], nest, [(rows, columns)], parse_code("y0 = mul(x0, x1)"))
        return self.append(op, name)

    def cut(self, x: SSAValue, first: int, count: int, code: str, *tables: SSAValue, turn: bool) -> SSAValue:
        """`code` of `count` features from `first` on and of tables [..., t, count]; with `turn` x is [n, t, heads, d]
        and the result [n, heads, t, d]."""
        images, *middle, _ = shape_of(x)
        heads, tokens = middle[::-1] if turn else middle
        shape = (images, heads, tokens, count)
        index = (affine("d0"), *map(affine, ("d2", "d1") if turn else ("d1", "d2")), affine("d3", constant=first))
        behind = tuple(map(affine, ("d2", "d3")))
        own = [(*(affine() for _ in shape_of(each)[2:]), *behind) for each in tables]
        reads = (Access(shape_of(x), index), *(Access(shape_of(t), at) for t, at in zip(tables, own, strict=True)))
        loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(shape))
        nest = Nest(loops, reads, (Access(shape, tuple(affine(loop.name) for loop in loops)),))
        name = self.next_name()
        return self.append(ProgramOp.make(name, [x, *tables], nest, [shape], parse_code(code)), name)

    def _program(
        self, code: str, values: Sequence[SSAValue], shape: tuple[int, ...], made: tuple[int, ...], start: str
    ) -> SSAValue:
        loops = tuple(Loop(f"d{place}", size) for place, size in enumerate(shape) if size > 1)

        def access(own: tuple[int, ...]) -> Access:
            behind = len(shape) - len(own)
            index = (affine(f"d{place + behind}") if size > 1 else affine() for place, size in enumerate(own))
            return Access(own, tuple(index))

        nest = Nest(loops or (Loop("d0", 1),), tuple(access(shape_of(each)) for each in values), (access(made),))
        begin: tuple[Instruction, ...] = parse_code(start) if start else ()
        name = self.next_name()
        return self.append(ProgramOp.make(name, values, nest, [made], parse_code(code), begin), name)


def joined(module: ModuleOp, values: TableValues | None = None) -> list[str]:
    """The kinds of layers after joining, which has to change no result. Weights are the `values`, if there are any."""
    network = network_of(module)
    draw = np.random.default_rng(0)
    inputs = [draw.normal(size=shape_of(each)) + 0.3 for each in network.body.block.args]
    own = {op.label.data: draw.normal(size=shape_of(op.result)) for op in parameters(network)}
    if values is not None:
        own = {label: _known(values, label, each) for label, each in own.items()}

    def run() -> list[np.ndarray]:
        # Half of a table is what its features of the first half are.
        own.update({f"{label}.half": each[..., : each.shape[-1] // 2] for label, each in [*own.items()]})
        weights = {op.label.data: own[op.label.data].reshape(shape_of(op.result)) for op in parameters(network)}
        return execute(module, inputs, weights).returned

    before = run()
    join_written(network, values)
    for op in network.layers():
        op.verify()
    for new, old in zip(run(), before, strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-5)
    return [op.name.removeprefix("simdc.") for op in network.layers()]


def _known(values: TableValues, label: str, like: np.ndarray) -> np.ndarray:
    found = values.of(label, like.size)
    return like if found is None else found.reshape(like.shape)


def parameters(network: NetworkOp) -> list[ParameterOp]:
    return [op for op in network.body.block.ops if isinstance(op, ParameterOp)]
