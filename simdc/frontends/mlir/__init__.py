"""Modules of other compilers: `linalg` on tensors, StableHLO and TOSA, as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xdsl.dialects.builtin import ModuleOp

from .annotated import annotated_module
from .importer import import_module
from .module_text import parse_foreign

__all__ = ["annotated_module", "parse_foreign_module"]


def parse_foreign_module(
    text: str,
    file: str,
    batch: int | None,
    weights: Collection[str] | None = None,
    bind: Mapping[str, int] | None = None,
) -> ModuleOp:
    """The network that the only public function of a module is. `weights` names those of its arguments that are
    weights; `batch` must be None or the module's own; `bind` gives sizes that its arguments leave open, `arg0.0` for
    the first of `arg0`. Raises SimdcError."""
    return import_module(parse_foreign(text, file), file, batch, weights, bind or {}).network
