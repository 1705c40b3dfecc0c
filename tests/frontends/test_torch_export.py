"""Modules of PyTorch and programs of torch.export: their layers are those of the module."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.cli import main
from simdc.ir.network import network_of

torch: Any = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
MACHINE = simdc.load_hardware("HI3")


def small() -> Any:
    nn = torch.nn
    layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    return nn.Sequential(*layers)


def test_a_module() -> None:
    module = small().train()
    network = simdc.load(module, (torch.zeros(2, 3, 8, 8),))
    assert repr(network) == "<network Sequential: 6 layers, inference, batch 2>"
    # It stays as it was.
    assert module.training
    report = make_report(simdc.compile(network, MACHINE))
    # 2 images, 6 x 6 places, 27 products, 8 channels; 8 x 4.
    assert report.macs == 2 * (36 * 27 * 8 + 8 * 4)
    assert report.parameters == sum(each.numel() for each in module.parameters())
    assert [layer.op for layer in report.layers] == ["conv2d", "relu", "global_average_pool", "linear"]
    # Batch norms are still there, to be trained.
    assert "batch_norm" in {op.name.removeprefix("simdc.") for op in network_of(network.module).layers()}


def test_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.pt2"
    torch.export.save(torch.export.export(small().eval(), (torch.zeros(1, 3, 8, 8),)), path)
    assert simdc.evaluate(simdc.load(path), MACHINE)[0].cost is not None
    assert main([str(path), "--hw", "HI3"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("small: inference, batch 1, on HI3")
    assert len(re.findall(r"small\.pt2 [0-9a-f]{12}", text)) == 1


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        simdc.SimdcError, match=r"a Sequential needs an example of its inputs: simdc.load\(module, \(input"
    ):
        simdc.load(small())
    with pytest.raises(simdc.SimdcError, match="an example of inputs goes with a module of PyTorch"):
        simdc.load("lenet5", example=(1,))
    with pytest.raises(simdc.SimdcError, match="torch cannot export Sequential to ONNX"):
        simdc.load(small(), (torch.zeros(1, 5, 8, 8),))
    damaged = tmp_path / "x.pt2"
    damaged.write_bytes(b"no")
    with pytest.raises(simdc.SimdcError, match=r"is no program of torch.export, or damaged"):
        simdc.load(damaged)
    with pytest.raises(simdc.SimdcError, match=r"there is no such file|no file or preset"):
        simdc.load(tmp_path / "none.pt2")
