"""From JAX to StableHLO, and what a whole training step costs: gradients and update as JAX derived them.

Needs jax; says so and ends where it is missing.

    python examples/from_jax.py
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.table import render_table


def stablehlo_text() -> str:
    """One step of gradient descent of two fully connected layers."""
    jax: Any = import_module("jax")
    jnp = jax.numpy

    def loss(weights: Any, x: Any, wanted: Any) -> Any:
        first, second = weights
        scores = jax.nn.relu(x @ first) @ second
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(scores) * wanted, -1))

    def step(weights: Any, x: Any, wanted: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, x, wanted)
        return value, [weight - 0.1 * slope for weight, slope in zip(weights, gradients, strict=True)]

    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((64, 128), (128, 10), (32, 64), (32, 10))]
    lowered = jax.jit(step).lower(shapes[:2], *shapes[2:])
    return lowered.compiler_ir().operation.get_asm(print_generic_op_form=True)


def main() -> None:
    if find_spec("jax") is None:
        print("skipped: jax is not installed")
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "step.mlir"
        path.write_text(stablehlo_text(), encoding="utf-8")
        report = make_report(simdc.compile(simdc.load(path), simdc.load_hardware("HT3")))
    print(render_table(report))


if __name__ == "__main__":
    main()
