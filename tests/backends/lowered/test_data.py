"""Lowered networks as bytes: they come back as they were, or not at all."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest

from simdc.backends.lowered.data import NotKept, from_bytes, to_bytes
from simdc.backends.lowered.network import LoweredNetwork
from simdc.cost.kernel import Instruction
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from tests.backends.lowered.networks import both

TEXT = "network n(x: 3x8x8) { return x -> conv(4, 3) -> bn -> relu -> flatten -> fc(5) -> relu }"
KEY = "0af9"


@cache
def network() -> LoweredNetwork:
    kept, _ = both(parse_dsl(TEXT, "net.dsl", 2), load_machine("HI3"))
    assert kept is not None
    return kept


def with_notes(*notes: object) -> LoweredNetwork:
    return network()._replace(notes=notes)  # pyright: ignore[reportArgumentType]  # anything


def test_what_was_written_is_read() -> None:
    found = from_bytes(to_bytes(network(), KEY), KEY)
    assert found == network()
    assert repr(found) == repr(network())
    assert [type(form) for layer in found.layers for _, form in layer.forms] == [
        type(form) for layer in network().layers for _, form in layer.forms
    ]


def test_numbers_stay_what_they_are() -> None:
    # Python takes these for equal: (1, 2) and (1.0, True + 1).
    values = ((1, 2), (1.0, 2), (True, 2), (0.0,), (-0.0,), (float("inf"),), (10**30,), ("1",), (None,), ("", 'é\n"]'))
    found = from_bytes(to_bytes(with_notes(*values), KEY), KEY).notes
    assert repr(found) == repr(values)


def test_what_is_equal_is_one_object() -> None:
    notes = [Instruction("add", "x", ("a", float(number))) for number in (1, 2, 1)]
    one, other, same = from_bytes(to_bytes(with_notes(*notes), KEY), KEY).notes
    assert one is same
    assert one is not other
    assert isinstance(one, Instruction)


@pytest.mark.parametrize("value", [{}, [], b"x", 1j, frozenset[int]()], ids=repr)
def test_what_is_no_plain_value_is_not_kept(value: object) -> None:
    with pytest.raises(NotKept, match=f"a {type(value).__name__}"):
        to_bytes(with_notes((1, value)), KEY)


def test_another_record_is_not_kept() -> None:
    with pytest.raises(NotKept, match="a Other"):
        to_bytes(with_notes(type("Other", (tuple,), {})()), KEY)


def test_broken_bytes_are_refused() -> None:
    data = to_bytes(network(), KEY)
    with pytest.raises(NotKept):
        from_bytes(data, "0af8")
    for end in (0, 1, 20, data.index(b"\n"), data.index(b"\n") + 1, len(data) // 2, len(data) - 1):
        with pytest.raises(NotKept):
            from_bytes(data[:end], KEY)
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(NotKept):
            from_bytes(bytes(changed), KEY)
    with pytest.raises(NotKept):
        from_bytes(data + b" ", KEY)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"[[0,1]]", b"[[99]]", b"[[4,1]]", b"[[0,[5]]]", b"[3]", b"\xff", b"[" * 9999, b'[["a"]]'],
)
def test_no_bytes_under_a_right_digest_break_anything(body: bytes) -> None:
    with pytest.raises(NotKept):
        from_bytes(f"simdc lowered {KEY} {sha256(body).hexdigest()}\n".encode() + body, KEY)
