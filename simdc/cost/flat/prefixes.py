"""What schedules of a contraction take at least of which some loops are cut in a given way, the others not yet decided,
and whether they may fit: as `search/relaxed.py` has it, for the next loop cut in each of its ways."""

from __future__ import annotations

from typing import Final

from .tiles import (
    COMPLETE,
    FILL,
    FULL,
    LOOPS,
    NEW,
    OPERAND_ROWS,
    OPERANDS,
    PORTS,
    STREAM,
    STREAM_ROWS,
    STREAMS,
    full_elements,
)

# Loops in the order in which they are decided, each with its number, how many ways it has and where these begin; then
# of each way tiles, passes of the array over all of them, iterations of a tile as the machine stores it.
DECIDED_LOOP: Final = 0
DECIDED_WAYS: Final = 1
DECIDED_AT: Final = 2
DECIDED: Final = 3
WAY_TILES: Final = 0
WAY_PASSES: Final = 1
WAY_STORED: Final = 2
WAY_NUMBERS: Final = 3
# By port: bits whatever the next loop has, bits for each of its tiles, bits per cycle as a fraction.
FIXED_BITS: Final = 0
BITS_A_TILE: Final = 8
RATE_BITS: Final = 16
RATE_CYCLES: Final = 24
PORT_NUMBERS: Final = 32


def bound_below(
    plan: list[int],
    whole: list[int],
    once: list[int],
    most: list[int],
    cuts: list[int],
    nodes: list[int],
    many: int,
    level: int,
    fewest: int,
    room: list[int],
    ports: list[int],
    kept: list[int],
    bounds: list[int],
) -> int:
    """`nodes` has the ways of the first `level` loops, `many` times. `whole` has the passes along each whole loop,
    `once` of each stream the elements that move at least, and the loops that load them again, as bits; `most` is how
    many elements a tile of each operand may have. Writes of those below that may fit and take less than `fewest` cycles
    their numbers, node by node, and what they take at least. Gives how many these are."""
    found, own = 0, level * DECIDED
    loop, ways, at = cuts[own + DECIDED_LOOP], cuts[own + DECIDED_WAYS], cuts[own + DECIDED_AT]
    moved_by = operands_of(plan, loop)
    rest = 1
    for other in range(plan[LOOPS]):
        # A loop that is not decided counts as whole for time, as one iteration for room.
        room[FULL + other] = 1
        rest = rest * whole[other]
    rest = rest // whole[loop]
    for above in range(level):
        rest = rest // whole[cuts[above * DECIDED + DECIDED_LOOP]]
    for node in range(many):
        steps, tiles = rest, 1
        for above in range(level):
            way = cuts[above * DECIDED + DECIDED_AT] + nodes[node * level + above] * WAY_NUMBERS
            steps, tiles = steps * cuts[way + WAY_PASSES], tiles * cuts[way + WAY_TILES]
            room[FULL + cuts[above * DECIDED + DECIDED_LOOP]] = cuts[way + WAY_STORED]
        fill_ports(plan, once, cuts, nodes, node, level, ports)
        for choice in range(ways):
            way = at + choice * WAY_NUMBERS
            least = steps * cuts[way + WAY_PASSES] + tiles * cuts[way + WAY_TILES] * plan[FILL]
            if least < fewest:
                least = max(least, busiest(plan, ports, cuts[way + WAY_TILES]))
            if least < fewest:
                room[FULL + loop] = cuts[way + WAY_STORED]
                if tiles_fit(plan, moved_by, most, room):
                    kept[found], bounds[found] = node * ways + choice, least
                    found = found + 1
    return found


def operands_of(plan: list[int], loop: int) -> int:
    """Those that a loop moves, as bits."""
    operands = 0
    for operand in range(plan[OPERANDS]):
        at = plan[OPERAND_ROWS + operand]
        dimensions = plan[at]
        at = at + 1
        for _ in range(dimensions):
            terms = plan[at]
            at = at + 1
            for _ in range(terms):
                if plan[at] == loop:
                    operands = operands | (1 << operand)
                at = at + 2
    return operands


def fill_ports(
    plan: list[int], once: list[int], cuts: list[int], nodes: list[int], node: int, level: int, ports: list[int]
) -> int:
    """Says of each port what crosses it at least below a node."""
    loop = cuts[level * DECIDED + DECIDED_LOOP]
    for port in range(plan[PORTS]):
        ports[FIXED_BITS + port] = ports[BITS_A_TILE + port] = ports[RATE_CYCLES + port] = 0
        ports[RATE_BITS + port] = 1
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        port, when, again, times = plan[row + 2], plan[row + 5], once[2 * stream + 1], 1
        ports[RATE_BITS + port], ports[RATE_CYCLES + port] = plan[row + 3], plan[row + 4]
        bits = once[2 * stream] * plan[row + 1]
        if when == COMPLETE:
            again = 0
        for above in range(level):
            if (again >> cuts[above * DECIDED + DECIDED_LOOP]) & 1:
                at = cuts[above * DECIDED + DECIDED_AT] + nodes[node * level + above] * WAY_NUMBERS
                times = times * cuts[at + WAY_TILES]
        if (again >> loop) & 1:
            ports[BITS_A_TILE + port] = ports[BITS_A_TILE + port] + times * bits
        else:
            ports[FIXED_BITS + port] = ports[FIXED_BITS + port] + times * bits
        # 8 psums of 32 bits that come twice: stored and resumed once, 256 bits each way; complete once.
        if when not in (NEW, COMPLETE):
            ports[FIXED_BITS + port] = ports[FIXED_BITS + port] - bits
    return 0


def busiest(plan: list[int], ports: list[int], tiles: int) -> int:
    """Cycles of the port that is busy for longest, with so many tiles along the next loop."""
    longest_port = 0
    for port in range(plan[PORTS]):
        bits = ports[FIXED_BITS + port] + ports[BITS_A_TILE + port] * tiles
        longest_port = max(longest_port, -(-bits * ports[RATE_CYCLES + port] // ports[RATE_BITS + port]))
    return longest_port


def tiles_fit(plan: list[int], operands: int, most: list[int], room: list[int]) -> int:
    """Whether full tiles of these operands, given as bits, have no more elements than they may."""
    for operand in range(plan[OPERANDS]):
        if (operands >> operand) & 1 and full_elements(plan, operand, room) > most[operand]:
            return 0
    return 1
