"""Index expressions and operands."""

from __future__ import annotations

import pytest

from simdc.cost import Affine, Operand, affine
from simdc.cost import kernel as kernels
from simdc.cost.array_kernel import mapped
from tests.cost.machines import row_convolution


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (affine(("oh", 2), "kh", constant=-3), "2*oh + kh - 3"),
        (affine("oh", ("kh", 2), constant=1), "oh + 2*kh + 1"),
        (affine("n"), "n"),
        (affine(constant=4), "0 + 4"),
        (affine(), "0"),
    ],
)
def test_index_expression_as_text(expression: Affine, text: str) -> None:
    assert str(expression) == text


def test_span_of_a_tile() -> None:
    # 2*oh + kh over 5 outputs and 3 taps: positions 0 to 2*4 + 2.
    assert affine(("oh", 2), "kh", constant=-3).span({"oh": 5, "kh": 3}) == 11
    assert affine(constant=7).span({}) == 1


def test_loops_that_move_an_operand() -> None:
    row, column = affine(("oh", 2), "kh"), affine("ow", "kw")
    assert Operand("x", 8, (1, 3, 9, 9), (affine("n"), affine("ic"), row, column)).loops == (
        "n", "ic", "oh", "kh", "ow", "kw",
    )  # fmt: skip
    assert Operand("g", 8, (9,), (affine(("g", 3), "c"),)).loops == ("g", "c")
    assert Operand("scalar", 8, (), ()).loops == ()


def test_both_kinds_of_kernel_say_their_bounds_and_operands() -> None:
    # y[c] = x[c] + x[c], then z[c, h] = y[c] + y[c]: y is stored by the first nest and loaded by the second.
    x, y = (kernels.Operand(name, 8, (4,), (kernels.affine("c"),)) for name in "xy")
    z = kernels.Operand("z", 8, (4, 3), (kernels.affine("c"), kernels.affine("h")))
    c, h = kernels.Loop("c", 4), kernels.Loop("h", 3)
    first = kernels.CodeBlock(("c",), (kernels.Instruction("add", "y", ("x", "x")),))
    second = kernels.CodeBlock(("c", "h"), (kernels.Instruction("add", "z", ("y", "y")),))
    nests = kernels.LoopNest((c,), (x,), (y,), (first,)), kernels.LoopNest((c, h), (y,), (z,), (second,))
    program = kernels.VectorProgram("twice", nests)
    assert program.bounds == {"c": 4, "h": 3}
    assert program.operands == (x, y, y, z)


def test_a_contraction_is_shown_without_the_mappings_that_it_lacks() -> None:
    kernel = row_convolution(ic=3, oc=3, ow=6, kw=5)
    assert "beside_rows" not in repr(kernel)
    assert "side_by_side" not in repr(kernel)
    assert repr(kernel).endswith(f"{kernel._fields[-3]}={kernel[-3]!r})")
    assert repr(mapped(kernel, ("window",))).endswith("beside_rows=('kw',), side_by_side=())")
