"""Deep and wide networks: exact, in linear time, without recursion and in bounded memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ir.networks import written

RUN = """
import resource, sys
from simdc.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
CHAIN = """network chain(x: 16x8x8) {{
  repeat {depth} {{ x = add(x, x -> conv(16, 3, pad=1)) -> relu }}
  return x -> global_avgpool -> fc(10)
}}"""
SECONDS = 120
"""So much for a process that takes four on an idle machine: a recursion or a square would not end in ten times that."""


def report(folder: Path, text: str, *arguments: str) -> tuple[dict[str, Any], float]:
    """The report, and the process's peak memory in MB."""
    net = written(folder, text)
    command = [sys.executable, "-c", RUN, net, "--hw", "HI3", "--format", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return json.loads(done.stdout), int(done.stderr) / unit


def numbers(data: dict[str, Any]) -> dict[str, int]:
    """The whole numbers among the totals."""
    totals = data["totals"]
    records = {name: totals[name] for name in ("cycles", "dram_bits", "sram_bits", "ops")}
    return {f"{name} {key}": value for name, record in records.items() for key, value in record.items()}


@pytest.mark.parametrize(
    ("depth", "arguments", "megabytes"), [(10_000, (), 200), (1_500, ("--train",), 120)], ids=["inference", "training"]
)
def test_a_deep_residual_chain(depth: int, arguments: tuple[str, ...], megabytes: int, tmp_path: Path) -> None:
    """Every block costs the same, so that two short chains foretell the long one, number by number."""
    short, longer = (numbers(report(tmp_path, CHAIN.format(depth=each), *arguments)[0]) for each in (10, 20))
    data, peak = report(tmp_path, CHAIN.format(depth=depth), *arguments)
    found = numbers(data)
    for name, value in found.items():
        assert type(value) is int
        assert value == short[name] + (longer[name] - short[name]) * (depth - 10) // 10, name
    assert peak < megabytes


def test_a_wide_concatenation(tmp_path: Path) -> None:
    branches = "\n".join(f"a{i} = conv(x, 4, 3, pad=1)" for i in range(1000))
    joined = ", ".join(f"a{i}" for i in range(1000))
    data, peak = report(tmp_path, f"network wide(x: 4x8x8) {{\n{branches}\nreturn concat({joined})\n}}")
    concat = data["layers"][-1]
    # 4,000 channels of 8 x 8 at 32 bits, read once and written once.
    assert concat["dram_bits"]["ifmap"] == concat["dram_bits"]["ofmap"] == 4000 * 64 * 32
    assert data["totals"]["ops"]["mac"] == 1000 * 4 * 4 * 9 * 64
    assert peak < 120


def test_a_value_that_thousands_read(tmp_path: Path) -> None:
    """Their gradients are added up one by one."""
    text = "network fan(x: 4x8x8) {\nz = conv(x, 4, 1)\ny = z\nrepeat 1000 { y = add(y, relu(z)) }\nreturn fc(flatten(y), 3)\n}"
    data, _ = report(tmp_path, text, "--train")
    joins = [layer for layer in data["layers"] if ".grad_sum" in layer["name"]]
    # z is read by each relu and by the first add.
    assert len(joins) == 1000


def test_the_children_are_measured() -> None:
    """That peak memory means what the tests above take it for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run([sys.executable, "-c", "x = bytearray(300 * 2**20)"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after >= max(before, 300 * 2**20 / (1 if sys.platform == "darwin" else 1024))
