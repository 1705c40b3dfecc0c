"""The cost model `exact` over arrays of tilings: the formula of `simdc.cost.exact`, run on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdc.cost.exact.tiled import Tiled, tile
from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, Kernel, VectorProgram
from simdc.cost.model import array_kernel
from simdc.cost.ratio import Ratio
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.structure import fractions_of
from simdc.cost.tiling import TilingError, loop_bounds
from simdc.frozen import astuple
from simdc.named import NamedTuple

from .arrays import MANY, Whole

MAX_BITS = 64
CHUNK = 4096
"""Tilings at a time: their arrays stay in the processor's cache."""
# Half of int64's range: sums of two such numbers do not overflow either.
SAFE = 2**62


class Costs(NamedTuple):
    """`cost` is a `Cost` with an array in place of each number; entries where `legal` is false mean nothing."""

    legal: NDArray[np.bool_]
    cost: Any


def evaluate_many(
    kernel: Kernel, order: Sequence[str], sizes: ArrayLike, hardware: Hardware, rule: MachineRule = GENESYS
) -> Costs:
    """The exact cost of many tilings with one loop order. `sizes` [tilings, loops] has the tile sizes of the loops in
    `order`. Raises TilingError when these are not the kernel's loops or a size is not a positive whole number.

    Element for element what `ExactModel.evaluate` gives; where it refuses a tiling, `legal` is false.
    """
    return _over_chunks(array_kernel(kernel), order, sizes, (hardware, rule), _price)


def bound_many(
    kernel: Kernel, order: Sequence[str], sizes: ArrayLike, hardware: Hardware, rule: MachineRule = GENESYS
) -> Costs:
    """As `evaluate_many`, but `cycles` and `busy` are what the tilings take at least: several times faster. All counts
    are exact."""
    return _over_chunks(array_kernel(kernel), order, sizes, (hardware, rule), _bound)


def _price(tiled: Tiled) -> Cost:
    return tiled.cost()


def _bound(tiled: Tiled) -> Cost:
    return tiled.least_cost()


def _over_chunks(
    kernel: ArrayKernel,
    order: Sequence[str],
    sizes: ArrayLike,
    machine: tuple[Hardware, MachineRule],
    ask: Callable[[Tiled], Cost],
) -> Costs:
    hardware, rule = machine
    table = _checked(kernel, order, sizes)
    kind = number_type(kernel, hardware, rule)
    bounds = loop_bounds(kernel)
    # The uncut tiling is always priceable and has the names of all counts, for tables of refused tilings as well.
    whole = tile(kernel, order, [bounds[loop] for loop in order], hardware, rule=rule)
    one, at_once = ask(whole), ask is _bound or whole.is_closed
    legal = np.zeros(len(table), dtype=bool)
    columns: dict[str, Whole] = {path: np.zeros(len(table), dtype=kind) for path, _ in _leaves(one)}
    for chosen in _alike(kernel, order, table):
        part = np.ascontiguousarray(table[chosen].T).astype(kind)
        many = tile(kernel, order, cast("Sequence[int]", list(part)), hardware, MANY, rule)
        if many.fault() is not None:
            continue
        fits = np.ones(part.shape[1], dtype=bool)
        for need in many.needs():
            fits &= np.less_equal(need.need_bits, need.limit_bits).astype(bool)
        legal[chosen] = fits
        if at_once:
            for path, values in _leaves(ask(many)):
                columns[path][chosen] = values
            continue
        # Timelines of tiles are played one after the other.
        for row in np.arange(len(table))[chosen][fits].tolist():
            single = tile(kernel, order, table[row].tolist(), hardware, rule=rule)
            for path, value in _leaves(ask(single)):
                columns[path][row] = value
    return Costs(legal, _rebuilt(one, columns))


def _checked(kernel: ArrayKernel, order: Sequence[str], sizes: ArrayLike) -> NDArray[np.int64]:
    bounds = loop_bounds(kernel)
    table = np.asarray(sizes)
    if set(bounds) != set(order) or len(bounds) != len(order):
        raise TilingError(f"the tilings order loops {list(order)}, the layer has {list(bounds)}")
    if table.ndim != 2 or table.shape[1] != len(order):
        raise TilingError(f"sizes must have shape [tilings, {len(order)}], got {list(table.shape)}")
    if not np.issubdtype(table.dtype, np.integer) or (table.size and table.min() < 1):
        raise TilingError("tile sizes must be positive whole numbers")
    return table.astype(np.int64, copy=False)


def _alike(kernel: ArrayKernel, order: Sequence[str], table: NDArray[np.int64]) -> Iterator[slice | NDArray[np.intp]]:
    """Tilings in chunks within which the same loops are cut into several tiles."""
    own = loop_bounds(kernel)
    cut = table < np.array([own[loop] for loop in order])
    # A binary number a tiling: of three loops, the first and third cut are 1 + 4 = 5.
    patterns, of_tiling = np.unique(cut @ (1 << np.arange(len(order))), return_inverse=True)
    if len(patterns) == 1:
        for first in range(0, len(table), CHUNK):
            yield slice(first, first + CHUNK)
        return
    by_pattern = np.argsort(of_tiling, kind="stable")
    edges = np.searchsorted(of_tiling[by_pattern], np.arange(len(patterns) + 1))
    for first, end in pairwise(edges.tolist()):
        for start in range(first, end, CHUNK):
            yield by_pattern[start : min(start + CHUNK, end)]


def number_type(kernel: ArrayKernel, hardware: Hardware, rule: MachineRule = GENESYS) -> type[np.int64] | type[object]:
    """int64 if no number on the way can overflow. A tile's footprint has at most as many elements as it has points,
    times the steps of the index expressions, so no count exceeds that of all points by more than a point's share of
    each: bits moved, bits read and written on chip, cycles."""
    bounds = padded_bounds(loop_bounds(kernel), kernel, hardware)
    if isinstance(kernel, VectorProgram):
        simd = hardware.simd
        operands = [o for nest in kernel.nests for o in (*nest.inputs, *nest.outputs, *nest.scratch)]
        code = 1 + sum(len(block.instructions) for nest in kernel.nests for block in nest.blocks)
        slowest = max(astuple(simd.latency_cycles)) + simd.raw_wait_cycles + simd.pipeline_stages + simd.lanes
        slowest += simd.tile_overhead_cycles
        each = code * (slowest + simd.instruction_bits + 8 * simd.lanes * max(simd.width_bits, MAX_BITS))
    else:
        array = hardware.systolic
        operands = kernel.operands
        # No fold, and no fill of a tile of one step, takes more cycles.
        slowest = rule.array_fill_cycles(array) + sum(rule.fold_law(array)[:4])
        each = (array.rows + 1) * (array.columns + 1) * MAX_BITS + slowest
    # Every element may be a run of its own, and be waited for.
    dram = hardware.dram
    run = (dram.burst_bits + dram.request_cycles if dram.counts_runs else 0) + dram.latency_cycles
    reach = sum((o.bits + run) * prod(step for index in o.index for _, step in index.terms) for o in operands)
    # A port of 512/5 bits a cycle multiplies by 5.
    finest = max((_scale(rate) for _, rate in fractions_of(hardware)), default=1)
    return np.int64 if 8 * finest * prod(bounds.values()) * (each + reach) < SAFE else object


def _scale(rate: Ratio) -> int:
    return rate.denominator if rate.numerator < SAFE else SAFE


def _leaves(cost: Cost) -> Iterator[tuple[str, Any]]:
    for part in ("cycles", "dram_bits", "sram_bits", "busy"):
        for name, value in getattr(cost, part)._asdict().items():
            yield f"{part}.{name}", value
    for name, value in cost.ops:
        yield f"ops.{name}", value


def _rebuilt(like: Cost, columns: dict[str, Whole]) -> Cost:
    parts: dict[str, Any] = {
        part: type(getattr(like, part))(*(columns[f"{part}.{name}"] for name in getattr(like, part)._fields))
        for part in ("cycles", "dram_bits", "sram_bits", "busy")
    }
    ops: Any = tuple((name, columns[f"ops.{name}"]) for name, _ in like.ops)
    return Cost(**parts, ops=ops)
