"""Which sources the compiled form is made of: it carries their digest, and whoever edits one and does not build again
gets what the source says."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


def digest_of(folder: Path) -> str:
    """Of all sources in this folder, in hexadecimal digits."""
    return sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))).hexdigest()
