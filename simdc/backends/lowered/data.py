"""Lowered networks as bytes and back: JSON of plain values, no code. A digest tells what is whole from what is not.

Records that are equal are written once and read as one object, so that 121 layers of ResNet-50 are 47 kernels again.
"""

from __future__ import annotations

import json
from typing import TypeAlias, cast

from simdc.cost.kernel import (
    Affine,
    Chain,
    CodeBlock,
    Contraction,
    Diagonal,
    FusedProducts,
    Instruction,
    Loop,
    LoopNest,
    LoopRoles,
    Operand,
    VectorProgram,
)
from simdc.digests import sha256_digits
from simdc.ir.runs import InputFile

from .network import Edge, LanguageFacts, LoweredLayer, LoweredNetwork, Memory

RECORDS = (
    *(tuple, LoweredNetwork, LoweredLayer, LanguageFacts, Memory, Edge, InputFile),
    *(Contraction, VectorProgram, FusedProducts, Chain, Diagonal, LoopRoles),
    *(LoopNest, CodeBlock, Instruction, Operand, Affine, Loop),
)
"""What may be in it beside texts and numbers, by number."""
NUMBERS = {kind: str(number) for number, kind in enumerate(RECORDS)}
Plain: TypeAlias = "str | int | float | bool | None"
Entry: TypeAlias = "Plain | list[int]"
"""A value, or in a list the number of a record that stands before."""


class NotKept(Exception):
    """This cannot be kept, or is not what was kept."""


def to_bytes(network: LoweredNetwork, key: str) -> bytes:
    """The network under a key of the digits 0 to f. Raises NotKept for something that is no plain value."""
    rows: list[str] = []
    _Writer(rows).record(network)
    body = f"[{','.join(rows)}]".encode()
    return _head(key, body) + body


def from_bytes(data: bytes, key: str) -> LoweredNetwork:
    """Raises NotKept unless these are the bytes of a network that was kept under `key`."""
    head, _, body = data.partition(b"\n")
    if head + b"\n" != _head(key, body):
        raise NotKept("other bytes than were written under this key")
    made: list[object] = []
    try:
        for number, *entries in cast("list[list[Entry]]", json.loads(body)):
            values = [made[entry[0]] if isinstance(entry, list) else entry for entry in entries]
            kind = RECORDS[cast("int", number)]
            # Sound when it was written: the checks of its class take longer than reading it.
            made.append(tuple(values) if kind is tuple else cast("type[Edge]", kind)._make(values))
        found = made[-1]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise NotKept(str(error)) from None
    if not isinstance(found, LoweredNetwork):
        raise NotKept("something else than a network")
    return found


def _head(key: str, body: bytes) -> bytes:
    return f"simdc lowered {key} {sha256_digits(body)}\n".encode()


class _Writer:
    """Appends each record to `rows`, once, what it is made of before itself."""

    # (1, 2.0) in a network is row 7, [0,1,2.0], and wherever it stands again [7]. A text for each row tells 1 from 1.0,
    # which Python's dictionaries do not.

    def __init__(self, rows: list[str]):
        self._rows = rows
        self._numbers: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        # By identity, while the objects are held: networks share what is equal where that is cheap.
        self._seen: dict[int, tuple[object, str]] = {}

    def record(self, value: tuple[object, ...]) -> str:
        """Its number, as JSON."""
        if (seen := self._seen.get(id(value))) is not None:
            return seen[1]
        parts = [_number_of(type(value))]
        for each in value:
            kind = type(each)
            if isinstance(each, str) and kind is str:
                parts.append(self._texts.get(each) or self._text(each))
            elif kind is int:
                parts.append(str(each))
            elif isinstance(each, tuple):
                parts.append(self.record(cast("tuple[object, ...]", each)))
            elif each is None or isinstance(each, (str, int, float)):
                parts.append(json.dumps(each))
            else:
                raise NotKept(f"a {kind.__name__}")
        row = f"[{','.join(parts)}]"
        text = self._numbers.get(row)
        if text is None:
            text = self._numbers[row] = f"[{len(self._rows)}]"
            self._rows.append(row)
        self._seen[id(value)] = value, text
        return text

    def _text(self, value: str) -> str:
        self._texts[value] = text = json.dumps(value)
        return text


def _number_of(kind: type) -> str:
    if kind not in NUMBERS:
        raise NotKept(f"a {kind.__name__}")
    return NUMBERS[kind]
