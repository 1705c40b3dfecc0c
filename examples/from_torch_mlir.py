"""From a PyTorch module through torch-mlir to `linalg` on tensors, and what it costs.

Needs torch-mlir and the torch that it was built for; says so and ends where they are missing.

    python examples/from_torch_mlir.py
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.table import render_table


def linalg_text() -> str:
    """A convolution, its batch norm and a ReLU, lowered. Values of weights are left out: nobody looks at them."""
    torch: Any = import_module("torch")
    fx: Any = import_module("torch_mlir.fx")
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()).eval()
    lowered = fx.export_and_import(model, torch.zeros(1, 3, 32, 32), output_type="linalg-on-tensors")
    return lowered.operation.get_asm(print_generic_op_form=True, large_elements_limit=16, large_resource_limit=16)


def main() -> None:
    if find_spec("torch_mlir") is None:
        print("skipped: torch-mlir is not installed")
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.mlir"
        path.write_text(linalg_text(), encoding="utf-8")
        report = make_report(simdc.compile(simdc.load(path), simdc.load_hardware("HI3")))
    print(render_table(report))


if __name__ == "__main__":
    main()
