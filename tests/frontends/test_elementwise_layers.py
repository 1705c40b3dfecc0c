"""Activations and joins as people write them, and through every pass to a cost."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import IntegerType

from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp, shape_of, tensor_type
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.activation.piecewise import HardSigmoidOp
from simdc.ir.ops.activation.prelu import PReluOp
from simdc.ir.ops.broadcast import AddOp, MultiplyOp
from simdc.ir.ops.scalar import FUNCTIONS, ScalarOp
from simdc.passes.pipeline import parse_pipeline, run_pipeline

# The inverted residual with squeeze and excitation of MobileNetV3, as PyTorch has it.
GATED = """
network gated(x: 16x8x8) {
  y = conv(x, 64, 1, name="expand") -> bn -> hardswish
  y = conv(y, 64, 5, pad=2, groups=64, name="depthwise") -> bn -> hardswish
  s = global_avgpool(y) -> conv(16, 1, bias=true, name="squeeze") -> relu
  s = conv(s, 64, 1, bias=true, name="excite") -> hardsigmoid
  y = mul(y, s, name="gate") -> conv(16, 1, name="project") -> bn
  y = add(y, x, name="skip") -> prelu(name="slopes") -> scalar("mul", 0.5, name="half")
  return global_avgpool(y) -> flatten -> fc(10)
}
"""
COSTED = "simdc-fold-batch-norm,simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost"


@pytest.mark.parametrize("machine", ["HI1", "HT3"])
@pytest.mark.parametrize("before", ["", "simdc-derive-training,"], ids=["inference", "training"])
def test_a_gated_block_is_costed(machine: str, before: str) -> None:
    module = parse_dsl(GATED, "gated.dsl", 2)
    set_hardware(module, load_hardware(machine))
    run_pipeline(module, parse_pipeline(before + COSTED))
    by_name = {op.layer.data: op for op in network_of(module).layers()}
    for op in by_name.values():
        assert op.uncosted is None, op.layer.data
        assert (op.cost is None) == (op.kernel() is None), op.layer.data
    gate = by_name["gate"]
    assert isinstance(gate, MultiplyOp)
    assert gate.cost is not None
    assert dict(gate.cost.data.ops) == {"mul": 2 * 64 * 8 * 8}
    if before:
        grads = ("gate.grad_input", "gate.grad_other", "slopes.grad_input", "slopes.grad_slope", "half.grad_input")
        assert set(grads) <= by_name.keys()
        assert shape_of(by_name["gate.grad_other"].results[0]) == (2, 64, 1, 1)
        assert shape_of(by_name["slopes.slope.update"].results[0]) == (16,)


def widths(op: LayerOp) -> list[int]:
    kinds = [tensor_type(value).element_type for value in (*op.operands, *op.results)]
    return [kind.width.data for kind in kinds if isinstance(kind, IntegerType)]


def test_results_have_the_width_of_their_readers() -> None:
    module = parse_dsl(GATED, "gated.dsl", 1)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, parse_pipeline("simdc-fold-batch-norm,simdc-assign-widths"))
    by_name = {op.layer.data: op for op in network_of(module).layers()}
    # HI1 has ifmaps of 8 bits and a SIMD array of 32. The gated image feeds a convolution, what else there is does not.
    assert widths(by_name["gate"]) == [32, 32, 8]
    assert widths(by_name["slopes"]) == [32, 32, 32]


def test_what_the_layers_build() -> None:
    module = parse_dsl(GATED, "gated.dsl", 1)
    ops = list(network_of(module).layers())
    (hard,) = (op for op in ops if isinstance(op, HardSigmoidOp))
    assert (hard.alpha.value.data, hard.beta.value.data) == (1 / 6, 0.5)
    (prelu,) = (op for op in ops if isinstance(op, PReluOp))
    assert shape_of(prelu.slope) == (16,)
    (half,) = (op for op in ops if isinstance(op, ScalarOp))
    assert (half.function.data, half.value.value.data) == ("mul", 0.5)
    assert sum(isinstance(op, AddOp) for op in ops) == 1


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ("clip(x)", "a minimum or a maximum is needed"),
        ("clip(x, 2, 1)", "the minimum 2.0 lies above the maximum 1.0"),
        ('clip(x, "low")', "minimum must be a number, got 'low'"),
        ('gelu(x, "erf")', "approximate must be one of none, tanh, got 'erf'"),
        ('scalar(x, "power", 2)', f"function must be one of {', '.join(FUNCTIONS)}, got 'power'"),
        ('scalar(x, "div", 0)', "value must not be zero where it divides"),
        ("scalar(x)", "scalar needs function and value too"),
        ("leaky_relu(x, alpha=true)", "alpha must be a number, got true"),
        ("mul(x, global_avgpool(x) -> flatten)", "cannot multiply shapes [1, 4, 5, 5] and [1, 4]"),
    ],
)
def test_what_the_layers_refuse(layer: str, says: str) -> None:
    with pytest.raises(SimdcError) as caught:
        parse_dsl(f"network n(x: 4x5x5) {{\n  return {layer}\n}}", "n.dsl", 1)
    assert says in str(caught.value)
    assert str(caught.value).startswith("n.dsl:2:")
