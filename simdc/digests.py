"""Digests of bytes, in hexadecimal digits, without OpenSSL: `hashlib` loads it for whatever it is asked, which takes as
long as all else that a command imports to read a machine."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

LARGE = 2**20
"""Bytes from which OpenSSL, several times as fast, is worth its 2 ms."""


def sha256_digits(data: bytes) -> str:
    """Of SHA-256."""
    if _SHA256 is not None and len(data) < LARGE:
        return _SHA256(data).hexdigest()
    from hashlib import sha256

    return sha256(data).hexdigest()


def blake2b_digits(data: bytes, digest_bytes: int) -> str:
    """Of BLAKE2b with digests of `digest_bytes`."""
    if _BLAKE2B is not None:
        return _BLAKE2B(data, digest_size=digest_bytes).hexdigest()
    from hashlib import blake2b

    return blake2b(data, digest_size=digest_bytes).hexdigest()


def _own(function: str, *modules: str) -> Callable[..., Any] | None:
    """Python's own, from the first of the modules that this Python has: what `hashlib` takes where OpenSSL lacks it."""
    for module in modules:
        try:
            return getattr(import_module(module), function)
        except (ImportError, AttributeError):
            continue
    return None


_SHA256 = _own("sha256", "_sha256", "_sha2")
_BLAKE2B = _own("blake2b", "_blake2")
