"""Attention tile by tile, scores on chip, gives what attention is; and nothing is used that is not on chip."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from simdc.backends.execute.agreement import compare_with_untiled, make_inputs
from simdc.backends.execute.arrays import Array
from simdc.backends.execute.buffers import ScheduleError
from simdc.backends.execute.fused import run_fused
from simdc.backends.execute.tiled import run_tiled
from simdc.backends.simulate import simulate
from simdc.cost import Tiling
from simdc.cost.exact.fused import TiledFused
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.rule import GENESYS
from simdc.cost.structure import with_field
from simdc.frozen import evolve
from simdc.ir.fused_attention import AttentionBits, AttentionShape, fused_attention
from tests.oracles.random_fused import random_case, tight
from tests.oracles.random_layers import Case

BITS = AttentionBits(8, 8, 8, 8, 8, 32, 32)


def attention(inputs: dict[str, Array], scale: float, first: int | None, mask_loops: tuple[str, ...] | None) -> Array:
    """As it is defined: softmax of each whole row."""
    query, key, value = inputs["query"], inputs["key"], inputs["value"]
    scores = scale * np.einsum("bgrnd,bgsd->bgrns", query, key)
    if mask_loops is not None:
        scores = scores + inputs["mask"].reshape(
            [size if loop in mask_loops else 1 for loop, size in zip("bgrns", scores.shape, strict=True)]
        )
    if first is not None:
        rows, keys = np.indices(scores.shape[-2:])
        scores = np.where(keys < first + rows, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.einsum("bgrns,bgse->bgrne", weights / weights.sum(axis=-1, keepdims=True), value)


def fitted(random: Random, case: Case) -> Hardware:
    """The machine with memories that just hold the schedule's tiles."""
    assert isinstance(case.kernel, FusedProducts)
    tiled = TiledFused(case.kernel, case.tiling.order, case.tiling.sizes, case.machine, GENESYS)
    return tight(random, case.machine, {need.field: need.need_bits for need in tiled.needs()})


def test_tiles_give_what_attention_is() -> None:
    random = Random(3)
    for number in range(60):
        queries, keys = random.randint(1, 9), random.randint(1, 9)
        shape = AttentionShape(
            *(random.randint(1, 3) for _ in range(3)), queries, keys, *random.choices(range(1, 7), k=2)
        )
        scale = random.choice((1.0, 0.25))
        first = random.choice((None, 1, random.randint(1, keys + 1)))
        loops = tuple(loop for loop in "bgrns" if random.random() < 0.5) or None
        kernel = fused_attention(shape, BITS, scale=scale, first=first, mask=loops)
        inputs = make_inputs(kernel, number)
        sizes = tuple(random.randint(1, bound) for bound in kernel.bounds.values())
        expected = attention(inputs, scale, first, loops)
        for got in (
            run_fused(kernel, inputs)["result"],
            run_tiled(kernel, Tiling(tuple(kernel.bounds), sizes), fitting_all(random), inputs).arrays["result"],
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def fitting_all(random: Random) -> Hardware:
    return random_case(random).machine


def test_a_sample_agrees_with_the_untiled_run_on_memories_that_just_hold_it() -> None:
    random = Random(5)
    for number in range(100):
        case = random_case(random, 40)
        machine = fitted(random, case)
        found = compare_with_untiled(case.kernel, case.tiling, machine, seed=number)
        simulated = simulate(case.kernel, case.tiling, machine)
        assert found.wrong is None, case
        # What moved, and the cycles of the instructions as they ran, are those of the simulator.
        assert (found.dram_bits, found.compute_cycles) == (simulated.dram_bits, simulated.cycles.compute)


@pytest.mark.parametrize("field", ["weight", "ifmap", "psum", "vmem"])
def test_one_bit_less_is_an_error(field: str) -> None:
    random = Random(9)
    path = "simd.vmem_bits" if field == "vmem" else f"systolic.buffers.{field}_bits"
    parts = 1 if field == "vmem" else 2
    for _ in range(10):
        case = random_case(random, 40)
        kernel = case.kernel
        assert isinstance(kernel, FusedProducts)
        tiled = TiledFused(kernel, case.tiling.order, case.tiling.sizes, case.machine, GENESYS)
        need_bits = {need.field: need.need_bits for need in tiled.needs()}[path]
        if need_bits > 1:
            machine = with_field(case.machine, path, parts * (need_bits - 1))
            with pytest.raises(ScheduleError, match="at most"):
                run_tiled(kernel, case.tiling, machine, make_inputs(kernel))


def test_a_closed_mask_and_large_scores() -> None:
    """Keys that a mask closes count for nothing, also where a whole tile of them comes first; scores of thousands do
    not overflow."""
    kernel = fused_attention(AttentionShape(1, 1, 1, 2, 4, 1, 1), BITS, mask=("n", "s"))
    closed = -np.inf
    inputs = {
        "query": np.array([3000.0, -3000.0]).reshape(1, 1, 1, 2, 1),
        "key": np.array([1.0, 1.0, 1.0, 1.0]).reshape(1, 1, 4, 1),
        "value": np.array([7.0, 8.0, 1.0, 2.0]).reshape(1, 1, 4, 1),
        "mask": np.array([[closed, closed, 0.0, 0.0], [closed, closed, closed, 0.0]]),
    }
    machine = random_case(Random(1)).machine
    got = run_tiled(kernel, Tiling(("b", "g", "r", "n", "s"), (1, 1, 1, 2, 2)), machine, inputs).arrays["result"]
    np.testing.assert_allclose(got.ravel(), [1.5, 2.0])


def test_it_is_the_attention_of_torch() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(1)
    query, key, value = (random.standard_normal(shape) for shape in ((2, 3, 2, 7, 4), (2, 3, 9, 4), (2, 3, 9, 5)))
    kernel = fused_attention(AttentionShape(2, 3, 2, 7, 9, 4, 5), BITS, scale=0.5, first=1)
    tiling = Tiling(("b", "g", "r", "n", "s"), (1, 2, 1, 3, 2))
    inputs = {"query": query, "key": key, "value": value}
    got = run_tiled(kernel, tiling, random_case(Random(2)).machine, inputs).arrays["result"]
    heads = torch.from_numpy(query.reshape(2, 6, 7, 4))
    keys, values = (torch.from_numpy(each) for each in (key, value))
    # torch's causal mask, too, has the first key for the first query.
    expected = torch.nn.functional.scaled_dot_product_attention(
        heads, keys, values, is_causal=True, scale=0.5, enable_gqa=True
    )
    np.testing.assert_allclose(got.reshape(2, 6, 7, 5), expected.numpy(), rtol=1e-9)


def test_a_path_is_no_matter_of_results() -> None:
    kernel, tiling, machine = random_case(Random(4))
    narrow = evolve(machine, simd=evolve(machine.simd, array_path_bits_per_cycle=1))
    assert compare_with_untiled(kernel, tiling, narrow) == compare_with_untiled(kernel, tiling, machine)
