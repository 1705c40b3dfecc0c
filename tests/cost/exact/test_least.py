"""Cycles that a kernel takes at least, by hand; that no schedule takes fewer is tested where schedules are drawn."""

from __future__ import annotations

import pytest

from simdc.cost import ExactModel, TilingError, with_field
from simdc.cost.workload import Workload
from simdc.frontends.hardware_file import load_machine
from simdc.ir.base import LayerOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.relu import ReluOp
from tests.cost.machines import row_convolution, small_machine
from tests.ir.tensors import stored_as, tensor


def least(op: LayerOp, *settings: str) -> int:
    kernel = op.kernel()
    assert kernel is not None
    found = ExactModel().least_cycles(kernel, load_machine("HI3", settings))
    assert isinstance(found, int)
    return found


def test_a_product_waits_for_its_weights_or_its_steps() -> None:
    """64 x 64 PEs, ports of 512 bits, 8-bit sides and 32-bit results."""
    few = MatMulOp("m", tensor(4, 128, bits=8), tensor(128, 128, bits=8))
    assert least(few) == 128 * 128 * 8 // 512
    # 2,000 positions: results, 2,000 * 128 * 32 bits, take longer than 4 * 2,000 steps and 126 of fill for each of two
    # tiles: they are nearly 8 Mbit, and half a buffer takes 4.
    many = stored_as(32, MatMulOp("m", tensor(2000, 128, bits=8), tensor(128, 128, bits=8)))
    assert least(many) == 2000 * 128 * 32 // 512
    assert least(many, "systolic.bandwidths.psum_bits_per_cycle=1024") == 4 * 2000 + 2 * 126
    # Half a buffer of 64 Kibit takes 4,096 of 16,384 weights: the array fills for 4 tiles.
    small = ("systolic.bandwidths.psum_bits_per_cycle=1024", "systolic.buffers.weight_bits=65536")
    assert least(many, *small) == 4 * 2000 + 4 * 126


def test_stored_padding_is_moved() -> None:
    """4 columns of results are stored as 64 on a machine that stores padding. 5 Mbit of ifmap are 5 tiles."""
    narrow = stored_as(32, MatMulOp("m", tensor(5048, 128, bits=8), tensor(128, 4, bits=8)))
    assert least(narrow) == 5048 * 64 * 32 // 512
    assert least(narrow, "stores_padding=false") == 2 * 5048 + 5 * 126


def test_a_program_loads_runs_and_stores_in_turn() -> None:
    """640 numbers of 32 bits: 10 issues, a pipeline of 6 stages over 64 lanes, 40 cycles of port each way."""
    assert least(ReluOp("r", tensor(1, 640))) == 10 + 5 + 63 + 2 * 40


def test_a_buffer_without_room_is_an_error_that_names_it() -> None:
    """Of one bit, half is for the tile in use: none. The bounds of two forms say which is tried first."""
    kernel = row_convolution(ow=4)
    machine = with_field(small_machine(), "systolic.buffers.ifmap_bits", 1)
    assert ExactModel().least_cycles(kernel, machine) > 0
    with pytest.raises(TilingError, match="ifmap buffer"):
        Workload([("a", (("one", kernel), ("two", kernel._replace(kind="fc"))))]).price(ExactModel(), machine)
