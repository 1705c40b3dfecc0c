"""The operations of SimDIT network specifications, one table entry each: dimensions, op, and where a tiling stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr, f32
from xdsl.ir import Block, SSAValue

from simdc.frozen import Frozen
from simdc.ir.base import LayerOp, make_tensor_type, shape_of
from simdc.ir.layer_error import MAX_SIZE, LayerError
from simdc.ir.network import NetworkOp, ParameterOp, ReturnOp
from simdc.ir.ops.average_pool import AveragePoolGradOp, AveragePoolOp, GlobalAveragePoolGradOp, GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormGradOp, BatchNormOp, BatchNormStatisticsOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.max_pool import MaxPoolGradOp, MaxPoolOp
from simdc.ir.ops.reduce import ReduceSumOp
from simdc.ir.ops.relu import ReluGradOp, ReluOp
from simdc.ir.ops.update import SgdOp
from simdc.ir.pooling import PoolGradOp
from simdc.ir.statistics import EPSILON

Dims = Mapping[str, int]
"""The entry's `iterable_dimensions`, and under STRIDE its stride."""
STRIDE = "stride"
RATE = 0.01
"""Learning rate: specifications give none, and it costs the same whatever it is."""


class SpecNetwork:
    """Collects layers that share no data: each reads arguments and parameters of its own. Once `backward`, layers have
    no parameters but arguments, for the weights of a backward contraction are those of a forward one or a gradient."""

    def __init__(self, file: str):
        self.block = Block()
        self.parameters = 0
        self.backward = False
        self.place = FileLineColLoc(StringAttr(file), IntAttr(0), IntAttr(0))

    def argument(self, shape: Sequence[int]) -> SSAValue:
        _check_elements(shape)
        return self.block.insert_arg(make_tensor_type(f32, tuple(shape)), len(self.block.args))

    def parameter(self, layer: str, role: str, shape: Sequence[int]) -> SSAValue:
        if self.backward:
            return self.argument(shape)
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


class SpecOperation(Frozen):
    """`images` is the dimension that counts the batch, None where there are no images. `tile` says for each loop of the
    kernel which tile of TILES and which of its keys give the size; a loop that is not in it is never tiled. `reduced`
    is the summed dimension of a contraction, None for a SIMD layer. `phase` is the part of a training step that the
    operation always belongs to."""

    dims: tuple[str, ...]
    build: Callable[[SpecNetwork, str, Dims], LayerOp]
    tile: Mapping[str, tuple[str, ...]]
    images: str | None = "N"
    reduced: str | None = None
    stride: tuple[str, ...] = ()
    phase: str | None = None


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
    return MaxPoolOp(
        name, net.argument(_padded(dims, "C", step)), kernel_size=(dims["KH"], dims["KW"]), stride=(step, step)
    )


def _avg_pool(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    step = dims[STRIDE]
    return AveragePoolOp(
        name, net.argument(_padded(dims, "C", step)), kernel_size=(dims["KH"], dims["KW"]), stride=(step, step)
    )


def _global_avg_pool(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    for key in ("OH", "OW"):
        if dims[key] != 1:
            raise LayerError(f"must be 1 for a global pool, got {dims[key]}; avg_pool has larger results", key)
    return GlobalAveragePoolOp(name, net.argument((dims["N"], dims["C"], dims["IH"], dims["IW"])))


def _mean_var(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return BatchNormStatisticsOp(name, net.argument(_image(dims)), epsilon=EPSILON)


def _batch_norm(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    channels = (dims["C"],)
    x, mean, inv_std = net.argument(_image(dims)), net.argument(channels), net.argument(channels)
    return BatchNormOp(
        name, x, mean, inv_std, net.parameter(name, "scale", channels), net.parameter(name, "shift", channels)
    )


def _batch_norm_grad(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    """The release puts the whole gradient of a batch norm into this one of its ten rows."""
    x, gradient = net.argument(_image(dims)), net.argument(_image(dims))
    mean, inv_std, scale = (net.argument((dims["C"],)) for _ in range(3))
    return BatchNormGradOp(name, x, gradient, mean, inv_std, scale)


def _relu_grad(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return ReluGradOp(name, net.argument(_image(dims)), net.argument(_image(dims)))


def _reduce_sum(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return ReduceSumOp(name, net.argument((dims["N"], dims["C"])))


def _sgd(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    shape = tuple(dims.values())
    return SgdOp(name, net.argument(shape), net.argument(shape), rate=RATE, weight_decay=0.0)


def _pool_grad(
    op: type[PoolGradOp], net: SpecNetwork, name: str, dims: Dims, kernel: tuple[int, int], *, reads_forward: bool
) -> LayerOp:
    """OH and OW are positions of the incoming gradient; `reads_forward` if the op reads the pool's input and result."""
    step = dims.get(STRIDE, 1)
    positions = (dims["N"], dims["C"], dims["OH"], dims["OW"])
    image = _padded({**dims, "KH": kernel[0], "KW": kernel[1]}, "C", step)
    operands = [net.argument(shape) for shape in (positions, *((image, positions) if reads_forward else ()))]
    return op(name, *operands, size=image[2:], kernel_size=kernel, stride=(step, step))


def _max_pool_grad(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return _pool_grad(MaxPoolGradOp, net, name, dims, (dims["KH"], dims["KW"]), reads_forward=True)


def _average_pool_grad(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    return _pool_grad(AveragePoolGradOp, net, name, dims, (dims["KH"], dims["KW"]), reads_forward=False)


def _global_average_pool_grad(net: SpecNetwork, name: str, dims: Dims) -> LayerOp:
    """A window of the whole image. Released programs have rows with a gradient larger than 1 x 1, which no global pool
    hands back: the release takes them for windows with stride 1."""
    op = GlobalAveragePoolGradOp if dims["OH"] == dims["OW"] == 1 else AveragePoolGradOp
    return _pool_grad(op, net, name, dims, (dims["IH"], dims["IW"]), reads_forward=False)


def _image(dims: Dims) -> tuple[int, int, int, int]:
    return dims["N"], dims["C"], dims["H"], dims["W"]


def _padded(dims: Dims, channels: str, step: int) -> tuple[int, int, int, int]:
    """The input that the windows cover, border padding included: the only one the dimensions tell."""
    height, width = (dims["OH"] - 1) * step + dims["KH"], (dims["OW"] - 1) * step + dims["KW"]
    return dims["N"], dims[channels], height, width


INPUT_GRADIENT, WEIGHT_GRADIENT, UPDATE = "input_gradient", "weight_gradient", "update"

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
SUM_TILE = {"c": ("summed", "C"), "n": ("summed", "N"), "h": ("summed", "H"), "w": ("summed", "W")}
POOL_GRAD_TILE = {"c": ("pooled", "C"), "n": ("pooled", "N"), "oh": ("pooled", "OH", "H"), "ow": ("pooled", "OW", "W")}
TILES = {
    "OBUF": ("OBUF", "outputs", 0),
    "WBUF": ("WBUF", "inputs", 1),
    "VMEM": ("VMEM", "outputs", 0),
    "summed": ("VMEM", "inputs", 0),
    "pooled": ("VMEM", "inputs", -1),
}
"""Buffer, and the operand whose tiling tells: a result that sums up or spreads out does not tell the loops."""

CONV_STRIDE = ("stride", "sx")
POOL_STRIDE = ("sx", "stride")

OPERATIONS = {
    "conv": SpecOperation(CONV_DIMS, _conv, CONV_TILE, reduced="IC", stride=CONV_STRIDE),
    "conv_bias": SpecOperation(CONV_DIMS, _conv_bias, CONV_TILE, reduced="IC", stride=CONV_STRIDE),
    "gemm": SpecOperation(GEMM_DIMS, _gemm, GEMM_TILE, images="M", reduced="N"),
    "gemm_no_bias": SpecOperation(GEMM_DIMS, _gemm_no_bias, GEMM_TILE, images="M", reduced="N"),
    "relu": SpecOperation(IMAGE_DIMS, _relu, IMAGE_TILE),
    "elem_add": SpecOperation(IMAGE_DIMS, _elem_add, IMAGE_TILE),
    "max_pool": SpecOperation(POOL_DIMS, _max_pool, POOL_TILE, stride=POOL_STRIDE),
    "avg_pool": SpecOperation(POOL_DIMS, _avg_pool, POOL_TILE, stride=POOL_STRIDE),
    "global_avg_pool": SpecOperation(GLOBAL_POOL_DIMS, _global_avg_pool, POOL_TILE),
    "mean_var": SpecOperation(IMAGE_DIMS, _mean_var, SUM_TILE),
    "batch_norm": SpecOperation(IMAGE_DIMS, _batch_norm, IMAGE_TILE),
    "batchnorm_grad_x_mu": SpecOperation(IMAGE_DIMS, _batch_norm_grad, IMAGE_TILE, phase=INPUT_GRADIENT),
    "relu_grad": SpecOperation(IMAGE_DIMS, _relu_grad, IMAGE_TILE, phase=INPUT_GRADIENT),
    "max_pool_grad": SpecOperation(POOL_DIMS, _max_pool_grad, POOL_GRAD_TILE, stride=POOL_STRIDE, phase=INPUT_GRADIENT),
    "average_pool_grad": SpecOperation(
        POOL_DIMS, _average_pool_grad, POOL_GRAD_TILE, stride=POOL_STRIDE, phase=INPUT_GRADIENT
    ),
    "global_average_pool_grad": SpecOperation(
        GLOBAL_POOL_DIMS, _global_average_pool_grad, POOL_GRAD_TILE, phase=INPUT_GRADIENT
    ),
    "reduce_sum": SpecOperation(("N", "C"), _reduce_sum, SUM_TILE, phase=WEIGHT_GRADIENT),
    "sgd1d": SpecOperation(("C",), _sgd, IMAGE_TILE, images=None, phase=UPDATE),
    "sgd2d": SpecOperation(("N", "C"), _sgd, IMAGE_TILE, images=None, phase=UPDATE),
    "sgd4d": SpecOperation(IMAGE_DIMS, _sgd, IMAGE_TILE, images=None, phase=UPDATE),
}

UNTILED = ("elem_add_grad",)
"""The release lists these as known, and stops on them: its tiling generator has no rule for them."""

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
