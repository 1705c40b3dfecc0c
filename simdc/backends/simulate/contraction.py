"""A contraction on the systolic array: loads, compute and stores of neighbouring tiles overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import frozen

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, loop_bounds

from .footprint import differs, footprint_elements
from .walk import ceil_div, neighbours, walk


@frozen
class Transfer:
    """`bits` that cross a DRAM port, a field of `Busy`, on account of `traffic`, a field of `DramBits`."""

    traffic: str
    port: str
    bits: int
    cycles: int


@frozen
class Visit:
    """A tile's stay in the array: what it loads before, how it computes, what it stores after.

    A step is one cycle of all PEs; `fill_cycles` come on top. `first_steps` are those that begin an output.
    """

    loads: tuple[Transfer, ...]
    steps: int
    first_steps: int
    fill_cycles: int
    stores: tuple[Transfer, ...]

    @property
    def compute_cycles(self) -> int:
        return self.steps + self.fill_cycles


def simulate_contraction(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Cost:
    total_cycles = compute_cycles = steps = first_steps = 0
    dram_bits: Counter[str] = Counter()
    port_cycles: Counter[str] = Counter()
    for before, visit, after in neighbours(visits(kernel, tiling, hardware)):
        if before is None:
            total_cycles += slowest_port(visit.loads)
        prefetch = after.loads if after is not None else ()
        write_back = before.stores if before is not None else ()
        total_cycles += max(visit.compute_cycles, slowest_port(prefetch + write_back))
        if after is None:
            total_cycles += slowest_port(visit.stores)

        compute_cycles += visit.compute_cycles
        steps += visit.steps
        first_steps += visit.first_steps
        for transfer in visit.loads + visit.stores:
            dram_bits[transfer.traffic] += transfer.bits
            port_cycles[transfer.port] += transfer.cycles

    rows, columns = hardware.systolic.rows, hardware.systolic.columns
    obuf_accesses = 2 * steps - first_steps
    return Cost(
        cycles=Cycles(compute=compute_cycles, stall=total_cycles - compute_cycles),
        dram_bits=DramBits(**dram_bits),
        sram_bits=SramBits(
            wbuf=steps * rows * columns * kernel.weight.bits,
            ibuf=steps * rows * kernel.ifmap.bits,
            obuf=obuf_accesses * columns * kernel.psum.bits,
            bbuf=first_steps * columns * kernel.bias.bits if kernel.bias is not None else 0,
        ),
        ops=(("mac", kernel.useful_macs), ("mac_executed", steps * rows * columns)),
        busy=Busy(compute=compute_cycles, **port_cycles),
    )


def visits(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Iterator[Visit]:
    """What each tile does, in the order in which they run. When it does it is up to the overlap of neighbours."""
    array = hardware.systolic
    bandwidths = {
        "weight_port": array.bandwidths.weight_bits_per_cycle,
        "ifmap_port": array.bandwidths.ifmap_bits_per_cycle,
        "psum_port": array.bandwidths.psum_bits_per_cycle,
    }
    sources = [("weight", "weight_port", kernel.weight), ("ifmap", "ifmap_port", kernel.ifmap)]
    if kernel.bias is not None:
        sources.append(("bias", "weight_port", kernel.bias))
    psum = kernel.psum
    reductions = [loop.name for loop in kernel.loops if loop.name not in psum.loops]
    begun: set[tuple[int, ...]] = set()

    def transfer(traffic: str, port: str, bits: int) -> Transfer:
        return Transfer(traffic, port, bits, ceil_div(bits, bandwidths[port]))

    for before, tile, after in neighbours(walk(rounded_bounds(kernel, hardware), tiling)):
        loads = [
            transfer(
                traffic, port, source.bits * footprint_elements(source, tile, stores_padding=hardware.stores_padding)
            )
            for traffic, port, source in sources
            if differs(source, tile, before)
        ]
        results = footprint_elements(psum, tile, stores_padding=hardware.stores_padding)
        place = tile.place(psum.loops)
        if differs(psum, tile, before) and place in begun:
            loads.append(transfer("psum", "psum_port", results * psum.bits))
        begun.add(place)

        stores: list[Transfer] = []
        if differs(psum, tile, after):
            if tile.finishes(reductions):
                stores.append(transfer("ofmap", "psum_port", results * kernel.ofmap_bits))
            else:
                stores.append(transfer("psum", "psum_port", results * psum.bits))

        row_steps = ceil_div(tile.size([kernel.rows]), array.rows)
        column_steps = ceil_div(tile.size([kernel.columns]), array.columns)
        others = tile.size(loop.name for loop in kernel.loops if loop.name not in (kernel.rows, kernel.columns))
        other_results = tile.size(loop for loop in psum.loops if loop != kernel.columns)
        yield Visit(
            loads=tuple(loads),
            steps=row_steps * column_steps * others,
            first_steps=column_steps * other_results if tile.begins(reductions) else 0,
            fill_cycles=(array.rows - 1) + (array.columns - 1),
            stores=tuple(stores),
        )


def rounded_bounds(kernel: Contraction, hardware: Hardware) -> dict[str, int]:
    """The loops' bounds; where padding is stored, channels are rounded up to whole passes of the array."""
    bounds = loop_bounds(kernel)
    if hardware.stores_padding:
        for loop, width in ((kernel.rows, hardware.systolic.rows), (kernel.columns, hardware.systolic.columns)):
            bounds[loop] = ceil_div(bounds[loop], width) * width
    return bounds


def slowest_port(transfers: Iterable[Transfer]) -> int:
    """Cycles until all are through: ports work side by side, transfers on one port in turn."""
    cycles: Counter[str] = Counter()
    for transfer in transfers:
        cycles[transfer.port] += transfer.cycles
    return max(cycles.values(), default=0)
