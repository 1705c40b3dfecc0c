"""What does not fit is refused with the layer, the memory, the need and the limit, in words and as numbers."""

from __future__ import annotations

import pytest

import simdc
from simdc.cost import TilingError
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl

TEXT = "network n(x: 8x4x16) { return x -> conv(16, 1, bias=false) -> lrn(size=5) -> relu }"


@pytest.mark.parametrize(
    ("setting", "layer", "need"),
    [
        # An inner tile of HI1's 16 x 16 weights of 8 bits is 2,048 bits; half of 4,094 is one bit less.
        ("weight_bits=4094", "conv1", ("weight buffer", "systolic.buffers.weight_bits", 2048, 2047)),
        # and 16 psums of 32 bits
        ("psum_bits=1000", "conv1", ("psum buffer", "systolic.buffers.psum_bits", 512, 500)),
    ],
)
def test_buffers(setting: str, layer: str, need: tuple[object, ...]) -> None:
    refused(f"systolic.buffers.{setting}", layer, need)


def test_a_window_that_must_not_be_cut() -> None:
    """16 lanes along the width, 32-bit values: a window of 5 channels of x, its sum and its result, and a vector for
    each of square, mean, base, log, power and factor: (5 + 1 + 1 + 6) x 16 x 32 = 6,656 bits."""
    said = refused("simd.vmem_bits=6655", "lrn1", ("vector memory", "simd.vmem_bits", 6656, 6655))
    assert "'x.center' reads across the whole window, so loop 'k' cannot be cut: the vector memory needs" in said
    assert said.endswith("it can hold 6,655 bits at a time: enlarge simd.vmem_bits or cut another loop")
    network = simdc.Network(parse_dsl(TEXT, "n.dsl", 1))
    simdc.evaluate(network, simdc.load_hardware("HI1", ["simd.vmem_bits=6656"]))


def refused(setting: str, layer: str, need: tuple[object, ...]) -> str:
    network = simdc.Network(parse_dsl(TEXT, "n.dsl", 1))
    with pytest.raises(SimdcError) as caught:
        simdc.evaluate(network, simdc.load_hardware("HI1", [setting]))
    said, cause = str(caught.value), caught.value.__cause__
    assert said.startswith(f"layer '{layer}' on HI1: ")
    assert isinstance(cause, TilingError)
    assert (cause.layer, cause.need) == (layer, need)
    for number in need[2:]:
        assert f"{number:,} bits" in said
    return said
