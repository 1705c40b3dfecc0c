"""The levels as published for nv_small, one line for each sentence, in fractions and with a loop over the groups."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Row(NamedTuple):
    """A layer that was measured, or could be. Names are those of the measurements; `pool` is a fused one's window."""

    C: int
    H: int
    W: int
    K: int
    R: int
    S: int
    P: int
    Q: int
    out_h: int
    out_w: int
    bias: int
    add: int
    pool: int


def up(value: int | Fraction, part: int) -> int:
    return ceil(Fraction(value) / part)


def levels(row: Row, per: Fraction, latency: int) -> tuple[int, ...]:
    """`per` is cycles per beat of 8 bytes."""
    pixels, gk, gc = row.P * row.Q, up(row.K, 8), up(row.C, 8)
    products = row.C * row.R * row.S
    ifmap, weights = gc * row.H * row.W, up(up(row.K * products, 128) * 128, 8)
    beats = ifmap + weights + row.bias * up(2 * row.K, 8) + row.add * gk * pixels + gk * row.out_h * row.out_w
    plain = row.C * row.H * row.W + row.K * products + row.bias * 2 * row.K + row.add * row.K * pixels
    plain += row.K * row.out_h * row.out_w
    dram, mac, port = beats * per, gk * gc * row.R * row.S * pixels, 11 * gk * pixels
    stripes = gk * gc * row.R * row.S * max(pixels, 8)
    end = loaded(row, per, max(stripes, port))
    return (
        ceil(max(Fraction(products * row.K * pixels, 64), Fraction(plain, 8) * per)),
        ceil(max(mac, dram)),
        ceil(max(mac, port, dram)),
        ceil(max(stripes, port, dram)),
        ceil(end),
        ceil(end) + 60 + latency + 20 + 48 + latency + 8 * last(pixels) + 15 * (row.pool > 0) + 6 * row.add,
    )


def loaded(row: Row, per: Fraction, body: int) -> Fraction:
    """Level 4."""
    gk, gc, products = up(row.K, 8), up(row.C, 8), row.C * row.R * row.S
    ifmap, weights = gc * row.H * row.W, up(up(row.K * products, 128) * 128, 8)
    alone = max(row.W * per, Fraction(row.W + 2 * up(row.W, 8))) / row.W
    both = min(ifmap, weights)
    start = 2 * both * max(per, alone / 2) + (ifmap - both) * alone
    first = up(min(row.K, 8) * products, 8)
    end = start
    for group in range(gk):
        share = Fraction(min(8, row.K - 8 * group), 8)
        needed = min(Fraction(weights), first * (group + share))
        arrive = per * (2 * needed if needed <= ifmap else ifmap + needed)
        end = max(end, arrive) + Fraction(body, gk)
    return end


def last(pixels: int) -> int:
    rest = pixels % 16
    if pixels < 16:
        return pixels
    if rest == 0:
        return 16
    return rest if rest >= 8 else 8 + rest
