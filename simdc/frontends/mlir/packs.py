"""Tensors in tiles, as flows lay them out for an accelerator, and elements that `tensor` picks and writes."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.ops.boxes import GatherBoxesOp, ScatterBoxesOp

from .asked import operand
from .constants import refuse_known
from .linalg import permuted
from .module_text import integers
from .problems import Unpriced
from .reader import Reader, filled_in, reads, refuses, result_bits, result_shape
from .tensors import bordered, sliced
from .values import Filled, ModuleConstant, Seen, Value, plain

refuses(
    {
        "linalg.fill_rng_2d": "random numbers are drawn by no layer",
        "tensor.generate": "its body makes elements one by one: lower it to linalg.generic",
        "tensor.insert": "it writes one element by itself",
        "tensor.bitcast": "the lanes have no code for the bits of numbers",
        **dict.fromkeys(
            ("linalg.winograd_filter_transform", "linalg.winograd_input_transform", "linalg.winograd_output_transform"),
            "a convolution that was rewritten: keep the convolution",
        ),
    }
)


class _Tiles:
    """Of a packed tensor which dimensions are cut, into tiles of which sizes, and the order of those outside."""

    def __init__(self, reader: Reader, op: Operation, given: Sequence[SSAValue], rank: int):
        self.places = integers(op, "inner_dims_pos") or ()
        self.sizes = filled_in(reader, integers(op, "static_inner_tiles") or (), given)
        self.order = integers(op, "outer_dims_perm") or tuple(range(rank))
        if len(self.places) != len(self.sizes) or sorted(self.order) != list(range(rank)):
            raise Unpriced("its tiles are not those of its dimensions")

    def cut(self, whole: Sequence[int]) -> tuple[int, ...]:
        """A dimension of [tiles, tile] in the place of each that is cut."""
        tile = dict(zip(self.places, self.sizes, strict=True))
        pairs = [(size // tile[axis], tile[axis]) if axis in tile else (size,) for axis, size in enumerate(whole)]
        return tuple(size for pair in pairs for size in pair)

    def turn(self) -> list[int]:
        """Of each dimension of the packed tensor its place in the one that is cut."""
        starts: list[int] = []
        at = 0
        for axis in range(len(self.order)):
            starts.append(at)
            at += 1 + (axis in self.places)
        return [*(starts[axis] for axis in self.order), *(starts[axis] + 1 for axis in self.places)]


@reads("linalg.pack", "tensor.pack")
def pack(reader: Reader, op: Operation) -> Sequence[Value]:
    """A copy: [M, K] as [M/m, K/k, m, k], with a border where tiles reach beyond the end."""
    source, rest = operand(op, 0), op.operands[2:]
    value, shape = reader.value(source), result_shape(op)
    sizes = integers(op, "operandSegmentSizes") or (1, 1, 0, 0)
    padding, given = rest[: sizes[2]], rest[sizes[2] :]
    tiles = _Tiles(reader, op, given, len(value.shape))
    tile = dict(zip(tiles.places, tiles.sizes, strict=True))
    after = [-size % tile.get(axis, 1) for axis, size in enumerate(value.shape)]
    if any(after):
        if not padding:
            raise Unpriced("its tiles reach beyond the end, and nothing says what stands there")
        value = bordered(reader.network, value, [0] * len(after), after, reader.number(padding[0]))
    if isinstance(value, Filled):
        return [Filled(shape, value.number)]
    return [_moved(reader, permuted(reader.network.reshaped(value, tiles.cut(value.shape)), tiles.turn()), op)]


@reads("linalg.unpack", "tensor.unpack")
def unpack(reader: Reader, op: Operation) -> Sequence[Value]:
    """A copy: the other way round, without what stands beyond the end."""
    value, shape = reader.value(operand(op, 0)), result_shape(op)
    if isinstance(value, Filled):
        return [Filled(shape, value.number)]
    tiles = _Tiles(reader, op, op.operands[2:], len(shape))
    tile = dict(zip(tiles.places, tiles.sizes, strict=True))
    wide = tuple(size + -size % tile.get(axis, 1) for axis, size in enumerate(shape))
    turn = tiles.turn()
    back = permuted(value, [turn.index(place) for place in range(len(turn))])
    whole = reader.network.reshaped(reader.network.written_out(back), wide)
    if wide == shape:
        return [whole]
    return [_moved(reader, sliced(whole, [0] * len(shape), shape, [1] * len(shape), shape), op)]


def _moved(reader: Reader, value: Value, op: Operation) -> Value:
    """A copy of data; what comes with the module lies as it is wanted before it runs."""
    if isinstance(value, Seen) and isinstance(value.base, ModuleConstant):
        label = reader.network.label(f"{value.base.label}.packed")
        return plain(ModuleConstant(label, value.shape, result_bits(op), value.base.roots), value.shape)
    return reader.network.written_out(value)


@reads("tensor.gather")
def gather(reader: Reader, op: Operation) -> Sequence[Value]:
    """`gather_boxes`: elements, or what lies behind them, at places that the last dimension of numbers names."""
    table, ids = reader.value(operand(op, 0)), reader.value(operand(op, 1))
    if isinstance(table, Filled):
        return [Filled(result_shape(op), table.number)]
    refuse_known(table, ids)
    network = reader.network
    operands = network.tensor(table), network.tensor(ids)
    fields = _named(table.shape, ids.shape, integers(op, "gather_dims") or (), len(result_shape(op)))
    try:
        made = GatherBoxesOp(network.unused(), *operands, **fields)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), result_shape(op))]


@reads("tensor.scatter")
def scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """`scatter_boxes`: written over what is there."""
    rows, whole, ids = (reader.value(operand(op, place)) for place in range(3))
    refuse_known(rows, whole, ids)
    network = reader.network
    operands = [network.tensor(each) for each in (ids, rows, whole)]
    fields = _named(whole.shape, ids.shape, integers(op, "scatter_dims") or (), len(rows.shape))
    try:
        made = ScatterBoxesOp(network.unused(), *operands, **fields)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [plain(network.add(made, result_bits(op)), result_shape(op))]


def _named(
    whole: tuple[int, ...], ids: tuple[int, ...], axes: Sequence[int], rank: int
) -> dict[str, tuple[int, ...] | int]:
    """As `simdc.ir.ops.boxes` has it. Dimensions that are named fall away, or stay with one element, by the rank."""
    places = len(ids) - 1
    dropped = tuple(axes) if rank == places + len(whole) - len(axes) else ()
    sizes = tuple(1 if axis in axes else size for axis, size in enumerate(whole))
    return {"sizes": sizes, "axes": tuple(axes), "vector": places, "dropped": dropped,
            "offsets": tuple(range(places, rank))}  # fmt: skip
