"""One invalid case for each sentence that an op says, and what a module lacks."""

from __future__ import annotations

import re
from math import prod

import pytest
from xdsl.dialects.builtin import DenseArrayBase, IntegerType, ModuleOp, TensorType, f32, i32, i64
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import shape_of, tensor_type, width_bits
from simdc.ir.context import first_invalid, hardware_of
from simdc.ir.network import network_of
from simdc.ir.ops.average_pool import WindowDivideOp
from simdc.passes.pipeline import make_context, parse_pipeline, run_pipeline

CONV = 'simdc.conv2d "c" %x, %w'
POOL = 'simdc.max_pool "p" %x'


def network(
    line: str, *, arguments: str = "", phase: str = "inference", end: str = "simdc.return %x : tensor<1x4x5x5xi8>"
):
    """A module with one line between arguments (an image %x, a vector %v, a matrix %m) and return."""
    inputs = f"%x: tensor<1x4x5x5xi8>, %v: tensor<4xi8>, %m: tensor<2x6xi8>{arguments}"
    sizes = re.findall(r"simdc\.parameter.*tensor<([0-9x]+)x", line)
    parameters = sum(prod(map(int, size.split("x"))) for size in sizes)
    text = f"""builtin.module {{
      simdc.network @n({inputs}) {phase} batch 1 parameters {parameters} {{
        {line}
        {end}
      }}
    }}"""
    return Parser(make_context(), text).parse_module()


def conv(properties: str = "", *, weight: str = "8x4x3x3", result: str = "1x8x3x3", bias: str | None = None) -> str:
    extra, kind = ("", "") if bias is None else (", %b", f", tensor<{bias}xi8>")
    lines = [f'%w = simdc.parameter "w" : () -> tensor<{weight}xi8>']
    if bias is not None:
        lines.append(f'%b = simdc.parameter "b" : () -> tensor<{bias}xi8>')
    types = f"(tensor<1x4x5x5xi8>, tensor<{weight}xi8>{kind}) -> tensor<{result}xi8>"
    return "\n".join([*lines, f"%r = {CONV}{extra} {properties} : {types}"])


def linear(*, weight: str = "3x6", bias: str | None = None, value: str = "%m", shape: str = "2x6") -> str:
    extra, kind = ("", "") if bias is None else (", %b", f", tensor<{bias}xi8>")
    lines = [f'%w = simdc.parameter "w" : () -> tensor<{weight}xi8>']
    if bias is not None:
        lines.append(f'%b = simdc.parameter "b" : () -> tensor<{bias}xi8>')
    types = f"(tensor<{shape}xi8>, tensor<{weight}xi8>{kind}) -> tensor<2x3xi8>"
    return "\n".join([*lines, f'%r = simdc.linear "l" {value}, %w{extra} : {types}'])


def pool(properties: str, result: str = "1x4x3x3") -> str:
    return f"%r = {POOL} {properties} : (tensor<1x4x5x5xi8>) -> tensor<{result}xi8>"


NORM = 'simdc.batch_norm "b" %x, {0}, {0}, {0}, {0} : (tensor<1x4x5x5xi8>, {1}, {1}, {1}, {1}) -> tensor<1x4x5x5xi8>'
LRN = 'simdc.local_response_norm "l" {0} size {1} alpha 0.1 beta 0.75 bias 1.0 : ({2}) -> {2}'
FIVE = 'simdc.{} "f" {} : ({}) -> tensor<1x1x1x1x1x1x1xi8>'
DEEP = ", %z: tensor<1x1x1x1x1x1x1xi8>"
DEEP_TYPE = "tensor<1x1x1x1x1x1x1xi8>"

# Valid twins of the cases below, so that each case differs from a good one in what its sentence says.
VALID = {
    "conv": conv(bias="8"),
    "conv groups": conv("groups 2", weight="8x2x3x3"),
    "linear": linear(bias="3"),
    "pool": pool("kernel_size [3, 3]"),
    "batch norm": NORM.format("%v", "tensor<4xi8>"),
    "lrn": LRN.format("%x", 5, "tensor<1x4x5x5xi8>"),
    "softmax": 'simdc.softmax "s" %m : (tensor<2x6xi8>) -> tensor<2x6xi8>',
    "add": 'simdc.add "a" %v, %v : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>',
    "relu": 'simdc.relu "r" %v : (tensor<4xi8>) -> tensor<4xi8>',
    "flatten": 'simdc.flatten "f" %x : (tensor<1x4x5x5xi8>) -> tensor<1x100xi8>',
    "unmodelled": 'simdc.unmodelled "u" operation "loss"',
}


@pytest.mark.parametrize("line", VALID.values(), ids=VALID)
def test_valid(line: str) -> None:
    network(line).verify()


STRIDES = "stride and dilation take two entries, padding takes four (top, left, bottom, right)"
POSITIVE = "stride and dilation must be positive and padding must not be negative"
INVALID = [
    (conv(result="1x8x4x3"), "simdc.conv2d 'c': result has shape [1, 8, 4, 3], expected [1, 8, 3, 3]"),
    (conv(result="8x3x3"), "simdc.conv2d 'c': result has shape [8, 3, 3], expected [1, 8, 3, 3]"),
    (conv(weight="8x4x3"), "simdc.conv2d 'c': input and weight must have four dimensions"),
    (
        conv(weight="8x3x3x3"),
        "simdc.conv2d 'c': input has 4 channels and the weight 8 x 3: they do not go together with groups = 1",
    ),
    (
        conv("groups 3", weight="8x4x3x3"),
        "simdc.conv2d 'c': input has 4 channels and the weight 8 x 4: they do not go together with groups = 3",
    ),
    (conv("groups 0"), "they do not go together with groups = 0"),
    (conv("groups -1"), "they do not go together with groups = -1"),
    (conv(bias="4"), "simdc.conv2d 'c': bias has shape [4], expected [8]"),
    (conv("stride [2]"), STRIDES),
    (conv("padding [1, 1]"), STRIDES),
    (conv("dilation [1, 1, 1]"), STRIDES),
    (conv("stride [0, 1]"), POSITIVE),
    (conv("padding [0, 0, 0, -1]"), POSITIVE),
    (conv("dilation [1, -2]"), POSITIVE),
    (
        conv(weight="8x4x6x3"),
        "the result would be empty: the window covers 6 x 3 and the padded input has 5 x 5",
    ),
    (
        conv("dilation [3, 2] padding [1, 0, 0, 0]"),
        "the result would be empty: the window covers 7 x 5 and the padded input has 6 x 5",
    ),
    (linear(weight="3x5"), "simdc.linear 'l': input has 6 features, the weight expects 5"),
    (linear(bias="2"), "simdc.linear 'l': bias has shape [2], expected [3]"),
    (linear(value="%x", shape="1x4x5x5"), "simdc.linear 'l': input has 5 features, the weight expects 6"),
    (linear(weight="3"), "simdc.linear 'l': expected two dimensions, got shape [3]"),
    (pool("kernel_size [3]"), "simdc.max_pool 'p': the window must have two positive sizes, got [3]"),
    (pool("kernel_size [3, 0]"), "simdc.max_pool 'p': the window must have two positive sizes, got [3, 0]"),
    (pool("kernel_size [3, 3] stride [1]"), STRIDES),
    (pool("kernel_size [3, 3]", "1x4x2x3"), "result has shape [1, 4, 2, 3], expected [1, 4, 3, 3]"),
    (
        'simdc.average_pool "p" %m kernel_size [1, 1] : (tensor<2x6xi8>) -> tensor<2x6xi8>',
        "simdc.average_pool 'p': expected an image [n, c, h, w], got shape [2, 6]",
    ),
    (
        NORM.format("%v5", "tensor<5xi8>"),
        "simdc.batch_norm 'b': input has shape [1, 4, 5, 5], a parameter [5]",
    ),
    (LRN.format("%m", 5, "tensor<2x6xi8>"), "expected an image [n, c, h, w], got shape [2, 6]"),
    (LRN.format("%x", 0, "tensor<1x4x5x5xi8>"), "simdc.local_response_norm 'l': size must be positive, got 0"),
    (
        'simdc.softmax "s" %v : (tensor<4xi8>) -> tensor<4xi8>',
        "simdc.softmax 's': expected two to six dimensions, got shape [4]",
    ),
    (
        'simdc.add "a" %v, %m : (tensor<4xi8>, tensor<2x6xi8>) -> tensor<4xi8>',
        "simdc.add 'a': cannot add shapes [4] and [2, 6]",
    ),
    (
        f'simdc.relu "r" %z : ({DEEP_TYPE}) -> {DEEP_TYPE}',
        "simdc.relu 'r': expected one to six dimensions, got shape [1, 1, 1, 1, 1, 1, 1]",
    ),
    (
        f'simdc.add "a" %z, %z : ({DEEP_TYPE}, {DEEP_TYPE}) -> {DEEP_TYPE}',
        "simdc.add 'a': expected one to six dimensions, got shape [1, 1, 1, 1, 1, 1, 1]",
    ),
    (
        'simdc.flatten "f" %x : (tensor<1x4x5x5xi8>) -> tensor<4x25xi8>',
        "simdc.flatten 'f': result has shape [4, 25], expected [1, 100]",
    ),
    (
        'simdc.relu "r" %o : (tensor<1x?xi8>) -> tensor<1x?xi8>',
        "expected a tensor with a static, non-empty shape, got tensor<1x?xi8>",
    ),
    (
        'simdc.relu "r" %e : (tensor<1x0xi8>) -> tensor<1x0xi8>',
        "expected a tensor with a static, non-empty shape, got tensor<1x0xi8>",
    ),
    (
        f"{VALID['relu']}\n{VALID['relu']}",
        "simdc.network: two layers are called 'r'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "says"), INVALID, ids=[says[:60] for _, says in INVALID])
def test_invalid(line: str, says: str) -> None:
    arguments = ""
    if "%z" in line:
        arguments = DEEP
    elif "%v5" in line:
        arguments = ", %v5: tensor<5xi8>"
    if "%o" in line or "%e" in line:
        # A value of that type that is no argument, which the network would refuse itself.
        kind = "tensor<1x?xi8>" if "%o" in line else "tensor<1x0xi8>"
        line = f'{line[line.index("%") : line.index("%") + 2]} = simdc.parameter "t" : () -> {kind}\n{line}'
    error = first_invalid(network(line, arguments=arguments))
    assert error is not None
    assert says in str(error)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (network("", phase="testing"), "phase must be inference or training, got 'testing'"),
        (
            network("", arguments=", %o: tensor<?x4xi8>"),
            "expected a tensor with a static, non-empty shape, got tensor<?x4xi8>",
        ),
    ],
    ids=["phase", "argument"],
)
def test_invalid_network(module: ModuleOp, says: str) -> None:
    assert says in str(first_invalid(module))
    with pytest.raises(VerifyException, match=re.escape(says)):
        module.verify()


def test_a_network_ends_in_return() -> None:
    module = network("", end=VALID["relu"])
    assert str(first_invalid(module)) == "simdc.network: the network must end in simdc.return"
    with pytest.raises(VerifyException):
        module.verify()


def test_operands_must_be_tensors() -> None:
    with pytest.raises(VerifyException, match="expected a tensor, got i32"):
        tensor_type(create_ssa_value(i32))
    with pytest.raises(VerifyException):
        network('%r = simdc.relu "r" %s : (i8) -> i8', arguments=", %s: i8").verify()


def test_widths_come_from_element_types() -> None:
    for bits in (1, 7, 8, 33):
        assert width_bits(create_ssa_value(TensorType(IntegerType(bits), (2,)))) == bits
    assert width_bits(create_ssa_value(TensorType(f32, (2,)))) == 32
    value = create_ssa_value(TensorType(TensorType(i32, (1,)), (2, 3)))
    with pytest.raises(VerifyException, match="element type tensor<1xi32> has no width in bits"):
        width_bits(value)
    assert shape_of(value) == (2, 3)


def test_a_module_without_machine_or_network() -> None:
    with pytest.raises(VerifyException, match=r"the module has no .simdc\.hardware. attribute: choose a machine"):
        hardware_of(network(""))
    for count in (0, 2):
        nets = [network("").body.block.first_op for _ in range(count)]
        module = ModuleOp([op.clone() for op in nets if op is not None])
        with pytest.raises(VerifyException, match=f"expected one simdc.network in the module, found {count}"):
            network_of(module)


def test_an_invalid_layer_is_reported_where_it_was_written() -> None:
    module = parse_dsl("network n(x: 4x5x5) {\n  return x -> relu -> maxpool(3)\n}", "net.dsl", 1)
    (layer,) = (op for op in network_of(module).layers() if op.name == "simdc.max_pool")
    layer.properties["kernel_size"] = DenseArrayBase.from_list(i64, [9, 9])
    with pytest.raises(SimdcError) as caught:
        run_pipeline(module, parse_pipeline("simdc-fold-batch-norm"))
    assert str(caught.value) == (
        "net.dsl:2:23: error: simdc.max_pool 'maxpool1': the result would be empty: "
        "the window covers 9 x 9 and the padded input has 5 x 5"
    )


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [
        # Without a height of its own, a row's counts have nothing to stand beside.
        ((1, 2, 3), (2,), (2, 2, 2)),
        ((1, 2, 3, 2), (2, 2, 2), (2, 0)),
        ((1, 2, 3, 2), (2, -1, 2), (2, 2)),
        ((1, 2, 3, 2), (2, 2), (2, 2)),
        ((1, 2, 3, 2), (2, 2, 2), (2, 2, 2)),
    ],
)
def test_windows_to_divide_by_have_a_positive_count_for_each_place(
    shape: tuple[int, ...], rows: tuple[int, ...], columns: tuple[int, ...]
) -> None:
    image = create_ssa_value(TensorType(f32, shape))
    with pytest.raises(VerifyException, match="a positive count for each row and column"):
        WindowDivideOp("d", image, rows=rows, columns=columns).result_shape()
    assert WindowDivideOp(
        "d", create_ssa_value(TensorType(f32, (1, 2, 3, 2))), rows=(1, 2, 1), columns=(1, 2)
    ).result_shape()
