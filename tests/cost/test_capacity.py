"""What fits: every refusal with its buffer, need and limit, and results that take the place of an operand."""

from __future__ import annotations

import re

import pytest

from simdc.cost import (
    CodeBlock,
    ExactModel,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    Tiling,
    TilingError,
    VectorProgram,
    affine,
)
from simdc.cost.capacity import resident
from simdc.cost.rule import GENESYS
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from simdc.ir.ops.average_pool import AveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.ops.softmax import SoftmaxOp
from tests.cost.machines import ROOMY_BITS, row_convolution, schedule, small_machine
from tests.ir.tensors import stored_as, tensor

EXACT = ExactModel()
CONVOLUTION = row_convolution(ic=2, oc=2, ow=4, kw=3, bias=True)

# Tile oc = 2, ic = 2, kw = 3, ow = 2: 2 x 2 x 3 weights and 2 x 4 values of 8 bits, 2 x 2 psums and 2 biases of 32.
NEEDS = {"weight": 96, "ifmap": 64, "psum": 128, "bias": 64}


@pytest.mark.parametrize("buffer", NEEDS)
def test_half_of_a_buffer_holds_the_tile(buffer: str) -> None:
    tiling = schedule("oc ic kw ow", oc=2, ic=2, kw=3, ow=2)

    def machine(capacity_bits: int):
        sizes = [capacity_bits if name == buffer else ROOMY_BITS for name in NEEDS]
        return small_machine(buffers=(sizes[0], sizes[1], sizes[2], sizes[3]))

    need = NEEDS[buffer]
    EXACT.evaluate(CONVOLUTION, tiling, machine(2 * need))
    says = (
        f"the {buffer} buffer needs {need} bits for a tile of oc = 2, ic = 2, kw = 3, ow = 2; "
        f"it can hold {need - 1} bits at a time: enlarge systolic.buffers.{buffer}_bits or tile smaller"
    )
    with pytest.raises(TilingError, match=re.escape(says)):
        EXACT.evaluate(CONVOLUTION, tiling, machine(2 * need - 1))


def test_the_largest_tile_counts() -> None:
    # Where padding is not stored the first of the tiles is the smaller one: columns 0..2 of -1..2, then 1..4.
    kernel = row_convolution(ic=2, oc=2, ow=6, kw=3, padding=1)
    tiling = schedule("oc ic kw ow", oc=2, ic=2, kw=3, ow=2)
    limits = (ROOMY_BITS, 2 * 63, ROOMY_BITS, ROOMY_BITS)
    with pytest.raises(TilingError, match="the ifmap buffer needs 64 bits"):
        EXACT.evaluate(kernel, tiling, small_machine(buffers=limits))


def whole(kernel: Kernel) -> Tiling:
    bounds = loop_bounds(kernel)
    return Tiling(tuple(bounds), tuple(bounds.values()))


def image(bits: int = 32) -> Operand:
    return Operand("x", bits, (2, 4), (affine("c"), affine("w")))


def reads_again() -> VectorProgram:
    """y = max(x, 0); y = y + x: the input is needed after the result's first write."""
    code = (Instruction("max", "y", ("x", 0.0)), Instruction("add", "y", ("y", "x")))
    phase = LoopNest(
        (Loop("c", 2), Loop("w", 4)), (image(),), (image()._replace(name="y"),), (CodeBlock(("c", "w"), code),)
    )
    return VectorProgram("residual", (phase,))


def two_results() -> VectorProgram:
    """Only one of them can take the input's place."""
    code = (Instruction("max", "y", ("x", 0.0)), Instruction("max", "z", ("y", 1.0)))
    results = (image()._replace(name="y"), image()._replace(name="z"))
    phase = LoopNest((Loop("c", 2), Loop("w", 4)), (image(),), results, (CodeBlock(("c", "w"), code),))
    return VectorProgram("two", (phase,))


def spread() -> VectorProgram:
    """The input has one row that all of the result's columns are computed from: it is needed again."""
    row = Operand("x", 32, (2,), (affine("c"),))
    code = (Instruction("max", "y", ("x", 0.0)),)
    phase = LoopNest(
        (Loop("c", 2), Loop("w", 4)), (row,), (image()._replace(name="y"),), (CodeBlock(("c", "w"), code),)
    )
    return VectorProgram("spread", (phase,))


def map_of(bits: int = 32):
    return tensor(1, 2, 1, 4, bits=bits)


CASES: list[tuple[str, Kernel, int]] = [
    # 2 x 4 elements are 256 bits at 32 bits, 64 bits at 8.
    ("relu 32 -> 32 overwrites its input", ReluOp("r", map_of()).kernel(), 256),
    ("relu 32 -> 8 leaves its results in the wider places", stored_as(8, ReluOp("r", map_of())).kernel(), 256),
    ("relu 8 -> 32 loads its input into the wider places", stored_as(32, ReluOp("r", map_of(8))).kernel(), 256),
    ("add overwrites one of its inputs", AddOp("a", map_of(), map_of()).kernel(), 2 * 256),
    ("add overwrites the input of its width", stored_as(32, AddOp("a", map_of(8), map_of())).kernel(), 64 + 256),
    ("an input that is read later stays", reads_again(), 2 * 256),
    ("one input has room for one result", two_results(), 2 * 256),
    ("an input of another shape stays", spread(), 64 + 256),
    # 2 x 4 x 4 in, 2 x 2 x 2 out: windows read values that other windows read too.
    ("max pool", MaxPoolOp("p", tensor(1, 2, 4, 4), kernel_size=(2, 2), stride=(2, 2)).kernel(), 1024 + 256),
    ("max pool of one value each", MaxPoolOp("p", map_of(), kernel_size=(1, 1)).kernel(), 256 + 256),
    # and a 32-bit sum for each 8-bit result
    (
        "average pool",
        stored_as(8, AveragePoolOp("p", tensor(1, 2, 4, 4), kernel_size=(4, 4))).kernel(),
        1024 + 2 * (32 + 8),
    ),
    # x, y in its place, four values of 2 channels, three temporary vectors of 2 lanes
    ("batch norm", BatchNormOp("b", map_of(), *[tensor(2) for _ in range(4)]).kernel(), 256 + 4 * 64 + 3 * 64),
    # x from one channel before to one after (4 of them, stored padding), sum, y, and temporaries square, mean, base,
    # log, power, factor: x must stay, other windows need it
    (
        "local response norm",
        LocalResponseNormOp("l", map_of(), size=3, alpha=1e-4, beta=0.75, bias=1.0).kernel(),
        4 * 4 * 32 + 256 + 256 + 6 * 64,
    ),
    # The largest of the three passes: x in, e in its place; maximum and total, a value each; a temporary vector
    ("softmax", SoftmaxOp("s", tensor(1, 8)).kernel(), 256 + 32 + 32 + 64),
]


@pytest.mark.parametrize(("kernel", "need"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_tiles_share_the_vector_memory(kernel: Kernel, need: int) -> None:
    EXACT.evaluate(kernel, whole(kernel), small_machine(vmem_bits=need, stores_padding=True))
    with pytest.raises(TilingError, match=f"the vector memory needs {need:,} bits .* it can hold {need - 1:,} bits at"):
        EXACT.evaluate(kernel, whole(kernel), small_machine(vmem_bits=need - 1, stores_padding=True))


def test_resident_operands_by_name() -> None:
    def names(kernel: VectorProgram) -> tuple[list[str], int]:
        operands, vectors = resident(kernel.nests[0])
        return [operand.name for operand in operands], vectors

    assert names(ReluOp("r", map_of()).kernel()) == (["x"], 0)
    assert names(stored_as(8, ReluOp("r", map_of())).kernel()) == (["x"], 0)
    assert names(stored_as(32, ReluOp("r", map_of(8))).kernel()) == (["y"], 0)
    assert names(AddOp("a", map_of(), map_of()).kernel()) == (["a", "b"], 0)
    # The 32-bit result takes the place of the 32-bit input: 8 + 32 bits an element, not 32 + 32.
    assert names(stored_as(32, AddOp("a", map_of(8), map_of())).kernel()) == (["a", "b"], 0)
    assert names(reads_again()) == (["x", "y"], 0)
    assert names(BatchNormOp("b", map_of(), *[tensor(2) for _ in range(4)]).kernel()) == (
        ["x", "mean", "inv_std", "scale", "shift"],
        3,
    )


def test_a_sum_in_vector_memory_must_not_be_left() -> None:
    pool = AveragePoolOp("p", tensor(1, 2, 4, 4), kernel_size=(2, 2), stride=(2, 2)).kernel()
    says = re.escape(
        "loop order ['kh', 'c', 'n', 'oh', 'ow', 'kw'] leaves 'sum' before it is complete; "
        "it lives in vector memory only: put the loops that it sums over inside the others"
    )
    with pytest.raises(TilingError, match=says):
        EXACT.evaluate(pool, schedule("kh c n oh ow kw", c=2, oh=1, ow=2, kh=1, kw=2), small_machine())
    # One tile of results, or a whole window at a time: nothing is left.
    EXACT.evaluate(pool, schedule("kh c n oh ow kw", c=2, oh=2, ow=2, kh=1, kw=2), small_machine())
    EXACT.evaluate(pool, schedule("kh c n oh ow kw", c=2, oh=1, ow=2, kh=2, kw=2), small_machine())


@pytest.mark.parametrize(
    ("order", "sizes", "says"),
    [
        (
            ("oc", "ic", "kw"),
            (1, 1, 1),
            "the tiling orders loops ['oc', 'ic', 'kw'], the layer has ['oc', 'ic', 'kw', ",
        ),
        (("oc", "ic", "kw", "ow", "g"), (1,) * 5, "the tiling orders loops ['oc', 'ic', 'kw', 'ow', 'g'], the layer"),
        (("oc", "ic", "kw", "ow", "ow"), (1,) * 5, "the tiling orders loops ['oc', 'ic', 'kw', 'ow', 'ow'], the layer"),
        (("oc", "ic", "kw", "ow"), (1, 1, 1), "the tiling has 3 sizes for 4 loops"),
        (("oc", "ic", "kw", "ow"), (1, 0, 1, 1), "tile size of loop 'ic' must be a positive whole number, got 0"),
        (("oc", "ic", "kw", "ow"), (1, 1, 1, -2), "tile size of loop 'ow' must be a positive whole number, got -2"),
        (("oc", "ic", "kw", "ow"), (1, 2.5, 1, 1), "tile size of loop 'ic' must be a positive whole number, got 2.5"),
        (("oc", "ic", "kw", "ow"), (True, 1, 1, 1), "tile size of loop 'oc' must be a positive whole number, got True"),
    ],
)
def test_a_tiling_that_is_none(order: tuple[str, ...], sizes: tuple[int, ...], says: str) -> None:
    with pytest.raises(TilingError, match=re.escape(says)):
        EXACT.evaluate(CONVOLUTION, Tiling(order, sizes), small_machine())


def test_programs_have_half_of_each_part_of_a_memory_that_is_double_buffered() -> None:
    rule, machine = evolve(GENESYS, vector_memory=GENESYS.vector_memory._replace(parts=3)), small_machine()
    assert rule.program_memory(machine).parts == 3
    assert rule.program_memory(evolve(machine, simd=evolve(machine.simd, double_buffered=True))).parts == 6
