"""Digests without OpenSSL are those of `hashlib`."""

from __future__ import annotations

from hashlib import blake2b, sha256

import pytest

from simdc import digests


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, digests.LARGE - 1, digests.LARGE])
@pytest.mark.parametrize("own", [True, False], ids=["own", "openssl"])
def test_they_are_those_of_hashlib(size: int, own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not own:
        monkeypatch.setattr(digests, "_SHA256", None)
        monkeypatch.setattr(digests, "_BLAKE2B", None)
    data = bytes(number * 7 % 251 for number in range(size))
    assert digests.sha256_digits(data) == sha256(data).hexdigest()
    assert digests.blake2b_digits(data, 8) == blake2b(data, digest_size=8).hexdigest()
