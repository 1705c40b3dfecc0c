"""The operations of SimDIT network specifications, one table entry each: dimensions, op, and where a tiling stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from attrs import frozen
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, f32
from xdsl.ir import Block, SSAValue

from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.conv import Conv2DOp, LinearOp
from simdc.ir.elementwise import AddOp, ReluOp
from simdc.ir.network import NetworkOp, ParameterOp, ReturnOp
from simdc.ir.pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp

from .builder import MAX_SIZE, LayerError

Dims = Mapping[str, int]
"""The entry's `iterable_dimensions`, and under STRIDE its stride."""
STRIDE = "stride"


class SpecNetwork:
    """Collects layers that share no data: each reads arguments and parameters of its own."""

    def __init__(self, file: str):
        self.block = Block()
        self.parameters = 0
        self.place = FileLineColLoc(StringAttr(file), IntAttr(0), IntAttr(0))

    def argument(self, shape: Sequence[int]) -> SSAValue:
        _check_elements(shape)
        return self.block.insert_arg(make_tensor_type(f32, tuple(shape)), len(self.block.args))

    def parameter(self, layer: str, role: str, shape: Sequence[int]) -> SSAValue:
        _check_elements(shape)
        self.parameters += prod(shape)
        op = ParameterOp.make(f"{layer}.{role}", make_tensor_type(f32, tuple(shape)))
        op.location = self.place
        self.block.add_op(op)
        return op.result

    def add(self, op: LayerOp) -> None:
        for result in op.results:
            _check_elements(shape_of(result))
        op.location = self.place
        self.block.add_op(op)

    def finish(self, name: str, phase: str, batch: int) -> ModuleOp:
        """Every result leaves the network: the specification says that it goes to DRAM, not who reads it."""
        results = [result for op in self.block.ops if isinstance(op, LayerOp) for result in op.results]
        self.block.add_op(ReturnOp(*results))
        return ModuleOp([NetworkOp(name, phase, batch, self.parameters, self.block)])


def _check_elements(shape: Sequence[int]) -> None:
    if prod(shape) > MAX_SIZE:
        raise LayerError(f"a tensor of the layer would have {prod(shape)} elements, more than {MAX_SIZE}")


@frozen
class Operation:
    """`images` is the dimension that counts the batch. `tile` says for each loop of the kernel which buffer's tile and
    which of its keys give the size; a loop that is not in it is never tiled. `reduced` is the summed dimension of a
    contraction, None for a SIMD layer."""

    dims: tuple[str, ...]
    build: Callable[[SpecNetwork, str, Dims], LayerOp]
    tile: Mapping[str, tuple[str, ...]]
    images: str = "N"
    reduced: str | None = None
    stride: tuple[str, ...] = ()


def _conv(net: SpecNetwork, name: str, dims: Dims, *, bias: bool = False) -> LayerOp:
    weight = net.parameter(name, "weight", (dims["OC"], dims["IC"], dims["KH"], dims["KW"]))
    offset = net.parameter(name, "bias", (dims["OC"],)) if bias else None
    step = dims[STRIDE]
    return Conv2DOp(name, net.argument(_padded(dims, "IC", step)), weight, offset, stride=(step, step))


def _conv_bias(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return _conv(net, name, dims, bias=True)


def _gemm(net: SpecNetwork, name: str, dims: Dims, *, bias: bool = True) -> LayerOp:
    weight = net.parameter(name, "weight", (dims["P"], dims["N"]))
    offset = net.parameter(name, "bias", (dims["P"],)) if bias else None
    return LinearOp(name, net.argument((dims["M"], dims["N"])), weight, offset)


def _gemm_no_bias(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return _gemm(net, name, dims, bias=False)


def _relu(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return ReluOp(name, net.argument(_image(dims)))


def _elem_add(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return AddOp(name, net.argument(_image(dims)), net.argument(_image(dims)))


def _max_pool(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    step = dims[STRIDE]
    return MaxPoolOp(name, net.argument(_padded(dims, "C", step)), (dims["KH"], dims["KW"]), stride=(step, step))


def _avg_pool(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    step = dims[STRIDE]
    return AveragePoolOp(name, net.argument(_padded(dims, "C", step)), (dims["KH"], dims["KW"]), stride=(step, step))


def _global_avg_pool(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    for key in ("OH", "OW"):
        if dims[key] != 1:
            raise LayerError(f"must be 1 for a global pool, got {dims[key]}; avg_pool has larger results", key)
    return GlobalAveragePoolOp(name, net.argument((dims["N"], dims["C"], dims["IH"], dims["IW"])))


def _image(dims: Dims) -> tuple[int, int, int, int]:
    return dims["N"], dims["C"], dims["H"], dims["W"]


def _padded(dims: Dims, channels: str, step: int) -> tuple[int, int, int, int]:
    """The input that the windows cover, border padding included: the only one the dimensions tell."""
    height, width = (dims["OH"] - 1) * step + dims["KH"], (dims["OW"] - 1) * step + dims["KW"]
    return dims["N"], dims[channels], height, width


CONV_DIMS = ("OC", "N", "IC", "KH", "KW", "OH", "OW")
GEMM_DIMS = ("M", "N", "P")
IMAGE_DIMS = ("N", "C", "H", "W")
POOL_DIMS = ("N", "C", "KH", "KW", "OH", "OW")
GLOBAL_POOL_DIMS = ("N", "C", "IH", "IW", "OH", "OW")

CONV_TILE = {
    "oc": ("OBUF", "OC"),
    "ic": ("WBUF", "IC"),
    "kh": ("WBUF", "KH"),
    "kw": ("WBUF", "KW"),
    "n": ("OBUF", "N"),
    "oh": ("OBUF", "OH"),
    "ow": ("OBUF", "OW"),
}
GEMM_TILE = {"oc": ("OBUF", "P"), "ic": ("WBUF", "N"), "n": ("OBUF", "M")}
IMAGE_TILE = {"c": ("VMEM", "C"), "n": ("VMEM", "N"), "h": ("VMEM", "H", "OH"), "w": ("VMEM", "W", "OW")}
POOL_TILE = {"c": ("VMEM", "C"), "n": ("VMEM", "N"), "oh": ("VMEM", "OH", "H"), "ow": ("VMEM", "OW", "W")}
TILE_OPERANDS = {"OBUF": ("outputs", 0), "WBUF": ("inputs", 1), "VMEM": ("outputs", 0)}

CONV_STRIDE = ("stride", "sx")
POOL_STRIDE = ("sx", "stride")

OPERATIONS = {
    "conv": Operation(CONV_DIMS, _conv, CONV_TILE, reduced="IC", stride=CONV_STRIDE),
    "conv_bias": Operation(CONV_DIMS, _conv_bias, CONV_TILE, reduced="IC", stride=CONV_STRIDE),
    "gemm": Operation(GEMM_DIMS, _gemm, GEMM_TILE, images="M", reduced="N"),
    "gemm_no_bias": Operation(GEMM_DIMS, _gemm_no_bias, GEMM_TILE, images="M", reduced="N"),
    "relu": Operation(IMAGE_DIMS, _relu, IMAGE_TILE),
    "elem_add": Operation(IMAGE_DIMS, _elem_add, IMAGE_TILE),
    "max_pool": Operation(POOL_DIMS, _max_pool, POOL_TILE, stride=POOL_STRIDE),
    "avg_pool": Operation(POOL_DIMS, _avg_pool, POOL_TILE, stride=POOL_STRIDE),
    "global_avg_pool": Operation(GLOBAL_POOL_DIMS, _global_avg_pool, POOL_TILE),
}

TRAINING = (
    "mean_var",
    "batch_norm",
    "batchnorm_grad_x_mu",
    "sgd1d",
    "sgd2d",
    "sgd4d",
    "relu_grad",
    "elem_add_grad",
    "reduce_sum",
    "max_pool_grad",
    "average_pool_grad",
    "global_average_pool_grad",
)
"""Modelled by the release, not yet here."""

IGNORED = (
    "coarse_flatten",
    "flatten_grad",
    "cross_entropy_loss",
    "cross_entropy_loss_grad",
    "tensor_transpose4d",
    "softmax",
    "roialign",
    "lrn",
    "batchnorm_grad_inv_std",
    "batchnorm_grad_xhat",
    "batchnorm_grad_dbeta",
    "batchnorm_grad_dgamma",
    "batchnorm_grad_dgamma_mul_xhat",
    "batchnorm_grad_gamma_inv_std",
    "batchnorm_grad_scaled_gy",
    "batchnorm_grad_dx_rhs",
    "batchnorm_grad_dx",
)
"""The release lists these without a cost, whatever their dimensions."""
