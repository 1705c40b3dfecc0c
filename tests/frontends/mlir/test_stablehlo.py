"""StableHLO: each op against numpy, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of
from simdc.ir.stored_width import given_widths

# Quarters, which are exact: rounding changes them.
A, B = (np.arange(24.0).reshape(2, 3, 4) - 9) / 4, np.arange(12.0).reshape(3, 4) + 1
C = A[::-1, ::-1]


def module(arguments: str, result: str, *lines: str) -> str:
    names = ", ".join(f"%{name}: tensor<{kind}>" for name, kind in (each.split(":") for each in arguments.split()))
    body = "\n".join(lines)
    return f"module {{ func.func @main({names}) -> tensor<{result}> {{\n{body}\nreturn %y : tensor<{result}> }} }}"


def run(text: str, *inputs: np.ndarray) -> np.ndarray:
    (found,) = execute(parse_foreign_module(text, "m.mlir", None), list(inputs), {}).returned
    return found


def layers(text: str) -> list[LayerOp]:
    return list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())


def op(name: str, operands: str, kinds: str, result: str, properties: str = "", to: str = "%y") -> str:
    inside = f" <{{{properties}}}>" if properties else ""
    types = ", ".join(f"tensor<{kind}>" for kind in kinds.split())
    return f'{to} = "stablehlo.{name}"({operands}){inside} : ({types}) -> tensor<{result}>'


ZERO = '%zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>'
LOWEST = '%low = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + C),
        ("subtract", A - C),
        ("multiply", A * C),
        ("maximum", np.where(A > C, A, C)),
        ("minimum", np.where(A < C, A, C)),
    ],
)
def test_functions_of_two(name: str, expected: np.ndarray) -> None:
    kind = "2x3x4xf32"
    text = module(f"a:{kind} c:{kind}", kind, op(name, "%a, %c", f"{kind} {kind}", kind))
    np.testing.assert_array_equal(run(text, A, C), expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("negate", -A),
        ("abs", abs(A)),
        ("tanh", np.tanh(A)),
        ("logistic", 1 / (1 + np.exp(-A))),
        ("cosine", np.cos(A)),
        ("sign", np.sign(A)),
        ("floor", np.floor(A)),
        ("ceil", np.ceil(A)),
        ("exponential", np.exp(A)),
    ],
)
def test_functions_of_one(name: str, expected: np.ndarray) -> None:
    text = module("a:2x3x4xf32", "2x3x4xf32", op(name, "%a", "2x3x4xf32", "2x3x4xf32"))
    np.testing.assert_allclose(run(text, A), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("direction", "compare"), [("LT", np.less), ("GE", np.greater_equal), ("NE", np.not_equal), ("EQ", np.equal)]
)
def test_comparisons_and_choices(direction: str, compare: np.ufunc) -> None:
    text = module(
        "a:3x4xf32 b:3x4xf32",
        "3x4xf32",
        op("compare", "%a, %b", "3x4xf32 3x4xf32", "3x4xi1",
           f"comparison_direction = #stablehlo<comparison_direction {direction}>", "%c"),
        op("select", "%c, %a, %b", "3x4xi1 3x4xf32 3x4xf32", "3x4xf32"),
    )  # fmt: skip
    other = np.where(np.arange(12).reshape(3, 4) % 3, B, B + 5)
    np.testing.assert_array_equal(run(text, B, other), np.where(compare(B, other), B, other))


def test_what_is_turned_cut_repeated_and_joined() -> None:
    text = module(
        "a:2x3x4xf32",
        "4x2x5xf32",
        op("transpose", "%a", "2x3x4xf32", "4x2x3xf32", "permutation = array<i64: 2, 0, 1>", "%t"),
        op("slice", "%t", "4x2x3xf32", "4x2x2xf32",
           "limit_indices = array<i64: 4, 2, 3>, start_indices = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 2>",
           "%s"),
        op("concatenate", "%t, %s", "4x2x3xf32 4x2x2xf32", "4x2x5xf32", "dimension = 2 : i64"),
    )  # fmt: skip
    turned = A.transpose(2, 0, 1)
    np.testing.assert_array_equal(run(text, A), np.concatenate([turned, turned[:, :, ::2]], 2))


def test_a_border_with_places_between_and_a_cut() -> None:
    text = module(
        "b:3x4xf32",
        "7x3xf32",
        ZERO,
        op("pad", "%b, %zero", "3x4xf32 f32", "7x3xf32",
           "edge_padding_high = array<i64: 1, 0>, edge_padding_low = array<i64: 1, -1>, "
           "interior_padding = array<i64: 1, 0>"),
    )  # fmt: skip
    expected = np.zeros((7, 3))
    expected[1:6:2] = B[:, 1:]
    np.testing.assert_array_equal(run(text, B), expected)


def reduced(name: str, start: str) -> str:
    return f"""%y = "stablehlo.reduce"(%a, {start}) <{{dimensions = array<i64: 0, 2>}}> ({{
      ^bb0(%p: tensor<f32>, %q: tensor<f32>):
        %r = "stablehlo.{name}"(%p, %q) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%r) : (tensor<f32>) -> ()
      }}) : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3xf32>"""


def test_sums_and_largest_elements() -> None:
    text = module("a:2x3x4xf32", "3xf32", ZERO, reduced("add", "%zero"))
    np.testing.assert_array_equal(run(text, A), A.sum((0, 2)))
    text = module("a:2x3x4xf32", "3xf32", LOWEST, reduced("maximum", "%low"))
    np.testing.assert_array_equal(run(text, A), A.max((0, 2)))


def test_a_product_with_a_batch_and_sides_turned_round() -> None:
    dot = "lhs_batching_dimensions = [0], rhs_batching_dimensions = [1], "
    dot += "lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [0]"
    text = module(
        "a:2x3x4xf32 w:4x2x5xf32",
        "2x3x5xf32",
        op("dot_general", "%a, %w", "2x3x4xf32 4x2x5xf32", "2x3x5xf32",
           f"dot_dimension_numbers = #stablehlo.dot<{dot}>"),
    )  # fmt: skip
    w = np.arange(40.0).reshape(4, 2, 5)
    np.testing.assert_array_equal(run(text, A, w), np.einsum("bmk,kbn->bmn", A, w))
    (layer,) = layers(text)
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    assert kernel.useful_macs == 2 * 3 * 4 * 5


def test_zeros_between_elements_are_no_products() -> None:
    # 3 elements, 2 apart: 5 positions, and a border of 1: a window of 3 has 5 places. 15 iterations, 9 of them useful.
    text = module(
        "x:1x3x1xf32 w:3x1x1xf32",
        "1x5x1xf32",
        op("convolution", "%x, %w", "1x3x1xf32 3x1x1xf32", "1x5x1xf32",
           "dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>, lhs_dilation = array<i64: 2>, "
           "padding = dense<1> : tensor<1x2xi64>, window_reversal = array<i1: true>, "
           "feature_group_count = 1 : i64, batch_group_count = 1 : i64"),
    )  # fmt: skip
    found = run(text, np.array([1.0, 2, 3]).reshape(1, 3, 1), np.array([10.0, 100, 1000]).reshape(3, 1, 1))
    # Zeros at both ends, 0 1 0 2 0 3 0, with the window 1000 100 10.
    np.testing.assert_array_equal(found.reshape(-1), [100, 1000 + 20, 200, 2000 + 30, 300])
    (layer,) = layers(text)
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    assert (kernel.useful_macs, kernel.ifmap.shape[-1]) == (9, 5)


@pytest.mark.parametrize("fields", ["lhs_dilation = array<i64: 2>", "window_reversal = array<i1: true>"])
def test_an_offset_by_channels_leaves_a_convolution_what_it_is(fields: str) -> None:
    """What lies apart, or is read backwards, does so with a bias of its own as well."""
    is_apart = "dilation" in fields
    made = f"2x{5 if is_apart else 3}x5xf32"
    constants = [
        f'%{name} = "stablehlo.constant"() <{{value = dense_resource<{name}> : tensor<{kind}>}}> : () -> tensor<{kind}>'
        for name, kind in (("w", "3x4x5xf32"), ("b", "5xf32"))
    ]
    text = module(
        "x:2x3x4xf32",
        made,
        *constants,
        op("convolution", "%x, %w", "2x3x4xf32 3x4x5xf32", made,
           f"dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>, {fields}, "
           "padding = dense<1> : tensor<1x2xi64>, feature_group_count = 1 : i64, batch_group_count = 1 : i64", "%c"),
        op("broadcast_in_dim", "%b", "5xf32", made, "broadcast_dimensions = array<i64: 2>", "%s"),
        op("add", "%c, %s", f"{made} {made}", made),
    )  # fmt: skip
    w, b = np.arange(60.0).reshape(3, 4, 5), np.arange(5.0) + 100
    loaded = parse_foreign_module(text, "m.mlir", None)
    assert [layer.name for layer in network_of(loaded).layers()] == ["simdc.contraction"]
    (found,) = execute(loaded, [A], {"w": w, "c.bias": b}).returned
    # Rows 0 a 0 b 0 c 0, or 0 a b c 0 with the window turned round.
    rows = np.zeros((2, 7 if is_apart else 5, 4))
    rows[:, 1 : -1 : 2 if is_apart else 1] = A
    window = w if is_apart else w[::-1]
    expected = sum(rows[:, tap : tap + found.shape[1]] @ window[tap] for tap in range(3)) + b
    np.testing.assert_array_equal(found, expected)


def test_windows_add_up() -> None:
    text = module("b:3x4xf32", "3x2xf32", ZERO,
        """%y = "stablehlo.reduce_window"(%b, %zero) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>,
            window_dimensions = array<i64: 1, 3>, window_strides = array<i64: 1, 2>}> ({
           ^bb0(%p: tensor<f32>, %q: tensor<f32>):
             %r = "stablehlo.add"(%p, %q) : (tensor<f32>, tensor<f32>) -> tensor<f32>
             "stablehlo.return"(%r) : (tensor<f32>) -> ()
           }) : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x2xf32>""")  # fmt: skip
    np.testing.assert_array_equal(run(text, B), np.stack([B[:, :2].sum(1), B[:, 1:].sum(1)], 1))


def test_a_pool_stores_what_the_module_says() -> None:
    kind = "1x2x2x2xbf16"
    text = module("x:1x2x4x4xbf16", kind,
        '%low = "stablehlo.constant"() <{value = dense<0xFF80> : tensor<bf16>}> : () -> tensor<bf16>',
        f"""%y = "stablehlo.reduce_window"(%x, %low) <{{padding = dense<0> : tensor<4x2xi64>,
            window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>}}> ({{
           ^bb0(%p: tensor<bf16>, %q: tensor<bf16>):
             %r = "stablehlo.maximum"(%p, %q) : (tensor<bf16>, tensor<bf16>) -> tensor<bf16>
             "stablehlo.return"(%r) : (tensor<bf16>) -> ()
           }}) : (tensor<1x2x4x4xbf16>, tensor<bf16>) -> tensor<{kind}>""")  # fmt: skip
    loaded = network_of(parse_foreign_module(text, "m.mlir", None))
    (layer,) = loaded.layers()
    assert layer.name == "simdc.max_pool"
    assert given_widths(loaded) == {loaded.body.block.args[0]: 16, layer.results[0]: 16}


@pytest.mark.parametrize("source", ["%x", "%e"])
@pytest.mark.parametrize("to", ["turned", "with a border"])
def test_a_copy_is_as_narrow_as_what_it_copies(source: str, to: str) -> None:
    """An input, and what a layer made."""
    result = "4x2xbf16" if to == "turned" else "3x4xbf16"
    zero = '%zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<bf16>}> : () -> tensor<bf16>'
    turned = op("transpose", source, "2x4xbf16", result, "permutation = array<i64: 1, 0>")
    fields = "edge_padding_high = array<i64: 1, 0>, edge_padding_low = array<i64: 0, 0>"
    wide = op("pad", f"{source}, %zero", "2x4xbf16 bf16", result, fields)
    made = op("exponential", "%x", "2x4xbf16", "2x4xbf16", to="%e")
    text = module("x:2x4xbf16", result, zero, made, turned if to == "turned" else wide)
    loaded = network_of(parse_foreign_module(text, "m.mlir", None))
    *_, copy = loaded.layers()
    assert given_widths(loaded)[copy.results[0]] == 16


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (op("custom_call", "%b", "3x4xf32", "3x4xf32", 'call_target_name = "own.kernel"'), "custom call 'own.kernel'"),
        (op("cholesky", "%b", "3x4xf32", "3x4xf32"), "stablehlo.cholesky, there is no solver"),
    ],
)
def test_what_nobody_knows_is_refused_by_name(line: str, message: str) -> None:
    with pytest.raises(SimdcError, match=message):
        parse_foreign_module(module("b:3x4xf32", "3x4xf32", line), "m.mlir", None)


def test_a_border_that_the_printer_left_out_is_refused_with_the_way_to_print_it() -> None:
    fields = "padding = dense_resource<__elided__> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 1>"
    line = op("reduce_window", "%b, %zero", "3x4xf32 f32", "3x4xf32", fields)
    with pytest.raises(SimdcError, match="'padding' was left out by the printer"):
        parse_foreign_module(module("b:3x4xf32", "3x4xf32", ZERO, line), "m.mlir", None)


def test_a_collective_is_what_it_moves_in_dram() -> None:
    line = """%y = "stablehlo.all_reduce"(%b) <{replica_groups = dense<0> : tensor<1x1xi64>}> ({
           ^bb0(%p: tensor<f32>, %q: tensor<f32>):
             %r = "stablehlo.add"(%p, %q) : (tensor<f32>, tensor<f32>) -> tensor<f32>
             "stablehlo.return"(%r) : (tensor<f32>) -> ()
           }) : (tensor<3x4xf32>) -> tensor<3x4xf32>"""
    loaded = parse_foreign_module(module("b:3x4xf32", "3x4xf32", line), "m.mlir", None)
    network = network_of(loaded)
    assert [layer.name for layer in network.layers()] == ["simdc.program"]
    assert network.notes is not None
    assert "no network between devices" in str(network.notes)
