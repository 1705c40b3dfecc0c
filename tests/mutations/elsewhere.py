"""Tries deliberate mistakes outside `simdc.cost` and tells which of them the tests meant for them do not notice.

    python tests/mutations/elsewhere.py          all
    python tests/mutations/elsewhere.py widths   those whose file or tests have that word

Each mistake is made in a copy, and only the tests named beside it run: a few seconds each. Exit code 1 if one survives.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Mistake(NamedTuple):
    """`file` is relative to simdc/, and `old` occurs in it exactly once; `tests` are what should see it."""

    file: str
    old: str
    new: str
    tests: str
    breaks: str


MISTAKES = (
    Mistake(
        "passes/assign_widths.py",
        "                if _is_free(reader):\n                    waiting += reader.results",
        "                pass",
        "tests/passes/test_readers_decide_widths.py",
        "readers behind a view do not say how wide a tensor is",
    ),
    Mistake(
        "passes/assign_widths.py",
        "found.update({new: found[old] for new, old in zip(op.results, op.replaced, strict=True)})",
        "pass",
        "tests/passes/test_readers_decide_widths.py",
        "what an update makes is not as wide as what it replaces",
    ),
    Mistake(
        "passes/training_step.py",
        "enumerate(parts[1:], 1)",
        "enumerate(parts[1:2], 1)",
        "tests/passes/test_gradient_sums.py",
        "the third gradient of a value is dropped",
    ),
    Mistake(
        "passes/training_loss.py",
        "return 2 if rank == 3 else 1",
        "return 1",
        "tests/passes/test_training_loss.py",
        "the vocabulary of [n, tokens, vocabulary] is taken for tokens",
    ),
    Mistake(
        "passes/channelwise.py",
        "return len(list(value.uses)) == 1",
        "return True",
        "tests/passes/test_tidy.py",
        "a layer is folded away though others read what is before it",
    ),
    Mistake(
        "passes/channelwise.py",
        "along not in (None, *axes)",
        "along is False",
        "tests/passes/test_tidy.py",
        "a factor along positions is folded into channels",
    ),
    Mistake(
        "passes/fold_padding.py",
        "return isinstance(pad.input.owner, ReluOp) and _covers_data(window, pad)",
        "return _covers_data(window, pad)",
        "tests/passes/test_tidy.py",
        "a maximum below zero sees padding where zeros were",
    ),
    Mistake(
        "passes/tidy.py",
        'if network.phase.data == "training":',
        'if network.phase.data == "none":',
        "tests/passes/test_tidy.py",
        "batch norms are folded in training",
    ),
    Mistake(
        "frontends/onnx/operators/window.py",
        "pads = _same(size, kernel, stride, dilation, upper",
        "pads = _same(size, kernel, stride, (1, 1), upper",
        "tests/frontends/onnx/test_random_nodes.py tests/trials",
        "SAME padding ignores dilation",
    ),
    Mistake(
        "frontends/onnx/operators/window.py",
        '    if mode == "VALID":\n        pads = (0,) * (2 * rank)\n    elif',
        "    if",
        "tests/frontends/onnx/test_random_nodes.py",
        "VALID keeps the pads that stand beside it",
    ),
    Mistake(
        "frontends/onnx/operators/pooling.py",
        " and not any(window.padding):",
        ":",
        "tests/frontends/onnx/test_random_nodes.py",
        "a padded window as large as the image is taken for a global pool",
    ),
    Mistake(
        "ir/ops/pool_grad.py",
        "min(map(min, counts)) < 1",
        "min(map(min, counts)) < 0",
        "tests/ir/test_verify.py",
        "a window of no positions is divided by",
    ),
    Mistake(
        "backends/report/memory.py",
        "weights + state_bytes + statistics",
        "weights - state_bytes + statistics",
        "tests/backends/report/test_training_report.py",
        "the optimizer's state is taken from the peak",
    ),
    Mistake(
        "backends/report/memory.py",
        "if is_forward:\n            forward",
        "if True:\n            forward",
        "tests/backends/report/test_training_report.py",
        "gradients count as kept from forward to backward",
    ),
)


def mutated(mistake: Mistake) -> str:
    """The file with the mistake in it. Raises ValueError where the snippet is not there exactly once."""
    source = (ROOT / "simdc" / mistake.file).read_text(encoding="utf-8")
    if source.count(mistake.old) != 1:
        raise ValueError(f"simdc/{mistake.file}: '{mistake.breaks}' no longer fits the code: {mistake.old!r}")
    return source.replace(mistake.old, mistake.new)


def survives(mistake: Mistake, folder: Path) -> bool:
    """Whether the tests pass over a copy of the package with the mistake in it."""
    target = folder / "simdc" / mistake.file
    sound = target.read_text(encoding="utf-8")
    target.write_text(mutated(mistake), encoding="utf-8")
    try:
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mistake.tests.split()]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    finally:
        target.write_text(sound, encoding="utf-8")


def main(words: list[str]) -> int:
    chosen = [each for each in MISTAKES if all(word in each.file + each.tests for word in words)]
    left = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("simdc", "tests", "examples", "fuzz"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for mistake in chosen:
            alive = survives(mistake, folder)
            left += alive
            print(f"{'SURVIVES' if alive else 'seen    '}  simdc/{mistake.file}: {mistake.breaks}", flush=True)
    print(f"{len(chosen)} mistakes, {left} survive")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
