"""Kernels of data movement: how they index, which loop lies across the lanes, and what they cost by hand; and what the
ops refuse."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, VectorProgram
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.base import LayerOp
from simdc.ir.context import set_hardware
from simdc.ir.elements import SINGLE
from simdc.ir.network import network_of
from simdc.ir.ops.average_pool import AveragePoolOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.conv import Conv2DInputGradOp, Conv2DOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp
from simdc.ir.ops.reduce_extreme import ArgMaxOp, ArgMinOp, ReduceExtremeGradOp, ReduceMaxOp, ReduceProductOp
from simdc.ir.ops.resize import ResizeGradOp, ResizeOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.window import window_counts, window_output, window_runs
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.backends.execute.movement_networks import every_move
from tests.backends.execute.training import derived
from tests.ir.tensors import tensor
from tests.ir.test_text_form import parsed, printed


def program(op: LayerOp) -> VectorProgram:
    op.verify()
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    return kernel


def indices(kernel: VectorProgram, phase: int = 0) -> tuple[list[str], list[str]]:
    """Of the phase's first input and first output."""
    source, target = kernel.nests[phase].inputs[0], kernel.nests[phase].outputs[0]
    return [str(each) for each in source.index], [str(each) for each in target.index]


IMAGE = (2, 6, 8, 10)


# Each element stays in its lane: that loop indexes operand and result at the same dimension from the same position.
@pytest.mark.parametrize(
    ("op", "lanes"),
    [
        (ConcatOp("c", tensor(*IMAGE), tensor(*IMAGE)), "w"),
        (ConcatOp("c", tensor(2, 6), tensor(2, 6)), "n"),
        (ConcatOp("c", tensor(*IMAGE), tensor(*IMAGE), axis=2), "c"),
        (ConcatOp("c", tensor(4), tensor(3), axis=0), SINGLE),
        (ConcatOp("c", tensor(2, 3, 4, 5, 6), tensor(2, 3, 4, 5, 6), axis=4), "h"),
        (SliceOp("s", tensor(*IMAGE), axis=1, first=2, count=3), "w"),
        (SliceOp("s", tensor(*IMAGE), axis=3, first=2, count=3), "c"),
        (PadOp("p", tensor(*IMAGE), before=(0, 0, 1, 1), after=(0, 0, 1, 1)), "c"),
        (PadOp("p", tensor(*IMAGE), before=(0, 0, 1, 1), after=(0, 2, 1, 1)), "n"),
        (PadOp("p", tensor(*IMAGE), before=(0, 1, 0, 1), after=(0, 0, 0, 0)), "h"),
        (PadOp("p", tensor(2, 3), before=(1, 1), after=(0, 0)), SINGLE),
        (ReduceSumOp("r", tensor(*IMAGE)), "c"),
        (ReduceMeanOp("r", tensor(*IMAGE), axes=(1,)), "w"),
        (ReduceMeanOp("r", tensor(*IMAGE), axes=(0, 1, 2, 3), keepdims=True), SINGLE),
        (SoftmaxOp("s", tensor(*IMAGE)), "w"),
        (SoftmaxOp("s", tensor(*IMAGE), axis=3), "c"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_lanes(op: LayerOp, lanes: str) -> None:
    kernel = program(op)
    assert kernel.lanes == lanes
    for phase in kernel.nests:
        assert lanes in [loop.name for loop in phase.loops]
        if lanes == SINGLE:
            continue
        for source in phase.inputs:
            for target in phase.outputs:
                places = [
                    {(axis, each) for axis, each in enumerate(operand.index) if lanes in dict(each.terms)}
                    for operand in (source, target)
                    if len(operand.index) == len(source.index)
                ]
                assert all(place == places[0] for place in places)


def test_concat_along_height() -> None:
    kernel = program(ConcatOp("c", tensor(1, 4, 2, 5), tensor(1, 4, 3, 5), axis=2))
    assert indices(kernel, 0) == (["n", "c", "h0", "w"], ["n", "c", "h0", "w"])
    assert indices(kernel, 1) == (["n", "c", "h1", "w"], ["n", "c", "h1 + 2", "w"])


def test_slice_by_steps() -> None:
    kernel = program(SliceOp("s", tensor(1, 4, 9, 5), axis=2, first=1, count=4, step=2))
    assert indices(kernel) == (["n", "c", "2*h + 1", "w"], ["n", "c", "h", "w"])


def test_pad_writes_each_element_once() -> None:
    kernel = program(PadOp("p", tensor(1, 4, 5, 6), before=(0, 0, 1, 2), after=(0, 0, 3, 0), value=7.0))
    assert indices(kernel) == (["n", "c", "h", "w"], ["n", "c", "h + 1", "w + 2"])
    borders = [[str(each) for each in phase.outputs[0].index[2:]] for phase in kernel.nests[1:]]
    assert borders == [["h_before", "w_whole"], ["h_after + 6", "w_whole"], ["h + 1", "w_before"]]
    written = sum(prod(loop.bound for loop in phase.loops) for phase in kernel.nests)
    assert written == 1 * 4 * 9 * 8
    assert all(not phase.inputs for phase in kernel.nests[1:])


def test_repeating_reads_once_and_writes_each_copy() -> None:
    """[1, 64, 1, 1] to [1, 64, 9, 9]: 64 elements of 32 bits come in, 64 * 81 go out, one `move` each."""
    kernel = program(ExpandOp("e", tensor(1, 64, 1, 1), shape=(1, 64, 9, 9)))
    assert indices(kernel) == (["n", "c", "0", "0"], ["n", "c", "h", "w"])
    model, machine = ExactModel(), load_hardware("HI3")
    cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (32 * 64, 32 * 64 * 81)
    assert dict(cost.ops) == {"move": 64 * 81}


def test_the_place_of_a_maximum_stays_on_chip_until_it_is_found() -> None:
    """[1, 1000] along the classes: 1,000 numbers come in, one place goes out. Four instructions an element, one at the
    end."""
    kernel = program(ArgMaxOp("a", tensor(1, 1000), axis=1))
    model, machine = ExactModel(), load_hardware("HI3")
    cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (32 * 1000, 32)
    assert dict(cost.ops) == {"max": 1000, "conditional_move": 1000, "add": 1000, "move": 1001}


def test_channel_shuffle_costs_a_copy() -> None:
    """[1, 3, 80, 28, 28], 32 bits in and out; one `move` for each vector along the longest loop, the 80 channels of a
    group, without rounding them up: they are no channels that anyone stores."""
    kernel = program(TransposeOp("t", tensor(1, 3, 80, 28, 28), permutation=(0, 2, 1, 3, 4)))
    assert indices(kernel) == (["n", "g", "k", "h", "w"], ["n", "k", "g", "h", "w"])
    assert kernel.lanes == "k"
    model, machine = ExactModel(), load_hardware("HI3")
    cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
    elements = 3 * 80 * 28 * 28
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (32 * elements, 32 * elements)
    assert dict(cost.ops) == {"move": elements}


def test_transposing_names_channels_that_stay() -> None:
    stays, moves = (
        TransposeOp("t", tensor(1, 64, 7, 9), permutation=(0, 1, 3, 2)),
        TransposeOp("t", tensor(1, 224, 224, 3), permutation=(0, 3, 1, 2)),
    )
    assert (program(stays).lanes, indices(program(stays))[1]) == ("c", ["n", "c", "w", "h"])
    assert (program(moves).lanes, indices(program(moves))[1]) == ("h", ["n", "w", "k", "h"])


def test_nearest_neighbour_by_whole_factors_loads_once() -> None:
    kernel = program(ResizeOp("r", tensor(1, 64, 13, 13), size=(26, 39)))
    assert indices(kernel) == (["n", "c", "h", "w"], ["n", "c", "2*h + rh", "3*w + rw"])
    model, machine = ExactModel(), load_hardware("HI3")
    cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (32 * 64 * 13 * 13, 32 * 64 * 26 * 39)


def test_bilinear_by_two_has_four_phases_inside_and_its_border() -> None:
    """Along an axis of 14: the first and the last position, 13 odd ones (1/4, 3/4 of their neighbours) and 13 even."""
    kernel = program(ResizeOp("r", tensor(1, 8, 14, 14), size=(28, 28), mode="linear"))
    assert len(kernel.nests) == 4 * 4
    inner = [phase for phase in kernel.nests if {"h", "w"} <= {loop.name for loop in phase.loops}]
    assert len(inner) == 4
    assert {tuple(str(each) for each in phase.inputs[0].index) for phase in inner} == {("n", "c", "h + kh2", "w + kw2")}
    weights = {
        source for code in inner[0].blocks[0].instructions for source in code.sources if isinstance(source, float)
    }
    assert weights == {9 / 16, 3 / 16, 1 / 16}


def test_a_size_that_repeats_nothing_is_refused() -> None:
    op = ResizeOp("r", tensor(1, 1, 1009, 1013), size=(601, 607), mode="linear")
    with pytest.raises(VerifyException, match=r"1009 x 1013 to 601 x 607 .* at most 1024 are supported"):
        op.kernel()


def test_average_pool_divides_by_what_is_there() -> None:
    """3 x 3 with stride 1 and a border of 1: rows count 2, 3, ..., 3, 2 places, so nine rectangles of windows."""
    runs = window_runs((5, 5), (5, 5), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), padding_counts=False)
    assert tuple(map(window_counts, runs)) == ((2, 3, 3, 3, 2), (2, 3, 3, 3, 2))
    kernel = program(
        AveragePoolOp("p", tensor(1, 8, 5, 5), kernel_size=(3, 3), padding=(1, 1, 1, 1), exclude_padding=True)
    )
    divisors = [phase.blocks[1].instructions[0].sources[1] for phase in kernel.nests]
    assert divisors == [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]
    assert sum(loop_bounds(kernel)[name] for name in ("oh", "oh1")) == 4
    with_border = program(AveragePoolOp("p", tensor(1, 8, 5, 5), kernel_size=(3, 3), padding=(1, 1, 1, 1)))
    assert [phase.blocks[1].instructions[0].sources[1] for phase in with_border.nests] == [9.0]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "floor", "ceil"),
    [
        # (6 - 3) / 2 = 1.5: a third window begins at 4 and reaches to 7.
        (6, 3, 2, (0, 0), 2, 3),
        # (4 + 2 - 1) / 3 = 1.67: a third window would begin at 5, in the padding behind the image: it does not exist.
        (4, 1, 3, (1, 1), 2, 2),
        (7, 3, 2, (0, 0), 3, 3),
    ],
)
def test_ceil_mode(size: int, kernel: int, stride: int, padding: tuple[int, int], floor: int, ceil: int) -> None:
    fields = ((size, 9), (kernel, 1), (stride, 1), (padding[0], 0, padding[1], 0))
    assert window_output(*fields) == (floor, 9)
    assert window_output(*fields, ceil=True) == (ceil, 9)


def test_transposed_convolution_multiplies_stored_zeros() -> None:
    """[1, 2, 3, 3] with stride 2 is spread to 5 x 5; 9 of these 25 are data. Result 5 + 2 - 2*1 + 1 = 6."""
    op = ConvTranspose2DOp(
        "t", tensor(1, 2, 3, 3), tensor(2, 4, 3, 3), stride=(2, 2), padding=(1, 1, 1, 1), output_padding=(1, 1)
    )
    op.verify()
    kernel = op.kernel()
    assert kernel.ifmap.shape == (1, 2, 5, 5)
    assert [str(each) for each in kernel.ifmap.index] == ["n", "ic", "oh + kh - 1", "ow + kw - 1"]
    assert kernel.useful_macs == 2 * 3 * 3 * 4 * 3 * 3
    assert prod(loop.bound for loop in kernel.loops) == 2 * 6 * 6 * 4 * 3 * 3


def test_a_transposed_convolution_is_the_input_gradient_of_a_convolution() -> None:
    x, weight = tensor(2, 6, 9, 7), tensor(4, 3, 3, 2)
    conv = Conv2DOp("c", x, weight, stride=(2, 3), padding=(1, 0, 2, 1), dilation=(2, 1), groups=2)
    back = Conv2DInputGradOp.of("g", conv, conv.result).kernel()
    # The convolution leaves 9 + 3 - 5 = 7 and 7 + 1 - 2 = 6 steps, the last of them unused along the height.
    op = ConvTranspose2DOp(
        "t", conv.result, weight, stride=(2, 3), padding=(1, 0, 2, 1), output_padding=(1, 0), dilation=(2, 1), groups=2
    )
    assert op.kernel()._replace(kind="conv2d") == back


OPS: list[Callable[[], LayerOp]] = [
    lambda: ConcatOp("c", tensor(1, 3, 4, 5), tensor(1, 3, 2, 5), axis=2),
    lambda: SliceOp("s", tensor(1, 3, 9, 5), axis=2, first=1, count=4, step=2),
    lambda: PadOp("p", tensor(1, 3, 4, 5), before=(0, 0, 1, 2), after=(0, 0, 3, 0)),
    lambda: TransposeOp("t", tensor(1, 2, 3, 4, 5), permutation=(0, 2, 1, 3, 4)),
    lambda: ResizeOp("r", tensor(1, 3, 4, 5), size=(8, 10)),
    lambda: ResizeOp("r", tensor(1, 3, 4, 5), size=(8, 10), mode="linear"),
    lambda: ResizeGradOp.of("g", ResizeOp("r", tensor(1, 3, 4, 5), size=(8, 10), mode="linear"), tensor(1, 3, 8, 10)),
    lambda: AveragePoolOp(
        "p", tensor(1, 3, 7, 6), kernel_size=(3, 3), stride=(2, 2), padding=(1,) * 4, exclude_padding=True
    ),
    lambda: MaxPoolOp("p", tensor(1, 3, 7, 6), kernel_size=(2, 3), stride=(2, 2), dilation=(2, 1), ceil_mode=True),
    lambda: ReduceMeanOp("r", tensor(2, 3, 4, 5), axes=(0, 1, 2, 3), keepdims=True),
    lambda: ReduceMaxOp("r", tensor(2, 3, 4, 5), axes=(1, 3)),
    lambda: ReduceProductOp("r", tensor(2, 3, 4), axes=(0, 1, 2), keepdims=True),
    lambda: ReduceExtremeGradOp.of("g", ReduceMaxOp("r", tensor(2, 3, 4, 5), axes=(0, 2)), tensor(3, 5)),
    lambda: ArgMaxOp("a", tensor(2, 3, 4, 5), axis=1),
    lambda: ArgMinOp("a", tensor(3, 7), axis=1, keepdims=True, last=True),
    lambda: ExpandOp("e", tensor(2, 1, 4, 1), shape=(2, 3, 4, 5)),
    lambda: ExpandOp("e", tensor(2, 2, 1, 3, 2), shape=(2, 2, 4, 3, 2)),
    lambda: InstanceNormOp("i", tensor(2, 3, 4, 5), tensor(3), tensor(3), epsilon=1e-5),
    lambda: LayerNormOp("l", tensor(2, 3, 4, 5), tensor(4, 5), tensor(4, 5), axis=2, epsilon=1e-5),
    lambda: LayerNormOp("l", tensor(4, 7), tensor(7), axis=1, epsilon=1e-5),
    lambda: SoftmaxOp("s", tensor(2, 3, 4, 5)),
    lambda: MatMulOp("m", tensor(5, 7), tensor(7, 3)),
    lambda: ConvTranspose2DOp("t", tensor(1, 2, 3, 3), tensor(2, 4, 3, 3), tensor(4), stride=(2, 2)),
]


@pytest.mark.parametrize("stores_padding", ["true", "false"])
@pytest.mark.parametrize("build", OPS, ids=lambda build: build().name)
def test_exact_agrees_with_the_simulator(build: Callable[[], LayerOp], stores_padding: str) -> None:
    """Greedily tiled, and in small tiles."""
    kernel = build().kernel()
    assert isinstance(kernel, Contraction | VectorProgram)
    settings = [f"stores_padding={stores_padding}", "simd.lanes=4", "systolic.rows=2", "systolic.columns=2"]
    machine, model = load_hardware("HI1", settings), ExactModel()
    greedy = model.greedy(kernel, machine)
    small = Tiling(greedy.order, tuple(min(size, 4) for size in greedy.sizes))
    for tiling in (greedy, small):
        cost = model.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine)
        through_buffers = compare_with_untiled(kernel, tiling, machine)
        assert through_buffers.wrong is None
        assert through_buffers.dram_bits == cost.dram_bits


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_a_network_of_all_of_them_is_costed_and_parses_back(training: bool, generic: bool) -> None:
    module = derived(every_move(), input_grad=True) if training else every_move()
    set_hardware(module, load_hardware("HT3"))
    run_pipeline(module, default_passes("exact"))
    assert all(op.cost is not None for op in network_of(module).layers() if op.UNIT is not None)
    again = parsed(printed(module, generic=generic))
    assert module.is_structurally_equivalent(again)


REFUSED: list[tuple[Callable[[], LayerOp], str]] = [
    (lambda: ConcatOp("c", tensor(1, 3, 4), tensor(1, 2, 5)), "agree in all but the channels"),
    (lambda: ConcatOp("c", tensor(1, 3), tensor(1, 3), axis=2), r"no dimension 2 in shape \[1, 3\]"),
    (lambda: SliceOp("s", tensor(1, 3, 9), axis=1, first=1, count=3), "channels 1 to 3 are not among the input's 3"),
    (
        lambda: SliceOp("s", tensor(1, 3, 9), axis=2, first=5, count=3, step=2),
        "positions 5 to 9 by steps of 2 are not among the input's 9 along",
    ),
    (lambda: PadOp("p", tensor(1, 3), before=(0,), after=(0, 0)), "take 2 entries, none negative"),
    (lambda: PadOp("p", tensor(1, 3), before=(0, -1), after=(0, 0)), "take 2 entries, none negative"),
    (lambda: PadOp("p", tensor(1, 3), before=(0, 0), after=(0, 0), value=float("inf")), "must be finite"),
    (lambda: TransposeOp("t", tensor(1, 3), permutation=(0, 0)), "must name each of 0 to 1 once"),
    (lambda: TransposeOp("t", tensor(*(1,) * 7), permutation=range(7)), "one to 6 dimensions"),
    (lambda: ReshapeOp("r", tensor(2, 3), shape=(5,)), r"cannot read \[2, 3\] as \[5\]"),
    (lambda: ResizeOp("r", tensor(1, 3), size=(5, 5)), "expected an image"),
    (lambda: ResizeOp("r", tensor(1, 3, 4, 4), size=(5,)), "positive height and width"),
    (lambda: ResizeOp("r", tensor(1, 1, 4, 4), size=(4, 70000)), "more than 65536 rows or columns cannot be resized"),
    (
        lambda: ResizeOp("r", tensor(1, 3, 4, 4), size=(5, 5), mode="cubic"),
        "mode must be one of nearest, linear, got 'cubic'",
    ),
    (lambda: ReduceMeanOp("r", tensor(1, 3), axes=(0, 0)), "each once"),
    (lambda: ReduceMeanOp("r", tensor(1, 3), axes=(0, 1)), "set keepdims"),
    (lambda: ReduceSumOp("r", tensor(3)), r"expected \[n, c, ...\]"),
    (lambda: ArgMaxOp("a", tensor(3, 4), axis=2), r"some of the dimensions 0 to 1"),
    (lambda: ExpandOp("e", tensor(2, 3), shape=(4, 3)), r"cannot repeat \[2, 3\] to \[4, 3\]: only sizes of 1 grow"),
    (lambda: SoftmaxOp("s", tensor(3)), "two to six dimensions"),
    (lambda: InstanceNormOp("i", tensor(2, 3), tensor(3), tensor(3), epsilon=1e-5), r"expected \[n, c, h\]"),
    (lambda: InstanceNormOp("i", tensor(2, 3, 4), tensor(3), tensor(2), epsilon=1e-5), r"a parameter \[2\]"),
    (lambda: MatMulOp("m", tensor(2, 3), tensor(2, 3)), r"expected matrices \[m, k\] and \[k, n\]"),
    (
        lambda: ConvTranspose2DOp("t", tensor(1, 3, 4, 4), tensor(2, 3, 1, 1)),
        "input has 3 channels and the weight takes 2",
    ),
    (
        lambda: ConvTranspose2DOp("t", tensor(1, 3, 4, 4), tensor(3, 2, 1, 1), output_padding=(1, 0)),
        "must be smaller than the stride",
    ),
    (lambda: ConvTranspose2DOp("t", tensor(1, 3, 1, 4), tensor(3, 2, 1, 1), padding=(1, 0, 0, 0)), "would be empty"),
    (
        lambda: AveragePoolOp("p", tensor(1, 3, 4, 4), kernel_size=(1, 1), padding=(1, 0, 0, 0), exclude_padding=True),
        "in the border altogether",
    ),
]


@pytest.mark.parametrize(("build", "says"), REFUSED, ids=[says for _, says in REFUSED])
def test_what_ops_refuse(build: Callable[[], LayerOp], says: str) -> None:
    with pytest.raises(VerifyException, match=says):
        build().verify()
