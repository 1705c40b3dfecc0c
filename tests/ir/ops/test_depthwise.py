"""Depthwise convolutions on the lanes, by hand, and which layers have that form.

2 channels of 1 x 4 pixels, a window of 1 x 3 with one column of border at both sides: 2 x 4 x 3 = 24 products. On 2
lanes a vector is both channels: 12 issues. 2 lanes, 6 stages: a tile fills in 5 + 1 cycles; the port moves 16 bits a
cycle. Borders are not stored.
"""

from __future__ import annotations

import pytest
from xdsl.ir import SSAValue

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import Cost, Cycles, DramBits, ExactModel, Tiling, VectorProgram
from simdc.cost.tiling import loop_bounds
from simdc.ir.attributes import Unit
from simdc.ir.ops.conv import Conv2DInputGradOp, Conv2DOp, Conv2DWeightGradOp, ConvGradOp
from tests.cost.machines import small_machine
from tests.ir.tensors import stored_as, tensor

FILL = 5 + 1
VECTOR = 2 * 32
"""Bits of a vector of sums."""


def conv(channels: int = 2, made: int = 2, groups: int = 2, bias: SSAValue | None = None) -> Conv2DOp:
    x, weight = tensor(1, channels, 1, 4, bits=8), tensor(made, channels // groups, 1, 3, bits=8)
    return stored_as(32, Conv2DOp("c", x, weight, bias, padding=(0, 1, 0, 1), groups=groups))


def on_lanes(op: Conv2DOp | ConvGradOp) -> VectorProgram:
    form = op.forms()["lanes"]
    kernel = form.kernel(32)
    assert form.unit is Unit.SIMD
    assert isinstance(kernel, VectorProgram)
    return kernel


def whole(program: VectorProgram) -> Cost:
    """In one tile, as the closed form, the simulator and the execution agree."""
    bounds = loop_bounds(program)
    tiling, machine = Tiling(tuple(bounds), tuple(bounds.values())), small_machine()
    cost = ExactModel().evaluate(program, tiling, machine)
    found = compare_with_untiled(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    assert found.wrong is None
    assert found.compute_cycles == cost.cycles.compute
    return cost


def test_convolution() -> None:
    cost = whole(on_lanes(conv()))
    # 12 multiply-accumulates, pixel by pixel for one place of the window after the other, and 4 sums to move: no two in
    # a row write one vector. x has 2*4*8 = 64 bits, 4 cycles, the weight 2*3*8 = 48, 3, and y 2*4*32 = 256, 16.
    assert cost.cycles == Cycles(compute=FILL + 12 + 4, stall=4 + 3 + 16)
    assert cost.dram_bits == DramBits(ifmap=64 + 48, ofmap=256)
    assert dict(cost.ops) == {"mac": 24, "move": 8}
    # An issue of 12 reads the sum, x and a weight and writes the sum; one of 4 reads the sum and writes y.
    assert cost.sram_bits.vmem == 12 * (VECTOR + 16 + 16 + VECTOR) + 4 * 2 * VECTOR


def test_convolution_with_bias() -> None:
    """The bias is added to the complete sum: as many instructions, 2*32 bits more to load."""
    cost = whole(on_lanes(conv(bias=tensor(2, bits=32))))
    assert cost.cycles == Cycles(compute=FILL + 12 + 4, stall=4 + 3 + 4 + 16)
    assert dict(cost.ops) == {"mac": 24, "add": 8}


def test_gradient_of_the_weight() -> None:
    cost = whole(on_lanes(Conv2DWeightGradOp.of("c", conv(), tensor(1, 2, 1, 4, bits=16))))
    # At each of 4 pixels 3 sums take turns; then they move to their places. x 64 bits, the gradient 2*4*16 = 128, 8
    # cycles, the result 2*3*8 = 48, 3.
    assert cost.cycles == Cycles(compute=FILL + 12 + 3, stall=4 + 8 + 3)
    assert dict(cost.ops) == {"mac": 24, "move": 6}


def test_gradient_of_the_input() -> None:
    cost = whole(on_lanes(Conv2DInputGradOp.of("c", conv(), tensor(1, 2, 1, 4, bits=16))))
    # Columns -1 0 1, 0 1 2, 1 2 3, 2 3 4 in turn: never the one just written.
    assert cost.cycles == Cycles(compute=FILL + 12, stall=8 + 3 + 4)
    assert dict(cost.ops) == {"mac": 24}


def test_several_results_of_a_channel() -> None:
    """2 channels, 3 results of each: three times the products and results, x is loaded once."""
    program = on_lanes(conv(made=6))
    cost = whole(program)
    assert loop_bounds(program) == {"c": 2, "m": 3, "n": 1, "oh": 1, "ow": 4, "kh": 1, "kw": 3}
    assert cost.cycles == Cycles(compute=FILL + 3 * (12 + 4), stall=4 + 3 * (3 + 16))
    assert dict(cost.ops) == {"mac": 3 * 24, "move": 3 * 8}


def test_products_are_those_of_the_array() -> None:
    forward = conv()
    gradients = [kind.of("c", forward, forward.result) for kind in (Conv2DWeightGradOp, Conv2DInputGradOp)]
    for op in (forward, *gradients):
        forms = op.forms()
        machine, model = small_machine(), ExactModel()
        macs = [
            dict(model.evaluate(kernel, model.greedy(kernel, machine), machine).ops)["mac"]
            for kernel in (form.kernel(32) for form in forms.values())
        ]
        assert macs == [24, 24]


@pytest.mark.parametrize(
    ("channels", "made", "groups", "names"),
    [
        (2, 2, 2, ["array", "lanes"]),
        (3, 6, 3, ["array", "lanes"]),
        (4, 4, 2, ["array"]),
        (2, 2, 1, ["array"]),
        # One channel: nothing lies side by side on the lanes.
        (1, 5, 1, ["array"]),
    ],
)
def test_layers_with_that_form(channels: int, made: int, groups: int, names: list[str]) -> None:
    op = conv(channels, made, groups)
    gradient = op.result
    for each in (op, Conv2DWeightGradOp.of("c", op, gradient), Conv2DInputGradOp.of("c", op, gradient)):
        assert list(each.forms()) == names
        assert each.runs_on is Unit.SYSTOLIC
