"""Who decides the width of a tensor, when the readers stand behind views, and for what an update makes."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.ops.update import UpdateOp
from simdc.passes.pipeline import parse_pipeline, run_pipeline

# Each width is another: who takes the wrong one is seen.
WEIGHT, IFMAP, BIAS, PSUM, SIMD = 8, 16, 24, 40, 32
WIDTHS = [
    f"systolic.widths.{name}_bits={bits}"
    for name, bits in (("weight", WEIGHT), ("ifmap", IFMAP), ("bias", BIAS), ("psum", PSUM))
]
RULES = ["dataflow", "program-order"]


def assigned(text: str, passes: str = "", rule: str = "dataflow") -> dict[str, LayerOp]:
    module: ModuleOp = parse_dsl(text, "n.dsl", 2)
    set_hardware(module, simdc.load_hardware("HI3", [*WIDTHS, f"simd.width_bits={SIMD}"]))
    run_pipeline(module, parse_pipeline(f"{passes}simdc-assign-widths{{rule={rule}}}"))
    return {op.layer.data: op for op in network_of(module).layers()}


@pytest.mark.parametrize("views", ["flatten", "flatten -> dropout", "dropout -> flatten -> dropout"])
def test_a_reader_behind_views_decides(views: str) -> None:
    layers = assigned(f"network n(x: 4x2x2) {{ return x -> relu -> {views} -> fc(3) -> relu }}")
    # The array reads the first relu's result, through the views, as its ifmap; nobody reads the second's.
    assert width_bits(layers["relu1"].results[0]) == IFMAP
    assert width_bits(layers["fc1"].operands[0]) == IFMAP
    assert width_bits(layers["fc1"].results[0]) == PSUM
    assert width_bits(layers["relu2"].results[0]) == SIMD


def test_the_roles_of_an_operand_decide() -> None:
    (fc,) = assigned("network n(x: 6) { return x -> fc(3, bias=true) }").values()
    assert [width_bits(value) for value in fc.operands] == [IFMAP, WEIGHT, BIAS]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_what_an_update_makes_is_as_wide_as_what_it_replaces(optimizer: str) -> None:
    layers = assigned("network n(x: 6) { return x -> fc(3) }", f"simdc-derive-training{{optimizer={optimizer}}},")
    updates = [op for op in layers.values() if isinstance(op, UpdateOp)]
    # The weight is narrow in the array and so is what takes its place; what the optimizer keeps is its own business.
    assert [(op.layer.data, width_bits(op.results[0])) for op in updates] == [
        ("fc1.weight.update", WEIGHT),
        ("fc1.bias.update", BIAS),
    ]
    assert {width_bits(result) for op in updates for result in op.results[1:]} <= {SIMD}
    assert all(
        width_bits(new) == width_bits(old) for op in updates for new, old in zip(op.results, op.replaced, strict=True)
    )


@pytest.mark.parametrize("rule", RULES)
def test_partial_sums_have_the_width_of_the_array_that_adds_them(rule: str) -> None:
    layers = assigned("network n(x: 4x2x2) { return x -> relu -> flatten -> fc(3) -> softmax }", rule=rule)
    found = {name: op.accumulator and op.accumulator.value.data for name, op in layers.items()}
    assert found == {"relu1": SIMD, "flatten1": None, "fc1": PSUM, "softmax1": SIMD}


def test_in_program_order_the_next_entry_decides() -> None:
    layers = assigned(
        "network n(x: 4x2x2) { return x -> relu -> relu -> dropout -> conv(4, 1) -> relu }", rule="program-order"
    )
    # The second relu stands before the convolution; a dropout is no entry.
    found = {name: width_bits(op.results[0]) for name, op in layers.items()}
    assert found == {"relu1": PSUM, "relu2": IFMAP, "dropout1": IFMAP, "conv1": PSUM, "relu3": PSUM}


ATTENTION = """network n(x: 6x16) {
  k = fc(x, 8) -> heads(2) -> cache(name="keys")
  v = fc(x, 8) -> heads(2) -> cache(name="values")
  return attention(fc(x, 16, name="q") -> heads(4), k, v, name="a")
}"""


@pytest.mark.parametrize(("cache_bits", "width"), [(4, 4), (20, 20), (0, IFMAP)])
def test_keys_and_values_that_are_kept_have_the_width_of_the_cache(cache_bits: int, width: int) -> None:
    module: ModuleOp = parse_dsl(ATTENTION, "n.dsl", 2)
    settings = [*WIDTHS, f"simd.width_bits={SIMD}", f"systolic.widths.cache_bits={cache_bits}"]
    set_hardware(module, simdc.load_hardware("HI3", settings))
    run_pipeline(module, parse_pipeline("simdc-fold-views,simdc-assign-widths"))
    layers = {op.layer.data: op for op in network_of(module).layers()}
    assert [width_bits(value) for value in layers["a.scores"].operands] == [IFMAP, width]
    assert [width_bits(value) for value in layers["a.context"].operands] == [IFMAP, width]


def test_what_is_appended_to_a_cache_is_as_wide_as_it() -> None:
    net = ModuleBuilder("n", 1, "n.py")
    past, new, query = net.input("past", (2, 7, 4)), net.input("new", (2, 1, 4)), net.input("query", (2, 1, 4))
    kept = net.append(CacheAppendOp("kept", past, net.append(ReluOp("row", new), "row")), "kept")
    turned = net.append(TransposeOp("turned", kept, permutation=(0, 1, 3, 2)), "turned")
    scores = net.append(MatMulOp("scores", query, turned), "scores")
    module = net.finish((scores, kept))
    set_hardware(module, simdc.load_hardware("HI3", [*WIDTHS, "systolic.widths.cache_bits=4"]))
    run_pipeline(module, parse_pipeline("simdc-fold-views,simdc-assign-widths"))
    append = next(op for op in network_of(module).layers() if isinstance(op, CacheAppendOp))
    assert [width_bits(value) for value in (*append.operands, append.result)] == [4, 4, 4]
