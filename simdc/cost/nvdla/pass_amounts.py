"""The work of a pass of the convolution core on a machine."""

from __future__ import annotations

from simdc.cost.numbers import ceil_div

from .arithmetic import choose, larger, smaller
from .load import Load
from .parts import Nvdla
from .pass_work import PassWork
from .sizes import Beats, ConvolutionPass, pass_beats


def work_of(layer: ConvolutionPass, machine: Nvdla) -> PassWork:
    """Every group of kernels takes whole cycles."""
    # 20 kernels of 1 x 5 x 5 over 576 pixels: 3 groups of 25 * 576 = 14,400 cycles; at 11 cycles an atom the results
    # take 3 * 576 * 11 = 19,008.
    conv, beat = machine.conv, machine.dram.beat_bits
    beats = pass_beats(layer, machine)
    products = ceil_div(layer.channels, conv.granule.input_channels) * layer.window_rows * layer.window_columns
    pixel_macs = conv.granule.input_channels * conv.granule.output_channels
    run_macs = larger(layer.pixels * pixel_macs, conv.min_run_cycles * conv.rate_per_cycle)
    # The formula counts a vector's own bits: a beat less than is read where its last atom is half empty.
    vectors = layer.vectors * ceil_div(layer.kernels * machine.operand_bits, beat)
    reads = beats.ifmap + beats.weight + beats.addends + vectors
    return PassWork(
        useful_mac_cycles=ceil_div(layer.macs, conv.rate_per_cycle),
        useful_bus_cycles=_useful_bus_cycles(layer, machine),
        bus_cycles=machine.bus_cycles(reads * beat, beats.ofmap * beat),
        groups=ceil_div(layer.kernels, conv.granule.output_channels),
        group_cycles=ceil_div(products * layer.pixels * pixel_macs, conv.rate_per_cycle),
        group_run_cycles=ceil_div(products * run_macs, conv.rate_per_cycle),
        port_cycles=_port_cycles(layer, machine),
        write_cycles=ceil_div(beats.ofmap * beat, machine.dram.write_bits_per_cycle),
        latency_cycles=_latency_cycles(layer, machine),
        load=_load(layer, beats, machine),
        shares_memory=machine.dram.shared,
    )


def _useful_bus_cycles(layer: ConvolutionPass, machine: Nvdla) -> int:
    """Of the unpadded traffic."""
    # LeNet's first layer: 784 + 500 + 40 + 20 * 144 bytes at 8 a cycle, 4,204 / 8 = 526.
    reads = layer.channels * layer.height * layer.width + layer.kernels * layer.products
    reads = (reads + layer.addends * layer.kernels * layer.pixels) * machine.conv.element_bits
    vectors = layer.vectors * layer.kernels * machine.operand_bits
    results = layer.kernels * layer.out_rows * layer.out_columns * machine.conv.element_bits
    return machine.bus_cycles(reads + vectors, results)


def _load(layer: ConvolutionPass, beats: Beats, machine: Nvdla) -> Load:
    conv, dram = machine.conv, machine.dram
    granule = conv.granule.output_channels
    line = machine.line_beats(layer.width, conv)
    bursts = line + dram.burst_idle_cycles * ceil_div(line, dram.burst_beats)
    group = smaller(layer.kernels, granule) * layer.products * conv.element_bits
    return Load(
        cycle=line * dram.read_bits_per_cycle * granule,
        beat=dram.beat_bits * line * granule,
        alone=larger(line * dram.beat_bits, bursts * dram.read_bits_per_cycle) * granule,
        ifmap_beats=beats.ifmap,
        weight_beats=beats.weight,
        group_beats=ceil_div(group, dram.beat_bits),
        kernels=layer.kernels,
        granule=granule,
    )


def _port_cycles(layer: ConvolutionPass, machine: Nvdla) -> int:
    """Of the slowest that results stream through: accumulator, SDP, and the PDP if there is a pool."""
    # nv_small: an atom of 8 takes 11 cycles in the accumulator, 8 in the SDP and 8 in the PDP.
    atom = machine.conv.atom_elements
    atoms = ceil_div(layer.kernels, atom) * layer.pixels
    pooled = layer.is_pooled * ceil_div(atoms * atom, machine.pdp.rate_per_cycle)
    return larger(atoms * machine.conv.atom_cycles, ceil_div(atoms * atom, machine.sdp.rate_per_cycle), pooled)


def _latency_cycles(layer: ConvolutionPass, machine: Nvdla) -> int:
    conv = machine.conv
    extra = machine.sdp.chained_latency_cycles + layer.is_pooled * machine.pdp.chained_latency_cycles
    extra = extra + (layer.addends > 0) * machine.sdp.chained_operand_latency_cycles
    return conv.latency_cycles + 2 * machine.dram.latency_cycles + conv.drain_cycles * last_run(layer, machine) + extra


def last_run(layer: ConvolutionPass, machine: Nvdla) -> int:
    """Pixels of the last run. What is left of whole runs joins the last of them where it is too short for one."""
    # Runs of 8 to 16: 196 pixels are 11 runs of 16, then 8 and 12.
    shortest = machine.conv.min_run_cycles
    # No run is shorter than the shortest, whatever the longest is said to be.
    longest = larger(machine.conv.max_run_cycles, shortest)
    rest = (layer.pixels - 1) % longest + 1
    return choose((rest < shortest) & (layer.pixels > longest), longest - shortest + rest, rest)
