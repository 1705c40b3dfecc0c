"""ResNet-50 under `exact` with greedy tilings and under `simdit`, layer by layer, the difference split into its causes.

    python examples/compare_models.py                                        all three machines, as Markdown
    python examples/compare_models.py --hw HI2                               one machine
    python examples/compare_models.py --write docs/exact-vs-simdit.md        renew the tables in that page

Each cause is the difference of two evaluations, so that the causes of a layer add up to its whole difference:

    tile        exact              - exact with the release's tile sizes
    width       the latter         - the same with the widths that the release assumes
    edge        the latter         - simdit

Nothing is left over.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import simdc
from simdc.backends.simulate.contraction import visits
from simdc.backends.simulate.transfer import Transfer
from simdc.backends.simulate.walk import neighbours
from simdc.cost import (
    Contraction,
    Cost,
    ExactModel,
    Hardware,
    Kernel,
    Loop,
    Tiling,
    VectorProgram,
    greedy_tiling,
    with_field,
)
from simdc.cost.model import array_kernel
from simdc.cost.result import Number
from simdc.cost.simdit import systolic, systolic_dims
from simdc.cost.tiling import loop_bounds

MACHINES = ("HI1", "HI2", "HI3")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
UNLIMITED_BITS = 10**18
WORTH_A_REASON_PERCENT = 1.0


@dataclass(frozen=True)
class Row:
    """Layers whose kernels are equal under both models. The causes are (compute, stall) cycles of one layer."""

    names: tuple[str, ...]
    kernel: Kernel
    exact: Cost
    simdit: Cost
    tiling: Tiling
    release_tiling: Tiling
    edge: tuple[Number, Number]
    width: tuple[Number, Number]
    tile: tuple[Number, Number]
    reasons: tuple[str, ...]

    @property
    def difference(self) -> Number:
        return self.exact.cycles.total - self.simdit.cycles.total

    @property
    def percent(self) -> float:
        return 100 * self.difference / self.simdit.cycles.total


def compare(network: simdc.Network, hardware: Hardware) -> list[Row]:
    """One row for each distinct layer, in program order."""
    groups: dict[tuple[Kernel, Kernel], list[int]] = {}
    ours = network.workload(hardware).price(ExactModel(), hardware, greedy_tiling)
    theirs = simdc.evaluate(network, hardware, "simdit")
    for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        groups.setdefault((mine.kernel, other.kernel), []).append(i)
    rows: list[Row] = []
    for (kernel, release_kernel), members in groups.items():
        mine, other = ours[members[0]], theirs[members[0]]
        assert mine.cost is not None
        assert mine.tiling is not None
        assert other.cost is not None
        assert other.tiling is not None
        names = tuple(ours[i].name for i in members)
        rows.append(_row(names, kernel, release_kernel, mine.cost, other.cost, mine.tiling, other.tiling, hardware))
    return rows


def _row(
    names: tuple[str, ...],
    kernel: Kernel,
    release_kernel: Kernel,
    exact: Cost,
    simdit: Cost,
    tiling: Tiling,
    release_tiling: Tiling,
    hardware: Hardware,
) -> Row:
    as_release = as_the_release_sees_it(kernel, release_kernel, hardware)
    # The release checks tiles against its two vector memories by rules of its own: here only the cycles count.
    roomy = with_field(hardware, "simd.vmem_bits", UNLIMITED_BITS)
    its_tiles = ExactModel().evaluate(kernel, release_tiling, roomy)
    its_tiles_and_widths = ExactModel().evaluate(as_release, release_tiling, roomy)
    row = Row(
        names,
        kernel,
        exact,
        simdit,
        tiling,
        release_tiling,
        edge=_difference(its_tiles_and_widths, simdit),
        width=_difference(its_tiles, its_tiles_and_widths),
        tile=_difference(exact, its_tiles),
        reasons=(),
    )
    assert abs(sum(row.edge) + sum(row.width) + sum(row.tile) - row.difference) < 1e-3
    causes = ((row.edge, _edge_reason), (row.width, _width_reason), (row.tile, _tile_reason))
    reasons = tuple(
        reason(row, as_release, hardware) + f" ({_signed(cycles[0])} compute, {_signed(cycles[1])} stall)"
        for cycles, reason in causes
        if cycles != (0, 0)
    )
    return replace(row, reasons=reasons)


def as_the_release_sees_it(kernel: Kernel, release_kernel: Kernel, hardware: Hardware) -> Kernel:
    """`kernel` with the release's widths: every input of a SIMD layer as wide as a psum, results by program order."""
    if not (isinstance(kernel, VectorProgram) and isinstance(release_kernel, VectorProgram)):
        return kernel
    bits = hardware.systolic.widths.psum_bits
    phases = tuple(
        phase._replace(
            inputs=tuple(operand._replace(bits=bits) for operand in phase.inputs),
            outputs=tuple(
                operand._replace(bits=other.bits) for operand, other in zip(phase.outputs, theirs.outputs, strict=True)
            ),
        )
        for phase, theirs in zip(kernel.nests, release_kernel.nests, strict=True)
    )
    return kernel._replace(nests=phases)


def loops_of(kernel: Kernel, hardware: Hardware) -> dict[str, int]:
    """Loop bounds with channels rounded up to the array, as these machines store them."""
    loops: tuple[Loop, ...]
    kernel = array_kernel(kernel)
    if isinstance(kernel, VectorProgram):
        loops, steps = kernel.nests[0].loops, {"c": hardware.simd.lanes}
    else:
        loops, steps = kernel.loops, {"ic": hardware.systolic.rows, "oc": hardware.systolic.columns}
    return {loop.name: -(-loop.bound // steps.get(loop.name, 1)) * steps.get(loop.name, 1) for loop in loops}


def tile_counts(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> tuple[int, Fraction]:
    """Number of tiles, and the product of real quotients that the release takes for it."""
    whole, real = 1, Fraction(1)
    for loop, bound in loops_of(kernel, hardware).items():
        size = min(tiling.as_dict()[loop], bound)
        whole *= -(-bound // size)
        real *= Fraction(bound, size)
    return whole, real


def uneven_loops(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> dict[str, tuple[int, int]]:
    """Loop to (bound, tile size) where the tile does not divide the loop."""
    bounds, sizes = loops_of(kernel, hardware), tiling.as_dict()
    return {loop: (bound, sizes[loop]) for loop, bound in bounds.items() if bound > sizes[loop] and bound % sizes[loop]}


def _edge_reason(row: Row, as_release: Kernel, hardware: Hardware) -> str:
    uneven = uneven_loops(row.kernel, row.release_tiling, hardware)
    # If every tile divides and the models still differ, the cause is not this one: stop instead of guessing.
    assert uneven, f"{row.names[0]}: tiles divide, yet the models differ"
    whole, real = tile_counts(row.kernel, row.release_tiling, hardware)
    # The two differ in compute by the fill of the tiles that the release does not count, and it rounds up once.
    fill = hardware.simd.pipeline_stages + hardware.simd.lanes - 2
    if isinstance(row.kernel, Contraction):
        fill = hardware.systolic.rows + hardware.systolic.columns - 2
    assert abs(row.edge[0] - fill * (whole - real)) <= 1, f"{row.names[0]}: compute differs by more than fills"
    parts = [
        f"{loop} {bound} = " + (f"{bound // size} x {size}" if bound >= 2 * size else f"{size}") + f" + {bound % size}"
        for loop, (bound, size) in uneven.items()
    ]
    return f"edge: {', '.join(parts)}: {whole:,} tiles, counted as {float(real):,.2f}"


@dataclass(frozen=True)
class StallParts:
    """Where a contraction stalls. `exact`: before the first tile, per port where its transfers outlast the compute
    beside them, after the last tile. `release`: its four cases, its terms for the first and second tile, the second
    last and the last."""

    exact_first: int
    exact_exposed: dict[str, int]
    exact_last: int
    release_cases: Fraction
    release_first: int
    release_second: int
    release_second_last: int
    release_last: int


def stall_parts(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> StallParts:
    """Both models' stalls under one tiling, taken apart by walking the tiles and by the release's formula."""
    bounds = loop_bounds(kernel)
    sizes = (size if size < bounds[loop] else sys.maxsize for loop, size in tiling.as_dict().items())
    exposed: Counter[str] = Counter()
    first = last = 0
    for before, tile, after in neighbours(visits(kernel, Tiling(tiling.order, tuple(sizes)), hardware)):
        beside = (*(after.loads if after is not None else ()), *(before.stores if before is not None else ()))
        port, cycles = _slowest(beside)
        exposed[port] += max(0, cycles - tile.compute_cycles)
        first = _slowest(tile.loads)[1] if before is None else first
        last = _slowest(tile.stores)[1]

    array = hardware.systolic
    dims = systolic_dims.read_dims(kernel, bounds, array)
    its_tile = systolic_dims.read_tile(dims, bounds, tiling.as_dict())
    counts, load = systolic.tile_counts(dims, its_tile, False), systolic.tile_transfers(its_tile, array)
    ct = systolic.tile_cycles(its_tile, array)
    new_bias, new_weight = counts.bias_loads - counts.unit, counts.weight_loads - counts.bias_loads
    cases = (
        (counts.finished - 2 * counts.unit - new_bias) * max(0, load.ifmap - ct, load.psum - ct)
        + (counts.tiles - counts.finished - new_weight) * max(0, load.ifmap - ct, 2 * load.psum - ct)
        + new_weight * max(0, load.ifmap - ct, load.weight - ct, 2 * load.psum - ct)
        + new_bias * max(0, load.ifmap - ct, load.psum - ct, load.weight + load.bias - ct)
    )
    return StallParts(
        exact_first=first,
        exact_exposed={port: cycles for port, cycles in exposed.items() if cycles},
        exact_last=last,
        release_cases=Fraction(cases, counts.unit),
        release_first=max(load.ifmap, load.weight + load.bias),
        release_second=max(0, load.ifmap - ct),
        release_second_last=max(0, load.psum - ct),
        release_last=load.psum,
    )


def _slowest(transfers: Sequence[Transfer]) -> tuple[str, int]:
    cycles: Counter[str] = Counter()
    for transfer in transfers:
        cycles[transfer.port] += transfer.cycles
    return max(cycles.items(), key=lambda item: item[1], default=("", 0))


def stall_table(hardware: Hardware, rows: list[Row]) -> Iterator[str]:
    """Stalls of the convolutions whose difference is worth a reason."""
    chosen = [(row, row.kernel) for row in rows if abs(row.percent) > WORTH_A_REASON_PERCENT]
    yield f"Stall of those convolutions on {hardware.name}, in cycles:"
    yield ""
    yield "| layer | exact: first load | exposed | last store | simdit: first loads | four cases | last stores |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for row, kernel in chosen:
        if not isinstance(kernel, Contraction):
            continue
        parts = stall_parts(kernel, row.release_tiling, hardware)
        exposed = sum(parts.exact_exposed.values())
        ends = parts.release_second_last + parts.release_last
        assert parts.exact_first + exposed + parts.exact_last == row.exact.cycles.stall
        release = parts.release_first + parts.release_second + parts.release_cases + ends
        assert abs(float(release) - row.simdit.cycles.stall) < 1e-3
        ports = ", ".join(f"{port.replace('_', ' ')} {cycles:,}" for port, cycles in parts.exact_exposed.items())
        yield (
            f"| {row.names[0]} | {parts.exact_first:,} | {ports or 0} | {parts.exact_last:,} "
            f"| {parts.release_first + parts.release_second:,} | {float(parts.release_cases):,.0f} | {ends:,} |"
        )
    yield ""


def _width_reason(row: Row, as_release: Kernel, hardware: Hardware) -> str:
    assert isinstance(row.kernel, VectorProgram)
    assert isinstance(as_release, VectorProgram)
    parts: list[str] = []
    for phase, theirs in zip(row.kernel.nests, as_release.nests, strict=True):
        for verb, mine, others in (("reads", phase.inputs, theirs.inputs), ("stores", phase.outputs, theirs.outputs)):
            for operand, other in zip(mine, others, strict=True):
                if operand.bits != other.bits:
                    parts.append(f"{verb} {operand.name} at {operand.bits} bit, not {other.bits}")
    assert parts, f"{row.names[0]}: widths agree, yet they make a difference"
    return f"width: {', '.join(parts)}"


def _tile_reason(row: Row, as_release: Kernel, hardware: Hardware) -> str:
    mine, theirs = row.tiling.as_dict(), row.release_tiling.as_dict()
    changed = [f"{loop} {mine[loop]} for {theirs[loop]}" for loop in mine if mine[loop] != theirs[loop]]
    assert changed, f"{row.names[0]}: tiles agree, yet they make a difference"
    tiles = [tile_counts(row.kernel, tiling, hardware)[0] for tiling in (row.tiling, row.release_tiling)]
    return f"tile: {', '.join(changed)}: {tiles[0]} {'tile' if tiles[0] == 1 else 'tiles'} for {tiles[1]}"


def _difference(left: Cost, right: Cost) -> tuple[Number, Number]:
    return left.cycles.compute - right.cycles.compute, left.cycles.stall - right.cycles.stall


def _signed(cycles: Number) -> str:
    return f"{cycles:+,.0f}" if abs(cycles) >= 0.5 else "0"


def markdown(hardware: Hardware, rows: list[Row]) -> Iterator[str]:
    exact = sum(len(row.names) * row.exact.cycles.total for row in rows)
    simdit = sum(len(row.names) * row.simdit.cycles.total for row in rows)
    causes = [sum(len(row.names) * sum(getattr(row, cause)) for row in rows) for cause in ("edge", "width", "tile")]
    yield f"### {hardware.name}"
    yield ""
    yield (
        f"`exact` {exact:,.0f} cycles, `simdit` {simdit:,.0f} cycles, {100 * (exact / simdit - 1):+.2f} %: "
        + ", ".join(f"{name} {_signed(cycles)}" for name, cycles in zip(("edge", "width", "tile"), causes, strict=True))
        + "."
    )
    yield ""
    yield "| layer | layers | exact [cycle] | simdit [cycle] | difference [%] | why, where it is over 1 % |"
    yield "|---|--:|--:|--:|--:|---|"
    for row in rows:
        large = abs(row.percent) > WORTH_A_REASON_PERCENT
        yield (
            f"| {row.names[0]} | {len(row.names)} | {row.exact.cycles.total:,.0f} | {row.simdit.cycles.total:,.0f} "
            f"| {row.percent:+.2f} | {'; '.join(row.reasons) if large else ''} |"
        )
    yield ""


def tables(machines: tuple[str, ...] = MACHINES) -> str:
    network = simdc.load("resnet50")
    lines: list[str] = []
    for name in machines:
        hardware = simdc.load_hardware(name)
        rows = compare(network, hardware)
        lines += markdown(hardware, rows)
        lines += stall_table(hardware, rows)
    return "\n".join(lines).rstrip() + "\n"


def renewed(page: str) -> str:
    """The page with its tables as they are now."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{tables()}\n{END}{tail}"


def main() -> None:
    parser = ArgumentParser(description="Compare the cost models on ResNet-50.")
    parser.add_argument("--hw", action="append", help="machine (default: HI1, HI2 and HI3)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="renew the tables in a Markdown page")
    arguments = parser.parse_args()
    if arguments.write is not None:
        arguments.write.write_text(renewed(arguments.write.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(tables(tuple(arguments.hw or MACHINES)), end="")


if __name__ == "__main__":
    main()
