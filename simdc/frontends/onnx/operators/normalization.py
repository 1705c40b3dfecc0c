"""Normalizations and softmax."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Array, Constant, Value, ValueOrigin, combined
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.frontends.onnx.tables import is_neutral
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.group_norm import GroupNormOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.log_softmax import LogSoftmaxOp
from simdc.ir.ops.softmax import SoftmaxOp

from .convolution import channel_bias
from .view import view


@operator("BatchNormalization", weights=(1, 2, 3, 4))
def batch_normalization(build: Build) -> Value:
    """What an export in training mode adds, statistics of the batch, is for the training step to derive (`--train`)."""
    epsilon = build.node.amount("epsilon", 1e-5)
    shape = build.shape(0)
    scale, shift, mean, variance = (_per_channel(build, place) for place in (1, 2, 3, 4))
    if len(shape) < 2:
        raise Unsupported(f"its input has shape {list(shape)}, without channels")

    def inverse_deviation(values: Array) -> Array:
        return 1.0 / np.sqrt(values.astype(np.float64) + epsilon)

    scale, shift = _with_scale_layer(build, scale, shift, len(shape))
    x = build.tensor(0)
    wide = len(shape) > 4
    if wide:
        x = view(build, x, (*shape[:2], prod(shape[2:-1]), shape[-1]), build.part("image"))
    op = BatchNormOp(
        build.part("norm") if wide else build.name,
        x,
        build.parameter(mean, "mean", kind="statistic"),
        build.parameter(variance.mapped(variance.shape, inverse_deviation), "inv_std", kind="statistic"),
        build.parameter(scale, "scale"),
        build.parameter(shift, "shift"),
    )
    return view(build, build.add(op), shape) if wide else build.add(op)


def _per_channel(build: Build, place: int) -> Constant:
    found = build.constant(place)
    if found is None:
        raise Unsupported("its statistics or factors depend on data")
    return found


def _with_scale_layer(build: Build, scale: Constant, shift: Constant, rank: int) -> tuple[Constant, Constant]:
    """Caffe's networks have a layer for the statistics and one for factor and offset of each channel, a Mul and an Add
    here. Both are one batch normalization."""
    channels = scale.elements
    follower = build.follower("Mul")
    factor = None if follower is None else channel_bias(build.other_constant(follower), channels, rank)
    if follower is not None and factor is not None:
        build.absorb(follower)
        scale = combined(scale.shape, np.multiply, scale, factor)
        shift = combined(shift.shape, np.multiply, shift, factor)
        follower = build.follower("Add")
        offset = None if follower is None else channel_bias(build.other_constant(follower), channels, rank)
        if follower is not None and offset is not None:
            build.absorb(follower)
            shift = combined(shift.shape, np.add, shift, offset)
    return scale, shift


@operator("LRN")
def local_response_normalization(build: Build) -> Value:
    node = build.node
    factors = {"alpha": node.real("alpha", 1e-4), "beta": node.real("beta", 0.75), "bias": node.real("bias", 1.0)}
    return build.add(LocalResponseNormOp(build.name, build.tensor(0), size=node.integer("size", 0), **factors))


@operator("InstanceNormalization", weights=(1, 2))
def instance_normalization(build: Build) -> Value:
    shape, epsilon = build.shape(0), build.node.amount("epsilon", 1e-5)
    x, scale, shift = build.tensor(0), _factor(build, 1, "scale"), _factor(build, 2, "shift")
    if len(shape) == 4:
        return build.add(InstanceNormOp(build.name, x, scale, shift, epsilon=epsilon))
    if len(shape) < 3:
        raise Unsupported(f"its input has shape {list(shape)}, no image")
    image = view(build, x, (*shape[:2], prod(shape[2:-1]), shape[-1]), build.part("image"))
    return view(build, build.add(InstanceNormOp(build.part("norm"), image, scale, shift, epsilon=epsilon)), shape)


@operator("GroupNormalization", weights=(1, 2))
def group_normalization(build: Build) -> Value:
    """Scale and shift are one for each channel since opset 21. Until then they were one for each group: instance
    normalization of groups."""
    shape, groups = build.shape(0), build.node.integer("num_groups", 0)
    if len(shape) < 3 or groups < 1 or shape[1] % groups:
        raise Unsupported(f"it cannot normalize {list(shape)} in {groups} groups")
    epsilon = build.node.amount("epsilon", 1e-5)
    if build.opset >= 21:
        scale, shift = (build.weight(place, role) for place, role in ((1, "scale"), (2, "shift")))
        return build.add(GroupNormOp(build.name, build.tensor(0), scale, shift, groups=groups, epsilon=epsilon))
    x = view(build, build.tensor(0), (shape[0], groups, shape[1] // groups, prod(shape[2:])), build.part("groups"))
    scale, shift = build.tensor(1, "scale"), build.tensor(2, "shift")
    normal = build.add(InstanceNormOp(build.part("norm"), x, scale, shift, epsilon=epsilon))
    return view(build, normal, shape)


@operator("LayerNormalization", weights=(1, 2))
def layer_normalization(build: Build) -> Value | None:
    """One layer, where nobody reads the statistics and scale and shift have the shape of a row. Rows that are the whole
    tensor, batch and all, are those of one that has a dimension of 1 before it."""
    shape, epsilon = build.shape(0), build.node.amount("epsilon", 1e-5)
    axis = axis_of(build.node.integer("axis", -1), len(shape))
    if any(map(build.gives, (1, 2))) or any(build.shape(place) != shape[axis:] for place in (1, 2) if build.has(place)):
        return None
    whole = axis == 0
    x = view(build, build.tensor(0), (1, *shape), build.part("row")) if whole else build.tensor(0)
    scale = _factor(build, 1, "scale")
    shift = _factor(build, 2, "shift") if build.has(2) else None
    name = build.part("norm") if whole else build.name
    result = build.add(LayerNormOp(name, x, scale, shift, axis=max(axis, 1), epsilon=epsilon))
    return view(build, result, shape) if whole else result


def _factor(build: Build, place: int, role: str) -> SSAValue:
    """Group normalization is exported as this with ones and zeros that the exporter wrote: nobody trains these."""
    constant = build.constant(place)
    if constant is None:
        return build.weight(place, role)
    made = constant.origin is ValueOrigin.STATED or (constant.origin is ValueOrigin.DERIVED and is_neutral(constant))
    return build.parameter(constant, role, kind="constant" if made else "trained")


@operator("Softmax", "LogSoftmax")
def softmax(build: Build) -> Value:
    """Up to opset 12 over all dimensions from `axis` on, since then over `axis` alone."""
    node, shape = build.node, build.shape(0)
    kind = LogSoftmaxOp if node.op_type == "LogSoftmax" else SoftmaxOp
    joint = build.opset < 13
    axis = axis_of(node.integer("axis", 1 if joint else -1), len(shape))
    x = build.tensor(0)
    long = [place for place in range(axis, len(shape)) if shape[place] > 1]
    # A row by itself is one of one row.
    flat = (joint and len(long) > 1) or len(shape) == 1
    if flat:
        x, axis = view(build, x, (prod(shape[:axis]), prod(shape[axis:])), build.part("rows")), 1
    elif joint and long:
        axis = long[0]
    result = build.add(kind(build.part("softmax") if flat else build.name, x, axis=axis))
    return view(build, result, shape) if flat else result
