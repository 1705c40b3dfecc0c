"""What a cost model answers: counts first, cycles from counts. Integers under `exact`; `simdit` may give fractions."""

from __future__ import annotations

from typing import NamedTuple

Number = int | float


class Cycles(NamedTuple):
    compute: Number = 0
    stall: Number = 0

    @property
    def total(self) -> Number:
        return self.compute + self.stall


class DramBits(NamedTuple):
    """Traffic by operand. On the SIMD array `ifmap` is every load and `ofmap` every store."""

    weight: Number = 0
    ifmap: Number = 0
    psum: Number = 0
    ofmap: Number = 0
    bias: Number = 0

    @property
    def total(self) -> Number:
        return self.weight + self.ifmap + self.psum + self.ofmap + self.bias


class SramBits(NamedTuple):
    """Bits read and written by memory."""

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
