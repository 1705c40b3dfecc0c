"""Contractions and programs that bring their own loops: text, kernels by hand, refusals."""

from __future__ import annotations

import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.cost import ExactModel
from simdc.cost.kernel import Contraction, VectorProgram
from simdc.cost.tiling import Tiling
from simdc.ir.nest_merging import merged_nest
from simdc.ir.nest_text import code_text, nest_text, parse_code, parse_nest
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.program import ProgramOp
from tests.cost.machines import small_machine
from tests.ir.tensors import tensor

MATRIX = "d0 4, d1 3, d2 8: 4x8[d0, d2] 8x3[d2, d1] -> 4x3[d0, d1]"


@pytest.mark.parametrize(
    "text", [MATRIX, "a 2, b 3: 9[2*a + 3*b - 1] 1[0] -> 2[a]", "d0 5: 5[d0] -> 5[d0]", "d0 5: 7[d0 + 2] -> 5[d0]"]
)
def test_nests_print_as_they_are_read(text: str) -> None:
    assert nest_text(parse_nest(text)) == text


@pytest.mark.parametrize("text", ["t0 = mul(x0, 2.0); y0 = add(y0, t0)", "y0 = move(-inf)", "y0 = exp(1e-05)"])
def test_code_prints_as_it_is_read(text: str) -> None:
    assert code_text(parse_code(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("d0 4 4[d0]", "a nest reads"),
        ("d0: 4[d0] -> 4[d0]", "loops read"),
        ("d0 0: 4[d0] -> 4[d0]", "loops read"),
        ("d0 4, d0 4: 4[d0] -> 4[d0]", "two loops share a name"),
        ("d0 4: 4[e0] -> 4[d0]", "an index reads"),
        ("d0 4: 4[d0*d0] -> 4[d0]", "an index reads"),
        ("d0 4: 4x4[d0] -> 4[d0]", "2 dimensions and 1 indices"),
        ("d0 4: 4(d0) -> 4[d0]", "an operand reads"),
    ],
)
def test_nests_that_are_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        parse_nest(text)


@pytest.mark.parametrize("text", ["y0 add x0", "y0 = add(x0, A)", "y0 = add(x0, nan x)"])
def test_code_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(VerifyException, match="code reads"):
        parse_code(text)


def test_loops_that_stand_side_by_side_everywhere_are_one() -> None:
    # A bias by d1: d2 and d3 are always together, d0 runs once.
    nest = merged_nest(parse_nest("d0 1, d1 6, d2 5, d3 4: 1x6x5x4[d0, d1, d2, d3] 6[d1] -> 1x6x5x4[d0, d1, d2, d3]"))
    assert nest_text(nest) == "d1 6, d2 20: 6x20[d1, d2] 6[d1] -> 6x20[d1, d2]"
    # A diagonal keeps its loop, a cut keeps its dimension.
    diagonal = "d0 5, d1 2: 5x5[d0, d0] 9[2*d0 + d1 - 1] -> 5x2[d0, d1]"
    assert nest_text(merged_nest(parse_nest(diagonal))) == diagonal
    cut = "d0 5, d1 2: 5x3[d0, d1] -> 5x2[d0, d1]"
    assert nest_text(merged_nest(parse_nest(cut))) == cut


def test_a_matrix_product_by_hand() -> None:
    # 2 x 2 PEs, one tile. d1 (3) along the columns, d2 (8) along the rows: 4 * 2 * 4 = 32 steps, and 2 of fill.
    op = ContractionOp("c", tensor(4, 8), tensor(8, 3), nest=MATRIX)
    kernel = op.kernel()
    assert isinstance(kernel, Contraction)
    assert (kernel.rows, kernel.columns, [loop.name for loop in kernel.loops]) == ("d2", "d1", ["d1", "d2", "d0"])
    cost = ExactModel().evaluate(kernel, Tiling(("d1", "d2", "d0"), (3, 8, 4)), small_machine())
    assert cost.cycles.compute == 34
    assert dict(cost.ops)["mac"] == 96
    turned = op.forms()["lhs_stationary"].kernel(32)
    assert isinstance(turned, Contraction)
    assert (turned.columns, turned.weight.shape) == ("d0", (4, 8))


def test_a_program_by_hand() -> None:
    # 2 lanes: 20 elements are 10 vectors, and an addition each, 6 cycles of fill.
    nest = parse_nest("d0 4, d1 5: 4x5[d0, d1] 4x5[d0, d1] -> 4x5[d0, d1]")
    op = ProgramOp.make("p", [tensor(4, 5), tensor(4, 5)], nest, [(4, 5)], parse_code("y0 = add(x0, x1)"))
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    assert (kernel.bounds, kernel.lanes) == ({"d0": 20}, "d0")
    cost = ExactModel().evaluate(kernel, Tiling(("d0",), (20,)), small_machine())
    assert cost.cycles.compute == 16


def test_sums_begin_and_end_as_they_are_told() -> None:
    nest = parse_nest("d0 4, d1 5: 4x5[d0, d1] 4[d0] -> 4[d0]")
    code = parse_code("y0 = add(y0, x0)")
    op = ProgramOp.make("p", [tensor(4, 5), tensor(4)], nest, [(4,)], code, parse_code("y0 = move(x1)"))
    (body,) = _program(op).nests
    assert [(block.loops, block.at) for block in body.blocks] == [(("d0",), "start"), (("d0", "d1"), "end")]
    ended = ProgramOp.make(
        "p", [tensor(4, 5), tensor(4)], nest, [(4,)], code, parse_code("y0 = move(3.0)"), parse_code("y0 = exp(y0)")
    )
    (body,) = _program(ended).nests
    assert body.initial == (("y0", 3.0),)
    assert [block.loops for block in body.blocks] == [("d0", "d1"), ("d0",)]
    # Nothing reads x1: it is not loaded.
    assert [operand.name for operand in body.inputs] == ["x0"]


def _program(op: ProgramOp) -> VectorProgram:
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    return kernel


def test_no_loop_lies_across_the_lanes_that_moves_data_between_them() -> None:
    # Position d0 of the result reads position d0 + 2: another lane's. So d1, which is shorter, lies there.
    nest = parse_nest("d0 6, d1 3: 8x3[d0 + 2, d1] -> 6x3[d0, d1]")
    op = ProgramOp.make("p", [tensor(8, 3)], nest, [(6, 3)], parse_code("y0 = move(x0)"))
    assert _program(op).lanes == "d1"
    alone = parse_nest("d0 6: 8[d0 + 2] -> 6[d0]")
    op = ProgramOp.make("p", [tensor(8)], alone, [(6,)], parse_code("y0 = move(x0)"))
    assert _program(op).lanes == "single"


@pytest.mark.parametrize(
    ("nest", "message"),
    [
        ("d0 4, d1 3, d2 8: 4x8[d0, d2] -> 4x3[d0, d1]", "indexes 1 operands, there are 2"),
        ("d0 4, d1 3, d2 8: 4x9[d0, d2] 8x3[d2, d1] -> 4x3[d0, d1]", "the lhs has 32 elements"),
        ("d0 4, d1 3, d2 8: 4x8[d0, d2] 8x3[d2, d1] -> 4x4[d0, d1]", "from the first to the last element"),
        ("d0 4, d1 3, d2 8: 4x8[d0, d2] 8x3[d2, d1] -> 4x3[d0, d1 + 1]", "from the first to the last element"),
        ("d0 4, d1 3, d2 8, d3 2: 4x8[d0, d2] 8x3[d2, d1] -> 4x3x2[d0, d1, d3]", "a loop moves neither of the sides"),
        ("d0 4, d1 3, d2 8: 4x8[d0, d2] 8x3[d2, d1] -> 4x4[d0, d0]", "a loop runs along two dimensions of a result"),
    ],
)
def test_contractions_that_do_not_go_together_are_refused(nest: str, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        ContractionOp("c", tensor(4, 8), tensor(8, 3), nest=nest)


def test_programs_that_do_not_go_together_are_refused() -> None:
    nest = parse_nest("d0 4: 4[d0] -> 4[d0]")
    with pytest.raises(VerifyException, match="'nest' indexes 1 inputs, there are 2"):
        ProgramOp.make("p", [tensor(4), tensor(4)], nest, [(4,)], parse_code("y0 = move(x0)"))
    with pytest.raises(VerifyException, match="input 0 has 5 elements and is read as"):
        ProgramOp.make("p", [tensor(5)], nest, [(4,)], parse_code("y0 = move(x0)"))
