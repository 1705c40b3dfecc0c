"""Print a PyTorch module as `linalg` on tensors, by way of torch-mlir, for simdc to price.

Needs torch-mlir and the torch that it was built for.

    python examples/from_torch_mlir.py | simdc - --input-format mlir --hw HI3
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def linalg_text() -> str:
    """A convolution, its batch norm and a ReLU, lowered. Values of weights are left out: nobody looks at them."""
    torch: Any = import_module("torch")
    fx: Any = import_module("torch_mlir.fx")
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()).eval()
    lowered = fx.export_and_import(model, torch.zeros(1, 3, 32, 32), output_type="linalg-on-tensors")
    return lowered.operation.get_asm(print_generic_op_form=True, large_elements_limit=16, large_resource_limit=16)


if __name__ == "__main__":
    print(linalg_text())
