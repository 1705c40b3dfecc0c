"""Deep and wide networks: exact, in linear time, without recursion and in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simdc.frontends.presets import presets
from tests.ir.networks import written

RUN = """
import sys
from simdc.cli import entry
code = entry()
status = open("/proc/self/status").read() if sys.platform == "linux" else "VmHWM: 0 kB"
print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
sys.exit(code)
"""
"""The peak of the process alone: what the system reports of children begins with their parent's."""
CHAIN = """network chain(x: 16x8x8) {{
  repeat {depth} {{ x = add(x, x -> conv(16, 3, pad=1)) -> relu }}
  return x -> global_avgpool -> fc(10)
}}"""
SECONDS = 120
"""So much for a process that takes four on an idle machine: a recursion or a square would not end in ten times that."""


def run(folder: Path, text: str, *arguments: str) -> tuple[str, float]:
    """What the command prints, and the process's peak memory in MB."""
    command = [sys.executable, "-c", RUN, written(folder, text), "--hw", "HI3", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, int(done.stderr) / 1024


def report(folder: Path, text: str, *arguments: str) -> tuple[dict[str, Any], float]:
    printed, peak = run(folder, text, "--format", "json", *arguments)
    return json.loads(printed), peak


def cycles(table: str) -> list[int]:
    """Compute, stall and runtime of conv, of simd and of both."""
    rows = [line.split() for line in table.splitlines() if line.startswith(("compute [", "stall [", "runtime ["))]
    return [int(number.replace(",", "")) for row in rows for number in row[2:5]]


@pytest.mark.parametrize(
    ("depth", "arguments", "megabytes"), [(5_000, (), 120), (800, ("--train",), 90)], ids=["inference", "training"]
)
def test_a_deep_residual_chain(depth: int, arguments: tuple[str, ...], megabytes: int, tmp_path: Path) -> None:
    """Every block costs the same, so that two short chains foretell the long one to the last cycle."""
    short, longer = (cycles(run(tmp_path, CHAIN.format(depth=each), *arguments)[0]) for each in (10, 20))
    table, peak = run(tmp_path, CHAIN.format(depth=depth), *arguments)
    assert len(short) == 9
    assert cycles(table) == [a + (b - a) // 10 * (depth - 10) for a, b in zip(short, longer, strict=True)]
    assert peak < megabytes


def test_a_training_step_of_gpt2_needs_little_memory(tmp_path: Path) -> None:
    """124 million parameters, none of which is there."""
    text = presets("networks")["gpt2"].read_text(encoding="utf-8")
    data, peak = report(tmp_path, text, "--train", "--optimizer", "adamw")
    assert data["network"]["parameters"] == 124_439_808
    assert peak < 100


def test_a_wide_concatenation(tmp_path: Path) -> None:
    branches = "\n".join(f"a{i} = conv(x, 4, 3, pad=1)" for i in range(1000))
    joined = ", ".join(f"a{i}" for i in range(1000))
    data, peak = report(tmp_path, f"network wide(x: 4x8x8) {{\n{branches}\nreturn concat({joined})\n}}")
    concat = data["layers"][-1]
    # 4,000 channels of 8 x 8 at 32 bits, read once and written once.
    assert concat["dram_bits"]["ifmap"] == concat["dram_bits"]["ofmap"] == 4000 * 64 * 32
    assert data["totals"]["ops"]["mac"] == 1000 * 4 * 4 * 9 * 64
    assert peak < 100


def test_a_value_that_thousands_read(tmp_path: Path) -> None:
    """Their gradients are added up one by one."""
    body = "z = conv(x, 4, 1) y = z repeat 1000 { y = add(y, relu(z)) } return fc(flatten(y), 3)"
    text = f"network fan(x: 4x8x8) {{ {body} }}"
    data, _ = report(tmp_path, text, "--train")
    joins = [layer for layer in data["layers"] if ".grad_sum" in layer["name"]]
    # z is read by each relu and by the first add.
    assert len(joins) == 1000
