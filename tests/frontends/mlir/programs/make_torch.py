"""Write the modules of this folder that torch-mlir lowers: python make_torch.py, where `torch-mlir` is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from torch_mlir import fx


class Program(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function

    def forward(self, *given: Any) -> Any:
        return self.function(*given)


PROGRAMS: dict[str, tuple[Callable[..., Any], str]] = {
    "linear": (lambda x, w, b: functional.linear(x, w, b), "4x5 6x5 6"),
    "conv": (lambda x, w, b: functional.conv2d(x, w, b, stride=2, padding=1), "2x3x7x8 4x3x3x3 4"),
    "depthwise": (lambda x, w: functional.conv2d(x, w, groups=3), "2x3x6x7 3x1x3x3"),
    "conv_transpose": (lambda x, w: functional.conv_transpose2d(x, w, stride=2), "1x3x4x5 3x2x3x3"),
    "max_pool": (lambda x: functional.max_pool2d(x, 3, 2, 1), "1x2x7x8"),
    "softmax": (lambda x: x.softmax(-1), "3x6"),
    "layer_norm": (lambda x: functional.layer_norm(x, (6,)), "3x6"),
    "gelu": (functional.gelu, "3x6"),
    "attention": (functional.scaled_dot_product_attention, "1x2x5x4 1x2x6x4 1x2x6x4"),
    "embedding": (lambda table, ids: functional.embedding(ids, table), "7x4 i7:3"),
    "index_select": (lambda x, ids: x.index_select(1, ids), "3x6 i6:2"),
    "gather": (lambda x, ids: x.gather(1, ids), "3x6 i6:3x2"),
    "scatter_add": (lambda x, ids, y: x.scatter_add(1, ids, y), "3x6 i6:3x2 3x2"),
    "index_put": (lambda x, ids, y: x.index_put((ids,), y), "7x4 i7:2 2x4"),
    "flip": (lambda x: x.flip(1, 2), "2x3x4"),
    "roll": (lambda x: x.roll(2, 1) * 1, "3x5"),
    "interpolate": (lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear"), "1x2x3x4"),
    "sort": (lambda x: x.sort(1)[0], "3x6"),
    "top_k": (lambda x: x.topk(2, 1)[0], "3x6"),
    "cumsum": (lambda x: x.cumsum(1), "3x6"),
    "argmax": (lambda x: x.argmax(1), "3x6"),
    "triangle": (lambda x: x.triu(), "4x5"),
    "put_slice": (lambda x, y: torch.slice_scatter(x, y, 1, 1, 3), "4x5 4x2"),
}


def main() -> None:
    for name, (function, given) in PROGRAMS.items():
        arguments = [_argument(each) for each in given.split()]
        made = fx.export_and_import(Program(function), *arguments, output_type="linalg-on-tensors")
        text = made.operation.get_asm(print_generic_op_form=True, large_elements_limit=16, large_resource_limit=16)
        (Path(__file__).parent / f"torch_{name}.linalg").write_text(text.rstrip() + "\n")


def _argument(text: str) -> Any:
    kind, _, shape = text.rpartition(":")
    sizes = [int(size) for size in shape.split("x")]
    return torch.randint(0, int(kind[1:]), sizes) if kind else torch.randn(sizes)


if __name__ == "__main__":
    main()
