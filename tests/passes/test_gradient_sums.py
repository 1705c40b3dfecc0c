"""A value that many layers read gets the sum of all their gradients, whatever their number."""

from __future__ import annotations

import pytest
from xdsl.ir import SSAValue

from simdc.frontends.dsl import parse_dsl
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of
from simdc.passes.pipeline import parse_pipeline, run_pipeline


@pytest.mark.parametrize("readers", [1, 2, 3, 4, 7])
def test_every_gradient_is_in_the_sum_once(readers: int) -> None:
    heads = ", ".join(f'fc(r, 2, bias=false, name="head{number}")' for number in range(readers))
    text = f'network n(x: 4) {{\n  r = fc(x, 3, bias=false) -> relu(name="r")\n  return {heads}\n}}'
    module = parse_dsl(text, "n.dsl", 2)
    run_pipeline(module, parse_pipeline("simdc-derive-training"))
    layers = {op.layer.data: op for op in network_of(module).layers()}
    sums = [name for name in layers if ".grad_sum" in name]
    assert len(sums) == readers - 1
    assert sorted(parts(layers["r.grad_input"].operands[0])) == [
        f"head{number}.grad_input" for number in range(readers)
    ]


def parts(value: SSAValue) -> list[str]:
    """Names of the layers whose results a chain of sums adds up."""
    op = value.owner
    assert isinstance(op, LayerOp)
    if ".grad_sum" not in op.layer.data:
        return [op.layer.data]
    return [name for operand in op.operands for name in parts(operand)]
