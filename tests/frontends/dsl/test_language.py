"""What programs mean: layers, names and shapes that they unfold to."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp

from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import shape_of
from simdc.ir.network import ReturnOp, network_of, place_of

SKETCH = """
network resnet18(x: 3x224x224) {
  x = conv(x, 64, 7, stride=2, pad=3) -> bn -> relu -> maxpool(3, stride=2, pad=1)
  x = stage(x, 64, 2)
  x = stage(x, 128, 2, stride=2)
  x = stage(x, 256, 2, stride=2)
  x = stage(x, 512, 2, stride=2)
  return x -> global_avgpool -> fc(1000)
}
block stage(x, c, count, stride=1) {
  x = basic(x, c, stride)
  repeat count - 1 { x = basic(x, c) }
  return x
}
block basic(x, c, stride=1) {
  y = conv(x, c, 3, stride=stride, pad=1) -> bn -> relu -> conv(c, 3, pad=1) -> bn
  shortcut = x
  if stride != 1 or channels(x) != c { shortcut = conv(x, c, 1, stride=stride) -> bn }
  return add(y, shortcut) -> relu
}
"""


def layers(module: ModuleOp) -> list[str]:
    return [op.layer.data for op in network_of(module).layers()]


def names(body: str, rest: str = "") -> list[str]:
    return layers(parse_dsl(f"network n(x: 8x16x16) {{ {body} }} {rest}", "n.dsl", 1))


def number(expression: str) -> int:
    """The value of an expression, seen as a layer's output channels."""
    module = parse_dsl(f"network n(x: 8x16x16) {{ return conv(x, {expression}, 1) }}", "n.dsl", 1)
    (returned,) = [op for op in module.walk() if isinstance(op, ReturnOp)]
    return shape_of(returned.operands[0])[1]


def test_sketch_of_the_design_is_resnet18() -> None:
    module = parse_dsl(SKETCH, "resnet18.dsl", 2)
    network = network_of(module)
    module.verify()
    assert network.parameters.value.data == 11_689_512
    assert network.batch.value.data == 2
    found = layers(module)
    assert found[:4] == ["conv1", "bn1", "relu1", "maxpool1"]
    assert "stage2.basic1.conv3" in found
    assert found[-1] == "fc1"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("20 - 3 - 4", 13),
        ("20 // 3 * 2", 12),
        ("20 % 7", 6),
        ("24 / 2 / 3", 4),
        ("-3 + 10", 7),
        ("10 - -3", 13),
        ("2 * -3 + 9", 3),
        ("min(5, 3, 9)", 3),
        ("max(5, channels(x))", 8),
        ("height(x) + width(x)", 32),
        ("features(x -> global_avgpool -> flatten)", 8),
        ("channels(conv(x, 64, 3) -> relu)", 64),
    ],
)
def test_arithmetic(expression: str, value: int) -> None:
    assert number(expression) == value


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("1 < 2", True),
        ("2 <= 1", False),
        ("1 == 1.0", True),
        ("not 1 == 2", True),
        ("not true or true", True),
        ("not (true or true)", False),
        ("false and true or true", True),
        ("false and (true or true)", False),
        ("false and channels(3) == 1", False),
        ("true or channels(3) == 1", True),
        ('"a" == "a"', True),
        ("[1, 2] != [1, 3]", True),
        ("1 + 1 == 2 and 3 > 2", True),
        ("true == not false", True),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert names(f"if {condition} {{ x = relu(x) }} else {{ x = bn(x) }} return x") == (["relu1"] if holds else ["bn1"])


def test_else_if_takes_the_first_that_holds() -> None:
    branches = "if i == 0 { x = relu(x) } else if i < 3 { x = bn(x) } else { x = dropout(x) }"
    assert names(f"repeat 4 as i {{ {branches} }} return flatten(x)") == ["relu1", "bn1", "bn2", "dropout1", "flatten1"]


def test_chain_goes_on_in_the_next_line_and_passes_the_first_argument() -> None:
    assert names("return x -> relu\n -> add(x) # sum\n -> bn") == ["relu1", "add1", "bn1"]


def test_statements_need_no_newlines() -> None:
    assert names("a = relu(x) b = bn(a) return b -> relu") == ["relu1", "bn1", "relu2"]


def test_automatic_names_pass_over_given_ones() -> None:
    assert names('x = relu(x, name="relu2") -> relu -> relu -> relu(name="r.0") return x') == [
        "relu2",
        "relu1",
        "relu3",
        "r.0",
    ]


def test_scopes_and_interpolated_names() -> None:
    rest = "block b(x, c=2 * 4, d=c) { return conv(x, d, 1) } block a(x) { return b(x) -> b(c=4) }"
    assert names('x = a(x) repeat 2 as i { x = a(x, name="a.{i}") } return b(x, 3)', rest) == [
        "a1.b1.conv1",
        "a1.b2.conv1",
        "a.0.b1.conv1",
        "a.0.b2.conv1",
        "a.1.b1.conv1",
        "a.1.b2.conv1",
        "b1.conv1",
    ]


def test_repeat_and_if_assign_the_enclosing_names() -> None:
    assert names("n = 1 repeat 3 { n = n * 2 } repeat n // 4 { x = relu(x) } return x") == ["relu1", "relu2"]


def test_repeat_zero_runs_nothing() -> None:
    assert names("repeat 0 { x = relu(y) } return bn(x)") == ["bn1"]


def test_blocks_may_take_and_return_numbers() -> None:
    assert names("repeat double(1) { x = relu(x) } return x", "block double(n) { return 2 * n }") == ["relu1", "relu2"]


def test_several_inputs_and_outputs() -> None:
    module = parse_dsl("network n(x: 3x8x8, y: 3x8x8, z: 10) { s = add(x, y) return s, fc(z, 5), relu(s) }", "n.dsl", 4)
    (returned,) = [op for op in module.walk() if isinstance(op, ReturnOp)]
    assert [shape_of(value) for value in returned.operands] == [(4, 3, 8, 8), (4, 5), (4, 3, 8, 8)]


def test_lists_and_decimals_reach_the_layer() -> None:
    module = parse_dsl(
        "network n(x: 3x8x8) { return conv(x, 4, kernel=[3, 5], pad=[1, 2]) -> lrn(alpha=2e-4, beta=0.5) }", "n.dsl", 1
    )
    assert layers(module) == ["conv1", "lrn1"]
    assert "tensor<4x3x3x5xf32>" in str(module)


def test_every_layer_knows_its_place() -> None:
    module = parse_dsl("network n(x: 3x8x8) {\n  return relu(x)\n    -> bn\n}", "n.dsl", 1)
    assert [place_of(op) for op in network_of(module).layers()] == [("n.dsl", 2, 10), ("n.dsl", 3, 8)]
