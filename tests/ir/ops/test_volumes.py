"""Convolutions and pools of volumes: by hand, under random schedules, and against torch."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

import simdc
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, Tiling, VectorProgram
from simdc.cost.tiling import loop_bounds
from simdc.frontends.dsl import parse_dsl
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layer_table import layer_table
from simdc.ir.network import network_of
from simdc.ir.ops.average_pool3d import AveragePool3DOp, WindowDivide3DOp
from simdc.ir.ops.conv3d import Conv3DInputGradOp, Conv3DOp, Conv3DWeightGradOp
from simdc.ir.ops.conv_transpose3d import ConvTranspose3DOp
from simdc.ir.ops.max_pool3d import MaxPool3DOp
from tests.backends.execute.test_gradients import pipeline
from tests.backends.execute.training import check_gradients, derived
from tests.backends.execute.volume_networks import every_volume
from tests.cost.machines import small_machine
from tests.ir.ops.test_kernels import indices
from tests.ir.tensors import stored_as, tensor
from tests.oracles.schedules import check_schedules


def test_convolution_by_hand() -> None:
    """2 frames of 1 x 3 pixels, windows of 2 x 1 x 2, 1 to 1 channels: 1 x 1 x 2 positions of 4 products. Two bits of
    the pencil: an array of 2 x 2 takes a step for each position and each place of the window, 8, and 2 to fill."""
    op = stored_as(32, Conv3DOp("c", tensor(1, 1, 2, 1, 3, bits=8), tensor(1, 1, 2, 1, 2, bits=8)))
    kernel = op.kernel()
    assert isinstance(kernel, Contraction)
    bounds = {"oc": 1, "ic": 1, "kd": 2, "kh": 1, "kw": 2, "n": 1, "od": 1, "oh": 1, "ow": 2}
    assert list(loop_bounds(kernel).items()) == list(bounds.items())
    machine, tiling = small_machine(), Tiling(tuple(bounds), tuple(bounds.values()))
    cost = ExactModel().evaluate(kernel, tiling, machine)
    assert cost == simulate(kernel, tiling, machine)
    # Ports: weights 4*8 bits at 8, ifmap 6*8 at 16, the result 2*32 at 8: before the tile 4, behind it 8 cycles.
    assert (cost.cycles.compute, cost.cycles.stall) == (8 + 2, 4 + 8)
    assert cost.dram_bits._asdict() == {"weight": 32, "ifmap": 48, "psum": 0, "ofmap": 64, "bias": 0}
    assert dict(cost.ops)["mac"] == 8


def test_indices_as_people_write_them() -> None:
    op = Conv3DOp(
        "c", tensor(2, 4, 9, 9, 9), tensor(6, 2, 3, 2, 1), stride=(1, 2, 3), padding=(1, 0, 2, 1, 0, 0),
        dilation=(2, 1, 1), groups=2,
    )  # fmt: skip
    kernel = op.kernel()
    assert isinstance(kernel, Contraction)
    assert (kernel.kind, kernel.rows, kernel.columns) == ("conv3d", "ic", "oc")
    # Depth 9 + 1 + 1 - 5 + 1 = 7, height (9 - 2) / 2 + 1 = 4, width (9 + 2 - 1) / 3 + 1 = 4.
    assert op.result_shapes() == ((2, 6, 7, 4, 4),)
    assert indices(kernel.ifmap) == ["n", "g", "ic", "od + 2*kd - 1", "2*oh + kh", "3*ow + kw - 2"]
    assert indices(kernel.psum) == ["n", "g", "oc", "od", "oh", "ow"]
    assert kernel.useful_macs == 2 * 6 * 7 * 4 * 4 * 2 * 3 * 2 * 1


def test_an_average_counts_its_border_along_each_side() -> None:
    """2 x 2 x 2 pixels with a border of 1 around, windows of 2: along each side windows see 1, 2 and 1 pixels."""
    op = AveragePool3DOp(
        "p", tensor(1, 1, 2, 2, 2), kernel_size=(2, 2, 2), padding=(1, 1, 1, 1, 1, 1), exclude_padding=True
    )
    program = op.kernel()
    assert isinstance(program, VectorProgram)
    divisors = [nest.blocks[-1].instructions[0].sources[1] for nest in program.nests]
    # Planes see 1, 2, 1; in each, rows 1, 2, 1 and columns 1, 2, 1: 1 2 1 2 4 2 1 2 1, twice that in the middle.
    plane = np.outer([1, 2, 1], [1, 2, 1]).ravel()
    assert divisors == [*plane, *2 * plane, *plane]


@pytest.mark.parametrize("trained", [False, True])
def test_random_schedules(*, trained: bool) -> None:
    random, kinds = Random(7), set[str]()
    module = derived(every_volume(1), input_grad=True) if trained else every_volume(1)
    for op in network_of(module).layers():
        for form in (op.forms() or {"": None}).values():
            kernel = op.kernel() if form is None else form.kernel(32)
            if not isinstance(kernel, (Contraction, VectorProgram)):
                continue
            checked = check_schedules(kernel, random.getrandbits(32), 20)
            assert checked.priced > 4
            kinds.add(kernel.kind)
    wanted = {"conv3d", "max_pool3d", "average_pool3d", "conv_transpose3d", "depthwise_conv3d"}
    if trained:
        wanted |= {"max_pool3d_grad", "divided_pool3d_grad", "average_pool3d_grad", "window_divide3d"}
        wanted |= {"depthwise_weight_grad", "depthwise_input_grad"}
    assert wanted <= kinds


@pytest.mark.parametrize(
    "layers",
    [
        [("conv3d", {"channels": 4, "kernel": [2, 3, 1], "stride": [2, 1, 1], "pad": [1, 1, 0], "bias": True})],
        [("conv3d", {"channels": 4, "kernel": 2, "groups": 2, "dilation": [1, 2, 1]})],
        [("conv3d", {"channels": 4, "kernel": 2, "groups": 4, "pad": 1, "stride": 2})],
        [("conv_transpose3d", {"channels": 2, "kernel": [1, 2, 3], "stride": 2, "output_pad": 1, "groups": 2})],
        [("maxpool3d", {"kernel": 2, "stride": 1, "pad": [1, 0, 1]})],
        [("avgpool3d", {"kernel": [2, 3, 1], "stride": [1, 2, 1], "ceil_mode": True})],
        [("avgpool3d", {"kernel": 2, "stride": 1, "pad": 1, "count_include_pad": False})],
    ],
    ids=str,
)
def test_gradients_are_those_of_differences(layers: list[tuple[str, dict[str, Any]]]) -> None:
    check_gradients(pipeline((4, 3, 4, 2), *layers), 1, entries=6)


# Against torch.


def torch_case(random: Random) -> dict[str, Any]:
    """A window on a volume, each number by itself."""
    kernel, stride, dilation = ([random.randint(1, top) for _ in "dhw"] for top in (3, 2, 2))
    padding = [random.randint(0, k // 2) for k in kernel]
    size = [(k - 1) * d + 1 + random.randint(0, 3) for k, d in zip(kernel, dilation, strict=True)]
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding, "size": size}


def run(op: Any, *arrays: np.ndarray) -> np.ndarray:
    from simdc.backends.execute import run_kernel

    return run_kernel(op, [np.asarray(each, dtype=np.float64) for each in arrays]).results[0]


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_and_gradients_are_torchs(seed: int) -> None:
    torch = pytest.importorskip("torch")
    random = Random(seed)
    drawn, groups = torch_case(random), random.choice((1, 1, 2, 3))
    inner, outer = groups * random.randint(1, 2), groups * random.randint(1, 2)
    x = torch.randn(2, inner, *drawn["size"], dtype=torch.float64, requires_grad=True)
    weight = torch.randn(outer, inner // groups, *drawn["kernel"], dtype=torch.float64, requires_grad=True)
    bias = torch.randn(outer, dtype=torch.float64)
    same = {name: drawn[name] for name in ("stride", "padding", "dilation")}
    wanted = torch.nn.functional.conv3d(x, weight, bias, groups=groups, **same)
    upstream = torch.randn_like(wanted)
    wanted.backward(upstream)
    window = {**same, "padding": [*same["padding"]] * 2, "groups": groups}
    tensors = [tensor(*each.shape) for each in (x, weight, bias)]
    op = Conv3DOp("c", *tensors, **window)
    arrays = [each.detach().numpy() for each in (x, weight, bias)]
    np.testing.assert_allclose(run(op, *arrays), wanted.detach().numpy(), atol=1e-10)
    gradient = tensor(*upstream.shape)
    for kind, kept, true in ((Conv3DInputGradOp, 1, x.grad), (Conv3DWeightGradOp, 0, weight.grad)):
        assert true is not None
        made = kind.of("g", op, gradient)
        values = [upstream.numpy(), arrays[1]] if kept else [arrays[0], upstream.numpy()]
        np.testing.assert_allclose(run(made, *values), true.numpy(), atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_transposed_convolutions_are_torchs(seed: int) -> None:
    torch = pytest.importorskip("torch")
    random = Random(seed)
    drawn, groups = torch_case(random), random.choice((1, 2))
    x = torch.randn(2, 2 * groups, *drawn["size"], dtype=torch.float64)
    weight = torch.randn(2 * groups, 3, *drawn["kernel"], dtype=torch.float64)
    extra = [random.randint(0, step - 1) for step in drawn["stride"]]
    same = {name: drawn[name] for name in ("stride", "dilation")}
    wanted = torch.nn.functional.conv_transpose3d(
        x, weight, groups=groups, padding=drawn["padding"], output_padding=extra, **same
    )
    op = ConvTranspose3DOp(
        "c", tensor(*x.shape), tensor(*weight.shape), padding=drawn["padding"] * 2, output_padding=extra,
        groups=groups, **same,
    )  # fmt: skip
    np.testing.assert_allclose(run(op, x.numpy(), weight.numpy()), wanted.numpy(), atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ceil", [False, True])
def test_pools_are_torchs(seed: int, ceil: bool) -> None:
    torch = pytest.importorskip("torch")
    random = Random(seed)
    drawn = torch_case(random)
    x = torch.randn(2, 3, *drawn["size"], dtype=torch.float64)
    shape, window = tensor(*x.shape), {"kernel_size": drawn["kernel"], "stride": drawn["stride"], "ceil_mode": ceil}
    wanted = torch.nn.functional.max_pool3d(x, padding=drawn["padding"], dilation=drawn["dilation"], **window)
    op = MaxPool3DOp("p", shape, padding=drawn["padding"] * 2, dilation=drawn["dilation"], **window)
    np.testing.assert_array_equal(run(op, x.numpy()), wanted.numpy())
    for counted in (True, False):
        wanted = torch.nn.functional.avg_pool3d(x, padding=drawn["padding"], count_include_pad=counted, **window)
        mean = AveragePool3DOp("p", shape, padding=drawn["padding"] * 2, exclude_padding=not counted, **window)
        np.testing.assert_allclose(run(mean, x.numpy()), wanted.numpy(), atol=1e-12)


# What is refused, and what other models say.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv3DOp("c", tensor(1, 2, 3, 3), tensor(4, 2, 1, 1)), "must have five dimensions"),
        (
            lambda: Conv3DOp("c", tensor(1, 1, 3, 3, 3), tensor(1, 1, 1, 1, 1), stride=(1, 1)),
            r"take three entries, padding takes six \(front, top, left, back, bottom, right\)",
        ),
        (lambda: Conv3DOp("c", tensor(1, 1, 2, 3, 3), tensor(1, 1, 3, 1, 1)), "covers 3 x 1 x 1 and .* has 2 x 3 x 3"),
        (lambda: MaxPool3DOp("p", tensor(1, 1, 3, 3), kernel_size=(1, 1, 1)), r"expected a volume \[n, c, d, h, w\]"),
        (lambda: MaxPool3DOp("p", tensor(1, 1, 3, 3, 3), kernel_size=(1, 1)), "three positive sizes"),
        (
            lambda: WindowDivide3DOp("d", tensor(1, 1, 2, 1, 1), planes=(1,), rows=(1,), columns=(1,)),
            "for each plane, row and column",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


def test_an_image_is_no_volume() -> None:
    net = ModuleBuilder("n", 1, "test")
    with pytest.raises(LayerError, match=r"needs a volume \[n, c, d, h, w\], its input has shape \[1, 3, 8, 8\]"):
        layer_table()["conv3d"].add(net, [net.input("x", (3, 8, 8))], {"channels": 4, "kernel": 3}, "c")


def test_models_that_know_images_only_say_so() -> None:
    module = parse_dsl("network n(x: 3x4x8x8) { return conv3d(x, 8, 3) -> maxpool3d(2) }", "n.dsl", 1)
    network = simdc.Network(module)
    for machine, model in (("HI3", "simdit"), ("nv_small", "nvdla")):
        layers = simdc.evaluate(network, simdc.load_machine(machine), model)
        assert [layer.cost for layer in layers] == [None, None]
        assert all(layer.reason for layer in layers)
