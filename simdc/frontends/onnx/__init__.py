"""Networks from ONNX files (`pip install 'simdc[onnx]'`).

`operator` enters the translation of an operator that simdc lacks; a package outside simdc can use it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xdsl.dialects.builtin import ModuleOp

from .build import Build
from .constant import Constant, Value
from .model_file import import_onnx
from .problems import Unsupported
from .table import OPERATORS, operator

__all__ = ["OPERATORS", "Build", "Constant", "Unsupported", "Value", "operator", "parse_onnx"]


def parse_onnx(
    path: str,
    batch: int | None,
    bindings: Mapping[str, int] | None = None,
    *,
    weights: Collection[str] | None = None,
    allow_uncosted: bool = False,
) -> ModuleOp:
    """The network in an ONNX file. `batch` None takes the file's own, or 1 where the file leaves it open.

    `bindings` give the sizes that the file leaves open, by name or by place (`x[2]`), and the values of inputs that are
    single numbers. `weights` are the inputs that are weights; None leaves it to the file. A node that has no op is an
    error that lists all such nodes; with `allow_uncosted` it becomes an op without a cost. Raises SimdcError.
    """
    import_onnx(path)

    from .importer import import_network

    return import_network(path, batch, bindings or {}, weights, allow_uncosted=allow_uncosted).module
