"""What must hold for every schedule on every machine."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from simdc.backends.simulate import simulate
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel, Operand, VectorProgram
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.frozen import evolve
from tests.strategies import contractions, machines, tilings, vector_programs

kernels = st.one_of(contractions(), vector_programs())


def faster(machine: Hardware, weight: int, ifmap: int, psum: int, simd: int) -> Hardware:
    """The machine with so many more bits per cycle on each port."""
    ports = machine.systolic.bandwidths
    bandwidths = evolve(
        ports,
        weight_bits_per_cycle=ports.weight_bits_per_cycle + weight,
        ifmap_bits_per_cycle=ports.ifmap_bits_per_cycle + ifmap,
        psum_bits_per_cycle=ports.psum_bits_per_cycle + psum,
    )
    return evolve(
        machine,
        systolic=evolve(machine.systolic, bandwidths=bandwidths),
        simd=evolve(machine.simd, bandwidth_bits_per_cycle=machine.simd.bandwidth_bits_per_cycle + simd),
    )


def needed_bits(operand: Operand, bounds: dict[str, int]) -> int:
    """Bits of the tensor's elements that some point of the loop nest uses. Dimensions share no loop."""
    elements = 1
    for expression, extent in zip(operand.index, operand.shape, strict=True):
        points = product(*(range(bounds[loop]) for loop, _ in expression.terms))
        positions = {
            expression.constant + sum(step * value for (_, step), value in zip(expression.terms, point, strict=True))
            for point in points
        }
        elements *= sum(0 <= position < extent for position in positions)
    return elements * operand.bits


def whole(kernel: Kernel) -> Tiling:
    """One tile, whatever the rounding up."""
    bounds = loop_bounds(kernel)
    return Tiling(tuple(bounds), tuple(bound + 1000 for bound in bounds.values()))


def numbers(cost: Cost) -> list[object]:
    records = (cost.cycles, cost.dram_bits, cost.sram_bits, cost.busy)
    return [*(value for record in records for value in record), *dict(cost.ops).values()]


@given(st.data(), machines())
def test_numbers_are_whole_and_never_negative(data: st.DataObject, machine: Hardware) -> None:
    kernel: Kernel = data.draw(kernels)
    cost = simulate(kernel, data.draw(tilings(kernel)), machine)
    for number in numbers(cost):
        assert type(number) is int
        assert number >= 0


@given(st.data(), machines())
def test_time_covers_the_busiest_part_and_no_more_than_all_in_turn(data: st.DataObject, machine: Hardware) -> None:
    kernel: Kernel = data.draw(kernels)
    cost = simulate(kernel, data.draw(tilings(kernel)), machine)
    busy: list[int] = list(cost.busy)
    assert max(busy) <= cost.cycles.total <= sum(busy)
    assert cost.busy.compute == cost.cycles.compute


@given(st.data(), machines(), *[st.integers(0, 40)] * 4)
def test_more_bandwidth_never_costs_cycles(
    data: st.DataObject, machine: Hardware, weight: int, ifmap: int, psum: int, simd: int
) -> None:
    kernel: Kernel = data.draw(kernels)
    tiling = data.draw(tilings(kernel))
    slow, fast = simulate(kernel, tiling, machine), simulate(kernel, tiling, faster(machine, weight, ifmap, psum, simd))
    assert fast.cycles.total <= slow.cycles.total
    assert (fast.cycles.compute, fast.dram_bits, fast.sram_bits, fast.ops) == (
        slow.cycles.compute,
        slow.dram_bits,
        slow.sram_bits,
        slow.ops,
    )


@given(st.data(), machines())
def test_contractions_move_at_least_what_they_need(data: st.DataObject, machine: Hardware) -> None:
    kernel: Contraction = data.draw(contractions())
    bounds = loop_bounds(kernel)
    dram = simulate(kernel, data.draw(tilings(kernel)), machine).dram_bits
    assert dram.weight >= needed_bits(kernel.weight, bounds)
    assert dram.ifmap >= needed_bits(kernel.ifmap, bounds)
    assert dram.ofmap >= needed_bits(kernel.psum._replace(bits=kernel.ofmap_bits), bounds)
    assert dram.bias >= (needed_bits(kernel.bias, bounds) if kernel.bias is not None else 0)


@given(st.data(), machines(stores_padding=False))
def test_every_result_is_stored_once(data: st.DataObject, machine: Hardware) -> None:
    kernel: Contraction = data.draw(contractions().filter(lambda kernel: kernel.loops[0].name != "g"))
    dram = simulate(kernel, data.draw(tilings(kernel)), machine).dram_bits
    assert dram.ofmap == prod(kernel.psum.shape) * kernel.ofmap_bits


@given(st.data(), machines())
def test_sums_that_are_not_split_never_spill(data: st.DataObject, machine: Hardware) -> None:
    kernel: Contraction = data.draw(contractions())
    drawn = data.draw(tilings(kernel))
    sizes = {loop: size if loop in kernel.psum.loops else size + 1000 for loop, size in drawn.as_dict().items()}
    cost = simulate(kernel, Tiling(drawn.order, tuple(sizes.values())), machine)
    assert cost.dram_bits.psum == 0


@given(st.data(), machines())
def test_loop_order_changes_no_work_inside_the_array(data: st.DataObject, machine: Hardware) -> None:
    kernel: Kernel = data.draw(kernels)
    tiling = data.draw(tilings(kernel))
    order: list[str] = data.draw(st.permutations(tiling.order))
    other = Tiling(tuple(order), tuple(tiling.as_dict()[loop] for loop in order))
    first, second = simulate(kernel, tiling, machine), simulate(kernel, other, machine)
    assert first.cycles.compute == second.cycles.compute
    assert (first.sram_bits, first.ops) == (second.sram_bits, second.ops)


@given(st.data(), machines())
def test_the_array_executes_every_operation_that_the_layer_has(data: st.DataObject, machine: Hardware) -> None:
    kernel: Contraction = data.draw(contractions())
    ops = dict(simulate(kernel, data.draw(tilings(kernel)), machine).ops)
    assert ops["mac_executed"] >= ops["mac"]


@given(contractions(), machines())
def test_one_tile_neither_overlaps_nor_moves_anything_twice(kernel: Contraction, machine: Hardware) -> None:
    cost = simulate(kernel, whole(kernel), machine)
    loads = max(cost.busy.weight_port, cost.busy.ifmap_port)
    assert cost.cycles.total == loads + cost.cycles.compute + cost.busy.psum_port
    reversed_order = Tiling(whole(kernel).order[::-1], whole(kernel).sizes[::-1])
    assert simulate(kernel, reversed_order, machine) == cost


@given(st.data(), machines())
def test_vector_programs_move_at_least_what_they_need(data: st.DataObject, machine: Hardware) -> None:
    program: VectorProgram = data.draw(vector_programs())
    cost = simulate(program, data.draw(tilings(program)), machine)
    loads = stores = 0
    for phase in program.nests:
        bounds = {loop.name: loop.bound for loop in phase.loops}
        loads += sum(needed_bits(operand, bounds) for operand in phase.inputs)
        stores += sum(needed_bits(operand, bounds) for operand in phase.outputs)
    assert cost.dram_bits.ifmap >= loads
    assert cost.dram_bits.ofmap >= stores
    assert cost.cycles.stall == cost.busy.simd_port


@given(st.data(), machines(stores_padding=False))
def test_every_spilled_result_comes_back(data: st.DataObject, machine: Hardware) -> None:
    """Stores beyond the one that each result needs are matched by loads beyond those of the inputs."""
    program: VectorProgram = data.draw(vector_programs())
    tiling = data.draw(tilings(program))
    resident = tuple(phase._replace(outputs=(), scratch=phase.scratch + phase.outputs) for phase in program.nests)
    dram = simulate(program, tiling, machine).dram_bits
    inputs = simulate(program._replace(nests=resident), tiling, machine).dram_bits
    results = sum(prod(operand.shape) * operand.bits for phase in program.nests for operand in phase.outputs)
    assert inputs.ofmap == 0
    assert dram.ofmap - results == dram.ifmap - inputs.ifmap >= 0
