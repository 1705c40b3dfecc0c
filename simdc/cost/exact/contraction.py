"""Closed form of a tiled contraction on the systolic array: exact counts and cycles without walking the tiles."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.capacity import refuse
from simdc.cost.grid import Grid, round_up
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, loop_bounds

from .segments import Index, segments
from .steps import Steps
from .stream import Stream, stream


def contraction_cost(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Cost:
    """The execution of a contraction in docs/architecture.md, in closed form. Raises TilingError for a tile that its
    buffer cannot hold."""
    array, ports = hardware.systolic, hardware.systolic.bandwidths
    own = loop_bounds(kernel)
    grid = Grid(own, round_up(own, kernel, hardware), tiling, hardware)
    grid.cut_at_borders(kernel.operands)

    weight = stream(kernel.weight, ports.weight_bits_per_cycle, grid)
    ifmap = stream(kernel.ifmap, ports.ifmap_bits_per_cycle, grid)
    psum = stream(kernel.psum, ports.psum_bits_per_cycle, grid)
    ofmap = psum
    if kernel.ofmap_bits != kernel.psum.bits:
        ofmap = Stream(psum.footprint, kernel.ofmap_bits, ports.psum_bits_per_cycle, grid)
    bias = None if kernel.bias is None else stream(kernel.bias, ports.weight_bits_per_cycle, grid)
    _check_buffers(kernel, tiling, hardware, weight, ifmap, psum, bias)

    steps = Steps(kernel, array, grid)
    fill = array.rows + array.columns - 2
    compute = steps.total + steps.tiles * fill
    loads = [(weight, 0), (ifmap, 1)] if bias is None else [(weight, 0), (ifmap, 1), (bias, 0)]
    total = _walk_cycles(grid, steps, fill, loads, psum, ofmap)

    spills = 2 * (psum.times - 1)
    outputs = steps.outputs * array.columns
    executed = steps.total * array.rows * array.columns
    bias_bits, bias_cycles = (0, 0) if bias is None else (bias.times * bias.bits_once, bias.times * bias.cycles_once)
    return Cost(
        Cycles(compute, total - compute),
        DramBits(
            weight=weight.times * weight.bits_once,
            ifmap=ifmap.times * ifmap.bits_once,
            psum=spills * psum.bits_once,
            ofmap=ofmap.bits_once,
            bias=bias_bits,
        ),
        SramBits(
            wbuf=executed * kernel.weight.bits,
            ibuf=steps.total * array.rows * kernel.ifmap.bits,
            obuf=(2 * steps.total * array.columns - outputs) * kernel.psum.bits,
            bbuf=0 if kernel.bias is None else outputs * kernel.bias.bits,
        ),
        (("mac", kernel.useful_macs), ("mac_executed", executed)),
        Busy(
            compute=compute,
            weight_port=weight.times * weight.cycles_once + bias_cycles,
            ifmap_port=ifmap.times * ifmap.cycles_once,
            psum_port=spills * psum.cycles_once + ofmap.cycles_once,
        ),
    )


def _check_buffers(
    kernel: Contraction,
    tiling: Tiling,
    hardware: Hardware,
    weight: Stream,
    ifmap: Stream,
    psum: Stream,
    bias: Stream | None,
) -> None:
    buffers = hardware.systolic.buffers
    rows = [
        ("weight", weight, kernel.weight.bits, buffers.weight_bits),
        ("ifmap", ifmap, kernel.ifmap.bits, buffers.ifmap_bits),
        ("psum", psum, kernel.psum.bits, buffers.psum_bits),
    ]
    if bias is not None and kernel.bias is not None:
        rows.append(("bias", bias, kernel.bias.bits, buffers.bias_bits))
    for name, moved, bits, capacity_bits in rows:
        need_bits = moved.footprint.largest() * bits
        if need_bits > capacity_bits // 2:
            refuse(f"{name} buffer", f"systolic.buffers.{name}_bits", need_bits, capacity_bits // 2, tiling)


def _walk_cycles(
    grid: Grid,
    steps: Steps,
    fill: int,
    loads: Sequence[tuple[Stream, int]],
    psum: Stream,
    ofmap: Stream,
) -> int:
    """Cycles from the first load to the last store. `loads` are (stream, 0 for weight port or 1 for ifmap port)."""
    axes = grid.axes
    lasts = [axis.count - 1 for axis in axes]
    summed = [slot for slot in range(len(axes)) if slot not in psum.footprint.positions]
    for slot in summed:
        # Whether a result was begun, or is complete, shows at the ends of a loop that is summed over.
        axes[slot].cuts = sorted({*axes[slot].cuts, 1, lasts[slot]})

    total = 0
    for times, before, here, after in segments(axes):
        ports = [0, 0]
        psum_port = 0
        if before is not None and psum.innermost >= _stepped(before, here):
            complete = all(before[slot] == lasts[slot] for slot in summed)
            psum_port = (ofmap if complete else psum).cycles_at(before)
        if after is not None:
            stepped = _stepped(here, after)
            for moved, port in loads:
                if moved.innermost >= stepped:
                    ports[port] += moved.cycles_at(after)
            if psum.innermost >= stepped and any(after[slot] for slot in summed):
                psum_port += psum.cycles_at(after)
        total += times * max(steps.of_tile(here) + fill, psum_port, *ports)

    opening = [0, 0]
    for moved, port in loads:
        opening[port] += moved.cycles_at([0] * len(axes))
    return max(opening) + total + ofmap.cycles_at(lasts)


def _stepped(here: Index, after: Index) -> int:
    """The axis that steps between two tiles; those inside it wrap, and an operand changes if one of these moves it."""
    slot = 0
    while here[slot] == after[slot]:
        slot += 1
    return slot
