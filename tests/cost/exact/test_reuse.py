"""DRAM bits of `exact` against a count of every element of tiny layers: pools, halos, gaps, partial sums, groups."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random

import pytest

from simdc.cost import (
    CodeBlock,
    Contraction,
    ExactModel,
    Hardware,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    Tiling,
    VectorProgram,
    affine,
)
from simdc.cost.structure import with_field
from simdc.cost.tiling import loop_bounds
from simdc.ir.ops.average_pool import AveragePoolGradOp, AveragePoolOp, GlobalAveragePoolGradOp, GlobalAveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.max_pool import MaxPoolGradOp, MaxPoolOp
from simdc.ir.ops.relu import ReluOp
from tests.ir.tensors import tensor
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.random_programs import random_program
from tests.oracles.residents import uncut
from tests.oracles.reuse import Traffic, count_contraction, count_phase

EXACT = ExactModel()
MAX_POINTS = 1500


def cut(random: Random, kernel: Kernel, whole: tuple[str, ...] = ()) -> Tiling:
    """Any order, any sizes; `whole` loops are not cut."""
    order = list(loop_bounds(kernel))
    random.shuffle(order)
    bounds = loop_bounds(kernel)
    sizes = [bounds[loop] if loop in whole else random.randint(1, bounds[loop] + 1) for loop in order]
    return Tiling(tuple(order), tuple(sizes))


def small_enough(kernel: Kernel, machine: Hardware) -> bool:
    side = max(machine.systolic.rows, machine.systolic.columns, machine.simd.lanes)
    nests = [kernel.loops] if isinstance(kernel, Contraction) else [phase.loops for phase in kernel.nests]
    return all(prod(loop.bound + side - 1 if loop.bound > 1 else 1 for loop in nest) <= MAX_POINTS for nest in nests)


def check_contraction(kernel: Contraction, tiling: Tiling, machine: Hardware) -> dict[str, Traffic]:
    found = count_contraction(kernel, tiling, machine)
    psum, dram = found[kernel.psum.name], EXACT.evaluate(kernel, tiling, machine).dram_bits
    assert dram.weight == found["weight"].loads * kernel.weight.bits
    assert dram.ifmap == found["ifmap"].loads * kernel.ifmap.bits
    assert dram.bias == (found["bias"].loads * kernel.bias.bits if kernel.bias is not None else 0)
    assert dram.psum == (psum.loads + psum.spills) * kernel.psum.bits
    assert dram.ofmap == psum.stores * kernel.ofmap_bits
    # What spills comes back, and nobody loads less than the nest asks for.
    assert psum.loads == psum.spills
    assert all(traffic.needed <= traffic.loads for name, traffic in found.items() if name != kernel.psum.name)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_contractions(seed: int) -> None:
    random = Random(seed)
    checked = 0
    while checked < 60:
        kernel, machine = random_contraction(random), random_machine(random)
        if small_enough(kernel, machine):
            check_contraction(kernel, one_group_at_a_time(cut(random, kernel), machine), machine)
            checked += 1


def one_group_at_a_time(tiling: Tiling, machine: Hardware) -> Tiling:
    """Random contractions index groups and channels in one dimension, where the padding of one group would lie over the
    next; see `test_groups_that_share_a_tile_are_rounded_up_apart`."""
    sizes = tiling.as_dict()
    if machine.stores_padding and "g" in sizes:
        sizes["g"] = 1
    return Tiling(tiling.order, tuple(sizes.values()))


@pytest.mark.parametrize("groups_per_tile", [1, 2])
def test_groups_that_share_a_tile_are_rounded_up_apart(groups_per_tile: int) -> None:
    """Two groups of 3 output channels on 4 columns: 4 channels each are stored, 8 in all, in one tile or in two. Groups
    have a dimension of their own, as the dialect's convolutions give it to them."""
    kernel = Contraction(
        "conv2d",
        (Loop("g", 2), Loop("oc", 3), Loop("ic", 1)),
        Operand("ifmap", 8, (2, 1), (affine("g"), affine("ic"))),
        Operand("weight", 8, (2, 3, 1), (affine("g"), affine("oc"), affine("ic"))),
        Operand("psum", 32, (2, 3), (affine("g"), affine("oc"))),
        32,
    )
    machine = with_field(
        with_field(random_machine(Random(1), stores_padding=True), "systolic.rows", 1), "systolic.columns", 4
    )
    found = check_contraction(kernel, Tiling(("g", "oc", "ic"), (groups_per_tile, 3, 1)), machine)
    assert found["psum"].stores == 8


def moved_bits(program: VectorProgram, tiling: Tiling, machine: Hardware) -> tuple[int, int]:
    """Bits loaded and bits stored, element by element."""
    loaded = stored = 0
    for phase in program.nests:
        found = count_phase(phase, program, tiling, machine)
        for operand in (*phase.inputs, *phase.outputs):
            loaded += found[operand.name].loads * operand.bits
            stored += found[operand.name].stores * operand.bits
    return loaded, stored


def check_program(program: VectorProgram, tiling: Tiling, machine: Hardware) -> None:
    dram = EXACT.evaluate(program, tiling, machine).dram_bits
    assert (dram.ifmap, dram.ofmap) == moved_bits(program, tiling, machine)


@pytest.mark.parametrize("seed", range(3))
def test_vector_programs(seed: int) -> None:
    random = Random(seed)
    checked = 0
    while checked < 60:
        program, machine = random_program(random), random_machine(random)
        scatters = program.kind == "random scatter"
        keeps = any(phase.scratch for phase in program.nests)
        if small_enough(program, machine) and not scatters:
            # Sums in vector memory are complete before the walk leaves them if nothing they sum over is cut.
            summed = tuple(loop for loop in loop_bounds(program) if keeps and loop != "c")
            summed += tuple(loop for phase in program.nests for loop, _ in uncut(phase))
            check_program(program, cut(random, program, summed), machine)
            checked += 1


X = tensor(2, 3, 5, 6)
POOLS = [
    MaxPoolOp("p", X, kernel_size=(3, 2), stride=(1, 2), padding=(1, 0, 1, 1)),
    AveragePoolOp("p", X, kernel_size=(2, 3), stride=(3, 1), padding=(0, 1, 0, 0)),
    MaxPoolOp("p", X, kernel_size=(2, 2), stride=(2, 2)),
    GlobalAveragePoolOp("p", tensor(2, 3, 3, 4)),
]
LAYERS = [ReluOp("r", tensor(2, 3, 2, 3)), BatchNormOp("b", tensor(2, 3, 2, 3), *[tensor(3) for _ in range(4)])]


@pytest.mark.parametrize(
    "op",
    [*POOLS, *LAYERS, LocalResponseNormOp("l", tensor(2, 3, 2, 3), size=3, alpha=1e-4, beta=0.75, bias=1.0)],
    ids=str,
)
@pytest.mark.parametrize("stores_padding", [False, True])
def test_layers(op, stores_padding: bool) -> None:
    program, random = op.kernel(), Random(5)
    for _ in range(10):
        machine = random_machine(random, stores_padding=stores_padding)
        whole = ("kh", "kw", "k") if any(phase.scratch for phase in program.nests) else ()
        check_program(program, cut(random, program, whole), machine)


def gradients() -> list[VectorProgram]:
    maxima = [
        MaxPoolGradOp.of("g", pool, tensor(*pool.result.type.get_shape()))
        for pool in POOLS
        if isinstance(pool, MaxPoolOp)
    ]
    means = [AveragePoolGradOp.of("g", POOLS[1], tensor(*POOLS[1].result.type.get_shape()))]
    means += [GlobalAveragePoolGradOp.of("g", POOLS[3], tensor(2, 3, 1, 1))]
    return [op.kernel() for op in (*maxima, *means)]


@pytest.mark.parametrize("program", gradients(), ids=lambda program: program.kind)
@pytest.mark.parametrize("stores_padding", [False, True])
def test_gradients_of_pools(program: VectorProgram, stores_padding: bool) -> None:
    """Windows that overlap: a tile comes back if somebody began an element of it, and only then."""
    random = Random(6)
    for _ in range(15):
        machine = random_machine(random, stores_padding=stores_padding)
        check_program(program, cut(random, program, ("kh", "kw")), machine)


@pytest.mark.parametrize("seed", range(3))
def test_scattered_results_never_miss_what_was_begun(seed: int) -> None:
    """Cut windows, gaps, windows that padding hides: the rule of `exact` goes by loops, so it may load a tile that
    nobody began, never the other way round."""
    random = Random(seed)
    checked = equal = 0
    while checked < 60:
        program, machine = random_program(random), random_machine(random)
        if program.kind == "random scatter" and small_enough(program, machine):
            tiling = cut(random, program)
            dram = EXACT.evaluate(program, tiling, machine).dram_bits
            loaded, stored = moved_bits(program, tiling, machine)
            assert dram.ofmap == stored
            assert dram.ifmap >= loaded
            checked, equal = checked + 1, equal + (dram.ifmap == loaded)
    assert equal > checked // 3


def pixels(channels: int, width: int, taps: int, stride: int, padding: int) -> Contraction:
    """One output channel over rows of pixels."""
    extent = (width - 1) * stride + taps - 2 * padding
    return Contraction(
        "conv2d",
        (Loop("oc", 1), Loop("ic", channels), Loop("kw", taps), Loop("ow", width)),
        Operand("ifmap", 8, (channels, extent), (affine("ic"), affine(("ow", stride), "kw", constant=-padding))),
        Operand("weight", 8, (1, channels, taps), (affine("oc"), affine("ic"), affine("kw"))),
        Operand("psum", 32, (1, width), (affine("oc"), affine("ow"))),
        32,
    )


def test_halo_by_hand() -> None:
    """6 pixels in tiles of 2 under windows of 3 padded by 1: columns 0 to 2, 1 to 4 and 3 to 5, ten elements of six."""
    tiling = Tiling(("oc", "ic", "kw", "ow"), (1, 1, 3, 2))
    machine = random_machine(Random(1), stores_padding=False)
    found = check_contraction(pixels(1, 6, 3, 1, 1), tiling, machine)
    assert found["ifmap"].loads == 3 + 4 + 3
    # Of these, columns 1 and 2 and columns 3 and 4 were in the buffer when the next tile asked for them.
    assert found["ifmap"].needed == 6
    assert (found["psum"].stores, found["psum"].spills) == (6, 0)


def test_gaps_of_a_stride_by_hand() -> None:
    """Windows of 1 at step 3: two pixels per tile have two columns between them, which come along."""
    tiling = Tiling(("oc", "ic", "kw", "ow"), (1, 1, 1, 2))
    machine = random_machine(Random(1), stores_padding=False)
    found = check_contraction(pixels(1, 4, 1, 3, 0), tiling, machine)
    assert (found["ifmap"].loads, found["ifmap"].needed) == (4 + 4, 4)


@pytest.mark.parametrize("order", list(product(("ic ow", "ow ic"))))
def test_partial_sums_by_hand(order: tuple[str]) -> None:
    """Two tiles of channels: with pixels inside, each of 4 sums leaves once unfinished; with channels inside, none."""
    inner = order[0].split()
    tiling = Tiling(("oc", "kw", *inner), (1, 1, 1, 1))
    machine = random_machine(Random(1), stores_padding=False)
    found = check_contraction(pixels(2, 4, 1, 1, 0), tiling, machine)
    spills = 4 if inner == ["ic", "ow"] else 0
    assert found["psum"] == Traffic(loads=spills, stores=4, spills=spills, begun=spills)


def test_a_result_that_is_begun_elsewhere() -> None:
    """A sum over the batch with the batch outside: every tile of the result but those of the first image comes back."""
    bounds = {"n": 3, "c": 2}
    source = Operand("x", 8, (3, 2), (affine("n"), affine("c")))
    result = Operand("y", 16, (2,), (affine("c"),))
    code = CodeBlock(("n", "c"), (Instruction("add", "y", ("y", "x")),))
    phase = LoopNest((Loop("n", 3), Loop("c", 2)), (source,), (result,), (code,))
    machine = random_machine(Random(1), stores_padding=False)
    found = count_phase(phase, VectorProgram("sum", (phase,)), Tiling(tuple(bounds), (1, 1)), machine)
    assert found["y"] == Traffic(loads=2 * 2, stores=3 * 2, begun=2 * 2)
