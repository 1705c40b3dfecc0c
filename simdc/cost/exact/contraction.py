"""Closed form of a tiled contraction on the systolic array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from simdc.cost.grid import Axis, Footprint, make_axes, stored_bounds, visits
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling

from .segments import Index, segments


class Stream:
    """One operand on its port: cycles to move the tile that belongs to a walk index."""

    __slots__ = ("_bandwidth", "_cycles", "_footprint", "positions")

    def __init__(self, footprint: Footprint, bandwidth: int):
        self.positions = footprint.positions
        self._footprint = footprint
        self._bandwidth = bandwidth
        self._cycles: dict[Index, int] = {}

    def key(self, index: Index) -> Index:
        """The operand's own tile index at a walk index."""
        return tuple([index[i] for i in self.positions])

    def cycles(self, key: Index) -> int:
        found = self._cycles.get(key)
        if found is None:
            found = self._cycles[key] = -(-self._footprint.at(key) // self._bandwidth)
        return found

    def traffic(self, axes: Sequence[Axis]) -> tuple[int, int, int]:
        """(times the walk turns to each tile, bits of all tiles once, cycles to move all tiles once)."""
        times, tiles = visits(self._footprint, axes)
        bits = sum(many * size for many, size in tiles)
        return times, bits, sum(many * -(-size // self._bandwidth) for many, size in tiles)


def contraction_cost(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Cost:
    """Exact cost of a legal tiling: the execution of a contraction in docs/architecture.md, in closed form."""
    array, ports = hardware.systolic, hardware.systolic.bandwidths
    clip = not hardware.stores_padding
    every = make_axes(stored_bounds(kernel, hardware), tiling, kernel.operands, hardware)
    axes = [axis for axis in every if axis.count > 1]

    weight = Stream(Footprint(kernel.weight, every, clip=clip), ports.weight_bits_per_cycle)
    ifmap = Stream(Footprint(kernel.ifmap, every, clip=clip), ports.ifmap_bits_per_cycle)
    psum = Stream(Footprint(kernel.psum, every, clip=clip), ports.psum_bits_per_cycle)
    ofmap = Stream(Footprint(kernel.psum, every, clip=clip, bits=kernel.ofmap_bits), ports.psum_bits_per_cycle)
    loads = [(weight, 0), (ifmap, 1)]
    if kernel.bias is not None:
        loads.append((Stream(Footprint(kernel.bias, every, clip=clip), ports.weight_bits_per_cycle), 0))

    wide = {kernel.rows: array.rows, kernel.columns: array.columns}
    steps = prod(_steps(axis, wide) for axis in every)
    fill = array.rows + array.columns - 2
    compute = steps + prod(axis.count for axis in axes) * fill
    total = _walk_cycles(every, axes, wide, fill, loads, psum, ofmap)

    times, bits, cycles = zip(*(stream.traffic(axes) for stream, _ in loads), strict=True)
    psum_times, psum_bits, psum_cycles = psum.traffic(axes)
    _, ofmap_bits, ofmap_cycles = ofmap.traffic(axes)
    spills = 2 * (psum_times - 1)
    dram_bits = [many * size for many, size in zip(times, bits, strict=True)]
    port_cycles = [many * length for many, length in zip(times, cycles, strict=True)]

    outputs = array.columns * prod(
        _steps(axis, {kernel.columns: array.columns}) for axis in every if axis.loop in kernel.psum.loops
    )
    executed = steps * array.rows * array.columns
    return Cost(
        Cycles(compute, total - compute),
        DramBits(
            weight=dram_bits[0],
            ifmap=dram_bits[1],
            psum=spills * psum_bits,
            ofmap=ofmap_bits,
            bias=sum(dram_bits[2:]),
        ),
        SramBits(
            wbuf=executed * kernel.weight.bits,
            ibuf=steps * array.rows * kernel.ifmap.bits,
            obuf=(2 * steps * array.columns - outputs) * kernel.psum.bits,
            bbuf=0 if kernel.bias is None else outputs * kernel.bias.bits,
        ),
        (("mac", prod(loop.bound for loop in kernel.loops)), ("mac_executed", executed)),
        Busy(
            compute=compute,
            weight_port=port_cycles[0] + sum(port_cycles[2:]),
            ifmap_port=port_cycles[1],
            psum_port=spills * psum_cycles + ofmap_cycles,
        ),
    )


def _steps(axis: Axis, wide: Mapping[str, int]) -> int:
    """Array steps along one axis over all its tiles; a loop that lies along the array takes `wide` iterations a step."""
    width = wide.get(axis.loop)
    if width is None:
        return axis.bound
    return (axis.count - 1) * -(-axis.tile // width) - (-axis.last // width)


def _walk_cycles(
    every: Sequence[Axis],
    axes: Sequence[Axis],
    wide: Mapping[str, int],
    fill: int,
    loads: Sequence[tuple[Stream, int]],
    psum: Stream,
    ofmap: Stream,
) -> int:
    """Cycles from the first load to the last store. `loads` are (stream, 0 for the weight port, 1 for the ifmap port)."""
    still = prod(_steps(axis, wide) for axis in every if axis.count == 1)
    sizes = [(-(-axis.tile // wide.get(axis.loop, 1)), -(-axis.last // wide.get(axis.loop, 1))) for axis in axes]
    lasts = [axis.count - 1 for axis in axes]
    summed = [i for i in range(len(axes)) if i not in psum.positions]
    for i in summed:
        axes[i].cuts = sorted({*axes[i].cuts, 1, lasts[i]} - {0})

    total = 0
    for times, before, here, after in segments(axes):
        compute = still
        for i, last, (full, edge) in zip(here, lasts, sizes, strict=True):
            compute *= edge if i == last else full
        ports = [0, 0, 0]
        here_result = psum.key(here)
        if before is not None and (stored := psum.key(before)) != here_result:
            complete = all(before[i] == lasts[i] for i in summed)
            ports[2] = (ofmap if complete else psum).cycles(stored)
        if after is not None:
            for stream, port in loads:
                if (key := stream.key(after)) != stream.key(here):
                    ports[port] += stream.cycles(key)
            if (key := psum.key(after)) != here_result and any(after[i] for i in summed):
                ports[2] += psum.cycles(key)
        total += times * max(compute + fill, *ports)

    first, final = (0,) * len(axes), tuple(lasts)
    opening = [0, 0]
    for stream, port in loads:
        opening[port] += stream.cycles(stream.key(first))
    return max(opening) + total + ofmap.cycles(ofmap.key(final))
