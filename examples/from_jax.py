"""Print a whole training step of JAX as StableHLO, gradients and update as JAX derived them, for simdc to price.

Needs jax.

    python examples/from_jax.py | simdc - --input-format mlir --hw HT3
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def stablehlo_text() -> str:
    """One step of gradient descent of two fully connected layers."""
    jax: Any = import_module("jax")
    jnp = jax.numpy

    def loss(weights: Any, x: Any, wanted: Any) -> Any:
        first, second = weights
        # Reports call layers after their scopes: hidden.dot_general, hidden.dot_general.grad.
        with jax.named_scope("hidden"):
            x = jax.nn.relu(x @ first)
        with jax.named_scope("head"):
            scores = x @ second
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(scores) * wanted, -1))

    def step(weights: Any, x: Any, wanted: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, x, wanted)
        return value, [weight - 0.1 * slope for weight, slope in zip(weights, gradients, strict=True)]

    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((64, 128), (128, 10), (32, 64), (32, 10))]
    lowered = jax.jit(step).lower(shapes[:2], *shapes[2:])
    return lowered.compiler_ir().operation.get_asm(print_generic_op_form=True, enable_debug_info=True)


if __name__ == "__main__":
    print(stablehlo_text())
