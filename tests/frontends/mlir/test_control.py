"""Loops that run a known number of times, branches that are known to be taken, and what devices exchange."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.network import network_of
from tests.frontends.mlir.hlo_text import module, op, run

X = np.arange(6.0).reshape(2, 3) - 2
KIND = "tensor<2x3xf32>"


def number(name: str, value: int, dialect: str = "stablehlo") -> str:
    if dialect == "arith":
        return f'{name} = "arith.constant"() <{{value = {value} : index}}> : () -> index'
    field = "values" if dialect == "tosa" else "value"
    return f'{name} = "{dialect}.const{"" if dialect == "tosa" else "ant"}"() <{{{field} = dense<{value}> : tensor<i32>}}> : () -> tensor<i32>'  # noqa: E501


def test_a_loop_of_tosa_runs_as_often_as_its_numbers_say() -> None:
    text = module("a:2x3xf32", "2x3xf32", number("%n", 0, "tosa"), number("%one", 1, "tosa"), number("%end", 4, "tosa"),
        f"""%k, %y = "tosa.while_loop"(%n, %a) ({{
              ^bb0(%i: tensor<i32>, %x: {KIND}):
                %c = "tosa.greater"(%end, %i) : (tensor<i32>, tensor<i32>) -> tensor<i1>
                "tosa.yield"(%c) : (tensor<i1>) -> ()
            }}, {{
              ^bb0(%i: tensor<i32>, %x: {KIND}):
                %j = "tosa.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
                %s = "tosa.add"(%x, %x) : ({KIND}, {KIND}) -> {KIND}
                "tosa.yield"(%j, %s) : (tensor<i32>, {KIND}) -> ()
            }}) : (tensor<i32>, {KIND}) -> (tensor<i32>, {KIND})""")  # fmt: skip
    np.testing.assert_array_equal(run(text, X), 16 * X)
    assert len(list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())) == 4


@pytest.mark.parametrize(("start", "end", "step", "rounds"), [(0, 3, 1, 3), (1, 8, 3, 3), (5, 5, 1, 0)])
def test_a_loop_of_scf_counts(start: int, end: int, step: int, rounds: int) -> None:
    numbers = [number(f"%{name}", value, "arith") for name, value in (("l", start), ("u", end), ("s", step))]
    text = module("a:2x3xf32", "2x3xf32", *numbers, f"""
        %z = "scf.for"(%l, %u, %s, %a) ({{
          ^bb0(%i: index, %x: {KIND}):
            %b = "tensor.empty"() : () -> {KIND}
            %d = "linalg.add"(%x, %x, %b) <{{operandSegmentSizes = array<i32: 2, 1>}}> ({{}}) : ({KIND}, {KIND}, {KIND}) -> {KIND}
            "scf.yield"(%d) : ({KIND}) -> ()
        }}) : (index, index, index, {KIND}) -> {KIND}
        %e = "tensor.empty"() : () -> {KIND}
        %y = "linalg.sub"(%z, %a, %e) <{{operandSegmentSizes = array<i32: 2, 1>}}> ({{}}) : ({KIND}, {KIND}, {KIND}) -> {KIND}""")  # noqa: E501  # fmt: skip
    np.testing.assert_array_equal(run(text, X), 2**rounds * X - X)


def branches(name: str, predicate: str, count: int) -> str:
    """Branch k adds `a` k + 1 times."""
    regions = ", ".join(
        "{ "
        + "".join(f'%s{k}{n} = "stablehlo.add"(%{"a" if not n else f"s{k}{n - 1}"}, %a) : ({KIND}, {KIND}) -> {KIND}\n'
                  for n in range(k + 1))
        + f'"stablehlo.return"(%s{k}{k}) : ({KIND}) -> () }}'
        for k in range(count)
    )  # fmt: skip
    return f'%y = "{name}"({predicate}) ({regions}) : (tensor<{"i1" if "if" in name else "i32"}>) -> {KIND}'


@pytest.mark.parametrize(("place", "taken"), [(0, 0), (1, 1), (2, 2), (-1, 2), (7, 2)])
def test_a_case_is_the_branch_of_its_number_or_the_last(place: int, taken: int) -> None:
    text = module("a:2x3xf32", "2x3xf32", number("%p", place), branches("stablehlo.case", "%p", 3))
    np.testing.assert_array_equal(run(text, X), (taken + 2) * X)


@pytest.mark.parametrize("holds", [True, False])
def test_a_condition_that_is_known(holds: bool) -> None:
    held = f'%p = "stablehlo.constant"() <{{value = dense<{str(holds).lower()}> : tensor<i1>}}> : () -> tensor<i1>'
    text = module("a:2x3xf32", "2x3xf32", held, branches("stablehlo.if", "%p", 2))
    np.testing.assert_array_equal(run(text, X), (2 if holds else 3) * X)


@pytest.mark.parametrize("name", ["stablehlo.if", "stablehlo.case"])
def test_a_branch_that_is_data_is_refused(name: str) -> None:
    kind = "i1" if name.endswith("if") else "i32"
    text = module(f"p:{kind} a:2x3xf32", "2x3xf32", branches(name, "%p", 2))
    with pytest.raises(SimdcError, match=f"{name}, which of its branches runs depends on data: line 2"):
        parse_foreign_module(text, "m.mlir", None)


LOOP = f"""%k, %y = "stablehlo.while"(%n, %a) ({{
      ^bb0(%i: tensor<i32>, %x: {KIND}):
        %c = "stablehlo.compare"(%i, %end) <{{comparison_direction = #stablehlo<comparison_direction LT>}}>
           : (tensor<i32>, tensor<i32>) -> tensor<i1>
        "stablehlo.return"(%c) : (tensor<i1>) -> ()
    }}, {{
      ^bb0(%i: tensor<i32>, %x: {KIND}):
        %j = "stablehlo.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
        %s = BODY
        "stablehlo.return"(%j, %s) : (tensor<i32>, {KIND}) -> ()
    }}) : (tensor<i32>, {KIND}) -> (tensor<i32>, {KIND})"""


def test_what_a_loop_takes_from_around_it_is_read_each_time() -> None:
    """A product that bodies scale again and again is not scaled in its weights."""
    product = op("stablehlo.dot_general", "%b, %w", "2x4xf32 4x3xf32", "2x3xf32",
                 "dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], "
                 "rhs_contracting_dimensions = [0]>", "%d")  # fmt: skip
    held = '%w = "stablehlo.constant"() <{value = dense_resource<w> : tensor<4x3xf32>}> : () -> tensor<4x3xf32>'
    by = '%f = "stablehlo.constant"() <{value = dense_resource<f> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>'
    scaled = f'"stablehlo.multiply"(%d, %f) : ({KIND}, {KIND}) -> {KIND}\n%t = "stablehlo.add"(%x, %s) : ({KIND}, {KIND}) -> {KIND}'  # noqa: E501
    loop = LOOP.replace("BODY", scaled).replace("(%j, %s)", "(%j, %t)")
    text = module("a:2x3xf32 b:2x4xf32", "2x3xf32", held, by, product, number("%n", 0), number("%one", 1),
                  number("%end", 3), loop)  # fmt: skip
    b, w, f = np.ones((2, 4)), np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(2, 3) + 1
    np.testing.assert_array_equal(run(text, X, b, w=w, f=f), X + 3 * (b @ w) * f)


def test_an_op_without_a_price_in_a_loop_is_named_once() -> None:
    body = f'"other.op"(%x) : ({KIND}) -> {KIND}'
    text = module("a:2x3xf32", "2x3xf32", number("%n", 0), number("%one", 1), number("%end", 3),
                  LOOP.replace("BODY", body))  # fmt: skip
    with pytest.raises(SimdcError) as refused:
        parse_foreign_module(text, "m.mlir", None)
    assert str(refused.value).count("other.op, there is no layer for it") == 1
    assert "stablehlo.while, it holds ops without a price: line 5" in str(refused.value)


def test_a_loop_without_an_end_is_refused() -> None:
    body = f'"stablehlo.add"(%x, %x) : ({KIND}, {KIND}) -> {KIND}'
    text = module("a:2x3xf32", "2x3xf32", number("%n", 0), number("%one", 0), number("%end", 3),
                  LOOP.replace("BODY", body).replace(f"%s = {body}", f"%s = \"stablehlo.reshape\"(%x) : ({KIND}) -> {KIND}"))  # noqa: E501  # fmt: skip
    with pytest.raises(SimdcError, match=r"stablehlo.while, it runs more than 16,384 times: line 5"):
        parse_foreign_module(text, "m.mlir", None)


@pytest.mark.parametrize(
    ("name", "given", "result", "moved"),
    [
        ("all_reduce", "4x6", "4x6", (24, 24)),
        ("all_gather", "4x6", "12x6", (24, 72)),
        ("reduce_scatter", "4x6", "4x2", (24, 8)),
        ("all_to_all", "4x6", "2x12", (24, 24)),
        ("collective_permute", "4x6", "4x6", (24, 24)),
        ("collective_broadcast", "4x6", "4x6", (24, 24)),
    ],
)
def test_a_collective_is_what_it_reads_and_writes(name: str, given: str, result: str, moved: tuple[int, int]) -> None:
    text = module(f"a:{given}xf32", f"{result}xf32", op(f"stablehlo.{name}", "%a", f"{given}xf32", f"{result}xf32"))
    parsed = parse_foreign_module(text, "m.mlir", None)
    (layer,) = network_of(parsed).layers()
    (nest,) = layer.kernel().nests
    assert tuple(np.prod(each.shape) for each in (*nest.inputs, *nest.outputs)) == moved
    assert "no network between devices" in str(parsed)


def test_a_collective_of_other_sizes_is_refused() -> None:
    text = module("a:4x6xf32", "5x6xf32", op("stablehlo.all_gather", "%a", "4x6xf32", "5x6xf32"))
    with pytest.raises(SimdcError, match=r"it makes \[5, 6\] of \[4, 6\]"):
        parse_foreign_module(text, "m.mlir", None)
