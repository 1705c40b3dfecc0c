"""What devices exchange: what each reads and writes in its DRAM. The way between them costs nothing here, and reports
say so."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import Operation

from simdc.cost.kernel import Instruction, Loop, affine
from simdc.ir.nest_text import Access, Nest
from simdc.ir.ops.program import ProgramOp

from .module_text import name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .values import Seen, Value, plain

COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "collective_permute", "collective_broadcast")


@reads(*(f"stablehlo.{name}" for name in COLLECTIVES))
def collective(reader: Reader, op: Operation) -> Sequence[Value]:
    """A copy, or a sum of parts: all of each operand is read and all of each result is written, as if other devices
    held the same."""
    short, network = name_of(op).partition(".")[2], reader.network
    values = [reader.seen(each) for each in op.operands]
    found = [_moved(reader, value, result_shape(op, at), result_bits(op, at)) for at, value in enumerate(values)]
    network.note(
        f"'{network.step}' ({short}) is priced as what it reads and writes in DRAM: no network between devices"
    )
    return found


# all_gather [4, 8] to [12, 8]: three times over, read once. reduce_scatter [12, 8] to [4, 8]: three parts are added.
def _moved(reader: Reader, value: Seen, shape: tuple[int, ...], bits: int | None) -> Value:
    """What is shared along a dimension is cut into parts there; of as many elements it is a copy in a row."""
    network, own = reader.network, value.shape or (1,)
    whole = shape or (1,)
    if prod(own) == prod(whole):
        own = whole = (prod(whole),)
    if len(own) != len(whole) or any(max(a, b) % min(a, b) for a, b in zip(own, whole, strict=True)):
        raise Unpriced(f"it makes {list(shape)} of {list(value.shape)}")
    loops: list[Loop] = []
    sides: tuple[list[tuple[int, str]], list[tuple[int, str]]] = ([], [])
    for axis, sizes in enumerate(zip(own, whole, strict=True)):
        shared = min(sizes)
        for side, size in zip(sides, sizes, strict=True):
            side += [(size // shared, f"p{axis}"), (shared, f"d{axis}")] if size > shared else [(shared, f"d{axis}")]
        loops += [Loop(f"p{axis}", max(sizes) // shared)] if max(sizes) > shared else []
        loops.append(Loop(f"d{axis}", shared))
    read, written = (Access(tuple(size for size, _ in side), tuple(affine(loop) for _, loop in side)) for side in sides)
    nest = Nest(tuple(loops), (read,), (written,))
    joins = bool(nest.summed)
    code = Instruction("add", "y0", ("y0", "x0")) if joins else Instruction("move", "y0", ("x0",))
    start = [Instruction("move", "y0", (0.0,))] if joins else []
    op = ProgramOp.make(network.unused(), [network.tensor(value)], nest, [shape or (1,)], (code,), start)
    return plain(network.add(op, bits), shape or (1,), shape)
