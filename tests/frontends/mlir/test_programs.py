"""Small programs, each kind of op once, as JAX and torch-mlir lower them: their values are those of numpy on the same
numbers, their products those that follow from the shapes; what has no price is refused by name.

`programs/make_jax.py` and `programs/make_torch.py` write the modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import erf, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from simdc.backends.execute import execute
from simdc.cost.kernel import Contraction
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import kernel_of
from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.gather import GatherOp

PROGRAMS = Path(__file__).parent / "programs"
Array = NDArray[np.float64]


def windows(x: Array, taps: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Of images [n, h, w, c]: [n, oh, ow, c, kh, kw]."""
    every = np.lib.stride_tricks.sliding_window_view(x, taps, (1, 2))
    return every[:, :: stride[0], :: stride[1]]


def conv(x: Array, w: Array, stride: tuple[int, int]) -> Array:
    return np.einsum("nxycij,ijcf->nxyf", windows(x, w.shape[:2], stride), w)


def max_pool(x: Array) -> Array:
    return windows(x, (3, 3), (2, 2)).max((4, 5))


def max_pool_gradient(x: Array, g: Array) -> Array:
    made = np.zeros(x.shape)
    for n, a, b, c in np.ndindex(g.shape):
        box = x[n, 2 * a : 2 * a + 3, 2 * b : 2 * b + 3, c]
        i, j = np.unravel_index(box.argmax(), box.shape)
        made[n, 2 * a + i, 2 * b + j, c] += g[n, a, b, c]
    return made


def conv_groups(x: Array, w: Array) -> Array:
    return np.einsum(
        "nxycij,ijc->nxyc", windows(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), (1, 1)), w[:, :, 0]
    )


def conv_transpose(x: Array, w: Array) -> Array:
    made = np.zeros((1, 9, 11, 2))
    for a, b in np.ndindex(4, 5):
        made[:, 2 * a : 2 * a + 3, 2 * b : 2 * b + 3] += np.einsum("nc,ijcf->nijf", x[:, a, b], w[::-1, ::-1])
    return made


def softmax(x: Array) -> Array:
    power = np.exp(x - x.max(-1, keepdims=True))
    return power / power.sum(-1, keepdims=True)


def scan(x: Array, w: Array) -> Array:
    state, made = np.zeros((2, 4)), []
    for each in x:
        state = np.tanh(state @ w + each)
        made.append(state)
    return np.stack(made)


def fori_loop(x: Array) -> Array:
    for i in range(5):
        x = x * 0.5 + i
    return x


def call_in_loop(x: Array) -> Array:
    for _ in range(3):
        x = np.tanh(x) @ x
    return x


def gelu(x: Array) -> Array:
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def put(target: Array, where: Any, what: Array, join: Any = None) -> Array:
    made = target.copy()
    if join is None:
        made[where] = what
    else:
        join.at(made, where, what)
    return made


def whole(ids: Array) -> Any:
    return ids.astype(int)


def slices(x: Array, at: Array) -> Array:
    return np.stack([row[i : i + 3] for row, i in zip(x, whole(at), strict=True)])


def box_put(x: Array, y: Array, at: Array) -> Array:
    (i,) = whole(at)
    return put(x, (slice(i, i + 2), slice(1, 4)), y)


# The shapes of what goes in ("i4:3": three numbers from 0 to 3), the same function in numpy, and its products.
OF_ONE: dict[str, tuple[str, Callable[[Array], Array], int]] = {
    "max_pool": ("2x7x9x3", max_pool, 0),
    "mean_pool": ("2x6x8x3", lambda x: windows(x, (2, 2), (2, 2)).mean((4, 5)), 0),
    "softmax": ("4x7", softmax, 0),
    "layer_norm": ("4x8", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5), 0),
    "gelu": ("4x8", gelu, 0),
    "functions": ("4x5", lambda x: np.floor(x) + np.sign(x) * abs(x) ** 3 + np.fmod(x, 0.7) + np.expm1(x), 0),
    "reduce_min_product": ("4x5", lambda x: x.min(0) * x.prod(0), 0),
    "all_any": ("4x5", lambda x: ((x > 0).all(1) | (x < -1).any(1)).astype(float), 0),
    "argmax": ("4x6", lambda x: x.argmax(1), 0),
    "cumsum": ("3x6", lambda x: x.cumsum(1), 0),
    "associative_scan": ("3x6", lambda x: x.cumsum(1), 0),
    "fori_loop": ("3x4", fori_loop, 0),
    "call_in_loop": ("4x4", call_in_loop, 3 * 4 * 4 * 4),
    "sort": ("6x3", lambda x: np.sort(x, 0), 0),
    "argsort": ("3x6", lambda x: np.argsort(x, 1), 0),
    "top_k": ("3x6", lambda x: -np.sort(-x, 1)[:, :2], 0),
    "flip": ("2x3x4", lambda x: x[::-1, :, ::-1], 0),
    "roll": ("3x5", lambda x: np.roll(x, 2, 1), 0),
    "one_hot": ("i5:4", lambda ids: np.eye(5)[whole(ids)], 0),
    "pad": ("3x5", lambda x: put(np.full((8, 4), 0.5), (slice(1, 6, 2), slice(None)), x[:, :4]), 0),
}  # fmt: skip
OF_TWO: dict[str, tuple[str, Callable[[Array, Array], Array], int]] = {
    "dot": ("4x5 5x6", lambda a, b: a @ b, 4 * 5 * 6),
    "einsum": ("2x4x5 2x6x5", lambda a, b: a @ b.transpose(0, 2, 1), 2 * 4 * 6 * 5),
    "integer_dot": ("i9:4x5 i9:5x6", lambda a, b: a @ b, 4 * 5 * 6),
    "conv": ("2x7x9x3 3x2x3x4", lambda x, w: conv(np.pad(x, ((0, 0), (1, 0), (0, 1), (0, 0))), w, (2, 2)),
             2 * 3 * 5 * 4 * 3 * 2 * 3),
    "conv_groups": ("2x5x6x6 3x3x1x6", conv_groups, 2 * 5 * 6 * 6 * 9),
    # Each of 4 x 5 elements meets each of 9 places of the window, 3 channels in and 2 out.
    "conv_transpose": ("1x4x5x3 3x3x3x2", conv_transpose, 4 * 5 * 9 * 3 * 2),
    "max_pool_gradient": ("1x7x9x2 1x3x4x2", max_pool_gradient, 0),
    "where": ("4x5 4x5", lambda x, y: np.where(x > y, x * 2, y - 1), 0),
    "scan": ("5x2x4 4x4", scan, 5 * 2 * 4 * 4),
    "sort_pairs": ("3x6 3x6", lambda x, y: np.take_along_axis(y, np.argsort(x, 1), 1), 0),
    "embedding": ("7x4 i7:3", lambda table, ids: table[whole(ids)], 0),
    "take_along_axis": ("3x6 i6:3x2", lambda x, ids: np.take_along_axis(x, whole(ids), 1), 0),
    "slices_by_vmap": ("4x7 i5:4", slices, 0),
    "set_slice": ("5x4 2x2", lambda x, y: put(x, (slice(1, 3), slice(2, None)), y), 0),
    "segment_sum": ("6x3 i4:6", lambda x, ids: put(np.zeros((4, 3)), whole(ids), x, np.add), 0),
    "dynamic_slice": ("5x6 i4:", lambda x, i: x[whole(i)[0] : whole(i)[0] + 2, 1:4], 0),
    "joined": ("4x5 2x4", lambda x, y: np.concatenate([x.T[::2], y]), 0),
}  # fmt: skip
OF_THREE: dict[str, tuple[str, Callable[[Array, Array, Array], Array], int]] = {
    "set_rows": ("7x4 i7:2 2x4", lambda x, ids, rows: put(x, whole(ids), rows), 0),
    "max_rows": ("7x4 i7:2 2x4", lambda x, ids, rows: put(x, whole(ids), rows, np.maximum), 0),
    "dynamic_update_slice": ("5x6 2x3 i4:", box_put, 0),
}  # fmt: skip
OF_FOUR: dict[str, tuple[str, Callable[[Array, Array, Array, Array], Array], int]] = {
    "add_scalars": ("5x4 i5:3 i4:3 3", lambda x, i, j, y: put(x, (whole(i), whole(j)), y, np.add), 0),
}  # fmt: skip
JAX: dict[str, tuple[str, Callable[..., Array], int]] = {**OF_ONE, **OF_TWO, **OF_THREE, **OF_FOUR}


def nchw(function: Callable[..., Array], x: Array, w: Array, stride: tuple[int, int]) -> Array:
    """A convolution of images [n, c, h, w] by one of images [n, h, w, c]."""
    return function(x.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0), stride).transpose(0, 3, 1, 2)


def conv_torch(x: Array, w: Array, b: Array) -> Array:
    return nchw(conv, np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), w, (2, 2)) + b[:, None, None]


def depthwise(x: Array, w: Array) -> Array:
    return np.einsum("nxycij,cij->ncxy", windows(x.transpose(0, 2, 3, 1), (3, 3), (1, 1)), w[:, 0])


def max_pool_torch(x: Array) -> Array:
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return windows(wide.transpose(0, 2, 3, 1), (3, 3), (2, 2)).max((4, 5)).transpose(0, 3, 1, 2)


def attention(q: Array, k: Array, v: Array) -> Array:
    return softmax(q @ k.transpose(0, 1, 3, 2) / 2) @ v


def gelu_exact(x: Array) -> Array:
    return x / 2 * (1 + np.vectorize(erf)(x / np.sqrt(2)))


TORCH_OF_ONE: dict[str, tuple[str, Callable[[Array], Array], int]] = {
    "max_pool": ("1x2x7x8", max_pool_torch, 0),
    "softmax": ("3x6", softmax, 0),
    "layer_norm": ("3x6", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5), 0),
    "gelu": ("3x6", gelu_exact, 0),
    "flip": ("2x3x4", lambda x: x[:, ::-1, ::-1], 0),
    "roll": ("3x5", lambda x: np.roll(x, 2, 1), 0),
    "sort": ("3x6", lambda x: np.sort(x, 1), 0),
    "top_k": ("3x6", lambda x: -np.sort(-x, 1)[:, :2], 0),
    "cumsum": ("3x6", lambda x: x.cumsum(1), 0),
    "argmax": ("3x6", lambda x: x.argmax(1), 0),
    "triangle": ("4x5", np.triu, 0),
}
TORCH_OF_MORE: dict[str, tuple[str, Callable[..., Array], int]] = {
    "linear": ("4x5 6x5 6", lambda x, w, b: x @ w.T + b, 4 * 5 * 6),
    "conv": ("2x3x7x8 4x3x3x3 4", conv_torch, 2 * 4 * 4 * 4 * 27),
    "depthwise": ("2x3x6x7 3x1x3x3", depthwise, 2 * 3 * 4 * 5 * 9),
    "attention": ("1x2x5x4 1x2x6x4 1x2x6x4", attention, 2 * 2 * 5 * 6 * 4),
    "embedding": ("7x4 i7:3", lambda table, ids: table[whole(ids)], 0),
    "index_select": ("3x6 i6:2", lambda x, ids: x[:, whole(ids)], 0),
    "gather": ("3x6 i6:3x2", lambda x, ids: np.take_along_axis(x, whole(ids), 1), 0),
    "index_put": ("7x4 i7:2 2x4", lambda x, ids, y: put(x, whole(ids), y), 0),
    "put_slice": ("4x5 4x2", lambda x, y: put(x, (slice(None), slice(1, 3)), y), 0),
}
TORCH: dict[str, tuple[str, Callable[..., Array], int]] = {**TORCH_OF_ONE, **TORCH_OF_MORE}
# Their places follow from numbers of loops, and are worked out before the network runs: constants, which nobody runs.
PRICED = {
    # 9 x 11 results of 2 channels, windows of 3 x 3 over 3 channels, zeros between the elements counted, as written.
    "conv_transpose": 9 * 11 * 2 * 9 * 3,
    "interpolate": 0,
    "scatter_add": 0,
}
COUNTED = re.compile(r"iota|.*\.d\d+")
"""Constants that are numbers of positions."""
HELD = {"torch_triangle": np.triu(np.ones((4, 5)))}
"""What other constants hold, zeros where nothing is said."""
REFUSED = {
    "jax_refused_random": "stablehlo.xor, the lanes have no code for the bits of numbers: line",
    "jax_refused_fft": "stablehlo.fft, there is no Fourier transform: line",
    "jax_refused_cholesky": "nobody knows what the custom call 'lapack_spotrf_ffi' computes: line",
    "jax_refused_branch": "stablehlo.case, which of its branches runs depends on data: line",
    "jax_refused_loop": "stablehlo.while, how often it runs depends on data: line",
    "jax_refused_bits": "stablehlo.shift_left, the lanes have no code for the bits of numbers: line",
}


def text_of(name: str) -> str:
    (path,) = PROGRAMS.glob(f"{name}.*")
    return path.read_text()


def drawn(shapes: str, seed: int) -> list[Array]:
    random = np.random.default_rng(seed)
    found: list[Array] = []
    for each in shapes.split():
        kind, _, sizes = each.rpartition(":")
        shape = tuple(int(size) for size in sizes.split("x") if size) or (1,)
        if kind:
            # Numbers of rows differ, as far as there are enough: of equal ones nobody says which is written last.
            most = int(kind[1:])
            few = prod(shape) <= most
            ids = random.permutation(most)[: prod(shape)] if few else random.integers(0, most, prod(shape))
            found.append(ids.reshape(shape).astype(float))
        else:
            found.append(random.normal(size=shape))
    return found


def products(layers: list[LayerOp]) -> int:
    kernels = [kernel_of(layer) for layer in layers]
    return sum(kernel.useful_macs for kernel in kernels if isinstance(kernel, Contraction))


def constants(module: ModuleOp, held: Array | None) -> dict[str, Array]:
    """What constants hold: simdc does not look at their values."""
    known = [op for op in network_of(module).body.block.ops if isinstance(op, ParameterOp)]
    shapes = {op.label.data: shape_of(op.result) for op in known}
    return {
        label: np.arange(prod(shape), dtype=float).reshape(shape)
        if COUNTED.fullmatch(label)
        else (np.zeros(shape) if held is None else held)
        for label, shape in shapes.items()
    }


def check(name: str, shapes: str, function: Callable[..., Array], macs: int, tolerance: float) -> None:
    module = parse_foreign_module(text_of(name), f"{name}.mlir", None)
    network = network_of(module)
    for seed in range(3):
        given = drawn(shapes, seed)
        (found,) = execute(module, given, constants(module, HELD.get(name))).returned
        expected = np.asarray(function(*given), float)
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)
    assert products(list(network.layers())) == macs
    assert [prod(shape_of(each)) for each in network.body.block.args] == [each.size for each in drawn(shapes, 0)]


@pytest.mark.parametrize("name", JAX)
def test_jax(name: str) -> None:
    shapes, function, macs = JAX[name]
    check(f"jax_{name}", shapes, function, macs, 1e-6)


@pytest.mark.parametrize("name", TORCH)
def test_torch(name: str) -> None:
    shapes, function, macs = TORCH[name]
    check(f"torch_{name}", shapes, function, macs, 1e-6)


@pytest.mark.parametrize("name", PRICED)
def test_torch_with_places_that_are_worked_out(name: str) -> None:
    module = parse_foreign_module(text_of(f"torch_{name}"), f"torch_{name}.mlir", None)
    layers = list(network_of(module).layers())
    assert any(isinstance(layer, GatherOp) for layer in layers)
    assert products(layers) == PRICED[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_price_is_refused_by_name(name: str) -> None:
    with pytest.raises(SimdcError, match=REFUSED[name]):
        parse_foreign_module(text_of(name), f"{name}.mlir", None)


def test_every_program_is_looked_at() -> None:
    assert {path.stem for path in PROGRAMS.iterdir() if path.suffix in (".stablehlo", ".linalg")} == {
        *REFUSED,
        *(f"jax_{name}" for name in JAX),
        *(f"torch_{name}" for name in (*TORCH, *PRICED)),
    }
