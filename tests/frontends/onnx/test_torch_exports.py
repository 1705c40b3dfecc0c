"""What both exporters of PyTorch make of a small network, run against PyTorch itself."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.network import network_of
from tests.frontends.onnx.models import kinds

torch = pytest.importorskip("torch")


def small_network() -> Any:
    """What the networks of the last ten years are made of: inverted residuals, gates, channel shuffle, GELU."""
    nn = torch.nn

    class Gate(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            self.down, self.up = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

        def forward(self, x: Any) -> Any:
            y = x.mean((2, 3), keepdim=True)
            return x * nn.functional.hardsigmoid(self.up(nn.functional.silu(self.down(y))))

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
            self.wide = nn.Sequential(nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
            self.deep = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False), nn.BatchNorm2d(16), nn.GELU())
            self.gate, self.narrow = Gate(16), nn.Conv2d(16, 8, 1)
            self.norm, self.pool = nn.GroupNorm(2, 8), nn.MaxPool2d(3, 2, ceil_mode=True)
            self.up, self.slope = nn.ConvTranspose2d(8, 8, 2, 2), nn.PReLU(8)
            self.head = nn.Linear(8, 5)

        def forward(self, x: Any) -> Any:
            x = self.stem(x)
            x = x + self.narrow(self.gate(self.deep(self.wide(x))))
            n, c, h, w = x.shape
            x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
            a, b = x.chunk(2, 1)
            x = self.pool(self.norm(torch.cat((a * torch.sigmoid(b), b), 1)))
            x = nn.functional.interpolate(self.slope(self.up(x)), scale_factor=2, mode="bilinear")
            x = nn.functional.leaky_relu(nn.functional.pad(x, (1, 0, 0, 1)), 0.2)
            return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))

    torch.manual_seed(0)
    network = Small().eval()
    for parameter in network.parameters():
        # No two alike: the exporter makes one of those.
        parameter.data.normal_(0.0, 0.4)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return network


def export(network: Any, path: str, how: str) -> None:
    image = torch.zeros(2, 3, 16, 16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "dynamo":
            pytest.importorskip("onnxscript")
            shapes = [{0: torch.export.Dim("n")}]
            torch.onnx.export(network, (image,), path, dynamo=True, dynamic_shapes=shapes, verbose=False)
        elif how == "script, norms kept":
            mode = torch.onnx.TrainingMode.PRESERVE
            torch.onnx.export(
                network, (image,), path, dynamo=False, training=mode, do_constant_folding=False, opset_version=17
            )
        else:
            axes = {"x": {0: "n", 2: "height", 3: "width"}}
            torch.onnx.export(
                network, (image,), path, dynamo=False, input_names=["x"], dynamic_axes=axes, opset_version=12
            )


@pytest.mark.parametrize("how", ["script, all sizes open", "script, norms kept", "dynamo"])
def test_an_export_computes_what_the_network_computes(how: str, tmp_path: Path) -> None:
    network, path = small_network(), str(tmp_path / "net.onnx")
    image = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 3, 16, 16)).astype(np.float32))
    with torch.no_grad():
        want = network(image).numpy()
    export(network, path, how)
    bind = {"height": 16, "width": 16} if "open" in how else {}
    module = parse_onnx(path, 3, bind)
    module.verify()
    found = execute(module, [image.numpy()], load_parameters(path, 3, bind)).returned[0]
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)
    layers = kinds(network_of(module))
    assert {"hard_swish", "silu", "gelu", "hard_sigmoid", "group_norm", "transpose", "resize", "prelu"} <= {*layers}
    assert layers.count("conv2d") == 6
    if "kept" in how:
        # Nothing was folded: the file has what the network has.
        assert network_of(module).parameters.value.data == sum(each.numel() for each in network.parameters())


def test_neighbours_turned_as_gptj_does(tmp_path: Path) -> None:
    """8 of 12 features of 3 heads, tables picked by positions and each angle repeated for both elements of a pair."""

    class Turned(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            angles = torch.outer(torch.arange(32.0), 10.0 ** -torch.arange(4.0))
            self.register_buffer("table", torch.cat((angles.sin(), angles.cos()), 1))

        def forward(self, x: Any, ids: Any) -> Any:
            heads = x.view(*x.shape[:2], 3, 12)
            parts = torch.split(self.table[ids], 4, dim=-1)
            sin, cos = (torch.repeat_interleave(part[:, :, None, :], 2, 3) for part in parts)
            turned, rest = heads[..., :8], heads[..., 8:]
            swapped = torch.stack((-turned[..., 1::2], turned[..., ::2]), -1).flatten(-2)
            return torch.cat((turned * cos + swapped * sin, rest), -1)

    x, ids = torch.randn(2, 5, 36), torch.tensor([[0, 1, 2, 3, 4], [7, 8, 9, 10, 11]])
    path = str(tmp_path / "turned.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Turned(), (x, ids), path, dynamo=False, opset_version=17)
    module = parse_onnx(path, 2)
    module.verify()
    found = execute(module, [x.numpy(), ids.numpy()], load_parameters(path, 2)).returned[0]
    np.testing.assert_allclose(found, Turned()(x, ids).numpy(), atol=1e-5)
    assert [kind for kind in kinds(network_of(module)) if kind not in ("reshape", "slice")] == ["gather", "rope"]
