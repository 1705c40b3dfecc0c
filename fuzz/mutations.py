"""Changes to texts that keep more of their structure than flipped bits do: at words, lines and, in JSON, at values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORD = re.compile(rb"[A-Za-z_][\w.-]*|\d+(?:\.\d+)?|\s+|->|[^\w\s]")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 64, 1000, 2**31, 2**48, 10**18, 10**39, 0.5, 1e-320, 1e308, -0.0),
    *("", "x", "exact", "a" * 300, "\u2028", "256 KiB", [], {}, [1, 2], [3, 5, 7, 9], {"name": "x"}),
)


def mutate(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """`data` with one to three changes; `others` are inputs to take pieces from."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        change = random.choice(_CHANGES)
        data = change(data, others, words, random)
    return data


def _json(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """One value of a JSON text dropped, doubled, replaced, renamed or swapped with another."""
    try:
        root = json.loads(data)
    except ValueError:
        return _word(data, others, words, random)
    places: list[tuple[Any, Any]] = []
    level = [root]
    while level:
        below: list[Any] = []
        for each in level:
            keys = list(each) if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
            places += [(each, key) for key in keys]
            below += [each[key] for key in keys]
        level = below
    if not places:
        return data
    parent, key = random.choice(places)
    match random.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, list):
            parent.insert(key, parent[key])
        case 2 if isinstance(parent, dict):
            parent[random.choice(words).decode().strip('"')] = parent.pop(key)
        case 3:
            other, at = random.choice(places)
            parent[key] = json.loads(json.dumps(other[at]))
        case 4 if type(parent[key]) is int:
            parent[key] = max(0, parent[key] + random.choice((-1, 1, 7, parent[key], parent[key] * 1000)))
        case _:
            parent[key] = random.choice(VALUES)
    return json.dumps(root).encode()


def _word(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """A word dropped, doubled, replaced or put in."""
    spans = [match.span() for match in WORD.finditer(data)] or [(0, 0)]
    start, end = random.choice(spans)
    word = data[start:end]
    middle = random.choice((b"", word + b" " + word, random.choice(words), word + b" " + random.choice(words)))
    return data[:start] + middle + data[end:]


def _number(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """A number made another one."""
    spans = [match.span() for match in re.finditer(rb"\d+", data)]
    if not spans:
        return _word(data, others, words, random)
    start, end = random.choice(spans)
    value = int(data[start:end][:18])
    other = random.choice((0, 1, value + 1, max(0, value - 1), value * 2, value * 1000, 2**31, 2**40, 10**9))
    return data[:start] + str(other).encode() + data[end:]


def _piece(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """A stretch dropped, doubled, moved, or taken from another input."""
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    end = min(end, start + 200)
    piece = data[start:end]
    if others and random.random() < 0.4:
        other = random.choice(others)
        at = random.randrange(len(other) + 1)
        piece = other[at : at + random.randrange(200)]
    place = random.randrange(len(data) + 1)
    return random.choice((data[:start] + data[end:], data[:place] + piece + data[place:], data[:start] + piece))


def _byte(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + bytes([random.randrange(256)]) + data[place + random.randrange(2) :]


Change = Callable[[bytes, Sequence[bytes], Sequence[bytes], Random], bytes]
_CHANGES: tuple[Change, ...] = (_json, _json, _word, _word, _number, _number, _piece, _byte)
