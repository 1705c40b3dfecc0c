"""A machine as one row of numbers, and what of it decides how kernels are packed."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.dram import USUAL
from simdc.cost.exact.flat import knows_array
from simdc.cost.exact.flat_lanes import knows_lanes
from simdc.cost.exact.sram import step_elements
from simdc.cost.fission import wait_cycles
from simdc.cost.flat import packed as at
from simdc.cost.folds import Stays
from simdc.cost.hardware import Hardware, Latencies
from simdc.cost.rule import GENESYS
from simdc.named import NamedTuple

STAYS: dict[str, Stays] = {"weight_stationary": "weight", "output_stationary": "psum", "input_stationary": "ifmap"}
ROLES = ("ifmap", "weight", "psum", "bias")
"""By the numbers that plans have for operands."""


class Kind(NamedTuple):
    """What machines have in common on which kernels are packed alike: whether `cost/flat` knows all of the array, and
    of the lanes; how loops lie along the array; how lanes issue and how long instructions take."""

    knows_array: bool
    knows_lanes: bool
    dataflow: str
    mappings: tuple[str, ...]
    issue: str
    width_bits: int
    latency_cycles: Latencies
    wait_cycles: int
    tile_overhead_cycles: int


def kind_of(hardware: Hardware) -> Kind | None:
    """None for a machine of which `cost/flat` knows nothing, or that has other channels than the usual ones."""
    if hardware.dram != USUAL:
        return None
    array, simd = hardware.systolic, hardware.simd
    known = knows_array(hardware), knows_lanes(hardware)
    if not any(known):
        return None
    instructions = simd.issue, simd.width_bits, simd.latency_cycles, wait_cycles(simd), simd.tile_overhead_cycles
    return Kind(*known, array.dataflow, array.mappings, *instructions)


def machine_row(hardware: Hardware) -> list[int]:
    """As `flat/packed.py` has it."""
    array, simd, rule = hardware.systolic, hardware.simd, GENESYS
    limits, rates = rule.usable_bits(hardware), rule.bandwidths(hardware)
    lanes_port = rates[rule.vector_streams[0].port]
    row = [
        *(array.rows, array.columns, rule.array_fill_cycles(array)),
        *(simd.lanes, rule.lanes_fill_cycles(simd), int(simd.double_buffered), simd.width_bits, simd.instruction_bits),
        *(rule.program_memory(hardware).usable_bits(hardware), lanes_port.numerator, lanes_port.denominator),
        *[limits[role] for role in ROLES],
        *step_elements(array, STAYS[array.dataflow]),
    ]
    for port in rule.array_ports:
        rate = rates[port]
        row += (rate.numerator, rate.denominator)
    return row


def array_part(row: Sequence[int]) -> list[int]:
    """What of a machine's row the costs of contractions depend on."""
    return [*row[: at.LANES], *row[at.BUFFERS_HOLD :]]


def lanes_part(row: Sequence[int]) -> list[int]:
    """And those of programs."""
    return [*row[at.LANES : at.BUFFERS_HOLD]]
