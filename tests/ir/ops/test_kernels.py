"""Kernels of the ops: index expressions as people write them, and what a run of each computes, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase, i64

from simdc.cost import Contraction, Loop, Operand, Tiling, VectorProgram
from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, LoopRoles, affine
from simdc.cost.tiling import loop_bounds
from simdc.ir.base import LayerOp
from simdc.ir.ops.average_pool import AveragePoolOp, GlobalAveragePoolOp, WindowDivideOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.free import DropoutOp, FlattenOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.loss import class_operands
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.reduce import ReduceGradOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.ir.unmodelled import UnmodelledOp
from tests.ir.interpreter import run_contraction, run_program
from tests.ir.tensors import stored_as, tensor

Array = NDArray[np.float64]


def values(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def indices(operand: Operand | None) -> list[str]:
    assert operand is not None
    return [str(expression) for expression in operand.index]


def contraction(op: Conv2DOp | LinearOp) -> Contraction:
    return op.kernel()


# What an operand is.


def test_convolution() -> None:
    # The first layer of ResNet-50.
    op = Conv2DOp(
        "conv1", tensor(1, 3, 224, 224, bits=8), tensor(64, 3, 7, 7, bits=4), tensor(64, bits=16),
        stride=(2, 2), padding=(3, 3, 3, 3),
    )  # fmt: skip
    kernel = contraction(stored_as(8, op, accumulator=24))
    bounds = {"oc": 64, "ic": 3, "kh": 7, "kw": 7, "n": 1, "oh": 112, "ow": 112}
    assert list(loop_bounds(kernel).items()) == list(bounds.items())
    assert indices(kernel.ifmap) == ["n", "ic", "2*oh + kh - 3", "2*ow + kw - 3"]
    assert indices(kernel.weight) == ["oc", "ic", "kh", "kw"]
    assert indices(kernel.bias) == ["oc"]
    assert indices(kernel.psum) == ["n", "oc", "oh", "ow"]
    assert [operand.bits for operand in kernel.operands] == [8, 4, 16, 24]
    assert kernel.ofmap_bits == 8
    assert (kernel.kind, kernel.rows, kernel.columns) == ("conv2d", "ic", "oc")
    assert kernel.psum.shape == (1, 64, 112, 112)


def test_grouped_and_dilated_convolution() -> None:
    op = Conv2DOp(
        "c", tensor(2, 6, 9, 9), tensor(4, 3, 3, 2), stride=(1, 3), padding=(0, 1, 2, 3), dilation=(2, 4), groups=2
    )  # fmt: skip
    kernel = contraction(op)
    # height 9 + 0 + 2 - (2*2 + 1) + 1 = 7; width (9 + 1 + 3 - (4 + 1)) / 3 + 1 = 3
    assert loop_bounds(kernel) == {"g": 2, "oc": 2, "ic": 3, "kh": 3, "kw": 2, "n": 2, "oh": 7, "ow": 3}
    assert indices(kernel.ifmap) == ["n", "g", "ic", "oh + 2*kh", "3*ow + 4*kw - 1"]
    assert indices(kernel.weight) == ["g", "oc", "ic", "kh", "kw"]
    assert indices(kernel.psum) == ["n", "g", "oc", "oh", "ow"]
    assert kernel.ifmap.shape == (2, 2, 3, 9, 9)
    assert kernel.bias is None


def test_pool() -> None:
    pool = MaxPoolOp("p", tensor(1, 4, 9, 9), kernel_size=(3, 2), stride=(2, 1), padding=(1, 0, 1, 1)).kernel()
    (phase,) = pool.nests
    assert indices(phase.inputs[0]) == ["n", "c", "2*oh + kh - 1", "ow + kw"]
    assert list(loop_bounds(pool).items()) == [("c", 4), ("n", 1), ("oh", 5), ("ow", 9), ("kh", 3), ("kw", 2)]


def test_channels_run_outermost_and_along_the_lanes() -> None:
    for shape, loops in [((2, 3, 4, 5), "cnhw"), ((2, 3, 4), "cnh"), ((2, 3), "cn"), ((3,), "c")]:
        kernel = ReluOp("r", tensor(*shape)).kernel()
        assert "".join(loop_bounds(kernel)) == loops
        assert kernel.lanes == "c"
        assert indices(kernel.nests[0].inputs[0]) == [*"nchw"][: len(shape)] if len(shape) > 1 else ["c"]
    # Lanes cannot see each other, so what sums over channels lies another way.
    assert SoftmaxOp("s", tensor(3, 5)).kernel().lanes == "n"
    assert LocalResponseNormOp("l", tensor(1, 5, 2, 2), size=5, alpha=1e-4, beta=0.75, bias=1.0).kernel().lanes == "w"


@pytest.mark.parametrize(
    "op",
    [FlattenOp("f", tensor(2, 3, 4, 4)), DropoutOp("d", tensor(2, 3), rate=0.5), UnmodelledOp("u", operation="loss")],
    ids=lambda op: op.name,
)
def test_free_ops_have_no_kernel(op: LayerOp) -> None:
    assert op.kernel() is None
    assert op.UNIT is None


# What it computes.


def convolution(
    x: Array, weight: Array, bias: Array | None, stride: tuple[int, int], padding: tuple[int, ...],
    dilation: tuple[int, int], groups: int,
) -> Array:  # fmt: skip
    """A matrix product for each tap of the window."""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    taps = (weight.shape[2], weight.shape[3])
    size = [(padded.shape[2 + i] - (taps[i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in (0, 1)]
    parts: list[Array] = []
    for image, filters in zip(np.split(padded, groups, axis=1), np.split(weight, groups), strict=True):
        total = np.zeros((x.shape[0], filters.shape[0], *size))
        for i, j in np.ndindex(*taps):
            rows = slice(i * dilation[0], i * dilation[0] + (size[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(j * dilation[1], j * dilation[1] + (size[1] - 1) * stride[1] + 1, stride[1])
            total += np.einsum("ncyx,oc->noyx", image[:, :, rows, columns], filters[:, :, i, j])
        parts.append(total)
    result = np.concatenate(parts, axis=1)
    return result if bias is None else result + bias[:, None, None]


@given(st.data())
@settings(max_examples=60)
def test_convolutions_compute_what_they_should(data: st.DataObject) -> None:
    def draw(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    groups, n = draw(1, 3), draw(1, 2)
    ic, oc = draw(1, 2), draw(1, 2)
    taps, stride, dilation = (draw(1, 3), draw(1, 3)), (draw(1, 3), draw(1, 3)), (draw(1, 2), draw(1, 2))
    padding = (draw(0, 2), draw(0, 2), draw(0, 2), draw(0, 2))
    least = [
        max(1, (k - 1) * d + 1 - padding[i] - padding[i + 2])
        for i, (k, d) in enumerate(zip(taps, dilation, strict=True))
    ]
    size = (least[0] + draw(0, 4), least[1] + draw(0, 4))
    x, weight = values(n, groups * ic, *size), values(groups * oc, ic, *taps)
    bias = values(groups * oc) if data.draw(st.booleans()) else None
    op = Conv2DOp(
        "c", tensor(*x.shape), tensor(*weight.shape), None if bias is None else tensor(*bias.shape),
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )  # fmt: skip
    op.verify()
    expected = convolution(x, weight, bias, stride, padding, dilation, groups)
    assert op.result_shape() == expected.shape
    found = run_contraction(op.kernel(), x, weight, bias)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-12)


@pytest.mark.parametrize("with_bias", [False, True])
def test_linear_computes_a_matrix_product(with_bias: bool) -> None:
    x, weight, bias = values(3, 5), values(4, 5), values(4)
    op = LinearOp("l", tensor(3, 5), tensor(4, 5), tensor(4) if with_bias else None)
    expected = x @ weight.T + (bias if with_bias else 0)
    np.testing.assert_allclose(run_contraction(op.kernel(), x, weight, bias), expected)


def windows(x: Array, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, ...], fill: float) -> Array:
    """[n, c, oh, ow, kh, kw]"""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    return sliding_window_view(padded, size, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


def normalized(x: Array, size: int, alpha: float, beta: float, bias: float) -> Array:
    before, after = (size - 1) // 2, size - 1 - (size - 1) // 2
    squares = np.pad(x**2, ((0, 0), (before, after), (0, 0), (0, 0)))
    total = sliding_window_view(squares, size, axis=1).sum(axis=-1)
    return x / (bias + alpha / size * total) ** beta


IMAGE = (2, 3, 7, 6)
GEOMETRY = [
    ((3, 3), (2, 2), (1, 1, 1, 1)),
    ((2, 2), (2, 2), (0, 0, 0, 0)),
    ((3, 2), (1, 3), (2, 0, 1, 1)),
    ((1, 4), (2, 1), (0, 2, 0, 3)),
]
X = values(*IMAGE)
Y = values(*IMAGE, seed=1)
PER_CHANNEL = {name: values(3, seed=seed) for seed, name in enumerate(("mean", "inv_std", "scale", "shift"))}


def per_channel(name: str) -> Array:
    return PER_CHANNEL[name][:, None, None]


def programs() -> list[tuple[str, VectorProgram, dict[str, Array], Array]]:
    image = tensor(*IMAGE)
    found: list[tuple[str, VectorProgram, dict[str, Array], Array]] = [
        ("relu", ReluOp("r", image).kernel(), {"x": X}, np.maximum(X, 0)),
        ("add", AddOp("a", image, image).kernel(), {"a": X, "b": Y}, X + Y),
        (
            "batch_norm",
            BatchNormOp("b", image, *[tensor(3) for _ in range(4)]).kernel(),
            {"x": X, **PER_CHANNEL},
            (X - per_channel("mean")) * per_channel("inv_std") * per_channel("scale") + per_channel("shift"),
        ),
        (
            "global_average_pool",
            GlobalAveragePoolOp("g", image).kernel(),
            {"x": X},
            X.mean(axis=(2, 3), keepdims=True),
        ),
    ]
    for size, stride, padding in GEOMETRY:
        name = "-".join(map(str, (*size, *stride, *padding)))
        largest = windows(X, size, stride, padding, -np.inf).max(axis=(4, 5))
        mean = windows(X, size, stride, padding, 0.0).mean(axis=(4, 5))
        max_pool = MaxPoolOp("p", image, kernel_size=size, stride=stride, padding=padding).kernel()
        average = AveragePoolOp("p", image, kernel_size=size, stride=stride, padding=padding).kernel()
        found += [(f"max_pool-{name}", max_pool, {"x": X}, largest), (f"average_pool-{name}", average, {"x": X}, mean)]
    deep = values(1, 7, 3, 2)
    for size, alpha, beta, bias in [(5, 1e-4, 0.75, 1.0), (3, 2.0, 0.5, 0.5), (4, 1.0, 2.0, 1.0), (1, 1.0, 1.0, 1.0)]:
        op = LocalResponseNormOp("l", tensor(*deep.shape), size=size, alpha=alpha, beta=beta, bias=bias)
        found.append((f"lrn-{size}", op.kernel(), {"x": deep}, normalized(deep, size, alpha, beta, bias)))
    logits = values(4, 6)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    found.append(("softmax", SoftmaxOp("s", tensor(4, 6)).kernel(), {"x": logits}, softmax))
    return found


PROGRAMS = programs()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("program", "arrays", "expected"), [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS])
def test_programs_compute_what_they_should(
    program: VectorProgram, arrays: dict[str, Array], expected: Array, size: int
) -> None:
    bounds = loop_bounds(program)
    tiling = Tiling(tuple(bounds), tuple(size for _ in bounds))
    np.testing.assert_allclose(run_program(program, tiling, **arrays)["y"], expected, atol=1e-12)


def test_softmax_of_large_logits_does_not_overflow() -> None:
    logits = np.array([[1000.0, 1001.0]])
    tiling = Tiling(("n", "c"), (1, 1))
    result = run_program(SoftmaxOp("s", tensor(1, 2)).kernel(), tiling, x=logits)["y"]
    np.testing.assert_allclose(result, [[1 / (1 + np.e), np.e / (1 + np.e)]])


# What programs divide by, and hand on.


def opcodes(op: LayerOp) -> list[tuple[str, str, tuple[str | float, ...]]]:
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    return [tuple(each) for nest in kernel.nests for block in nest.blocks for each in block.instructions]


def test_windows_at_a_border_divide_by_their_own_size() -> None:
    x = tensor(1, 2, 2, 2)
    counts = {"rows": (2, 3), "columns": (1, 5)}
    properties = {name: DenseArrayBase.from_list(i64, values) for name, values in counts.items()}
    op = WindowDivideOp.create(operands=[x], properties=properties, result_types=[x.type])
    assert opcodes(op) == [("div", "y", ("x", by)) for by in (2.0, 10.0, 3.0, 15.0)]


def test_classes_meet_a_target_that_lacks_their_dimension() -> None:
    target, classes = class_operands(tensor(2, 5, 6), tensor(4), ("n", "c", "h", "w"), 1)
    assert (indices(target), indices(classes)) == (["n", "h", "w"], ["c"])


def test_a_program_shows_its_roles_where_they_are_not_ours() -> None:
    loops = (Loop("c", 4),)
    x, y = (Operand(name, 8, (4,), (affine("c"),)) for name in "xy")
    nest = LoopNest(loops, (x,), (y,), (CodeBlock(("c",), (Instruction("max", "y", ("x", 0.0)),)),))
    assert "roles" not in repr(VectorProgram("relu", (nest,)))
    assert repr(VectorProgram("relu", (nest,), "c", LoopRoles(image=("c",)))).count("roles=") == 1


def test_each_element_that_was_summed_receives_the_gradient() -> None:
    properties = {
        name: DenseArrayBase.from_list(i64, values) for name, values in {"shape": (2, 3), "axes": (1,)}.items()
    }
    op = ReduceGradOp.create(operands=[tensor(2, 1)], properties=properties, result_types=[tensor(2, 3).type])
    assert opcodes(op) == [("move", "dx", ("gradient",))]
