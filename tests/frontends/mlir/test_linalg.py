"""Modules of `linalg` on tensors: what becomes of their ops, what it costs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction, VectorProgram
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.mlir_text import parse_mlir
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import make_context
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.notes import notes_of
from simdc.passes.tidy import TidyPass

BLOCK = Path(__file__).resolve().parents[3] / "examples/mlir/block.mlir"


def layers_of(text: str) -> list[LayerOp]:
    return list(network_of(parse_foreign_module(text, "m.mlir", None)).layers())


def module(arguments: str, result: str, body: str, returned: str = "%y") -> str:
    return f"module {{ func.func @main({arguments}) -> {result} {{\n{body}\nreturn {returned} : {result} }} }}"


MAPS = "affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>"
EACH = f'{{indexing_maps = [{MAPS}], iterator_types = ["parallel", "parallel"]}}'


def test_a_block_is_two_sums_a_rectifier_and_a_program_of_its_own() -> None:
    loaded = load_network(str(BLOCK), None)
    TidyPass().apply(make_context(), loaded)
    layers = list(network_of(loaded).layers())
    assert [layer.name for layer in layers] == ["simdc.conv2d", "simdc.relu", "simdc.contraction", "simdc.program"]
    assert [layer.layer.data for layer in layers] == ["conv", "relu", "product", "own"]
    assert layers[0].folded is not None
    # x*x, exp, x/that: 64 x 48 of each.
    program = layers[3].kernel()
    assert isinstance(program, VectorProgram)
    (nest,) = program.nests
    assert [step.opcode for step in nest.blocks[0].instructions] == ["mul", "exp", "div"]
    assert [loop.bound for loop in nest.loops] == [64 * 48]


def test_a_convolution_in_its_border_is_the_layer_that_networks_have() -> None:
    conv, *_ = network_of(load_network(str(BLOCK), None)).layers()
    kernel = conv.kernel()
    assert isinstance(kernel, Contraction)
    assert str(kernel.ifmap.index[2]) == "oh + kh - 1"
    assert kernel.useful_macs == 32 * 16 * 9 * 32 * 32


def test_a_convolution_in_another_layout_has_loops_of_its_own_and_the_same_products() -> None:
    text = module(
        "%x: tensor<2x9x9x4xf32>, %w: tensor<3x3x4x6xf32>",
        "tensor<2x4x4x6xf32>",
        """%c = arith.constant 0.0 : f32
           %e = tensor.empty() : tensor<2x4x4x6xf32>
           %f = linalg.fill ins(%c : f32) outs(%e : tensor<2x4x4x6xf32>) -> tensor<2x4x4x6xf32>
           %y = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
             ins(%x, %w : tensor<2x9x9x4xf32>, tensor<3x3x4x6xf32>)
             outs(%f : tensor<2x4x4x6xf32>) -> tensor<2x4x4x6xf32>
        """,
    )
    (layer,) = layers_of(text)
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    # n, h, w, f, taps of h and w, channels in the order in which the names give them: d0 .. d6.
    assert kernel.useful_macs == 2 * 4 * 4 * 6 * 3 * 3 * 4
    assert (kernel.rows, kernel.columns) == ("d6", "d3")
    assert [str(each) for each in kernel.ifmap.index] == ["d0", "2*d1 + d4", "2*d2 + d5", "d6"]
    values = np.random.default_rng(0)
    x, w = values.integers(-3, 4, (2, 9, 9, 4)), values.integers(-3, 4, (3, 3, 4, 6))
    expected = np.zeros((2, 4, 4, 6))
    for i in range(3):
        for j in range(3):
            expected += np.einsum("nhwc,cf->nhwf", x[:, i : i + 7 : 2, j : j + 7 : 2], w[i, j])
    (found,) = execute(parse_foreign_module(text, "m.mlir", None), [x, w], {}).returned
    np.testing.assert_array_equal(found, expected)


def test_a_product_without_channels_may_run_on_the_lanes() -> None:
    # Depthwise, 8 channels: the array has one row and one column for each.
    text = module(
        "%x: tensor<1x6x6x8xf32>, %w: tensor<3x3x8xf32>",
        "tensor<1x4x4x8xf32>",
        """%c = arith.constant 0.0 : f32
           %e = tensor.empty() : tensor<1x4x4x8xf32>
           %f = linalg.fill ins(%c : f32) outs(%e : tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
           %y = "linalg.depthwise_conv_2d_nhwc_hwc"(%x, %w, %f) <{dilations = dense<1> : tensor<2xi64>,
             operandSegmentSizes = array<i32: 2, 1>, strides = dense<1> : tensor<2xi64>}> ({
           ^bb0(%a: f32, %b: f32, %o: f32):
             "linalg.yield"(%o) : (f32) -> ()
           }) : (tensor<1x6x6x8xf32>, tensor<3x3x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
        """,
    )
    (layer,) = layers_of(text)
    assert list(layer.forms()) == ["rhs_stationary", "lhs_stationary", "lanes"]
    lanes = layer.forms()["lanes"].kernel(32)
    assert isinstance(lanes, VectorProgram)
    assert lanes.bounds[lanes.lanes] == 8


def test_views_of_constants_and_of_tensors_move_nothing() -> None:
    # The product reads the transposed weight and the cut input where they lie. Old xDSL knows the slice in its generic
    # form alone.
    text = module(
        "%x: tensor<4x10xf32>",
        "tensor<4x3xf32>",
        """%w = arith.constant dense_resource<weight> : tensor<3x8xf32>
           %c = arith.constant 0.0 : f32
           %t = tensor.empty() : tensor<8x3xf32>
           %u = linalg.transpose ins(%w : tensor<3x8xf32>) outs(%t : tensor<8x3xf32>) permutation = [1, 0]
           %s = "tensor.extract_slice"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>,
             static_offsets = array<i64: 0, 2>, static_sizes = array<i64: 4, 8>, static_strides = array<i64: 1, 1>}>
             : (tensor<4x10xf32>) -> tensor<4x8xf32>
           %e = tensor.empty() : tensor<4x3xf32>
           %f = linalg.fill ins(%c : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
           %y = linalg.matmul ins(%s, %u : tensor<4x8xf32>, tensor<8x3xf32>)
             outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
        """,
    )
    loaded = parse_foreign_module(text, "m.mlir", None)
    (layer,) = network_of(loaded).layers()
    parameters = [op for op in network_of(loaded).body.block.ops if isinstance(op, ParameterOp)]
    assert [(op.label.data, shape_of(op.result)) for op in parameters] == [("weight", (3, 8))]
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    assert [str(each) for each in kernel.ifmap.index] == ["d0", "d2 + 2"]
    x, w = np.arange(40.0).reshape(4, 10), np.arange(24.0).reshape(3, 8)
    (found,) = execute(loaded, [x], {"weight": w}).returned
    np.testing.assert_array_equal(found, x[:, 2:] @ w.T)


def test_a_bias_along_channels_starts_the_sums() -> None:
    text = module(
        "%x: tensor<4x8xf32>, %w: tensor<8x3xf32>, %b: tensor<3xf32>",
        "tensor<4x3xf32>",
        """%e = tensor.empty() : tensor<4x3xf32>
           %f = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e : tensor<4x3xf32>) dimensions = [0]
           %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>)
             outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
        """,
    )
    (layer,) = layers_of(text)
    kernel = layer.kernel()
    assert isinstance(kernel, Contraction)
    assert kernel.bias is not None
    assert (kernel.bias.shape, [str(each) for each in kernel.bias.index]) == ((3,), ["d1"])


def test_weights_are_those_that_are_named() -> None:
    text = module(
        "%x: tensor<4x8xf32>, %w: tensor<8x3xf32>",
        "tensor<4x3xf32>",
        """%e = tensor.empty() : tensor<4x3xf32>
           %c = arith.constant 0.0 : f32
           %f = linalg.fill ins(%c : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
           %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>)
             outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
        """,
    )
    assert network_of(parse_foreign_module(text, "m.mlir", None, ["w"])).parameters.value.data == 24
    assert network_of(parse_foreign_module(text, "m.mlir", None)).parameters.value.data == 0
    with pytest.raises(SimdcError, match="--weights v: its arguments are x, w"):
        parse_foreign_module(text, "m.mlir", None, ["v"])


def test_rows_of_a_table_are_picked() -> None:
    text = module(
        "%i: tensor<5xi64>",
        "tensor<5x6xf32>",
        """%t = arith.constant dense_resource<table> : tensor<9x6xf32>
           %e = tensor.empty() : tensor<5x6xf32>
           %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
             iterator_types = ["parallel", "parallel"]} ins(%i : tensor<5xi64>) outs(%e : tensor<5x6xf32>) {
           ^bb0(%a: i64, %o: f32):
             %k = arith.index_cast %a : i64 to index
             %j = "linalg.index"() <{dim = 1 : i64}> : () -> index
             %v = tensor.extract %t[%k, %j] : tensor<9x6xf32>
             linalg.yield %v : f32
           } -> tensor<5x6xf32>
        """,
    )
    loaded = parse_foreign_module(text, "m.mlir", None)
    assert [layer.name for layer in network_of(loaded).layers()] == ["simdc.gather"]
    table = np.arange(54.0).reshape(9, 6)
    (found,) = execute(loaded, [np.array([8, 0, 3, 3, 1])], {"table": table}).returned
    np.testing.assert_array_equal(found, table[[8, 0, 3, 3, 1]])


def test_what_has_no_price_is_named_all_at_once_with_its_line() -> None:
    text = module(
        "%x: tensor<4x8xf32>",
        "tensor<4x8xf32>",
        f"""%e = tensor.empty() : tensor<4x8xf32>
            %a = "own.op"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
            %b = linalg.generic {EACH} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {{
            ^bb0(%p: f32, %o: f32):
              %q = "math.gamma"(%p) : (f32) -> f32
              linalg.yield %q : f32
            }} -> tensor<4x8xf32>
            %c = "own.op"(%b) : (tensor<4x8xf32>) -> tensor<4x8xf32>
            %y = "own.op"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
        """,
    )
    with pytest.raises(SimdcError) as caught:
        parse_foreign_module(text, "m.mlir", None)
    assert str(caught.value).splitlines() == [
        "m.mlir: no price for 3 ops:",
        "  own.op, there is no layer for it: lines 3, 10",
        "  linalg.generic, its body has math.gamma: line 4",
    ]


def test_what_cannot_be_read_says_how_to_print_it() -> None:
    with pytest.raises(
        SimdcError, match=r"m\.mlir:2:1: error: 'foo\.bar' has no custom form .*mlir-opt --mlir-print-op-generic"
    ):
        parse_foreign_module("module {\nfoo.bar %x with words\n}", "m.mlir", None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("%y = tensor.empty() : tensor<4x8xf32>", "computes nothing"),
        (
            "func.call @f() : () -> ()\n%y = tensor.empty() : tensor<4x8xf32>",
            "there is no function 'f'",
        ),
    ],
)
def test_modules_without_a_network_are_refused(body: str, message: str) -> None:
    with pytest.raises(SimdcError, match=message):
        parse_foreign_module(module("%x: tensor<4x8xf32>", "tensor<4x8xf32>", body), "m.mlir", None)


def test_sizes_that_are_open_are_refused() -> None:
    text = "module { func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> { return %x : tensor<?x8xf32> } }"
    with pytest.raises(SimdcError, match=r"sizes of its arguments open: x\.0; give them: --bind x\.0=N; or export"):
        parse_foreign_module(text, "m.mlir", None)


def test_the_batch_is_the_module_s_own() -> None:
    given = BLOCK.read_text()
    one = network_of(parse_foreign_module(given, "m.mlir", 64, ["image"]))
    assert one.batch.value.data == 64
    assert notes_of(one) == ()
    with pytest.raises(SimdcError, match="is for a batch of 64 and cannot become one of 2"):
        parse_foreign_module(given, "m.mlir", 2, ["image"])


def test_a_batch_that_is_not_known_is_told_so() -> None:
    # An image of 1x16x32x32, scores of 64x32: either could begin with a batch.
    unknown = network_of(load_network(str(BLOCK), 1))
    assert unknown.batch.value.data == 1
    assert unknown.batch_text == "batch not known"
    assert notes_of(unknown)[0].startswith("the module does not say which size is its batch")
    with pytest.raises(SimdcError, match="does not say which size is its batch and cannot become one of 2"):
        load_network(str(BLOCK), 2)


def test_ir_of_a_module_whose_batch_is_not_known_is_read_again() -> None:
    # First sizes 3 and 8: nothing has a batch of one.
    kind = "tensor<3x8xf32>"
    body = f'%y = "stablehlo.exponential"(%x) : ({kind}) -> {kind}'
    text = module(f"%x: {kind}, %w: tensor<8x5xf32>", kind, body)
    again = network_of(parse_mlir(str(parse_foreign_module(text, "m.mlir", None)), "m.mlir", None))
    assert again.batch_text == "batch not known"
