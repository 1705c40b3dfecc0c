"""What simdc makes of a random node, held against what the node must compute.

python -m tests.frontends.onnx.node_differences 1500        # counts per operator, and every difference
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from onnx.reference import ReferenceEvaluator

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from tests.frontends.onnx.models import saved
from tests.frontends.onnx.random_nodes import NODES, Case

Array = np.ndarray
REASONS = (
    "would be empty", "computes nothing", "in the border altogether", "does not fit",
    "one to four dimensions", "its result is a single number", "two to four dimensions",
)  # fmt: skip
"""Why we may refuse a node: it computes nothing, or has more dimensions than a layer takes."""


def found(case: Case, folder: Path) -> Array | str:
    """What our network computes, or why there is none."""
    path = saved(case.proto, folder)
    try:
        module = parse_onnx(path, None)
    except SimdcError as error:
        return str(error)
    module.verify()
    return execute(module, [case.x], load_parameters(path)).returned[0]


def difference(case: Case, folder: Path) -> str | None:
    """What is wrong, None if nothing is; "refused: ..." where we refuse with one of REASONS."""
    if case.expected is None:
        with np.errstate(all="ignore"):
            (wanted,) = ReferenceEvaluator(case.proto).run(None, {"x": case.x})
    else:
        wanted = case.expected()
    ours = found(case, folder)
    if isinstance(ours, str):
        allowed = any(reason in " ".join(ours.split()) for reason in REASONS)
        return f"refused: {ours}" if allowed else f"refuses: {ours}"
    if wanted is None:
        return None
    if ours.shape != wanted.shape:
        return f"shape {ours.shape}, expected {wanted.shape}"
    if not np.allclose(ours, wanted, rtol=1e-4, atol=1e-4, equal_nan=True):
        return f"values differ by {np.abs(ours - wanted).max()}"
    return None


def main(count: int, seed: int) -> None:
    random, tallies = Random(seed), Counter[str]()
    with TemporaryDirectory() as folder:
        for _ in range(count):
            case = random.choice(NODES)(random)
            wrong = difference(case, Path(folder))
            what = "equal" if wrong is None else "refused" if wrong.startswith("refused") else "DIFFERENT"
            tallies[f"{case.operator} {what}"] += 1
            if what == "DIFFERENT":
                print(case.operator, case.x.shape, case.attributes, wrong)
    for line, number in sorted(tallies.items()):
        print(f"{number:6} {line}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
