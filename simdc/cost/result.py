"""What a cost model answers: counts first, cycles from counts. Integers under `exact`; `simdit` may give fractions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add

from simdc.named import NamedTuple

Number = int | float


def add_up(values: Iterable[Number]) -> Number:
    """The sum, rounded after each addition: Python's own `sum` rounds floats in another way from 3.12 on, and a report
    is the same under every Python."""
    # Ten times 0.1 is 0.9999999999999999 here; for `sum` it is 1.0 from 3.12 on.
    return reduce(add, values, 0)


class Cycles(NamedTuple):
    """`compute`: cycles in which the array computes, its fill included; `stall`: all others of the layer."""

    compute: Number = 0
    stall: Number = 0

    @property
    def total(self) -> Number:
        return self.compute + self.stall


class DramBits(NamedTuple):
    """Traffic with DRAM in bits, by operand. On the SIMD array `ifmap` is every load and `ofmap` every store."""

    weight: Number = 0
    ifmap: Number = 0
    psum: Number = 0
    ofmap: Number = 0
    bias: Number = 0

    @property
    def total(self) -> Number:
        return self.weight + self.ifmap + self.psum + self.ofmap + self.bias


class SramBits(NamedTuple):
    """Bits read and written, by memory: the buffers of weights, ifmap, psums (`obuf`) and bias, the vector memory, the
    immediates and the instructions of the SIMD array."""

    wbuf: Number = 0
    ibuf: Number = 0
    obuf: Number = 0
    bbuf: Number = 0
    vmem: Number = 0
    imm: Number = 0
    insmem: Number = 0

    @property
    def total(self) -> Number:
        return self.wbuf + self.ibuf + self.obuf + self.bbuf + self.vmem + self.imm + self.insmem


class Busy(NamedTuple):
    """Cycles for which the array computes and each DRAM port transfers. The largest binds the layer."""

    # Compute 16, ports 4, 8 and 24: bound by the psum port, and at least 24 cycles long.

    compute: Number = 0
    weight_port: Number = 0
    ifmap_port: Number = 0
    psum_port: Number = 0
    simd_port: Number = 0


class Cost(NamedTuple):
    """Cost of one layer. `ops` holds (operation, count), unweighted by latency."""

    cycles: Cycles
    dram_bits: DramBits
    sram_bits: SramBits
    ops: tuple[tuple[str, Number], ...]
    busy: Busy
