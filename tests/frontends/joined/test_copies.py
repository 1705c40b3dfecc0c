"""Sums of products read and write through copies beside them, and compute the same."""

from __future__ import annotations

import pytest
from xdsl.ir import SSAValue

from simdc.cost.kernel import Loop, affine
from simdc.ir.nest_text import Access, Nest, nest_text, parse_code
from simdc.ir.network import network_of
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.program import ProgramOp
from tests.frontends.joined.written import Writer, joined


def copied(net: Writer, x: SSAValue, own: tuple[int, ...], index: str, shape: tuple[int, ...]) -> SSAValue:
    """A copy whose dimension i is loop i; `index` has for each dimension of `x` the number of its loop."""
    loops = tuple(Loop(f"d{n}", size) for n, size in enumerate(shape))
    read = Access(own, tuple(affine(f"d{each}") for each in index))
    nest = Nest(loops, (read,), (Access(shape, tuple(affine(loop.name) for loop in loops)),))
    name = net.next_name()
    return net.append(ProgramOp.make(name, [x], nest, [shape], parse_code("y0 = move(x0)")), name)


def product(net: Writer, lhs: SSAValue, rhs: SSAValue, heads: int, rows: int, columns: int, length: int) -> SSAValue:
    """[heads, rows, length] times [heads, length, columns]."""
    loops = tuple(Loop(*pair) for pair in (("h", heads), ("m", rows), ("n", columns), ("k", length)))
    shapes = {"hmk": (heads, rows, length), "hkn": (heads, length, columns), "hmn": (heads, rows, columns)}
    left, right, made = (Access(shape, tuple(map(affine, names))) for names, shape in shapes.items())
    name = net.next_name()
    nest = nest_text(Nest(loops, (left, right), (made,)))
    return net.append(ContractionOp(name, lhs, rhs, None, nest=nest), name)


def viewed(net: Writer, x: SSAValue, shape: tuple[int, ...]) -> SSAValue:
    name = net.next_name()
    return net.append(ReshapeOp(name, x, shape=shape), name)


def test_heads_that_share_a_key_and_a_result_that_is_turned() -> None:
    net = Writer()
    x, keys = net.whole(1, 5, 6, 4), net.whole(1, 7, 2, 4)
    # Heads outside for the queries; each of two keys repeated for three heads, tokens last.
    lhs = viewed(net, copied(net, x, (1, 5, 6, 4), "0213", (1, 6, 5, 4)), (6, 5, 4))
    rhs = viewed(net, copied(net, keys, (1, 7, 2, 4), "0413", (1, 2, 3, 4, 7)), (6, 4, 7))
    made = product(net, lhs, rhs, 6, 5, 7, 4)
    turned = copied(net, made, (6, 5, 7), "102", (5, 6, 7))
    module = net.finish([viewed(net, turned, (5, 42))])
    assert joined(module) == ["contraction", "reshape"]
    op = next(op for op in network_of(module).layers() if isinstance(op, ContractionOp))
    assert op.folded is not None
    assert len(op.folded) == 3


@pytest.mark.parametrize("reader", ["copy", "product"])
def test_what_somebody_else_reads_stays(reader: str) -> None:
    net = Writer()
    lhs = copied(net, net.whole(5, 3, 4), (5, 3, 4), "102", (3, 5, 4))
    made = product(net, lhs, net.whole(3, 4, 6), 3, 5, 6, 4)
    turned = copied(net, made, (3, 5, 6), "102", (5, 3, 6))
    kinds = joined(net.finish([turned, lhs if reader == "copy" else made]))
    assert kinds == (["program", "contraction"] if reader == "copy" else ["contraction", "program"])


def test_a_repetition_along_what_is_summed_over() -> None:
    net = Writer()
    lhs = viewed(net, copied(net, net.whole(3, 5), (3, 5), "01", (3, 5, 4)), (3, 5, 4))
    rhs = copied(net, net.whole(3, 6), (3, 6), "02", (3, 4, 6))
    # Along k neither side would move.
    assert joined(net.finish([product(net, lhs, rhs, 3, 5, 6, 4)])) == ["program", "contraction"]


@pytest.mark.parametrize("change", ["cut", "repeated", "mixed"])
def test_a_result_that_is_not_only_turned(change: str) -> None:
    net = Writer()
    made = product(net, net.whole(3, 5, 4), net.whole(3, 4, 6), 3, 5, 6, 4)
    if change == "cut":
        last = copied(net, made, (3, 5, 6), "012", (3, 5, 3))
    elif change == "repeated":
        last = copied(net, made, (3, 5, 6), "013", (3, 5, 2, 6))
    else:
        # 5 * 6 elements as 6 * 5: a loop of the product goes along both.
        last = copied(net, viewed(net, made, (3, 6, 5)), (3, 6, 5), "021", (3, 5, 6))
    assert joined(net.finish([last]))[-1] == "program"
