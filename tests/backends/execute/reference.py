"""The same networks in torch: an independent forward pass, and autograd for the gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.backends.execute import execute
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import ParameterOp, ReturnOp, network_of
from simdc.ir.ops.activation.exponential import SigmoidOp, TanhOp
from simdc.ir.ops.activation.rounding import IsInfOp, IsNanOp
from simdc.ir.ops.average_pool import AveragePoolOp, GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp, MultiplyOp, SubtractOp
from simdc.ir.ops.cache import CacheAppendOp, CacheOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.cumulative import CumulativeSumOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import DropoutOp, FlattenOp, ReshapeOp
from simdc.ir.ops.gated import GatedOp
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.group_norm import GroupNormOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.log_softmax import LogSoftmaxOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp
from simdc.ir.ops.reduce_extreme import ArgMaxOp, ArgMinOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.resize import ResizeOp
from simdc.ir.ops.rms_norm import RmsNormOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.scatter import GatherElementsOp, GatherNdOp, ScatterElementsOp, ScatterNdOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.ir.ops.top_k import TopKOp
from simdc.ir.ops.transpose import TransposeOp
from tests.backends.execute.training import gradients, input_gradients, mean_loss, random_inputs, relative_error

Array = NDArray[np.float64]


def torch_step(
    inference: ModuleOp, inputs: Mapping[str, Array], parameters: Mapping[str, Array], loss: str = "softmax"
) -> tuple[float, dict[str, Array]]:
    """The mean loss of a training step, and its gradients by the names of inputs and parameters. `inference` is the
    network before the step was derived; targets and dropout masks are among the values."""
    torch = pytest.importorskip("torch")
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in (inputs | dict(parameters)).items()}
    values: dict[SSAValue, Any] = {}
    block = network_of(inference).body.block
    for argument in block.args:
        values[argument] = leaves[argument.name_hint or ""]
    total: Any = 0.0
    for op in block.ops:
        if isinstance(op, ParameterOp):
            values[op.result] = leaves[op.label.data]
        elif isinstance(op, ReturnOp):
            for number, result in enumerate(op.operands):
                target = leaves["target" if number == 0 else f"target{number + 1}"].detach()
                total = total + torch_loss(torch, values[result], target, loss)
        else:
            assert isinstance(op, LayerOp)
            arguments = [values[value] for value in op.operands]
            made = _layer(torch, op, arguments, leaves)
            values.update(dict.fromkeys(op.results, made))
    total.backward()
    gradients = {name: leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None}
    return total.item(), gradients


def check_against_torch(
    inference: ModuleOp, module: ModuleOp, parameters: Mapping[str, Array], seed: int, loss: str = "softmax"
) -> None:
    """Hold loss and gradients of `module`, the training step of `inference` with `input_grad`, against torch's."""
    inputs = random_inputs(module, seed)
    expected_loss, expected = torch_step(inference, inputs, parameters, loss)
    run = execute(module, inputs, parameters)
    assert mean_loss(module, run) == pytest.approx(expected_loss, rel=1e-10)
    found = gradients(module, run) | input_gradients(module, run)
    assert found.keys() == {name for name in expected if not name.startswith("target")}
    for name, gradient in found.items():
        assert relative_error(gradient, expected[name], floor=1e-6) < 1e-8, name


def torch_loss(torch: Any, result: Any, target: Any, loss: str) -> Any:
    """torch's own losses, each the mean of the batch. A target with one dimension less holds numbers of classes, which
    torch wants at dimension 1."""
    functional = torch.nn.functional
    match loss:
        case "mse":
            return functional.mse_loss(result, target)
        case "bce":
            return functional.binary_cross_entropy_with_logits(result, target)
        case _:
            return functional.cross_entropy(result, target if target.ndim == result.ndim else target.long())


def _layer(torch: Any, op: LayerOp, arguments: list[Any], leaves: Mapping[str, Any]) -> Any:
    functional = torch.nn.functional
    x, *rest = arguments

    def padded(padding: tuple[int, ...], fill: float = 0.0) -> Any:
        top, left, bottom, right = padding
        return functional.pad(x, (left, right, top, bottom), value=fill)

    match op:
        case Conv2DOp():
            window = (op.stride.get_values(), 0, op.dilation.get_values(), op.groups.value.data)
            bias = rest[1] if len(rest) > 1 else None
            return functional.conv2d(padded(op.padding.get_values()), rest[0], bias, *window)
        case LinearOp():
            return functional.linear(x, *rest)
        case ReluOp():
            return functional.relu(x)
        case AddOp():
            return x + rest[0]
        case ConcatOp():
            return torch.cat(arguments, dim=op.axis.value.data)
        case MaxPoolOp():
            image = padded(op.padding.get_values(), -np.inf)
            window = (op.kernel_size, op.stride)
            dilation, ceil = op.dilation.get_values(), op.ceil_mode is not None
            return functional.max_pool2d(
                image, *(field.get_values() for field in window), dilation=dilation, ceil_mode=ceil
            )
        case GlobalAveragePoolOp():
            return functional.adaptive_avg_pool2d(x, 1)
        case AveragePoolOp():
            window = (op.kernel_size.get_values(), op.stride.get_values())
            if op.exclude_padding is not None:
                margin = op.padding.get_values()[:2]
                return functional.avg_pool2d(x, *window, margin, count_include_pad=False)
            return functional.avg_pool2d(padded(op.padding.get_values()), *window)
        case BatchNormOp():
            return functional.batch_norm(x, None, None, rest[2], rest[3], training=True, eps=1e-5)
        case LocalResponseNormOp():
            size = op.size.value.data
            alpha, beta, bias = (field.value.data for field in (op.alpha, op.beta, op.bias))
            if size % 2:
                return functional.local_response_norm(x, size, alpha, beta, bias)
            # torch has the longer half of an even window before its channel, ONNX and we have it after.
            squares = functional.pad(x**2, (0, 0, 0, 0, (size - 1) // 2, size // 2))
            return x / (bias + alpha / size * squares.unfold(1, size, 1).sum(-1)) ** beta
        case FlattenOp():
            return x.flatten(1)
        case CacheOp():
            return x
        case DropoutOp():
            return x * leaves[f"{op.layer.data}.mask"].detach()
        case SoftmaxOp():
            ends = any(isinstance(use.operation, ReturnOp) for use in op.result.uses)
            # The loss takes logits.
            return x if ends else functional.softmax(_scores(torch, op, x, rest), op.axis.value.data)
        case SliceOp():
            axis, first, count, step = (field.value.data for field in (op.axis, op.first, op.count, op.step))
            return x.index_select(axis, torch.arange(first, first + step * count, step))
        case PadOp():
            margins = list(zip(op.before.get_values(), op.after.get_values(), strict=True))
            return functional.pad(x, [m for pair in reversed(margins) for m in pair], value=op.value.value.data)
        case TransposeOp():
            return x.permute(op.permutation.get_values())
        case ReshapeOp():
            return x.reshape(shape_of(op.result))
        case ResizeOp():
            if op.mode.data == "nearest":
                return functional.interpolate(x, size=op.size.get_values(), mode="nearest-exact")
            corners = op.coordinates.data == "align_corners"
            return functional.interpolate(x, size=op.size.get_values(), mode="bilinear", align_corners=corners)
        case GlobalMaxPoolOp():
            return x.amax((2, 3), keepdim=True)
        case ReduceMeanOp():
            return x.mean(op.summed, keepdim=op.keepdims is not None)
        case ReduceSumOp():
            return x.sum(op.summed, keepdim=op.keepdims is not None)
        case ReduceMaxOp():
            return x.amax(op.summed, keepdim=op.keepdims is not None)
        case ReduceMinOp():
            return x.amin(op.summed, keepdim=op.keepdims is not None)
        case ReduceProductOp():
            return x.prod(op.summed[0], keepdim=op.keepdims is not None)
        case ArgMaxOp():
            return x.argmax(op.summed[0], keepdim=op.keepdims is not None).double()
        case ArgMinOp():
            return x.argmin(op.summed[0], keepdim=op.keepdims is not None).double()
        case ExpandOp():
            return x.expand(shape_of(op.result))
        case MultiplyOp():
            return x * rest[0]
        case SubtractOp():
            return x - rest[0]
        case ScalarOp():
            assert op.function.data in ("mul", "add")
            return x * op.value.value.data if op.function.data == "mul" else x + op.value.value.data
        case InstanceNormOp():
            return functional.instance_norm(x, weight=rest[0], bias=rest[1], eps=op.epsilon.value.data)
        case LogSoftmaxOp():
            return functional.log_softmax(x, op.axis.value.data)
        case RmsNormOp():
            rows = x.shape[op.axis.value.data :]
            return functional.rms_norm(x, rows, rest[0] if rest else None, eps=op.epsilon.value.data)
        case GroupNormOp():
            return functional.group_norm(x, op.groups.value.data, rest[0], rest[1], eps=op.epsilon.value.data)
        case LayerNormOp():
            rows, shift = x.shape[op.axis.value.data :], rest[1] if len(rest) > 1 else None
            return functional.layer_norm(x, rows, weight=rest[0], bias=shift, eps=op.epsilon.value.data)
        case TanhOp():
            return torch.tanh(x)
        case MatMulOp():
            return x @ rest[0]
        case GatedOp():
            approximate = "tanh" if op.function.data == "gelu_tanh" else "none"
            gelu = functional.gelu(x, approximate=approximate)
            return (functional.silu(x) if op.function.data == "silu" else gelu) * rest[0]
        case CacheAppendOp():
            return torch.cat((x, rest[0]), dim=op.axis.value.data)
        case TopKOp():
            found = x.topk(op.count.value.data, op.axis.value.data, op.smallest is None)
            return found.values if op.values.uses else found.indices.double()
        case CumulativeSumOp():
            sums = x.cumsum(op.axis.value.data)
            return sums if op.exclusive is None else sums - x
        case IsNanOp():
            return x.isnan().double()
        case IsInfOp():
            return x.isinf().double()
        case SigmoidOp():
            return torch.sigmoid(x)
        case RopeOp():
            return _rope(torch, op, x, *(table.detach() for table in rest))
        case GatherElementsOp():
            return x.gather(op.axis.value.data, rest[0].detach().long())
        case GatherNdOp():
            assert (op.batch_dims.value.data, rest[0].shape[-1]) == (1, 1)
            return torch.stack([rows[ids.detach().long()[:, 0]] for rows, ids in zip(x, rest[0], strict=True)])
        case ScatterElementsOp():
            put = rest[1].scatter_add if op.reduction.data == "add" else rest[1].scatter
            return put(op.axis.value.data, x.detach().long(), rest[0])
        case ScatterNdOp():
            assert op.batch_dims.value.data == 1
            put = torch.Tensor.index_add if op.reduction.data == "add" else torch.Tensor.index_copy
            parts = zip(rest[1], x.detach().long(), rest[0], strict=True)
            return torch.stack([put(data, 0, ids[:, 0], rows) for data, ids, rows in parts])
        case GatherOp():
            axis, ids = op.axis.value.data, rest[0].detach().long()
            picked = x.index_select(axis, ids.reshape(-1))
            return picked.reshape(*x.shape[:axis], *ids.shape, *x.shape[axis + 1 :])
        case ConvTranspose2DOp():
            top, left, bottom, right = op.padding.get_values()
            assert (top, left) == (bottom, right)
            return functional.conv_transpose2d(
                x,
                *rest,
                stride=op.stride.get_values(),
                padding=(top, left),
                output_padding=op.output_padding.get_values(),
                groups=op.groups.value.data,
                dilation=op.dilation.get_values(),
            )
        case _:
            raise AssertionError(op.name)


def _rope(torch: Any, op: RopeOp, x: Any, cos: Any, sin: Any) -> Any:
    """As transformers has it: features times cosines, and features of the other half times sines."""
    rotary = op.rotary.value.data
    turned, rest = x[..., :rotary], x[..., rotary:]
    if op.interleaved is None:
        low, high = turned.chunk(2, dim=-1)
        cos, sin, other = cos.repeat(1, 2), sin.repeat(1, 2), torch.cat((-high, low), dim=-1)
    else:
        cos, sin = cos.repeat_interleave(2, dim=-1), sin.repeat_interleave(2, dim=-1)
        other = torch.stack((-turned[..., 1::2], turned[..., ::2]), dim=-1).flatten(-2)
    return torch.cat((turned * cos + other * sin, rest), dim=-1)


def _scores(torch: Any, op: SoftmaxOp, x: Any, extras: list[Any]) -> Any:
    """What goes into a softmax that is scaled, masked or causal, rows along the last dimension."""
    scores = op.scale.value.data * x
    if op.mask is not None:
        scores = scores + extras[0]
    if op.causal is not None:
        queries, keys = x.shape[-2:]
        scores = scores.masked_fill(torch.ones(queries, keys).triu(1 + keys - queries).bool(), -torch.inf)
    return scores
