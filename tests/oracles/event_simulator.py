"""A second simulator in another style: the rules of docs/architecture.md played by an event queue.

Ports and arrays are resources, transfers and computations are jobs that wait for what they need. What moves follows
from what the buffers hold and from how often a result has been visited. Nothing here comes from the tile simulator or
from the cost models but the classes of their inputs and of the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from math import ceil, prod
from typing import Any

from simdc.cost.hardware import Hardware, SimdArray
from simdc.cost.kernel import CodeBlock, Contraction, Kernel, LoopNest, Operand, VectorProgram
from simdc.cost.ratio import Rate
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling
from tests.oracles.event_queue import EventQueue

Tile = dict[str, range]
Key = tuple[range, ...]
Load = tuple[str, str, int]
"""(traffic, port, bits) of one transfer."""


def play(kernel: Kernel, tiling: Tiling, machine: Hardware) -> Cost:
    """What `simulate` answers, by another way."""
    if isinstance(kernel, VectorProgram):
        return _play_program(kernel, tiling, machine)
    return _play_contraction(kernel, tiling, machine)


def odometer(loops: Mapping[str, int], stored: Mapping[str, int], tiling: Tiling) -> Iterator[Tile]:
    """Tiles in order, last loop fastest. `loops` are the layer's own bounds, `stored` those that the machine runs."""
    wanted = dict(zip(tiling.order, tiling.sizes, strict=True))
    size = {
        loop: wanted[loop] if wanted[loop] < loops[loop] else stored[loop] for loop in tiling.order if loop in loops
    }
    hand = dict.fromkeys(size, 0)
    while True:
        yield {loop: range(hand[loop], min(hand[loop] + size[loop], stored[loop])) for loop in size}
        for loop in reversed(size):
            hand[loop] += size[loop]
            if hand[loop] < stored[loop]:
                break
            hand[loop] = 0
        else:
            return


def key_of(operand: Operand, tile: Tile) -> Key:
    """Which of the operand's tiles this is: the values of the loops that index it."""
    return tuple(tile[loop] for expression in operand.index for loop, _ in expression.terms)


def bits_of(operand: Operand, tile: Tile, machine: Hardware) -> int:
    """The box around all that the tile touches; where padding is not stored, as far as it lies inside the tensor."""
    bits = operand.bits
    for (terms, constant), extent in zip(operand.index, operand.shape, strict=True):
        low = high = constant
        for loop, step in terms:
            low, high = low + step * tile[loop][0], high + step * tile[loop][-1]
        if not machine.stores_padding:
            low, high = max(low, 0), min(high, extent - 1)
        bits *= max(0, high - low + 1)
    return bits


def _cycles(bits: int, bandwidth: Rate) -> int:
    whole, rest = divmod(bits, bandwidth)
    return whole + (rest > 0)


def _play_contraction(kernel: Contraction, tiling: Tiling, machine: Hardware) -> Cost:
    array = machine.systolic
    ports = {
        "weight_port": array.bandwidths.weight_bits_per_cycle,
        "ifmap_port": array.bandwidths.ifmap_bits_per_cycle,
        "psum_port": array.bandwidths.psum_bits_per_cycle,
    }
    inputs = [("weight", "weight_port", kernel.weight), ("ifmap", "ifmap_port", kernel.ifmap)]
    inputs += [] if kernel.bias is None else [("bias", "weight_port", kernel.bias)]
    loops = {loop.name: loop.bound for loop in kernel.loops}
    stored = dict(loops)
    if machine.stores_padding:
        for loop, side in ((kernel.rows, array.rows), (kernel.columns, array.columns)):
            shared = kernel.side_by_side or (loop == kernel.rows and kernel.beside_rows)
            idle = kernel.rows if array.dataflow == "output_stationary" else kernel.columns
            if not shared and (array.dataflow == "weight_stationary" or loop != idle):
                stored[loop] += -stored[loop] % side
    result = kernel.psum
    tiles = list(odometer(loops, stored, tiling))
    visits_needed = len(tiles) // len({key_of(result, tile) for tile in tiles})

    held: dict[str, Key] = {}
    visits: Counter[Key] = Counter()
    loads: list[list[Load]] = []
    stores: list[list[Load]] = []
    compute: list[int] = []
    steps = visited = begun = 0
    for number, tile in enumerate(tiles):
        moved = [entry for entry in inputs if held.get(entry[0]) != key_of(entry[2], tile)]
        held |= {traffic: key_of(operand, tile) for traffic, _, operand in moved}
        loads.append([(traffic, port, bits_of(operand, tile, machine)) for traffic, port, operand in moved])
        place = key_of(result, tile)
        bits = bits_of(result, tile, machine)
        if held.get("result") != place and visits[place]:
            loads[-1].append(("psum", "psum_port", bits))
        held["result"] = place

        here, sums, first_sums = _worked(kernel, tile, machine)
        steps += here
        visited += sums
        if not visits[place]:
            begun += first_sums
        compute.append(here + array.rows + array.columns - 2)

        visits[place] += 1
        stores.append([])
        if number + 1 == len(tiles) or key_of(result, tiles[number + 1]) != place:
            finished = visits[place] == visits_needed
            done = bits // result.bits * kernel.ofmap_bits
            stores[-1].append(("ofmap", "psum_port", done) if finished else ("psum", "psum_port", bits))

    traffic: Counter[str] = Counter()
    for name, _, bits in (transfer for transfers in (*loads, *stores) for transfer in transfers):
        traffic[name] += bits
    queue = EventQueue()
    if array.buffer_release == "segment":
        gate: list[int] = []
        for number in range(-1, len(tiles) + 1):
            jobs = [queue.submit("compute", compute[number], gate)] if 0 <= number < len(tiles) else []
            transfers = stores[number - 1] if number >= 1 else []
            transfers = transfers + (loads[number + 1] if number + 1 < len(tiles) else [])
            jobs += [queue.submit(port, _cycles(bits, ports[port]), gate) for _, port, bits in transfers]
            gate = [queue.submit(None, 0, (*jobs, *gate))]
    else:
        keys = {name: [key_of(operand, tile) for tile in tiles] for name, _, operand in inputs}
        keys["psum"] = [key_of(result, tile) for tile in tiles]
        timed = [
            [[(name, port, _cycles(bits, ports[port])) for name, port, bits in of_tile] for of_tile in of_all]
            for of_all in (loads, stores)
        ]
        _without_barriers(queue, keys, timed[0], compute, timed[1], joint=array.buffer_release == "joint")
    end, busy = queue.run()
    # Of each operand what the array takes in a cycle: one for each PE of what stays, a row or a column of the others.
    dataflow, pes = array.dataflow, array.rows * array.columns
    wide = {"weight_stationary": pes, "input_stationary": array.rows, "output_stationary": array.columns}[dataflow]
    high = pes if dataflow == "input_stationary" else array.rows
    kept = pes if dataflow == "output_stationary" else array.columns
    biases = 1 if dataflow == "input_stationary" else array.columns
    return Cost(
        Cycles(busy["compute"], end - busy["compute"]),
        DramBits(**traffic),
        SramBits(
            wbuf=steps * wide * kernel.weight.bits,
            ibuf=steps * high * kernel.ifmap.bits,
            obuf=(2 * visited - begun) * kept * result.bits,
            bbuf=0 if kernel.bias is None else begun * biases * kernel.bias.bits,
        ),
        (
            ("mac", prod(loops.values()) if kernel.macs is None else kernel.macs),
            ("mac_executed", steps * array.rows * array.columns),
        ),
        Busy(**busy),
    )


def _worked(kernel: Contraction, tile: Tile, machine: Hardware) -> tuple[int, int, int]:
    """Cycles of a tile, how often sums go to the psum buffer, and how many of these begin outputs: blocks of products
    put on PEs one after the other."""
    array, loops = machine.systolic, set(tile)
    index = {operand.name: {loop for terms, _ in operand.index for loop, _ in terms} for operand in kernel.operands}
    weight, ifmap, psum = (index[operand.name] for operand in (kernel.weight, kernel.ifmap, kernel.psum))
    summed, positions = {kernel.rows, *kernel.beside_rows}, (ifmap & psum) - weight
    if array.dataflow == "weight_stationary":
        down, across = summed, {kernel.columns}
    else:
        down, across = (positions, {kernel.columns}) if array.dataflow[0] == "o" else (summed, positions)
    high, wide, groups = (prod(len(tile[loop]) for loop in each) for each in (down, across, kernel.side_by_side))
    rest = loops - down - across - set(kernel.side_by_side)
    passes, row, column = 0, array.rows, array.columns
    firsts = groups * len(range(0, wide, array.columns))
    if high <= array.rows and wide <= array.columns:
        for _ in range(groups):
            # The next group begins below and right of the one before, or in a new pass; apart where not side by side.
            if row + high > array.rows or column + wide > array.columns or not kernel.side_by_side:
                passes, row, column = passes + 1, 0, 0
            row, column = row + high, column + wide
        firsts = passes
    else:
        passes = firsts * len(range(0, high, array.rows))
    steps = passes * prod(len(tile[loop]) for loop in rest)
    if array.dataflow[0] == "o":
        sums = passes * prod(len(tile[loop]) for loop in rest & psum)
        return steps, sums, sums
    return steps, steps, firsts * prod(len(tile[loop]) for loop in rest & psum)


def _without_barriers(
    queue: EventQueue,
    keys: Mapping[str, list[Key]],
    loads: list[list[Load]],
    compute: list[int],
    stores: list[list[Load]],
    *,
    joint: bool,
) -> None:
    """Jobs for each load and store, with cycles in the place of bits, and each computation. `emptied[operand]` has for
    each of its tiles, in order of use, the jobs after which the half that it is in can take another."""
    emptied: dict[str, list[list[int]]] = {operand: [[]] for operand in keys}
    on_port: dict[str, list[int]] = {}
    asked: list[int] = []
    computed: list[int] = []
    arrived: list[list[int]] = []

    def move(port: str, cycles: int, after: list[int]) -> list[int]:
        if cycles:
            on_port[port] = [queue.submit(port, cycles, (*on_port.get(port, []), *after))]
            return on_port[port]
        return after

    for number in range(-1, len(compute)):
        if number + 1 < len(compute):
            new = [name for name, found in keys.items() if number < 0 or found[number + 1] != found[number]]
            free = {name: emptied[name][-1] for name in new}
            if joint:
                asked = [queue.submit(None, 0, (*asked, *(job for jobs in free.values() for job in jobs)))]
                free = dict.fromkeys(free, asked)
            there = [job for jobs in free.values() for job in jobs]
            for name, port, cycles in loads[number + 1]:
                there += move(port, cycles, free[name])
            arrived.append(there)
        if number >= 0:
            computed = [queue.submit("compute", compute[number], (*computed, *arrived[number]))]
            for name, found in keys.items():
                if number + 1 == len(compute) or found[number + 1] != found[number]:
                    emptied[name].append(computed)
            for _, port, cycles in stores[number]:
                emptied["psum"][-1] = move(port, cycles, computed)


def _play_program(program: VectorProgram, tiling: Tiling, machine: Hardware) -> Cost:
    simd = machine.simd
    queue = EventQueue()
    last: list[int] = []
    total: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    for phase in program.nests:
        loops = {loop.name: loop.bound for loop in phase.loops}
        stored = dict(loops)
        if machine.stores_padding and program.lanes in program.roles.channels and program.lanes in stored:
            stored[program.lanes] += -stored[program.lanes] % simd.lanes
        tiles = list(odometer(loops, stored, tiling))
        for tile, (loads, issues, waits, stores) in zip(
            tiles, _visits(phase, program.lanes, tiles, machine), strict=True
        ):
            loops_run = sum(_loops_run(block, phase, program.lanes, tile, simd.lanes) for block, _ in issues)
            compute = simd.pipeline_stages + simd.lanes - 2
            if simd.issue == "fission":
                compute += simd.tile_overhead_cycles * loops_run
            else:
                compute += simd.tile_overhead_cycles + waits * simd.raw_wait_cycles
            for block, times in issues:
                counts = _sequence(block, phase, simd)
                compute += times * counts.pop("cycles")
                total.update({name: times * count for name, count in counts.items()})
            jobs = [("simd_port", _cycles(bits, simd.bandwidth_bits_per_cycle)) for bits in loads]
            jobs += [("compute", compute)]
            jobs += [("simd_port", _cycles(bits, simd.bandwidth_bits_per_cycle)) for bits in stores]
            for resource, cycles in jobs:
                last = [queue.submit(resource, cycles, last)]
            total["ifmap"] += sum(loads)
            total["ofmap"] += sum(stores)
        for block in phase.blocks:
            for instruction in block.instructions:
                operations[instruction.opcode] += prod(loops[loop] for loop in block.loops)
    end, busy = queue.run()
    return Cost(
        Cycles(busy["compute"], end - busy["compute"]),
        DramBits(ifmap=total["ifmap"], ofmap=total["ofmap"]),
        SramBits(vmem=total["vmem"], imm=total["imm"], insmem=total["insmem"]),
        tuple(sorted(operations.items())),
        Busy(**busy),
    )


def _visits(
    phase: LoopNest, lanes: str, tiles: list[Tile], machine: Hardware
) -> Iterator[tuple[list[int], list[tuple[CodeBlock, int]], int, list[int]]]:
    """(bits of each load, how often each block is issued, waits between issues, bits of each store) of every tile."""
    held: dict[str, Key] = {}
    begun: set[tuple[str, Key]] = set()
    loops = {loop.name: loop.bound for loop in phase.loops}
    for number, tile in enumerate(tiles):
        loads: list[int] = []
        for operand in (*phase.inputs, *phase.outputs):
            key = key_of(operand, tile)
            if held.get(operand.name) != key:
                is_result = operand in phase.outputs
                overlaps = any(tile[loop][0] > 0 for loop in _overlapping(operand, loops)) if is_result else False
                if not is_result or overlaps or (operand.name, key) in begun:
                    loads.append(bits_of(operand, tile, machine))
                held[operand.name] = key
                begun.add((operand.name, key))
        issues: list[tuple[CodeBlock, int]] = []
        for block in phase.blocks:
            others = [loop for loop in loops if loop not in block.loops]
            at_end = all(tile[loop] == tiles[-1][loop] for loop in others)
            if all(tile[loop][0] == 0 for loop in others) if block.at == "start" else at_end:
                vectors = ceil(len(tile[lanes]) / machine.simd.lanes) if lanes in block.loops else 1
                issues.append((block, vectors * prod(len(tile[loop]) for loop in block.loops if loop != lanes)))
        leaves = [
            operand
            for operand in phase.outputs
            if number + 1 == len(tiles) or key_of(operand, tiles[number + 1]) != key_of(operand, tile)
        ]
        waits = _waits(phase, [block for block, _ in issues], lanes, tile, machine.simd.lanes)
        yield loads, issues, waits, [bits_of(operand, tile, machine) for operand in leaves]


def _waits(phase: LoopNest, blocks: list[CodeBlock], lanes: str, tile: Tile, width: int) -> int:
    """Issue after issue: how often the first instruction reads the very vector that the one before it wrote. Loops that
    do not move what a block writes last stand outside those that do."""
    kept = {operand.name: operand.index for operand in (*phase.outputs, *phase.scratch)}
    waits, written = 0, None
    for block in blocks:
        name = block.instructions[-1].dest
        moving = {loop for terms, _ in kept.get(name, ()) for loop, _ in terms}
        nest = sorted((loop for loop, _ in phase.loops if loop in block.loops), key=lambda loop: loop in moving)
        for values in product(*(tile[loop][:: width if loop == lanes else 1] for loop in nest)):
            at = dict(zip(nest, values, strict=True))
            if written is not None and written[0] in block.instructions[0].sources:
                waits += written[1] == [sum(step * at[loop] for loop, step in terms) for terms, _ in kept[written[0]]]
            written = None
            if name in kept:
                written = name, [sum(step * at[loop] for loop, step in terms) for terms, _ in kept[name]]
    return waits


def _loops_run(block: CodeBlock, phase: LoopNest, lanes: str, tile: Tile, width: int) -> int:
    """Loops of one instruction each in a tile: point after point, how often the values of loops change that must stand
    outside them, as several instructions work on one element again."""
    outside: set[str] = set()
    for operand in (*phase.outputs, *phase.scratch):
        working = [code for code in block.instructions if operand.name in {code.dest, *code.sources}]
        if len(working) >= 2 and operand.name in {code.dest for code in working}:
            outside |= set(block.loops) - {terms[0][0] for terms, _ in operand.index if len(terms) == 1}
    places = product(*(tile[loop][:: width if loop == lanes else 1] for loop in block.loops if loop in outside))
    return len(block.instructions) * len(list(places))


def _overlapping(result: Operand, loops: Mapping[str, int]) -> set[str]:
    """Loops along which tiles of a result have elements in common: all of a dimension whose windows overlap; only those
    inside the window where windows lie side by side."""
    found: set[str] = set()
    for terms, _ in result.index:
        steps = dict(terms)
        if len(steps) > 1:
            place = max(steps, key=steps.__getitem__)
            inside = steps.keys() - {place}
            window = sum(steps[loop] * (loops[loop] - 1) for loop in inside) + 1
            found |= inside if window <= steps[place] else steps.keys()
    return found


def _sequence(block: CodeBlock, phase: LoopNest, simd: SimdArray) -> dict[str, Any]:
    """Cycles and on-chip bits of one issue of a block."""
    widths = {operand.name: operand.bits for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    counts: Counter[str] = Counter()
    for number, (opcode, dest, sources) in enumerate(block.instructions):
        counts["cycles"] += getattr(simd.latency_cycles, opcode)
        reads = number and block.instructions[number - 1].dest in sources
        if reads and simd.issue == "interleaved":
            counts["cycles"] += simd.raw_wait_cycles
        counts["insmem"] += simd.instruction_bits
        for place in (dest, *sources):
            if isinstance(place, str):
                counts["vmem"] += simd.lanes * widths.get(place, simd.width_bits)
            else:
                counts["imm"] += simd.width_bits
    return {"cycles": 0, **counts}
