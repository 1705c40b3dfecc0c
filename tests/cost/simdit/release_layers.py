"""Layers and machines in the released program's words, as kernels and hardware of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
from simdc.cost.kernel import CodeBlock, Contraction, Instruction, Loop, LoopNest, Operand, VectorProgram, affine

FREE = Prices("no prices", 0.0, 0.0, 0.0, SramPrices(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))

TENSOR_KINDS = {
    "relu": "relu",
    "elem_add": "add",
    "mean_var": "batch_norm_statistics",
    "batch_norm": "batch_norm",
    "batchnorm_grad_x_mu": "batch_norm_grad",
    "relu_grad": "relu_grad",
    "reduce_sum": "reduce_sum",
    "sgd1d": "sgd",
    "sgd2d": "sgd",
    "sgd4d": "sgd",
}
WINDOW_KINDS = {
    "max_pool": "max_pool",
    "avg_pool": "average_pool",
    "global_avg_pool": "global_average_pool",
    "max_pool_grad": "max_pool_grad",
    "average_pool_grad": "average_pool_grad",
    "global_average_pool_grad": "global_average_pool_grad",
}
CONVOLUTIONS = ("conv", "conv_bias")
GEMMS = ("gemm", "gemm_no_bias")


def hardware(
    array: tuple[int, int],
    widths: tuple[int, int, int, int],
    buffers: tuple[int, int, int, int],
    ports: tuple[int, int, int],
    vmem_bits: int,
    simd_port: int,
    name: str = "test",
) -> Hardware:
    """`buffers` and `vmem_bits` are totals; widths and buffers stand in the order weight, ifmap, bias or psum last."""
    rows, columns = array
    weight, ifmap, bias, psum = widths
    systolic = SystolicArray(
        rows,
        columns,
        Widths(weight, ifmap, bias, psum),
        Buffers(*buffers[:2], buffers[3], buffers[2]),
        Bandwidths(*ports),
    )
    return Hardware(name, 1.0, True, systolic, SimdArray(columns, psum, vmem_bits, simd_port), FREE)


def genesys(fields: Mapping[str, int], name: str) -> Hardware:
    """The fields for psum buffer and vector memory hold one of two banks."""
    return hardware(
        (fields["ARRAY_N"], fields["ARRAY_M"]),
        (fields["WGT_DATA_WIDTH"], fields["ACT_DATA_WIDTH"], fields["BIAS_WIDTH"], fields["ACC_WIDTH"]),
        (
            fields["WBUF_CAPACITY_BITS"],
            fields["IBUF_CAPACITY_BITS"],
            fields["BBUF_CAPACITY_BITS"],
            2 * fields["OBUF_CAPACITY_BITS"],
        ),
        (fields["PARAMBUF_AXI_DATA_WIDTH"], fields["IBUF_AXI_DATA_WIDTH"], fields["OBUF_AXI_DATA_WIDTH"]),
        2 * fields["SIMD_VMEM_CAPACITY_BITS"],
        fields["SIMD_AXI_DATA_WIDTH"],
        name,
    )


KIB = 8192
PORTS = (512, 512, 512)
HI3 = hardware((64, 64), (8, 8, 32, 32), (512 * KIB, 256 * KIB, 8 * KIB, 1024 * KIB), PORTS, 1024 * KIB, 512, "HI3")
HT3 = hardware((64, 64), (16, 16, 32, 32), (1024 * KIB, 512 * KIB, 8 * KIB, 1024 * KIB), PORTS, 1024 * KIB, 512)


def loops(bounds: Mapping[str, int]) -> tuple[Loop, ...]:
    return tuple(Loop(name, bound) for name, bound in bounds.items())


def conv2d(
    bounds: Mapping[str, int], stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> Contraction:
    """`bounds` of n, oc, ic, kh, kw, oh, ow and, with groups, g; oc and ic are those of one group."""
    names = [name for name in ("g", "oc", "ic", "kh", "kw", "n", "oh", "ow") if name in bounds]
    group = ("g",) if "g" in bounds else ()
    height = affine(("oh", stride[0]), ("kh", dilation[0]), constant=-1)
    width = affine(("ow", stride[1]), ("kw", dilation[1]), constant=-1)
    ifmap = tensor("ifmap", 8, bounds, ("n", *group, "ic"), height, width)
    weight = tensor("weight", 8, bounds, (*group, "oc", "ic", "kh", "kw"))
    psum = tensor("psum", 32, bounds, ("n", *group, "oc", "oh", "ow"))
    return Contraction("conv2d", loops({name: bounds[name] for name in names}), ifmap, weight, psum, 32)


def linear(n: int, ic: int, oc: int) -> Contraction:
    bounds = {"oc": oc, "ic": ic, "n": n}
    ifmap, weight = tensor("ifmap", 8, bounds, ("n", "ic")), tensor("weight", 8, bounds, ("oc", "ic"))
    return Contraction("linear", loops(bounds), ifmap, weight, tensor("psum", 32, bounds, ("n", "oc")), 32)


def tensor(name: str, bits: int, bounds: Mapping[str, int], index: Sequence[str], *window: Any) -> Operand:
    extents = dict(bounds)
    shape = (*(bounds[loop] for loop in index), *(expression.span(extents) for expression in window))
    return Operand(name, bits, shape, (*(affine(loop) for loop in index), *window))


def vector(kind: str, bounds: Mapping[str, int], out_bits: int = 32, stride: tuple[int, int] = (1, 1)) -> VectorProgram:
    """What the model reads of a vector program: kind, loops, the index under a window, the width of the result. The
    input says 7 bits, which nobody may use."""
    result = [name for name in bounds if name not in ("kh", "kw")]
    window = ()
    names = result
    if "kh" in bounds:
        names = [name for name in result if name not in ("oh", "ow")]
        window = (affine(("oh", stride[0]), "kh", constant=-1), affine(("ow", stride[1]), "kw", constant=-1))
    outside, inside = tensor("y", out_bits, bounds, result), tensor("x", out_bits, bounds, names, *window)
    source, target = (outside, inside) if kind.endswith("_grad") else (inside, outside)
    narrow = Operand(source.name, 7, source.shape, source.index)
    code = CodeBlock(tuple(bounds), (Instruction("move", target.name, (narrow.name,)),))
    return VectorProgram(kind, (LoopNest(loops(bounds), (narrow,), (target,), (code,)),))


def release_kernels(
    layers: Sequence[Mapping[str, Any]], batch: int, training: bool, ifmap_bits: int
) -> Iterator[tuple[int, Contraction | VectorProgram]]:
    """(position in the program, kernel) of every layer that the release costs. The batch replaces N, or IC where N
    holds the channels of a weight gradient; a SIMD result is narrow when the next entry of the program convolves."""
    for position, layer in enumerate(layers):
        if "dims" not in layer:
            continue
        following = layers[position + 1]["op"] if position + 1 < len(layers) else ""
        out_bits = ifmap_bits if following in (*CONVOLUTIONS, *GEMMS) else 32
        yield position, _kernel(layer["op"], dict(layer["dims"]), layer.get("stride", 1), batch, training, out_bits)


def _kernel(
    op: str, dims: dict[str, int], stride: int, batch: int, training: bool, out_bits: int
) -> Contraction | VectorProgram:
    if op in GEMMS:
        n, ic = (batch, dims["N"]) if not training or dims["M"] == 1 else (dims["M"], batch)
        return linear(n, ic, dims["P"])
    bounds = {name.lower(): bound for name, bound in dims.items()}
    if op in CONVOLUTIONS:
        batched = "n" if not training or bounds["n"] == 1 else "ic"
        return conv2d({**bounds, batched: batch}, (stride, stride))
    if "n" in bounds and not op.startswith("sgd"):
        bounds["n"] = batch
    if op in TENSOR_KINDS:
        return vector(TENSOR_KINDS[op], bounds, out_bits)
    if "ih" in bounds:
        bounds["kh"], bounds["kw"] = bounds.pop("ih"), bounds.pop("iw")
    return vector(WINDOW_KINDS[op], bounds, out_bits, (stride, stride))
