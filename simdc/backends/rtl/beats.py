"""Elements as they lie in DRAM and cross a port: bit after bit, as many a beat as the port is wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simdc.cost.numbers import ceil_div

Numbers = NDArray[np.int64]
Words = NDArray[np.uint32]


def beat_words(rate_bits: int) -> int:
    """32-bit words that hold a beat."""
    return ceil_div(rate_bits, 32)


def pack(values: Numbers, bits: int, rate_bits: int) -> Words:
    """Beats of `rate_bits` with the elements one after the other, each `bits` wide, as [beats, words a beat]."""
    # Three elements of 8 bits over a port of 12: 8 bits and half of the second, the other half and the third.
    count = ceil_div(values.size * bits, rate_bits)
    stream = np.zeros(count * rate_bits, dtype=np.uint8)
    low = ((values.reshape(-1, 1) >> np.arange(bits)) & 1).astype(np.uint8)
    stream[: values.size * bits] = low.ravel()
    beats = np.zeros((count, 32 * beat_words(rate_bits)), dtype=np.uint8)
    beats[:, :rate_bits] = stream.reshape(count, rate_bits)
    return np.packbits(beats, axis=1, bitorder="little").view(np.uint32)


def unpack(beats: Words, count: int, bits: int, rate_bits: int) -> Numbers:
    """The first `count` elements of the beats, signed."""
    rows = np.unpackbits(np.ascontiguousarray(beats).view(np.uint8), axis=1, bitorder="little")[:, :rate_bits]
    stream = rows.reshape(-1)[: count * bits].reshape(count, bits).astype(np.int64)
    return wrapped(stream @ (np.int64(1) << np.arange(bits)), bits)


def wrapped(values: Numbers, bits: int) -> Numbers:
    """The numbers modulo 2^bits, from -2^(bits - 1) on."""
    half = np.int64(1) << (bits - 1)
    return ((values + half) & ((np.int64(1) << bits) - 1)) - half
