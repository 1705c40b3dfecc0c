"""From a PyTorch module to a report: export to ONNX, load, compile, print. The values of the weights do not matter.

Needs torch, onnxscript and the extra `simdc[onnx]`.

    python examples/from_pytorch.py
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.table import render_table

SHAPE = (1, 3, 64, 64)


def separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A depthwise and a pointwise convolution, as MobileNet has them."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.SiLU(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.Hardswish(),
    )


def small_network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        separable(16, 32, 1),
        separable(32, 64, 2),
        separable(64, 64, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(64, 10),
    )


def simdc_network(module: nn.Module, shape: tuple[int, ...], batch: int) -> simdc.Network:
    """`optimize=False` keeps batch norms: simdc folds them for inference itself, and training needs them."""
    export: Any = torch.onnx.export
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        path = Path(folder) / "module.onnx"
        export(module.eval(), (torch.zeros(shape),), str(path), dynamo=True, verbose=False, optimize=False)
        logging.disable(logging.NOTSET)
        return simdc.load(path, batch)


def main() -> None:
    network = simdc_network(small_network(), SHAPE, batch=8)
    hardware = simdc.load_hardware("HT3")
    for one in (network, network.training_step(optimizer="momentum")):
        print(render_table(make_report(simdc.compile(one, hardware))))


if __name__ == "__main__":
    main()
