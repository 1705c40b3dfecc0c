"""Whether a tiled schedule computes what the untiled kernel computes, on made-up data."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Operand, TiledKernel, VectorProgram
from simdc.cost.result import DramBits
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .arrays import Array
from .buffers import TileAddress, positions
from .contraction import run_contraction
from .fused import run_fused
from .program import run_program
from .tiled import run_tiled

TOLERANCE = 1e-9
"""Of programs, whose sums may be formed in another order. Contractions work on small whole numbers and are exact."""


class WrongElement(NamedTuple):
    """The first element that differs: of which result, where, and the tile that wrote it last (None: nobody did)."""

    operand: str
    element: tuple[int, ...]
    tile: TileAddress | None
    expected: float
    got: float


class Agreement(NamedTuple):
    """`elements` of results were compared after `tiles` tiles; `wrong` is None if all agree. `compute_cycles` are those
    of a vector program's instructions as they ran one after the other."""

    elements: int
    tiles: int
    dram_bits: DramBits
    wrong: WrongElement | None
    compute_cycles: int | None = None


def compare_with_untiled(
    kernel: TiledKernel, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS, seed: int = 0
) -> Agreement:
    """Run both on the same data. Raises TilingError and ScheduleError as `run_tiled`."""
    inputs = make_inputs(kernel, seed)
    with np.errstate(all="ignore"):
        tiled = run_tiled(kernel, tiling, hardware, inputs, rule)
        expected = _untiled(kernel, inputs)
    exact, indexed = isinstance(kernel, Contraction), reached(kernel)
    elements = 0
    for name, found in tiled.arrays.items():
        elements += int(indexed[name].sum())
        wrong = np.flatnonzero(~agree(found, expected[name], exact=exact) & indexed[name])
        if wrong.size:
            first = int(wrong[0])
            writer = int(tiled.writers[name][first])
            element = tuple(int(place) for place in np.unravel_index(first, found.shape))
            tile = tiled.tiles[writer] if writer >= 0 else None
            values = float(expected[name][element]), float(found[element])
            return Agreement(elements, len(tiled.tiles), tiled.dram_bits, WrongElement(name, element, tile, *values))
    return Agreement(elements, len(tiled.tiles), tiled.dram_bits, None, tiled.compute_cycles)


def make_inputs(kernel: TiledKernel, seed: int = 0) -> dict[str, Array]:
    """An array of small whole numbers, and some zeros, for each operand that the kernel reads and does not make:
    positive ones where a program divides by an operand or takes roots."""
    random = np.random.default_rng(seed)
    opcodes = set[str]()
    if isinstance(kernel, VectorProgram):
        code = [step for nest in kernel.nests for block in nest.blocks for step in block.instructions]
        opcodes = {step.opcode for step in code if step.opcode != "div" or isinstance(step.sources[1], str)}
    low = 1 if opcodes & {"div", "log", "sqrt", "inv_sqrt"} else -3
    return {name: random.integers(low, 5, o.shape).astype(np.float64) for name, o in _read_only(kernel).items()}


def data_elements(kernel: TiledKernel) -> int:
    """Elements of everything that the kernel reads and writes."""
    made = (kernel.psum,) if isinstance(kernel, Contraction) else [o for p in kernel.nests for o in p.outputs]
    return sum(prod(operand.shape) for operand in (*_read_only(kernel).values(), *made))


def _read_only(kernel: TiledKernel) -> dict[str, Operand]:
    """Operands that are read before anything is written to them."""
    if isinstance(kernel, Contraction):
        return {name: operand for name, operand in kernel.by_role.items() if name != "psum"}
    if isinstance(kernel, FusedProducts):
        made_last = {operand.name for operand in kernel.finish.outputs}
        return {operand.name: operand for operand in kernel.operands if operand.name not in made_last}
    found, made = dict[str, Operand](), set[str]()
    for nest in kernel.nests:
        found |= {o.name: o for o in nest.inputs if o.name not in made and o.name not in found}
        made |= {o.name for o in nest.outputs}
    return found


def _untiled(kernel: TiledKernel, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    if isinstance(kernel, Contraction):
        return {"ofmap": run_contraction(kernel, inputs["ifmap"], inputs["weight"], inputs.get("bias")).psum}
    if isinstance(kernel, FusedProducts):
        return run_fused(kernel, inputs)
    return run_program(kernel, inputs).arrays


def reached(kernel: TiledKernel) -> dict[str, NDArray[np.bool_]]:
    """Elements of each result that some point of its loops indexes. What lies beyond, as a row that no window of a
    pool reaches, is nobody's: no tile has it, and DRAM keeps what it held."""
    if isinstance(kernel, Contraction):
        results = [("ofmap", kernel.psum, kernel.loops)]
    else:
        results = [(o.name, o, nest.loops) for nest in kernel.nests for o in nest.outputs]
    found: dict[str, NDArray[np.bool_]] = {}
    for name, operand, loops in results:
        values = {loop.name: range(loop.bound) for loop in loops}
        here = [positions(expression, values) for expression in operand.index]
        inside = [at[(at >= 0) & (at < extent)] for at, extent in zip(here, operand.shape, strict=True)]
        found.setdefault(name, np.zeros(operand.shape, dtype=np.bool_))[np.ix_(*inside)] = True
    return found


def agree(found: Array, expected: Array, *, exact: bool) -> NDArray[np.bool_]:
    """Where two results are equal: to `TOLERANCE` unless `exact`, NaN where the other is NaN."""
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    if exact:
        return same
    finite = np.isfinite(found) & np.isfinite(expected)
    left, right = np.where(finite, found, 0.0), np.where(finite, expected, 0.0)
    near = np.abs(left - right) <= TOLERANCE * np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    return same | (finite & near)
