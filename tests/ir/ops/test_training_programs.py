"""Cycles of the training programs, block by block: they follow from instructions, latencies and the wait of two cycles
for each instruction that reads the result of the one before it. Division takes 5 cycles here, the inverse root 11."""

import pytest

from simdc.cost import ExactModel, Tiling
from simdc.cost.exact.code import sequence_cycles
from simdc.cost.kernel import VectorProgram
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.average_pool import AveragePoolGradOp, AveragePoolOp
from simdc.passes.pipeline import run_pipeline, training_passes
from tests.ir.tensors import tensor

DIV, INV_SQRT = 5, 11

NETWORK = """
network n(x: 3x8x8) {
  x = conv(x, 4, 3, pad=1, bias=true, name="conv") -> bn(name="bn") -> relu(name="relu")
  x = maxpool(x, 2, name="max") -> avgpool(2, name="avg")
  return x -> global_avgpool(name="gap") -> flatten -> fc(2, name="fc")
}
"""


def cycles_by_layer() -> dict[str, list[int]]:
    module = parse_dsl(NETWORK, "n.dsl", 2)
    run_pipeline(module, training_passes("sgd"))
    simd = load_hardware("HT3").simd
    found: dict[str, list[int]] = {}
    for op in network_of(module).layers():
        kernel = op.kernel()
        if isinstance(kernel, VectorProgram):
            blocks = [block for phase in kernel.nests for block in phase.blocks]
            found[op.layer.data] = [sequence_cycles(block, simd) for block in blocks]
    return found


CYCLES = cycles_by_layer()


@pytest.mark.parametrize(
    ("layer", "blocks"),
    [
        # add; mul; add of that square. Then per channel: mean; its square; mean of squares; difference of the two;
        # epsilon; inverse root.
        ("bn.statistics", [1 + 1 + 3, DIV + 3 + DIV + 3 + 3 + (INV_SQRT + 2)]),
        # SimDIT Appendix A, forward: sub, mul, mul, add.
        ("bn", [1 + 3 + 3 + 3]),
        # Backward, part 1: sub, mul, mul, add, and an add that waits for nothing; then per channel scale * inv_std / N;
        # part 2: mul, mul, sub, sub, mul.
        ("bn.grad", [1 + 3 + 3 + 3 + 1, 1 + (DIV + 2), 1 + 1 + 3 + 3 + 3]),
        ("relu", [1]),
        ("relu.grad_input", [1]),
        ("max", [1]),
        # One more than the released 1 + 3: what a window has handed out is taken off what it has left.
        ("max.grad_input", [1, 1 + 3 + 1]),
        ("avg", [1, DIV]),
        ("avg.grad_input", [DIV, 1]),
        ("gap.grad_input", [DIV, 1]),
        # The product for the whole tile, then the difference: neither waits.
        ("conv.weight.update", [1, 1]),
        ("fc.grad_bias", [1]),
    ],
)
def test_cycles_follow_from_instructions(layer: str, blocks: list[int]) -> None:
    assert CYCLES[layer] == blocks


@pytest.mark.parametrize("divided", [False, True])
def test_a_mean_of_windows_is_divided_once(divided: bool) -> None:
    """2 channels of 3 x 3 windows of 2 x 2: 18 shares, each added in four places."""
    given, gradient = tensor(1, 2, 4, 4), tensor(1, 2, 3, 3)
    pool = AveragePoolOp("p", given, kernel_size=(2, 2), stride=(1, 1))
    kernel = AveragePoolGradOp.of("g", pool, gradient, divided=divided).kernel()
    tiling = Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values()))
    ops = dict(ExactModel().evaluate(kernel, tiling, load_hardware("HI3")).ops)
    assert ops.get("div", 0) == (0 if divided else 18)
    assert ops["add"] == 18 * 4
