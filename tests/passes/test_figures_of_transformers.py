"""Figures that the documents give for what transformers are made of, by themselves on HI3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.frontends.dsl import parse_dsl

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {
    # All scores of a layer of BERT-base.
    "softmax": ("x: 12x128x128", "softmax(x, axis=-1)", 58_652, 1536.0, "docs/architecture.md"),
    # One token, 16 KiB: read twice, scale and result once; 64 partial sums and what becomes of them, there and back.
    "rms_norm": ("x: 4096", "rms_norm(x)", 1_969, 64.5078125, "CHANGELOG.md"),
    # 32 heads, both ways at 32 bits: 4,096 KiB; a sine and a cosine for each of 64 pairs, 64 KiB, twice.
    "rope": ("x: 32x128x128", "rope(x)", 108_816, 4096.0 + 2 * 64, "CHANGELOG.md"),
    # One token of 8 heads, 8 bits in and out: 1 KiB each.
    "append": ("x: 8x2047x128, y: 8x1x128", "cache_append(x, y)", 116, 2.0, "CHANGELOG.md"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_the_documents_say(name: str) -> None:
    inputs, layer, cycles, kibibytes, page = FIGURES[name]
    network = simdc.Network(parse_dsl(f"network n({inputs}) {{ return {layer} }}", "n.dsl", 1))
    (found,) = make_report(simdc.compile(network, simdc.load_hardware("HI3"))).layers
    assert (found.cost.cycles.total, found.cost.dram_bits.total / 8192) == (cycles, kibibytes)
    assert re.search(rf"\b{cycles:,} cycles", (ROOT / page).read_text(encoding="utf-8"))
