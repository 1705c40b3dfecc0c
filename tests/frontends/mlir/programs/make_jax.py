"""Write the modules of this folder that JAX lowers: python make_jax.py, where `jax` is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")


def mean_pool(x: Any) -> Any:
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4.0


def conv(x: Any, w: Any, **options: Any) -> Any:
    return lax.conv_general_dilated(x, w, dimension_numbers=DIMENSIONS, **options)


def recurrent(x: Any, w: Any) -> Any:
    return lax.scan(lambda h, each: ((made := jnp.tanh(h @ w + each)), made), jnp.zeros((2, 4)), x)[1]


PROGRAMS: dict[str, tuple[Callable[..., Any], str]] = {
    "dot": (lambda a, b: a @ b, "4x5 5x6"),
    "einsum": (lambda a, b: jnp.einsum("bij,bkj->bik", a, b), "2x4x5 2x6x5"),
    "integer_dot": (lambda a, b: lax.dot(a, b, preferred_element_type=jnp.int32), "i8:4x5 i8:5x6"),
    "conv": (lambda x, w: conv(x, w, window_strides=(2, 2), padding=((1, 0), (0, 1))), "2x7x9x3 3x2x3x4"),
    "conv_groups": (lambda x, w: conv(x, w, window_strides=(1, 1), padding="SAME", feature_group_count=6),
                    "2x5x6x6 3x3x1x6"),
    "conv_transpose": (lambda x, w: lax.conv_transpose(x, w, (2, 2), "VALID", dimension_numbers=DIMENSIONS),
                       "1x4x5x3 3x3x3x2"),
    "max_pool": (pool, "2x7x9x3"),
    "mean_pool": (mean_pool, "2x6x8x3"),
    "max_pool_gradient": (lambda x, g: jax.vjp(pool, x)[1](g)[0], "1x7x9x2 1x3x4x2"),
    "softmax": (lambda x: jax.nn.softmax(x, axis=-1), "4x7"),
    "layer_norm": (lambda x: (x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5), "4x8"),
    "gelu": (lambda x: jax.nn.gelu(x, approximate=True), "4x8"),
    "functions": (lambda x: jnp.floor(x) + jnp.sign(x) * jnp.abs(x) ** 3 + lax.rem(x, 0.7) + jnp.expm1(x), "4x5"),
    "where": (lambda x, y: jnp.where(x > y, x * 2.0, y - 1.0), "4x5 4x5"),
    "reduce_min_product": (lambda x: x.min(0) * jnp.prod(x, axis=0), "4x5"),
    "all_any": (lambda x: jnp.where((x > 0).all(1) | (x < -1).any(1), 1.0, 0.0), "4x5"),
    "argmax": (lambda x: jnp.argmax(x, axis=1), "4x6"),
    "cumsum": (lambda x: jnp.cumsum(x, axis=1), "3x6"),
    "associative_scan": (lambda x: lax.associative_scan(jnp.add, x, axis=1), "3x6"),
    "fori_loop": (lambda x: lax.fori_loop(0, 5, lambda i, y: y * 0.5 + i, x), "3x4"),
    "scan": (recurrent, "5x2x4 4x4"),
    "call_in_loop": (lambda x: lax.fori_loop(0, 3, lambda i, y: jax.jit(jnp.tanh)(y) @ y, x), "4x4"),
    "sort": (lambda x: jnp.sort(x, axis=0), "6x3"),
    "argsort": (lambda x: jnp.argsort(x, axis=1), "3x6"),
    "sort_pairs": (lambda x, y: lax.sort((x, y), dimension=1, num_keys=1)[1], "3x6 3x6"),
    "top_k": (lambda x: lax.top_k(x, 2)[0], "3x6"),
    "flip": (lambda x: jnp.flip(x, (0, 2)) * 1.0, "2x3x4"),
    "roll": (lambda x: jnp.roll(x, 2, axis=1) * 1.0, "3x5"),
    "embedding": (lambda table, ids: table[ids], "7x4 i32:3"),
    "take_along_axis": (lambda x, ids: jnp.take_along_axis(x, ids, axis=1), "3x6 i32:3x2"),
    "slices_by_vmap": (lambda x, at: jax.vmap(lambda row, i: lax.dynamic_slice(row, (i,), (3,)))(x, at), "4x7 i32:4"),
    "set_rows": (lambda x, ids, rows: x.at[ids].set(rows), "7x4 i32:2 2x4"),
    "add_scalars": (lambda x, i, j, y: x.at[i, j].add(y), "5x4 i32:3 i32:3 3"),
    "set_slice": (lambda x, y: x.at[1:3, 2:].set(y), "5x4 2x2"),
    "segment_sum": (lambda x, ids: jax.ops.segment_sum(x, ids, num_segments=4), "6x3 i32:6"),
    "max_rows": (lambda x, ids, rows: x.at[ids].max(rows), "7x4 i32:2 2x4"),
    "dynamic_slice": (lambda x, i: lax.dynamic_slice(x, (i, 1), (2, 3)), "5x6 i32:"),
    "dynamic_update_slice": (lambda x, y, i: lax.dynamic_update_slice(x, y, (i, 1)), "5x6 2x3 i32:"),
    "one_hot": (lambda ids: jax.nn.one_hot(ids, 5), "i32:4"),
    "pad": (lambda x: lax.pad(x, 0.5, ((1, 2, 1), (0, -1, 0))), "3x5"),
    "joined": (lambda x, y: jnp.concatenate([x.T[::2], y], axis=0), "4x5 2x4"),
    "refused_random": (lambda key: jax.random.uniform(jax.random.wrap_key_data(key), (3,)), "ui32:2"),
    "refused_fft": (lambda x: jnp.abs(jnp.fft.fft(x)), "8"),
    "refused_cholesky": (jnp.linalg.cholesky, "4x4"),
    "refused_branch": (lambda p, x: lax.cond(p.sum() > 0, jnp.sin, jnp.cos, x), "3 4"),
    "refused_loop": (lambda x: lax.while_loop(lambda y: y.sum() < 9.0, lambda y: y * 2.0, x), "3"),
    "refused_bits": (lambda x: lax.shift_left(x, 2), "i32:4"),
}  # fmt: skip


def main() -> None:
    for name, (function, given) in PROGRAMS.items():
        arguments = [_argument(each) for each in given.split()]
        lowered = jax.jit(function).lower(*arguments)
        text = lowered.compiler_ir("stablehlo").operation.get_asm(print_generic_op_form=True)
        (Path(__file__).parent / f"jax_{name}.stablehlo").write_text(text.rstrip() + "\n")


def _argument(text: str) -> Any:
    kind, _, shape = text.rpartition(":")
    names = {"": "float32", "i8": "int8", "i32": "int32", "ui32": "uint32"}
    return jax.ShapeDtypeStruct(tuple(int(size) for size in shape.split("x") if size), names[kind])


if __name__ == "__main__":
    main()
