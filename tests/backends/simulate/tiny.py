"""A machine whose numbers are small enough for arithmetic by hand: 2 x 2 PEs and 2 lanes."""

from __future__ import annotations

from simdc.cost.hardware import Bandwidths, Buffers, Hardware, Latencies, SimdArray, SystolicArray, Widths
from tests.strategies import FREE

SMALL = 64


def tiny_machine(
    *,
    stores_padding: bool = False,
    weight_port: int = 8,
    ifmap_port: int = 16,
    psum_port: int = 8,
    simd_port: int = 16,
) -> Hardware:
    """Ports are in bits per cycle. Buffers are too small for most tiles: the simulator must not care."""
    return Hardware(
        name="tiny",
        clock_ns=1.0,
        stores_padding=stores_padding,
        systolic=SystolicArray(
            rows=2,
            columns=2,
            widths=Widths(weight_bits=8, ifmap_bits=8, bias_bits=32, psum_bits=32),
            buffers=Buffers(weight_bits=SMALL, ifmap_bits=SMALL, psum_bits=SMALL, bias_bits=SMALL),
            bandwidths=Bandwidths(
                weight_bits_per_cycle=weight_port,
                ifmap_bits_per_cycle=ifmap_port,
                psum_bits_per_cycle=psum_port,
            ),
        ),
        simd=SimdArray(
            lanes=2,
            width_bits=32,
            vmem_bits=SMALL,
            bandwidth_bits_per_cycle=simd_port,
            latency_cycles=Latencies(div=9),
        ),
        prices=FREE,
    )
