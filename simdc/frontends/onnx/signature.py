"""What PyTorch's newer exporter writes beside a tensor: parameter, buffer or constant of the program it exported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from simdc.named import NamedTuple

from .constant import FLOATS, ValueOrigin

if TYPE_CHECKING:
    from .messages import ValueMessage

KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
UNTRAINED = frozenset(("BUFFER", "CONSTANT_TENSOR"))
"""Of torch's kinds. A table of positions is a buffer, a number in the program a constant."""


class Signature(NamedTuple):
    """`kinds` are torch's, by the names of the tensors of which the file says them."""

    kinds: Mapping[str, str]
    complete: bool
    """Whether the file tells parameters from the rest."""

    def origin(self, name: str, element: int) -> ValueOrigin:
        """Of a tensor that is one of the file's own: whole numbers, truth values and buffers are not trained. Where the
        signature is complete, the exporter itself made the tensors of which it says nothing."""
        kind = self.kinds.get(name)
        if element not in FLOATS or kind in UNTRAINED:
            return ValueOrigin.COMPUTED
        return ValueOrigin.DERIVED if kind is None and self.complete else ValueOrigin.STORED


NO_SIGNATURE = Signature({}, complete=False)


def signature_of(described: Iterable[ValueMessage]) -> Signature:
    kinds = {
        _text(value.name): _text(entry.value)
        for value in described
        for entry in value.metadata_props
        if entry.key == KIND
    }
    return Signature(kinds, complete="PARAMETER" in kinds.values())


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
