"""The kernel of attention on chip: what its code is, and what is refused."""

from __future__ import annotations

import pytest

from simdc.cost import KernelError
from simdc.cost.kernel import links_of
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention

SHAPE = AttentionShape(1, 2, 2, 4, 5, 3, 6)
BITS = AttentionBits(8, 8, 8, 16, 8, 32, 32)


def test_its_links_are_two_products_and_a_program() -> None:
    kernel = fused_attention(SHAPE, BITS, first=1)
    scores, softmax, context = links_of(kernel)
    assert (scores.bounds, context.bounds) == (
        {"b": 1, "g": 2, "r": 2, "n": 4, "s": 5, "d": 3},
        {"b": 1, "g": 2, "r": 2, "n": 4, "e": 6, "s": 5},
    )
    assert softmax.kind == "attention"
    assert kernel.bounds == {"b": 1, "g": 2, "r": 2, "n": 4, "s": 5}
    assert [operand.name for operand in kernel.operands] == ["query", "key", "value", "result"]


def opcodes(kernel_scale: float, mask: tuple[str, ...] | None) -> list[str]:
    kernel = fused_attention(SHAPE, BITS, scale=kernel_scale, mask=mask)
    return [code.opcode for block in kernel.row.blocks for code in block.instructions]


def test_no_instruction_is_there_for_nothing() -> None:
    """A scale of 1 is no multiplication; without a mask the scale goes into the exponents."""
    plain = ["move", "max", "sub", "exp", "mul", "sub", "exp", "add"]
    assert opcodes(1.0, None) == plain
    assert opcodes(0.5, None) == ["move", "max", "sub", "mul", "exp", "mul", "mul", "mac", "exp", "add"]
    assert opcodes(1.0, ("n", "s")) == ["move", "add", *plain[1:]]
    assert opcodes(0.5, ("n", "s")) == ["move", "mac", *plain[1:]]


def test_the_lanes_lie_along_the_longer_of_queries_and_heads() -> None:
    assert fused_attention(SHAPE, BITS).lanes == "n"
    assert fused_attention(AttentionShape(1, 2, 4, 1, 9, 3, 6), BITS).lanes == "r"


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_must_be_positive(scale: float) -> None:
    with pytest.raises(ValueError, match="the scale of attention must be positive, got"):
        fused_attention(SHAPE, BITS, scale=scale)


@pytest.mark.parametrize("mask", [(), ("s", "n"), ("n", "d"), ("n", "n")])
def test_a_mask_goes_along_known_loops(mask: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a mask goes along some of"):
        fused_attention(SHAPE, BITS, mask=mask)


def test_each_query_sees_a_key() -> None:
    with pytest.raises(KernelError, match="at least one of what is streamed"):
        fused_attention(SHAPE, BITS, first=0)
