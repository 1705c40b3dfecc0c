"""The training step of a network as the released SimDIT ran it: a specification with the shapes that it had.

    python examples/release_program.py resnet18 > resnet18_training.json
    simdc resnet18_training.json --hw HT3 --batch 32 --model simdit

It is made for the residual networks of the paper, from the files that describe inference: square images and windows,
one stride, batch norm after each convolution.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

import simdc
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import network_of
from simdc.ir.ops.average_pool import GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp


@dataclass(frozen=True)
class Quirks:
    """What the released programs have that the mathematics does not."""

    strided_sizes: bool = True
    """Weight gradients of layers with stride 2 of 4 x 4 for a kernel of 3 x 3, and of 2 x 2 for one of 1 x 1."""
    first_input: bool = True
    """The gradient with respect to the images, which nobody reads."""
    large_pools: bool = False
    """Gradients of pools with as many windows as pixels, which the results for ResNet-18 need."""


Row = dict[str, Any]
BATCH_NORM_GRAD = (
    "inv_std",
    "xhat",
    "dbeta",
    "dgamma",
    "dgamma_mul_xhat",
    "gamma_inv_std",
    "scaled_gy",
    "dx_rhs",
    "dx",
)


def row(operation: str, stride: int | None = None, **dims: int) -> Row:
    """An entry of a program. Without dimensions it costs nothing, but has its place."""
    if not dims:
        return {"operation": operation}
    parameters = {} if stride is None else {"sx" if "pool" in operation else "stride": stride}
    return {"operation": operation, "iterable_dimensions": dims, "operation_parameters": parameters}


def image(op: LayerOp) -> dict[str, int]:
    return dict(zip("NCHW", shape_of(op.results[0]), strict=True))


def padded(parameters: int) -> int:
    """The compiler that wrote the programs pads channels of parameters to the 32 rows of its own machine."""
    return -(-parameters // 32) * 32


def forward_rows(op: LayerOp) -> list[Row]:
    match op:
        case Conv2DOp():
            (_, oc, oh, ow), (_, ic, kh, kw) = shape_of(op.result), shape_of(op.weight)
            return [row("conv", op.stride.get_values()[0], OC=oc, N=1, IC=ic, KH=kh, KW=kw, OH=oh, OW=ow)]
        case BatchNormOp():
            return [row("mean_var", **image(op)), row("batch_norm", **image(op))]
        case ReluOp():
            return [row("relu", **image(op))]
        case AddOp():
            return [row("elem_add", **image(op))]
        case MaxPoolOp():
            return [max_pool("max_pool", op, shape_of(op.result)[2])]
        case GlobalAveragePoolOp():
            return [global_pool("global_avg_pool", op, 1)]
        case LinearOp():
            (classes, features) = shape_of(op.weight)
            return [row("gemm", M=1, N=features, P=classes)]
        case _:
            return [row("coarse_flatten")]


def backward_rows(op: LayerOp, quirks: Quirks) -> list[Row]:
    """A gradient that comes from several readers is added up first; the join of two branches itself costs nothing."""
    join = [row("elem_add", **image(op))] if len(list(op.results[0].uses)) > 1 else []
    transpose = row("tensor_transpose4d")
    match op:
        case Conv2DOp():
            input_gradient, weight_gradient, update = convolution_gradients(op, quirks)
            dx = [] if input_gradient is None else [transpose, input_gradient, transpose]
            return [*dx, transpose, weight_gradient, transpose, update]
        case BatchNormOp():
            channels = padded(shape_of(op.scale)[0])
            ignored = [row(f"batchnorm_grad_{part}") for part in BATCH_NORM_GRAD]
            return [row("batchnorm_grad_x_mu", **image(op)), *ignored, *[row("sgd1d", C=channels)] * 2]
        case ReluOp():
            return [*join, row("relu_grad", **image(op))]
        case AddOp():
            return join
        case MaxPoolOp():
            positions = shape_of(op.input if quirks.large_pools else op.result)[2]
            return [*join, max_pool("max_pool_grad", op, positions)]
        case GlobalAveragePoolOp():
            positions = shape_of(op.input)[2] if quirks.large_pools else 1
            return [global_pool("global_average_pool_grad", op, positions)]
        case LinearOp():
            classes, features = shape_of(op.weight)
            return [
                row("gemm_no_bias", M=1, N=classes, P=features),
                row("gemm_no_bias", M=features, N=1, P=classes),
                row("sgd2d", N=features, C=padded(classes)),
                row("reduce_sum", N=1, C=padded(classes)),
                row("sgd1d", C=padded(classes)),
            ]
        case _:
            return [row("flatten_grad")]


def convolution_gradients(op: Conv2DOp, quirks: Quirks) -> tuple[Row | None, Row, Row]:
    """Input gradient, weight gradient, update. All windows are square. The images of the first layer count with the
    border that its windows cover; other layers have their input without border, and the border only in the latter."""
    (oc, ic, k, _), stride = shape_of(op.weight), op.stride.get_values()[0]
    size, out, border = shape_of(op.input)[2], shape_of(op.result)[2], 2 * op.padding.get_values()[0]
    dilated = (out - 1) * stride + 1
    first = not isinstance(op.input.owner, LayerOp)
    covered = dilated + k - 1
    outer = k if first or not quirks.strided_sizes else size + border - dilated + 1
    side = covered if first else size
    dx = row("conv", 1, OC=ic, N=1, IC=oc, KH=k, KW=k, OH=side, OW=side)
    dw = row("conv", 1, OC=oc, N=ic, IC=1, KH=dilated, KW=dilated, OH=outer, OW=outer)
    return (None if first and not quirks.first_input else dx), dw, row("sgd4d", N=oc, C=padded(ic), H=k, W=k)


def max_pool(operation: str, op: MaxPoolOp, positions: int) -> Row:
    (n, c, _, _), (kh, kw) = shape_of(op.result), op.kernel_size.get_values()
    return row(operation, op.stride.get_values()[0], N=n, C=c, KH=kh, KW=kw, OH=positions, OW=positions)


def global_pool(operation: str, op: GlobalAveragePoolOp, positions: int) -> Row:
    n, c, ih, iw = shape_of(op.input)
    return row(operation, N=n, C=c, IH=ih, IW=iw, OH=positions, OW=positions)


def release_program(name: str, quirks: Quirks) -> dict[str, Any]:
    """The SimDIT specification of a training step. The program runs backwards over the layers as it ran forwards."""
    layers = list(network_of(simdc.load(name, 1).module).layers())
    program = [entry for op in layers for entry in forward_rows(op)]
    program += [row("cross_entropy_loss"), row("cross_entropy_loss_grad")]
    program += [entry for op in reversed(layers) for entry in backward_rows(op, quirks)]
    return {"mode": "training", "program": program}


def as_released(name: str) -> Quirks:
    return Quirks(large_pools=name == "resnet18")


def main() -> None:
    parser = ArgumentParser(description="Print the training program of the released SimDIT.")
    parser.add_argument("network", nargs="?", default="resnet50", help="resnet50 (default) or resnet18")
    name: str = parser.parse_args().network
    json.dump(release_program(name, as_released(name)), sys.stdout)
    print()


if __name__ == "__main__":
    main()
