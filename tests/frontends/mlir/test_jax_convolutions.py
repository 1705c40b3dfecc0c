"""Random convolutions of JAX with both their gradients: windows, steps, distances, borders, groups and layouts."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest

from simdc.backends.execute import execute
from simdc.frontends.mlir import parse_foreign_module
from tests.frontends.mlir.counted import products

jax: Any = pytest.importorskip("jax")

from tests.frontends.mlir.lowered import of_jax  # noqa: E402

CASES = 40


class Drawn(NamedTuple):
    """`image`, `weight` and `result` are layouts; the last of `fields` are groups."""

    layouts: tuple[str, str, str]
    image: tuple[int, ...]
    weight: tuple[int, ...]
    fields: dict[str, Any]


def draw(random: Random) -> Drawn:
    """Each size by itself, until there is a result."""
    while True:
        spatial = "HW"[: random.randint(1, 2)]
        groups = random.choice((1, 1, 2, 3))
        inputs, outputs = random.choice((1, 1, 2)), random.choice((1, 1, 3))
        sizes = {"N": random.randint(1, 3), "C": groups * inputs, "I": inputs, "O": groups * outputs}
        image = sizes | {each: random.randint(1, 6) for each in spatial}
        weight = sizes | {each: random.randint(1, 3) for each in spatial}
        stride, apart, dilation = ([random.choice((1, 1, 2, 3)) for _ in spatial] for _ in range(3))
        border = [(random.randint(0, 2), random.randint(0, 2)) for _ in spatial]
        layouts = ["".join(random.sample(letters + spatial, len(letters + spatial))) for letters in ("NC", "OI", "NC")]
        # JAX counts spatial dimensions as they stand in the weight's layout.
        spatial = [each for each in layouts[1] if each in spatial]
        reach = [
            (image[each] - 1) * a + 1 + sum(b) - (weight[each] - 1) * d
            for each, a, b, d in zip(spatial, apart, border, dilation, strict=True)
        ]
        if min(reach) < 1:
            continue
        fields = {
            "window_strides": stride,
            "padding": border,
            "lhs_dilation": apart,
            "rhs_dilation": dilation,
            "dimension_numbers": tuple(layouts),
            "feature_group_count": groups,
        }
        shapes = (
            tuple(each[letter] for letter in layout) for each, layout in zip((image, weight), layouts, strict=False)
        )
        return Drawn(fields["dimension_numbers"], *shapes, fields)


@pytest.mark.parametrize("seed", range(CASES))
def test_a_convolution_and_its_gradients_compute_what_jax_computes(seed: int) -> None:
    drawn = draw(Random(seed))
    values = np.random.default_rng(seed)
    # Whole numbers: both sides compute them exactly, in whatever order they add.
    x, w = (values.integers(-3, 4, shape).astype(np.float32) for shape in (drawn.image, drawn.weight))
    y, back = jax.vjp(lambda x, w: jax.lax.conv_general_dilated(x, w, **drawn.fields), x, w)
    upstream = values.integers(-3, 4, y.shape).astype(np.float32)
    expected = [y, *back(upstream)]

    def both(x: Any, w: Any, upstream: Any) -> Any:
        result, pull = jax.vjp(lambda x, w: jax.lax.conv_general_dilated(x, w, **drawn.fields), x, w)
        return result, *pull(upstream)

    module = parse_foreign_module(of_jax(both, x, w, upstream), "m.mlir", None)
    run = execute(module, [x, w, upstream], {})
    for found, wanted in zip(run.returned, expected, strict=True):
        np.testing.assert_array_equal(found.reshape(wanted.shape), np.asarray(wanted), err_msg=str(drawn))
    assert products(module)
