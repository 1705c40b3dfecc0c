"""What holds for every evaluation of `exact`, whatever the layer, the schedule and the machine."""

from __future__ import annotations

from itertools import product

from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simdc.cost import Contraction, Cost, ExactModel, Hardware, Kernel, Operand, Tiling, TilingError, VectorProgram
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import with_ports
from tests.strategies import contractions, machines, tilings, vector_programs

EXACT = ExactModel()
KERNELS = st.one_of(contractions(), vector_programs())
MORE = st.integers(0, 60)


@st.composite
def scheduled(draw: DrawFn) -> tuple[Kernel, Tiling]:
    """A layer and a schedule with more tiles than one would like to walk."""
    kernel = draw(KERNELS)
    return kernel, draw(tilings(kernel, max_tiles=10**6))


def evaluated(kernel: Kernel, tiling: Tiling, machine: Hardware) -> Cost:
    try:
        return EXACT.evaluate(kernel, tiling, machine)
    except TilingError:
        reject()


def used_bits(operand: Operand, bounds: dict[str, int]) -> int:
    """Bits of the elements of the tensor that the whole layer uses; dimensions share no loop but a group's."""
    elements = 1
    for (terms, constant), extent in zip(operand.index, operand.shape, strict=True):
        points = product(*(range(bounds[loop]) for loop, _ in terms))
        positions = {constant + sum(step * i for (_, step), i in zip(terms, point, strict=True)) for point in points}
        elements *= sum(0 <= position < extent for position in positions)
    return elements * operand.bits


@given(scheduled(), machines())
@settings(max_examples=250)
def test_whole_numbers_none_negative_and_no_negative_stall(layer: tuple[Kernel, Tiling], machine: Hardware) -> None:
    cost = evaluated(*layer, machine)
    records = (cost.cycles, cost.dram_bits, cost.sram_bits, cost.busy, dict(cost.ops).values())
    for number in (number for record in records for number in record):
        assert type(number) is int
        assert number >= 0


@given(scheduled(), machines())
@settings(max_examples=250)
def test_a_layer_takes_as_long_as_its_busiest_part(layer: tuple[Kernel, Tiling], machine: Hardware) -> None:
    cost = evaluated(*layer, machine)
    assert max(cost.busy) <= cost.cycles.total <= sum(cost.busy)
    assert cost.busy.compute == cost.cycles.compute


@given(scheduled(), machines(), MORE, MORE, MORE, MORE)
@settings(max_examples=250)
def test_more_bandwidth_never_costs_cycles(
    layer: tuple[Kernel, Tiling], machine: Hardware, weight: int, ifmap: int, psum: int, simd: int
) -> None:
    ports = machine.systolic.bandwidths
    faster = with_ports(
        machine,
        (
            ports.weight_bits_per_cycle + weight,
            ports.ifmap_bits_per_cycle + ifmap,
            ports.psum_bits_per_cycle + psum,
        ),
        machine.simd.bandwidth_bits_per_cycle + simd,
    )
    slow, fast = evaluated(*layer, machine), evaluated(*layer, faster)
    assert fast.cycles.total <= slow.cycles.total
    assert fast._replace(cycles=slow.cycles, busy=slow.busy) == slow


@given(st.data(), contractions(), machines())
@settings(max_examples=200)
def test_contractions_move_each_operand_at_least_once(
    data: st.DataObject, kernel: Contraction, machine: Hardware
) -> None:
    bounds = loop_bounds(kernel)
    dram = evaluated(kernel, data.draw(tilings(kernel)), machine).dram_bits
    assert dram.weight >= used_bits(kernel.weight, bounds)
    assert dram.ifmap >= used_bits(kernel.ifmap, bounds)
    assert dram.ofmap >= used_bits(kernel.psum._replace(bits=kernel.ofmap_bits), bounds)
    if kernel.bias is not None:
        assert dram.bias >= used_bits(kernel.bias, bounds)


@given(st.data(), vector_programs(), machines())
@settings(max_examples=200)
def test_programs_move_each_operand_at_least_once(
    data: st.DataObject, kernel: VectorProgram, machine: Hardware
) -> None:
    bounds = loop_bounds(kernel)
    dram = evaluated(kernel, data.draw(tilings(kernel)), machine).dram_bits
    assert dram.ifmap >= sum(used_bits(operand, bounds) for phase in kernel.nests for operand in phase.inputs)
    assert dram.ofmap >= sum(used_bits(operand, bounds) for phase in kernel.nests for operand in phase.outputs)


@given(contractions(), machines())
@settings(max_examples=100)
def test_one_tile_moves_everything_once_and_nothing_overlaps(kernel: Contraction, machine: Hardware) -> None:
    bounds = loop_bounds(kernel)
    cost = EXACT.evaluate(kernel, Tiling(tuple(bounds), tuple(bounds.values())), machine)
    assert cost.dram_bits.psum == 0
    assert cost.cycles.total == max(cost.busy.weight_port, cost.busy.ifmap_port) + sum(
        (cost.busy.compute, cost.busy.psum_port)
    )
