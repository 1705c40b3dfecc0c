"""Files of ops are imported by networks that have such ops, and by nothing else on their way to a report."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Of what passes and reports look for in every network.
LOOKED_FOR = ("cache", "gather", "matmul", "max_pool3d", "pad", "select", "softmax", "update")
SCRIPT = """
import sys
from simdc.cli import main
code = main([sys.argv[1], "--hw", "HI3", "--no-cache", "-o", "/dev/null"])
print(code, *[each for each in sys.argv[2:] if f"simdc.ir.ops.{each}" in sys.modules])
"""


def imported_by(network: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, network, *LOOKED_FOR], capture_output=True, text=True, check=True
    )
    code, *found = done.stdout.split()
    assert code == "0"
    return found


@pytest.mark.parametrize(("network", "imported"), [("resnet18", set[str]()), ("bert_base", {"softmax", "matmul"})])
def test_a_network_imports_its_own_ops(network: str, imported: set[str]) -> None:
    found = set(imported_by(network))
    assert imported <= found
    assert bool(found) == bool(imported)
