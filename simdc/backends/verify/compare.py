"""Compares two costs number by number, and finds the tile at which a cost model goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

from simdc.backends.simulate import simulate
from simdc.backends.simulate.trace import trace
from simdc.backends.simulate.walk import whole_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts, TiledKernel
from simdc.cost.model import CostModel
from simdc.cost.numbers import ceil_div
from simdc.cost.result import Cost, Number
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.named import NamedTuple

from .difference import Difference
from .resize import resized

OPERANDS = {
    "dram_bits.weight": "weight",
    "dram_bits.ifmap": "ifmap",
    "dram_bits.psum": "psum",
    "dram_bits.ofmap": "ofmap",
    "dram_bits.bias": "bias",
    "sram_bits.wbuf": "weight",
    "sram_bits.ibuf": "ifmap",
    "sram_bits.obuf": "psum",
    "sram_bits.bbuf": "bias",
    "busy.weight_port": "weight and bias",
    "busy.ifmap_port": "ifmap",
    "busy.psum_port": "psum and ofmap",
}
FUSED_OPERANDS = {
    "dram_bits.weight": "keys and values",
    "dram_bits.ifmap": "queries and mask",
    "dram_bits.ofmap": "results",
    "busy.weight_port": "keys and values",
    "busy.ifmap_port": "queries",
    "busy.simd_port": "mask and results",
}


class Mismatch(NamedTuple):
    """The first number in which two costs differ."""

    what: str
    expected: Number
    got: Number


def numbers(cost: Cost) -> dict[str, Number]:
    """Every number of a cost by its dotted name: counts first, cycles after them, for these follow from those."""
    parts = {"dram_bits": cost.dram_bits, "sram_bits": cost.sram_bits}
    found: dict[str, Number] = {f"{name}.{key}": n for name, part in parts.items() for key, n in part._asdict().items()}
    found |= {f"ops.{name}": count for name, count in cost.ops}
    found |= {f"busy.{key}": count for key, count in cost.busy._asdict().items()}
    return found | {f"cycles.{key}": count for key, count in cost.cycles._asdict().items()}


def first_mismatch(expected: Cost, got: Cost) -> Mismatch | None:
    """None if every number is equal and of the same type."""
    wanted, found = numbers(expected), numbers(got)
    for what in {**wanted, **found}:
        left, right = wanted.get(what, 0), found.get(what, 0)
        if left != right or type(left) is not type(right):
            return Mismatch(what, left, right)
    return None


def explain(
    mismatch: Mismatch, kernel: TiledKernel, tiling: Tiling, hardware: Hardware, model: CostModel
) -> Difference:
    """The mismatch with the tile where it shows, in the smallest part of the schedule that has one."""
    schedule = ""
    smaller, found = _smallest(kernel, tiling, hardware, model, mismatch)
    if smaller is not kernel:
        schedule = f"the first {_size(smaller)} of it, where the model already differs by itself"
        mismatch = found
    tile, detail = _where(mismatch, smaller, tiling, hardware, model.rule)
    kind = "cycles" if mismatch.what.startswith(("cycles", "busy")) else "counts"
    expected, got = (f"{value:,}" for value in (mismatch.expected, mismatch.got))
    return Difference(kind, mismatch.what, _operand(mismatch.what, kernel), tile, expected, got, schedule, detail)


def _operand(what: str, kernel: TiledKernel) -> str:
    if isinstance(kernel, FusedProducts):
        return FUSED_OPERANDS.get(what, "")
    if hasattr(kernel, "nests"):
        return {"dram_bits.ifmap": "all loads", "dram_bits.ofmap": "all stores"}.get(what, "")
    return OPERANDS.get(what, "")


def _smallest(
    kernel: TiledKernel, tiling: Tiling, hardware: Hardware, model: CostModel, mismatch: Mismatch
) -> tuple[TiledKernel, Mismatch]:
    """Take tiles away along one loop after the other for as long as some number differs."""
    for loop, size in tiling.as_dict().items():
        for bound in _fewer_tiles(loop_bounds(kernel)[loop], size):
            smaller = resized(kernel, loop_bounds(kernel) | {loop: bound})
            found = _mismatch(smaller, tiling, hardware, model)
            if found is not None:
                kernel, mismatch = smaller, found
                break
    return kernel, mismatch


def _fewer_tiles(bound: int, size: int) -> Iterator[int]:
    """Bounds with one, two or three tiles, the last of them whole or as it is; smallest first."""
    last = bound - (ceil_div(bound, size) - 1) * size
    for count in range(1, 4):
        for rest in sorted({last, size}):
            shorter = (count - 1) * size + rest
            if shorter < bound:
                yield shorter


def _mismatch(kernel: TiledKernel, tiling: Tiling, hardware: Hardware, model: CostModel) -> Mismatch | None:
    try:
        return first_mismatch(simulate(kernel, tiling, hardware, model.rule), model.evaluate(kernel, tiling, hardware))
    except TilingError:
        return None


def _size(kernel: TiledKernel) -> str:
    return ", ".join(f"{loop} = {bound}" for loop, bound in loop_bounds(kernel).items())


def _where(
    mismatch: Mismatch, kernel: TiledKernel, tiling: Tiling, hardware: Hardware, rule: MachineRule
) -> tuple[str, str]:
    """The tile at which the running sum of the tiles leaves the model's number behind, or the last that adds to it."""
    running, last, number = 0, "", 0
    for number, share in enumerate(trace(kernel, whole_loops(kernel, tiling), hardware, rule), 1):
        amount = share.adds.get(mismatch.what, 0)
        running += amount
        if amount and running > mismatch.got:
            moves = f"; it {share.moves}" if share.moves else ""
            return share.tile, (
                f"this tile, number {number}, adds {amount:,} and makes it {running:,}, beyond the model's total{moves}"
            )
        if amount:
            last = share.tile
    if not last:
        return "", f"no tile adds to {mismatch.what}"
    return last, f"this is the last tile that adds to it; the model counts {mismatch.got - mismatch.expected:,} more"
