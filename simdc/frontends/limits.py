"""How much is read at most, so that a wrong or hostile file ends in an error and not in a full memory."""

from __future__ import annotations

MAX_BATCH = 10**9
MAX_DSL_BYTES = 16 * 2**20
MAX_JSON_BYTES = 64 * 2**20
"""Specifications carry every instruction of every layer: a megabyte for a small network."""
MAX_MLIR_BYTES = 64 * 2**20
MAX_CSV_BYTES = 2**20
