"""Boxes at places that are data, and tensors that run backwards: by hand, on random schedules, against the text of the
StableHLO specification; refusals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import run_kernel
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.boxes import GatherBoxesOp, ScatterBoxesOp
from simdc.ir.ops.reverse import ReverseOp
from simdc.ir.ops.scatter import REDUCTIONS
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import tensor

HI3 = load_hardware("HI3")
JOIN: dict[str, Callable[[float, float], float]] = {
    "none": lambda old, new: new,
    "add": lambda old, new: old + new,
    "mul": lambda old, new: old * new,
    "max": max,
    "min": min,
}
Fields = dict[str, Any]


def bits(op: LayerOp) -> tuple[int, int]:
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    cost = ExactModel().evaluate(kernel, Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), HI3)
    return cost.dram_bits.ifmap, cost.dram_bits.ofmap


def test_boxes_by_hand() -> None:
    """5 places of two numbers name boxes of 2 x 3 in a tensor [9, 8]: 10 numbers and 30 elements. Put in, 72 are
    copied first; added, 30 more are loaded. Turned round, all 72 are loaded and stored."""
    fields: Fields = {"sizes": (2, 3), "axes": (1, 0), "vector": 1, "offsets": (0, 1)}
    data, ids, updates = tensor(9, 8), tensor(5, 2), tensor(2, 3, 5)
    assert bits(GatherBoxesOp("g", data, ids, **fields)) == (40 * 32, 30 * 32)
    assert bits(ScatterBoxesOp("s", ids, updates, data, **fields)) == ((72 + 40) * 32, (72 + 30) * 32)
    added = ScatterBoxesOp("s", ids, updates, data, reduction="add", **fields)
    assert bits(added) == ((72 + 40 + 30) * 32, (72 + 30) * 32)
    assert bits(ReverseOp("r", data, axes=(1,))) == (72 * 32, 72 * 32)


def draw_fields(random: Random) -> tuple[tuple[int, ...], tuple[int, ...], Fields]:
    """The shape of a tensor, that of numbers, and what an op says of its boxes."""
    rank = random.randint(1, 4)
    whole = [random.randint(1, 5) for _ in range(rank)]
    axes = list(range(rank))
    random.shuffle(axes)
    named = axes[: random.randint(1, rank)]
    rest = axes[len(named) :]
    batch = [axis for axis in rest if random.random() < 0.4]
    sizes = [1 if axis in batch else random.randint(1, size) for axis, size in enumerate(whole)]
    dropped = [axis for axis in range(rank) if axis not in batch and sizes[axis] == 1 and random.random() < 0.6]
    places = [*(whole[axis] for axis in batch), *(random.randint(1, 3) for _ in range(random.randint(0, 2)))]
    order = list(range(len(places)))
    random.shuffle(order)
    places = [places[at] for at in order]
    ids_batch = [order.index(at) for at in range(len(batch))]
    vector = len(places) if random.random() < 0.5 else random.randint(0, len(places))
    ids = [*places[:vector], len(named), *places[vector:]]
    if len(named) == 1 and random.random() < 0.5:
        vector, ids = len(places), places
    ids_batch = [axis + (axis >= vector and len(ids) > len(places)) for axis in ids_batch]
    kept = rank - len(dropped) - len(batch)
    offsets = sorted(random.sample(range(kept + len(places)), kept))
    fields = {"sizes": sizes, "axes": named, "vector": vector, "offsets": offsets, "dropped": dropped,
              "batch": batch, "ids_batch": ids_batch}  # fmt: skip
    return tuple(whole), tuple(ids) or (1,), fields


def shape_of_result(fields: Fields, ids: tuple[int, ...], op: LayerOp) -> tuple[int, ...]:
    """Of a single element none, which our tensors have as [1]."""
    places = len(ids) - (fields["vector"] < len(ids))
    return shape_of(op.results[0]) if places + len(fields["offsets"]) else ()


def corner_of(fields: Fields, ids: np.ndarray, place: tuple[int, ...], rank: int) -> list[int]:
    """The full start and batching index of the specification."""
    vector = fields["vector"]
    at: list[Any] = list(place)
    if vector < ids.ndim:
        at.insert(vector, slice(None))
    numbers = np.atleast_1d(ids[tuple(at)])
    corner = [0] * rank
    for number, axis in zip(numbers, fields["axes"], strict=True):
        corner[axis] = int(number)
    for own, axis in zip(fields["batch"], fields["ids_batch"], strict=True):
        corner[own] = place[axis - (axis > vector)]
    return corner


def split(fields: Fields, index: tuple[int, ...], rank: int) -> tuple[tuple[int, ...], list[int]]:
    """Of an index of the result that of the place, and that of the element in its box."""
    place = tuple(number for axis, number in enumerate(index) if axis not in fields["offsets"])
    inside = iter([index[axis] for axis in fields["offsets"]])
    gone = [*fields["dropped"], *fields["batch"]]
    return place, [0 if axis in gone else next(inside) for axis in range(rank)]


def test_gathers_as_the_specification_says() -> None:
    random, numbers = Random(3), np.random.default_rng(3)
    for _ in range(200):
        whole, ids_shape, fields = draw_fields(random)
        op = GatherBoxesOp("g", tensor(*whole), tensor(*ids_shape), **fields)
        table, ids = numbers.normal(size=whole), numbers.integers(-3, 8, ids_shape).astype(float)
        expected = np.zeros(shape_of_result(fields, ids_shape, op))
        for index in product(*map(range, expected.shape)):
            place, inside = split(fields, index, len(whole))
            corner = corner_of(fields, ids, place, len(whole))
            first = [
                min(max(at, 0), full - size) for at, full, size in zip(corner, whole, fields["sizes"], strict=True)
            ]
            expected[index] = table[tuple(a + b for a, b in zip(first, inside, strict=True))]
        np.testing.assert_array_equal(run_kernel(op, [table, ids]).results[0], expected.reshape(shape_of(op.result)))


def test_scatters_as_the_specification_says() -> None:
    """A box that reaches beyond the tensor is left out, as most implementations do; here boxes are."""
    random, numbers = Random(5), np.random.default_rng(5)
    for _ in range(200):
        whole, ids_shape, fields = draw_fields(random)
        reduction, zeros = random.choice(REDUCTIONS), random.random() < 0.3
        picked = GatherBoxesOp("g", tensor(*whole), tensor(*ids_shape), **fields)
        shape = shape_of_result(fields, ids_shape, picked)
        data = np.zeros(whole) if zeros else numbers.normal(size=whole)
        ids, updates = numbers.integers(-2, 6, ids_shape).astype(float), numbers.normal(size=shape)
        operands = [tensor(*ids_shape), picked.result, *([] if zeros else [tensor(*whole)])]
        into: Fields = {"shape": whole} if zeros else {}
        op = ScatterBoxesOp("s", *operands, reduction=reduction, **into, **fields)
        expected = data.copy()
        places = [size for axis, size in enumerate(shape) if axis not in fields["offsets"]]
        box = [shape[axis] for axis in fields["offsets"]]
        for place in product(*map(range, places)):
            corner = corner_of(fields, ids, place, len(whole))
            if any(not 0 <= at <= full - size for at, full, size in zip(corner, whole, fields["sizes"], strict=True)):
                continue
            for inner in product(*map(range, box)):
                where, own = iter(place), iter(inner)
                index = tuple(next(own) if axis in fields["offsets"] else next(where) for axis in range(len(shape)))
                _, inside = split(fields, index, len(whole))
                at = tuple(a + b for a, b in zip(corner, inside, strict=True))
                expected[at] = JOIN[reduction](expected[at], updates[index])
        given = [ids, updates.reshape(shape_of(picked.result)), *([] if zeros else [data])]
        np.testing.assert_allclose(run_kernel(op, given).results[0], expected, rtol=1e-12)


def drawn(random: Random) -> VectorProgram:
    whole, ids, fields = draw_fields(random)
    picked = GatherBoxesOp("g", tensor(*whole), tensor(*ids), **fields)
    if random.random() < 0.3:
        return picked.kernel()
    if random.random() < 0.3:
        axes = random.sample(range(len(whole)), random.randint(1, len(whole)))
        return ReverseOp("r", tensor(*whole), axes=axes).kernel()
    operands = [tensor(*ids), picked.result, *([tensor(*whole)] if random.random() < 0.7 else [])]
    into: Fields = {} if len(operands) == 3 else {"shape": whole}
    return ScatterBoxesOp("s", *operands, reduction=random.choice(REDUCTIONS), **into, **fields).kernel()


def test_random_schedules() -> None:
    check_schedules(drawn, 240)


def test_backwards() -> None:
    whole = np.arange(24.0).reshape(2, 3, 4)
    for axes in ((0,), (2, 0), (0, 1, 2)):
        found = run_kernel(ReverseOp("r", tensor(2, 3, 4), axes=axes), [whole]).results[0]
        np.testing.assert_array_equal(found, np.flip(whole, axes))


def test_a_place_is_a_whole_number() -> None:
    op = GatherBoxesOp("g", tensor(5), tensor(1), sizes=(2,), axes=(0,), vector=0, offsets=(0,))
    with pytest.raises(SimdcError, match=r"asks for number 0\.5, which is no whole one"):
        run_kernel(op, [np.arange(5.0), np.array([0.5])])


BOX: Fields = {"sizes": (2, 1), "axes": (0,), "vector": 1, "offsets": (1,), "dropped": (1,)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": (2,)}, r"boxes of \[2\] do not lie in \[5, 4\]"),
        ({"sizes": (6, 1)}, r"boxes of \[6, 1\] do not lie in \[5, 4\]"),
        ({"axes": (2,)}, r"'axes' names dimensions 0 to 1, each once, got \[2\]"),
        ({"axes": (0, 0)}, r"'axes' names dimensions 0 to 1, each once, got \[0, 0\]"),
        ({"dropped": (0,)}, r"dimensions \[0\] fall away, and boxes have \[2, 1\]"),
        ({"offsets": ()}, r"'offsets' takes 1 places in order, got \[\]"),
        ({"offsets": (2,)}, r"'offsets' names dimensions 0 to 1"),
        ({"axes": (0, 1)}, r"1 numbers name positions along 2 dimensions"),
        ({"vector": 0, "offsets": (0,)}, r"3 numbers name positions along 1 dimensions"),
        ({"batch": (1,), "dropped": ()}, r"dimensions of the batch are not those of the numbers"),
    ],
)
def test_what_is_refused(change: Fields, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        GatherBoxesOp("g", tensor(5, 4), tensor(3), **(BOX | change))


def test_updates_have_the_shape_of_the_boxes() -> None:
    with pytest.raises(VerifyException, match=r"updates have shape \[2, 3\], expected \[3, 2\]"):
        ScatterBoxesOp("s", tensor(3), tensor(2, 3), tensor(5, 4), **BOX)
    with pytest.raises(VerifyException, match="axes are dimensions 0 to 1, each once"):
        ReverseOp("r", tensor(5, 4), axes=(2,))
