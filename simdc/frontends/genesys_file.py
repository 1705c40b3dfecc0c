"""GeneSys parameter files: the hardware descriptions that the released SimDIT reads."""

from __future__ import annotations

from simdc.cost.hardware import (
    Bandwidths,
    Buffers,
    Hardware,
    Prices,
    SimdArray,
    SramPrices,
    SystolicArray,
    Widths,
)
from simdc.cost.machine_fields import HardwareError

FIELDS = (
    "ARRAY_N",
    "ARRAY_M",
    "WGT_DATA_WIDTH",
    "ACT_DATA_WIDTH",
    "BIAS_WIDTH",
    "ACC_WIDTH",
    "WBUF_CAPACITY_BITS",
    "IBUF_CAPACITY_BITS",
    "OBUF_CAPACITY_BITS",
    "BBUF_CAPACITY_BITS",
    "PARAMBUF_AXI_DATA_WIDTH",
    "IBUF_AXI_DATA_WIDTH",
    "OBUF_AXI_DATA_WIDTH",
    "SIMD_VMEM_CAPACITY_BITS",
    "SIMD_AXI_DATA_WIDTH",
    "SIMD_INST_MEM_ADDR_WIDTH",
)
"""What the release reads. It ignores every other key, and so do we."""

INSTRUCTION_BITS = 32
MAX_ADDRESS_BITS = 48
NARROW_BITS = 8
"""Widest weights and activations of SimDIT's inference machines; wider ones are priced as its training machines."""
NARROW_CLOCK_NS, NARROW_PE_PJ, NARROW_LANE_PJ = 0.97, 0.381, 21.42
WIDE_CLOCK_NS, WIDE_PE_PJ, WIDE_LANE_PJ = 1.22, 1.153, 101.3
DRAM_PJ_PER_BIT, SRAM_PJ_PER_BIT = 3.9, 0.0162
PRICE_SOURCE = "global fit over the six SimDIT configurations, not measured on this machine"


def is_genesys(data: dict[str, object]) -> bool:
    return not data.keys().isdisjoint(FIELDS)


def convert(data: dict[str, object], name: str) -> Hardware:
    """The machine of a GeneSys file, which names neither a clock nor prices. Raises HardwareError.

    `OBUF_CAPACITY_BITS` and `SIMD_VMEM_CAPACITY_BITS` are one of two banks each. A weight port wider than a column of
    weights brings nothing. Latencies are those of inference.
    """
    value = {field: _positive(data, field) for field in FIELDS}
    if value["SIMD_INST_MEM_ADDR_WIDTH"] > MAX_ADDRESS_BITS:
        raise HardwareError("SIMD_INST_MEM_ADDR_WIDTH", f"must be at most {MAX_ADDRESS_BITS} bits")
    weight_bits, ifmap_bits = value["WGT_DATA_WIDTH"], value["ACT_DATA_WIDTH"]
    narrow = max(weight_bits, ifmap_bits) <= NARROW_BITS
    return Hardware(
        name=name,
        clock_ns=NARROW_CLOCK_NS if narrow else WIDE_CLOCK_NS,
        stores_padding=True,
        systolic=SystolicArray(
            rows=value["ARRAY_N"],
            columns=value["ARRAY_M"],
            widths=Widths(weight_bits, ifmap_bits, value["BIAS_WIDTH"], value["ACC_WIDTH"]),
            buffers=Buffers(
                weight_bits=value["WBUF_CAPACITY_BITS"],
                ifmap_bits=value["IBUF_CAPACITY_BITS"],
                psum_bits=2 * value["OBUF_CAPACITY_BITS"],
                bias_bits=value["BBUF_CAPACITY_BITS"],
            ),
            bandwidths=Bandwidths(
                weight_bits_per_cycle=min(value["ARRAY_N"] * weight_bits, value["PARAMBUF_AXI_DATA_WIDTH"]),
                ifmap_bits_per_cycle=value["IBUF_AXI_DATA_WIDTH"],
                psum_bits_per_cycle=value["OBUF_AXI_DATA_WIDTH"],
            ),
        ),
        simd=SimdArray(
            lanes=value["ARRAY_M"],
            width_bits=value["ACC_WIDTH"],
            vmem_bits=2 * value["SIMD_VMEM_CAPACITY_BITS"],
            bandwidth_bits_per_cycle=value["SIMD_AXI_DATA_WIDTH"],
            instruction_bits=INSTRUCTION_BITS,
            instruction_memory_bits=2 ** value["SIMD_INST_MEM_ADDR_WIDTH"] * INSTRUCTION_BITS,
        ),
        prices=Prices(
            source=PRICE_SOURCE,
            pe_pj_per_cycle=NARROW_PE_PJ if narrow else WIDE_PE_PJ,
            lane_pj_per_cycle=NARROW_LANE_PJ if narrow else WIDE_LANE_PJ,
            dram_pj_per_bit=DRAM_PJ_PER_BIT,
            sram_pj_per_bit=SramPrices(*[SRAM_PJ_PER_BIT] * 7),
        ),
    )


def _positive(data: dict[str, object], field: str) -> int:
    if field not in data:
        raise HardwareError(field, "missing (a GeneSys file needs it)")
    value = data[field]
    if isinstance(value, bool) or not isinstance(value, int):
        raise HardwareError(field, f"must be a whole number, got {value!r:.60}")
    if value < 1:
        raise HardwareError(field, f"must be positive, got {value}")
    return value
