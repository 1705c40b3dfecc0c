"""Greedy tiles: legal on any machine that holds one inner tile, whole where there is room."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simdc.cost import (
    Contraction,
    ExactModel,
    Hardware,
    Kernel,
    Operand,
    Tiling,
    TilingError,
    VectorProgram,
    greedy_tiling,
)
from simdc.cost.hardware import Buffers
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from simdc.ir.ops.average_pool import AveragePoolOp, GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.softmax import SoftmaxOp
from tests.cost.machines import row_convolution, small_machine
from tests.ir.tensors import tensor
from tests.strategies import contractions, machines, vector_programs

EXACT = ExactModel()


def inner_tile(kernel: Kernel, machine: Hardware) -> Tiling:
    """What the array works on at once, and one of everything else."""
    bounds = loop_bounds(kernel)
    if isinstance(kernel, VectorProgram):
        wide = {kernel.lanes: machine.simd.lanes}
    else:
        wide = {kernel.rows: machine.systolic.rows, kernel.columns: machine.systolic.columns}
    return Tiling(tuple(bounds), tuple(min(bound, wide.get(loop, 1)) for loop, bound in bounds.items()))


def elements(operand: Operand, tile: dict[str, int]) -> int:
    return prod(1 + sum(step * (tile[loop] - 1) for loop, step in terms) for terms, _ in operand.index)


def legal(kernel: Kernel, tiling: Tiling, machine: Hardware) -> bool:
    try:
        EXACT.evaluate(kernel, tiling, machine)
    except TilingError:
        return False
    return True


@st.composite
def tight_machines(draw: DrawFn, kernel: Kernel) -> Hardware:
    """Memories from just too small for one inner tile, over just large enough, to a few dozen of them."""
    machine = draw(machines())
    bounds = loop_bounds(kernel)
    tile = inner_tile(kernel, machine).as_dict()
    if machine.stores_padding:
        wide = {"c": machine.simd.lanes} if isinstance(kernel, VectorProgram) else {}
        if isinstance(kernel, Contraction):
            wide = {kernel.rows: machine.systolic.rows, kernel.columns: machine.systolic.columns}
        tile = {loop: wide.get(loop, size) if tile[loop] == bounds[loop] else size for loop, size in tile.items()}

    def room(bits: int) -> int:
        return max(1, bits * draw(st.integers(1, 40)) + draw(st.sampled_from((-1, 0, 0, 0, 1, 5))))

    if isinstance(kernel, VectorProgram):
        need = 0
        for phase in kernel.nests:
            names = {o.name for o in (*phase.inputs, *phase.outputs, *phase.scratch)}
            temporaries = {i.dest for block in phase.blocks for i in block.instructions} - names
            moved = (*phase.inputs, *phase.outputs, *phase.scratch)
            vectors = len(temporaries) * machine.simd.lanes * machine.simd.width_bits
            need = max(need, vectors + sum(elements(operand, tile) * operand.bits for operand in moved))
        return evolve(machine, simd=evolve(machine.simd, vmem_bits=room(need)))
    bias = 1 if kernel.bias is None else elements(kernel.bias, tile) * kernel.bias.bits
    buffers = Buffers(
        weight_bits=room(2 * elements(kernel.weight, tile) * kernel.weight.bits),
        ifmap_bits=room(2 * elements(kernel.ifmap, tile) * kernel.ifmap.bits),
        psum_bits=room(2 * elements(kernel.psum, tile) * kernel.psum.bits),
        bias_bits=room(2 * bias),
    )
    return evolve(machine, systolic=evolve(machine.systolic, buffers=buffers))


@given(st.data(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=500)
def test_legal_wherever_one_inner_tile_is(data: st.DataObject, kernel: Kernel) -> None:
    machine = data.draw(tight_machines(kernel))
    tiling = greedy_tiling(kernel, machine)
    assert tiling.order == tuple(loop_bounds(kernel))
    assert all(type(size) is int and size >= 1 for size in tiling.sizes)
    if legal(kernel, inner_tile(kernel, machine), machine):
        EXACT.evaluate(kernel, tiling, machine)
    elif not legal(kernel, tiling, machine):
        with pytest.raises(TilingError, match=r"it can hold [\d,]+ bits at a time|before it is complete"):
            EXACT.evaluate(kernel, tiling, machine)


@given(machines(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=150)
def test_the_whole_layer_where_there_is_room(machine: Hardware, kernel: Kernel) -> None:
    sizes = greedy_tiling(kernel, machine).as_dict()
    assert all(sizes[loop] >= bound for loop, bound in loop_bounds(kernel).items())


OPS: dict[str, Kernel] = {
    "conv2d": Conv2DOp("c", tensor(2, 6, 13, 11, bits=8), tensor(7, 6, 3, 5, bits=8), padding=(1, 2, 1, 2)).kernel(),
    "grouped": Conv2DOp("c", tensor(1, 6, 7, 7, bits=8), tensor(9, 2, 3, 3, bits=8), groups=3).kernel(),
    "relu": ReluOp("r", tensor(2, 7, 11, 13)).kernel(),
    "add": AddOp("a", tensor(2, 7, 11, 13), tensor(2, 7, 11, 13)).kernel(),
    "max_pool": MaxPoolOp("p", tensor(2, 7, 11, 13), kernel_size=(3, 3), stride=(2, 2)).kernel(),
    "average_pool": AveragePoolOp("p", tensor(2, 7, 11, 13), kernel_size=(2, 3)).kernel(),
    "global_average_pool": GlobalAveragePoolOp("p", tensor(2, 7, 11, 13)).kernel(),
    "batch_norm": BatchNormOp("b", tensor(2, 7, 11, 13), *[tensor(7) for _ in range(4)]).kernel(),
    "local_response_norm": LocalResponseNormOp(
        "l", tensor(2, 7, 11, 13), size=5, alpha=1e-4, beta=0.75, bias=1.0
    ).kernel(),
    "softmax": SoftmaxOp("s", tensor(5, 23)).kernel(),
}


@pytest.mark.parametrize("kernel", OPS.values(), ids=OPS)
@pytest.mark.parametrize("stores_padding", [False, True])
def test_every_op_with_every_amount_of_room(kernel: Kernel, stores_padding: bool) -> None:
    """Memories grow from nothing by an eighth each time. Once tiles fit they always do, and in fewer and fewer."""
    fitted = False
    bits = 64
    while bits < 1 << 21:
        machine = small_machine(stores_padding=stores_padding, buffers=(bits,) * 4, vmem_bits=bits)
        tiling = greedy_tiling(kernel, machine)
        fits = legal(kernel, tiling, machine)
        assert fits or not fitted
        assert fits or not legal(kernel, inner_tile(kernel, machine), machine)
        fitted = fits
        bits += bits // 8
    assert fitted
    assert all(size >= bound for size, bound in zip(tiling.sizes, loop_bounds(kernel).values(), strict=True))


@pytest.mark.parametrize(
    ("kw", "ow"),
    [
        # The release cuts the image under a small window into equal parts, and 13 has no others than 1 and 13.
        (3, 1),
        # Under a larger window the last part may be smaller: 7 and 6 columns.
        (4, 7),
    ],
)
def test_a_prime_image_that_does_not_fit(kw: int, ow: int) -> None:
    # A psum tile of 2 channels x 7 columns x 32 bits = 448 bits fits into half of 900 bits, 8 columns (512) do not.
    kernel = row_convolution(ic=2, oc=2, ow=13, kw=kw)
    roomy = 1 << 30
    machine = small_machine(buffers=(roomy, roomy, 900, roomy))
    assert greedy_tiling(kernel, machine).as_dict() == {"oc": 2, "ic": 2, "kw": kw, "ow": ow}


@pytest.mark.parametrize(("held", "taps"), [(5, 5), (4, 3), (3, 3), (2, 2), (1, 1)])
def test_a_window_is_cut_into_the_fewest_parts_that_fit(held: int, taps: int) -> None:
    # A tap has 2 x 2 weights of 8 bits, 32 bits; half of the buffer holds `held` of them. 5 taps in two parts are 3
    # and 2, in three parts 2, 2 and 1, in five parts one each.
    kernel = row_convolution(ic=2, oc=2, ow=6, kw=5)
    roomy = 1 << 30
    machine = small_machine(buffers=(2 * held * 32, roomy, roomy, roomy))
    assert greedy_tiling(kernel, machine).as_dict() == {"oc": 2, "ic": 2, "kw": taps, "ow": 6}


def test_channels_grow_by_whole_arrays() -> None:
    # Windows first: 3 taps of 2 x 2 weights, 96 bits. Half of the weight buffer holds 500 bits, 5 times as much, so
    # 5 x 2 of 64 input channels. All 4 columns of the image. No more output channels: 2 x 10 x 3 weights are 480 bits.
    kernel = row_convolution(ic=64, oc=64, ow=4, kw=3)
    roomy = 1 << 30
    machine = small_machine(buffers=(1000, roomy, roomy, roomy))
    assert greedy_tiling(kernel, machine).as_dict() == {"oc": 2, "ic": 10, "kw": 3, "ow": 4}
    # With room for all weights, half of the psum buffer holds 4 columns of 7 x 2 output channels.
    machine = small_machine(buffers=(roomy, roomy, 2 * 7 * 2 * 4 * 32, roomy))
    assert greedy_tiling(kernel, machine).as_dict() == {"oc": 14, "ic": 64, "kw": 3, "ow": 4}


def test_refusal_after_greedy_names_the_buffer() -> None:
    kernel = row_convolution(ic=2, oc=2, ow=4)
    # One inner tile has 2 x 2 weights of 8 bits, 32 bits; half of the buffer holds 31.
    machine = small_machine(buffers=(62, 1000, 1000, 1000))
    with pytest.raises(TilingError, match=r"the weight buffer needs 32 bits .* it can hold 31 bits at a time"):
        EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine)
