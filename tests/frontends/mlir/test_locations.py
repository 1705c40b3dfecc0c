"""Locations behind ops: names in them call layers, and what xDSL does not read of them is no error."""

from __future__ import annotations

import pytest

from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.network import network_of


def text(location: str, *aliases: str, op: str = "exponential") -> str:
    """A function of one op, with names of locations behind it."""
    made = f'%0 = "stablehlo.{op}"(%x) : (tensor<4x6xf32>) -> tensor<4x6xf32> loc({location})'
    body = (
        f'func.func @main(%x: tensor<4x6xf32> loc("x")) -> tensor<4x6xf32> {{\n{made}\nreturn %0 : tensor<4x6xf32> }}'
    )
    return "\n".join([f"module {{ {body} }} loc(unknown)", *aliases])


def named(location: str, *aliases: str) -> str:
    (layer,) = network_of(parse_foreign_module(text(location, *aliases), "m.mlir", None)).layers()
    return layer.layer.data


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("jit(step)/jvp(layer1)/conv1/dot_general", "layer1.conv1.dot_general"),
        ("jit(step)/transpose(jvp(layer1))/conv1/dot_general", "layer1.conv1.dot_general.grad"),
        ("jit(step)/transpose(jvp())/mul", "mul.grad"),
        ("jit(f)/vmap(jvp(Model/Dense_0))/add", "Model.Dense_0.add"),
        ("jit(f)/transpose", "transpose"),
        ("model/dense/MatMul", "model.dense.MatMul"),
        ("jit(step)", "exponential"),
        ("a" * 1001, "exponential"),
    ],
)
def test_names_that_frameworks_write(path: str, name: str) -> None:
    assert named(f'"{path}"') == name


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ('"relu"("model.py":3:7 to :12)', "relu"),
        ("#loc2", "head"),
        ("callsite(#loc2 at #loc1)", "head"),
        ('fused<{line = "(1"}>["tail"(#loc1), #loc2]', "tail"),
        ('"a)b"', "a)b"),
        # Files, ranges in them, and names that are nowhere or go round in a circle.
        ('"model.py":3:7', "exponential"),
        ("#loc1", "exponential"),
        ("#loc7", "exponential"),
        ("#loc8", "exponential"),
        ("unknown", "exponential"),
    ],
)
def test_locations_as_mlir_writes_them(location: str, name: str) -> None:
    aliases = '#loc1 = loc("model.py":3:7 to 4:8)', '#loc2 = loc("head"(#loc1))', "#loc8 = loc(#loc8)"
    assert named(location, *aliases) == name


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("jit(f)/jvp(block)/jit(act)", "block.act.tanh"),
        ("jit(f)/transpose(jvp(block))/jit(act)", "block.act.tanh.grad"),
    ],
)
def test_layers_of_a_function_have_the_name_of_its_call(call: str, name: str) -> None:
    kind = "tensor<4x6xf32>"
    made = parse_foreign_module(
        f"""module {{
        func.func @main(%x: {kind}) -> {kind} {{
          %0 = func.call @relu(%x) : ({kind}) -> {kind} loc("{call}")
          %1 = "stablehlo.exponential"(%0) : ({kind}) -> {kind} loc("jit(f)/exp")
          return %1 : {kind} }}
        func.func private @relu(%y: {kind}) -> {kind} {{
          %0 = "stablehlo.tanh"(%y) : ({kind}) -> {kind} loc("tanh")
          return %0 : {kind} }} }}""",
        "m.mlir",
        None,
    )
    assert [layer.layer.data for layer in network_of(made).layers()] == [name, "exp"]


def test_an_op_with_a_location_is_refused_at_its_line_of_the_text() -> None:
    with pytest.raises(SimdcError, match=r"no price for 1 op:\s+stablehlo\.fft, .*: line 2$"):
        parse_foreign_module(text('"a"("model.py":77:1)', op="fft"), "m.mlir", None)


def test_a_location_without_an_end_is_refused_at_its_place() -> None:
    with pytest.raises(SimdcError) as caught:
        parse_foreign_module("module {\n} loc(", "m.mlir", None)
    assert (caught.value.line, "a location is parentheses that end" in str(caught.value)) == (2, True)
