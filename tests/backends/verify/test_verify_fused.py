"""Attention on chip is checked like any layer: each number, large layers at a small size, memories."""

from __future__ import annotations

from random import Random

import pytest

import simdc
from simdc.backends.simulate.fused import visible_tiles
from simdc.backends.simulate.walk import whole_loops
from simdc.backends.verify import verify_layer
from simdc.backends.verify.tiles import count_tiles
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import FusedProducts
from simdc.cost.structure import with_field
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention
from tests.backends.verify.wrong_models import Lenient, OffBy
from tests.cost.exact.test_fused import ORDER, machine, small_attention
from tests.oracles.random_fused import random_case

BITS = AttentionBits(8, 8, 8, 8, 8, 32, 32)
TILING = Tiling(ORDER, (1, 1, 1, 2, 2))
NUMBERS = (
    *("dram_bits.weight", "dram_bits.ifmap", "dram_bits.ofmap", "busy.weight_port", "busy.ifmap_port"),
    *("busy.simd_port", "busy.compute", "cycles.compute", "cycles.stall", "ops.mac", "ops.lane_cycles", "ops.exp"),
    *(f"sram_bits.{name}" for name in ("wbuf", "ibuf", "obuf", "vmem", "imm", "insmem")),
)


def test_the_exact_model_agrees() -> None:
    found = verify_layer(small_attention(), TILING, machine(), ExactModel())
    assert found.difference is None
    assert (found.tiles, found.simulated, found.executed, found.elements) == (2, 2, 2, 2)
    assert not found.data_scaled


@pytest.mark.parametrize("what", NUMBERS)
@pytest.mark.parametrize("by", [1, -1])
def test_every_number_is_compared(what: str, by: int) -> None:
    found = verify_layer(small_attention(), TILING, machine(), OffBy(what, by, "attention")).difference
    assert found is not None
    assert found.what == what
    assert int(found.got.replace(",", "")) == int(found.expected.replace(",", "")) + by


def test_what_moves_has_a_name() -> None:
    names = {
        what: verify_layer(small_attention(), TILING, machine(), OffBy(what, 1, "attention")).difference
        for what in ("dram_bits.weight", "dram_bits.ifmap", "busy.simd_port", "cycles.stall")
    }
    said = [found.operand for found in names.values() if found is not None]
    assert said == ["keys and values", "queries and mask", "mask and results", ""]


@pytest.mark.parametrize("field", ["systolic.buffers.weight_bits", "systolic.buffers.ifmap_bits", "simd.vmem_bits"])
def test_a_tile_too_large_is_found(field: str) -> None:
    found = verify_layer(small_attention(), TILING, with_field(machine(), field, 60), Lenient()).difference
    assert found is not None
    assert found.kind == "buffer"


# The last two are executed on a small machine: queries of a strip, the diagonal and its end, passes of the array stay.
@pytest.mark.parametrize(
    ("shape", "first", "mask"),
    [
        (AttentionShape(1, 12, 1, 128, 128, 64, 64), None, ("s",)),
        (AttentionShape(1, 8, 4, 1, 2048, 128, 128), None, None),
        (AttentionShape(1, 32, 1, 2048, 2048, 128, 128), 1, None),
        (AttentionShape(2, 8, 4, 300, 1000, 100, 130), 701, ("n", "s")),
    ],
)
def test_layers_of_networks(shape: AttentionShape, first: int | None, mask: tuple[str, ...] | None) -> None:
    hardware = simdc.load_hardware("HI3", ["simd.array_path_bits_per_cycle=2048"])
    kernel = fused_attention(shape, BITS, scale=0.125, first=first, mask=mask)
    found = verify_layer(kernel, ExactModel().default(kernel, hardware), hardware, ExactModel())
    assert found.difference is None
    assert found.data_scaled
    assert found.scaled.endswith("on 5 x 5 PEs and 5 lanes")
    assert found.executed > 2


def test_a_schedule_too_large_is_too_large_at_a_small_size() -> None:
    hardware = simdc.load_hardware("HI3", ["simd.array_path_bits_per_cycle=2048"])
    kernel = fused_attention(AttentionShape(1, 32, 1, 2048, 2048, 128, 128), BITS, scale=0.125, first=1)
    found = verify_layer(kernel, Tiling(ORDER, (1, 1, 1, 1024, 128)), hardware, Lenient()).difference
    assert found is not None
    assert found.kind == "buffer"


def test_tiles_are_counted_as_they_run() -> None:
    random = Random(41)
    for _ in range(200):
        kernel, tiling, hardware = random_case(random)
        assert isinstance(kernel, FusedProducts)
        assert count_tiles(kernel, tiling, hardware) == len(list(visible_tiles(kernel, whole_loops(kernel, tiling))))
