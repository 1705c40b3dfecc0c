"""Tensors that are rounded by a scale made of themselves, and weights of few bits in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from simdc.cost.numbers import ceil_div
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Array, Constant, Value, ValueOrigin, known
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.reduce_extreme import ReduceMaxOp, ReduceMinOp
from simdc.ir.ops.scalar import ScalarOp

FLOAT, UINT8 = 1, 2
MICROSOFT = "com.microsoft"
SCALE_BITS = {FLOAT: 32, UINT8: 8, 10: 16, 16: 16}
"""Of the element types that scales and zero points of blocks have, the last two those of half precision."""


@operator("DynamicQuantizeLinear")
def dynamic(build: Build) -> tuple[Value, ...]:
    """A pass for the largest element, one for the smallest and one that rounds: a scale that is known only when all
    elements are cannot be given to whoever makes them. As nothing is rounded here, the scale is one."""
    x = build.tensor(0)
    axes = tuple(range(len(shape_of(x))))
    for kind, name in ((ReduceMaxOp, "largest"), (ReduceMinOp, "smallest")):
        build.add(kind(build.part(name), x, axes=axes, keepdims=True))
    rounded = build.add(ScalarOp(build.name, x, function="mul", value=1.0))
    build.give_width(rounded, 8)
    scale, zero = (f"{build.name}.{what}" for what in ("scale", "zero_point"))
    return rounded, known(scale, np.ones((), np.float32), FLOAT), known(zero, np.zeros((), np.uint8), UINT8)


def unpacked(packed: Array, bits: int) -> Array:
    """Whole numbers of `bits` bits from bytes, the lowest bits first, along the last dimension: 0x21 is 1, 2."""
    single = np.unpackbits(packed.astype(np.uint8), axis=-1, bitorder="little")
    grouped = single.reshape(*packed.shape[:-1], -1, bits)
    whole: Array = (grouped * (1 << np.arange(bits))).sum(axis=-1)
    return whole


def _blocks(packed: Constant, scales: Constant, zeros: Constant | None, sizes: Sequence[int], bits: int) -> Array:
    """The weight [n, k]: each block of a row has a scale and a zero point, in the middle where none is given."""
    n, k, block = sizes
    count = ceil_div(k, block)
    numbers = unpacked(packed.array().reshape(n, count, -1), bits).astype(np.float32)
    zero: Array | float = float(1 << (bits - 1))
    if zeros is not None and zeros.element == UINT8:
        zero = unpacked(zeros.array().reshape(n, -1), bits)[:, :count, None]
    elif zeros is not None:
        zero = zeros.array().reshape(n, count, 1)
    weight: Array = (numbers - zero) * scales.array().reshape(n, count, 1)
    return weight.reshape(n, -1)[:, :k]


def _not_counted(name: str, scales: Constant, zeros: Constant | None, weight_bits: int) -> str:
    """A contraction reads whole bits for each weight, and no index of its loops says that 32 weights share a scale.
    So no traffic has these numbers: how much that leaves out is said."""
    # 4,096 x 4,096 weights of 4 bits, a scale of 16 bits for 32 of them: 8 Mbit beside 64, 12.5 %.
    bits = sum(each.elements * SCALE_BITS.get(each.element, 32) for each in (scales, zeros) if each is not None)
    also = "" if zeros is None else " and zero points"
    return (
        f"the scales{also} of MatMulNBits '{name}' are not counted, neither as traffic nor in a buffer: {bits:,} bits "
        f"beside {weight_bits:,} of its weights, {100 * bits / weight_bits:.1f} %"
    )


@operator("MatMulNBits", domain=MICROSOFT, weights=(1, 2, 3, 5))
def matmul_n_bits(build: Build) -> Value:
    """A fully connected layer whose weights are as narrow in DRAM as they are in the file. Scales and zero points of
    blocks have no traffic."""
    node, shape = build.node, build.shape(0)
    n, k, block = (node.integer(name, 0) for name in ("N", "K", "block_size"))
    bits = node.integer("bits", 4)
    packed, scales, zeros = build.constant(1), build.constant(2), build.constant(3)
    if packed is None or scales is None or (build.has(3) and zeros is None):
        raise Unsupported("its weights depend on data")
    if build.has(4):
        raise Unsupported("an order of columns, its input 4, is not modelled")
    if min(n, k, block) < 1 or bits not in (2, 4, 8) or shape[-1] != k:
        raise Unsupported(f"K is {k}, N {n}, bits {bits} and block_size {block}, and its input has shape {list(shape)}")
    blocks = ceil_div(k, block)
    wanted = n * blocks * ceil_div(block * bits, 8), n * blocks
    if (packed.elements, scales.elements) != wanted:
        found = f"{list(packed.shape)} and {list(scales.shape)}"
        raise Unsupported(
            f"its weights and scales have shapes {found}, and not {wanted[0]} bytes and {wanted[1]} scales"
        )
    weight = Constant(
        packed.name, (n, k), FLOAT, {}, lambda: _blocks(packed, scales, zeros, (n, k, block), bits), ValueOrigin.STORED
    )
    weight.bits = bits
    bias = build.weight(5, "bias") if build.has(5) else None
    flat = len(shape) == 2
    x = build.tensor(0)
    if not flat:
        x = build.add(ReshapeOp(build.part("rows"), x, shape=(prod(shape[:-1]), k)))
    name = build.name if flat else build.part("linear")
    result = build.add(LinearOp(name, x, build.parameter(weight, "weight"), bias))
    build.note(_not_counted(node.name, scales, zeros, n * k * bits))
    return result if flat else build.add(ReshapeOp(build.name, result, shape=(*shape[:-1], n)))
