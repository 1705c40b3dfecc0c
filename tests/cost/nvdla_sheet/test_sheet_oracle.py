"""The sheet's rules once more, in KiB as the sheet has them, against the model on kernels of random sizes on random
machines."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import pytest

from simdc.cost.kernel import Chain, Kernel
from simdc.cost.nvdla_sheet import NvdlaSheetModel
from simdc.cost.tiling import TilingError
from tests.cost.nvdla_sheet.layers import addition, convolution, machine, pool


class Case(NamedTuple):
    c: int
    h: int
    w: int
    k: int
    r: int
    s: int
    stride: int
    border: int
    data_bytes: int
    weight_bytes: int
    pooled: bool
    added: bool
    macs: int
    buffer_kib: int
    bits_per_cycle: int

    @property
    def result(self) -> tuple[int, int]:
        high, wide = ((size + 2 * self.border - window) for size, window in ((self.h, self.r), (self.w, self.s)))
        return high // self.stride + 1, wide // self.stride + 1


def draw(source: random.Random) -> Case:
    window = source.choice((1, 1, 2, 3, 3, 5, 7)), source.choice((1, 1, 3, 3, 5))
    return Case(
        c=source.randint(1, 200),
        h=source.randint(9, 60),
        w=source.randint(9, 60),
        k=source.randint(1, 700),
        r=window[0],
        s=window[1],
        stride=source.choice((1, 1, 1, 2, 3)),
        border=source.randint(0, 3),
        data_bytes=source.choice((1, 1, 2)),
        weight_bytes=source.choice((1, 1, 2)),
        pooled=source.random() < 0.3,
        added=source.random() < 0.3,
        macs=source.choice((32, 64, 100, 256, 2048)),
        buffer_kib=source.choice((2, 8, 32, 128, 512)),
        bits_per_cycle=source.choice((3, 4, 16, 80, 160, 1000)),
    )


def by_the_sheet(case: Case, sheet: str) -> tuple[Fraction, Fraction] | None:
    """DRAM cycles and MAC cycles; None where the kept lines fill the buffer."""
    c, h, w, k, r, s, stride = case[:7]
    p, q = case.result
    cp = ceil(c * stride * stride / 16) * 16
    hs, ws = ceil(h / stride), ceil(w / stride)
    kib = Fraction(1, 1024)
    a, b = (p // 2, q // 2) if case.pooled else (p, q)
    whole = cp * hs * ws * case.data_bytes * kib
    out = a * b * ceil(k / 16) * 16 * case.data_bytes * kib
    kernel = cp * ceil(r / stride) * ceil(s / stride) * case.weight_bytes * kib
    three = (r, s) == (3, 3)
    weights = kernel * k * (Fraction(16, 9) if three and sheet != "googlenet" else 1)
    traffic = whole + weights + out
    if sheet != "alexnet":
        lines = min(r + (sheet == "googlenet"), hs)
        least_input = cp * lines * ws * case.data_bytes * kib
        least_weights = kernel * 32 if kernel * 32 < case.buffer_kib else Fraction(case.buffer_kib, 2)
        if whole >= (weights if sheet == "resnet50" else least_weights):
            if least_input >= case.buffer_kib:
                return None
            room = case.buffer_kib - least_input
            traffic = whole * (ceil(weights / room) if weights > room else 1) + weights + out
        else:
            room = case.buffer_kib - least_weights
            traffic = weights * (ceil(whole / room) if whole > room else 1) + whole + out
    traffic += out if case.added else 0
    # 1 KiB at x bits a cycle, or x / 8 GB/s at 1 GHz: 1000 bytes at x / 8 bytes a cycle.
    dram = ceil(traffic * 1000 / Fraction(case.bits_per_cycle, 8))
    granule = 128 if sheet == "resnet50" else 16
    high = hs if p == hs else ceil((h - r + 1) / stride)
    wide = ws if q == ws else ceil((w - s + 1) / stride)
    mac = Fraction(cp * high * wide * ceil(k / granule) * granule * r * s, stride * stride * case.macs)
    return Fraction(dram), mac / Fraction(9, 4) if three else mac


def chain_of(case: Case) -> Kernel:
    conv = convolution(
        case.c,
        case.k,
        (case.h, case.w),
        (case.r, case.s),
        stride=case.stride,
        border=case.border,
        bits=(8 * case.data_bytes, 8 * case.weight_bytes),
    )
    adds = (addition(1, case.k, *case.result),) if case.added else ()
    pools = (pool(case.k, case.result),) if case.pooled else ()
    return Chain((conv, *adds, *pools)) if adds or pools else conv


@pytest.mark.parametrize("sheet", ["resnet50", "googlenet", "alexnet"])
def test_random_layers_on_random_machines(sheet: str) -> None:
    source = random.Random(f"sheet {sheet}")
    model = NvdlaSheetModel(sheet=sheet)
    seen = {"dram": 0, "mac": 0, "no room": 0}
    for _ in range(400):
        case = draw(source)
        kernel, on = chain_of(case), machine(case.macs, case.buffer_kib, case.bits_per_cycle)
        expected = by_the_sheet(case, sheet)
        if expected is None:
            seen["no room"] += 1
            with pytest.raises(TilingError):
                model.greedy(kernel, on)
            continue
        dram, mac = expected
        cost = model.evaluate(kernel, model.greedy(kernel, on), on)
        seen["dram" if dram > mac else "mac"] += 1
        assert cost.cycles.compute == pytest.approx(float(mac), rel=1e-15), case
        assert cost.cycles.total == pytest.approx(float(max(dram, mac)), rel=1e-15), case
    assert min(seen["dram"], seen["mac"]) > 20
    assert (seen["no room"] > 20) == (sheet != "alexnet")
