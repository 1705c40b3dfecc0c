"""Element-wise ops: their code counted by hand, index maps of what is broadcast, text form, and what they refuse."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import run_kernel
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Hardware, Instruction, Loop, Tiling, VectorProgram
from simdc.cost.exact.code import sequence_cycles
from simdc.cost.hardware import SimdArray
from simdc.cost.kernel import CodeBlock, LoopNest, Operand, affine
from simdc.cost.tiling import loop_bounds
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.activation.exponential import (
    EluOp,
    ExpOp,
    LogOp,
    MishOp,
    SigmoidGradOp,
    SigmoidOp,
    SiluOp,
    SoftplusOp,
    TanhOp,
)
from simdc.ir.ops.activation.function import AbsOp, NegateOp, ReciprocalOp, SqrtOp
from simdc.ir.ops.activation.gaussian import ErfOp, GeluOp
from simdc.ir.ops.activation.piecewise import ClipOp, HardSigmoidOp, HardSwishOp, LeakyReluOp
from simdc.ir.ops.activation.prelu import PReluOp
from simdc.ir.ops.broadcast import AddOp, BroadcastGradOp, DivideOp, MaximumOp, MultiplyOp, PowerOp
from simdc.ir.ops.comparison import EqualOp, LessOp, LessOrEqualOp
from simdc.ir.ops.scalar import FUNCTIONS, ScalarOp
from simdc.ir.ops.select import SelectOp
from simdc.passes.pipeline import make_context
from tests.backends.simulate.tiny import tiny_machine
from tests.ir.interpreter import run_program
from tests.ir.ops.elementwise_cases import CASES, NAMES, Case, network
from tests.ir.tensors import tensor
from tests.strategies import machines, tilings

IMAGE = tensor(2, 3, 4, 5)
SIMD = SimdArray(lanes=2, width_bits=32, vmem_bits=2**20, bandwidth_bits_per_cycle=16)


def program(op: LayerOp) -> VectorProgram:
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    return kernel


def gradient(op: ActivationOp) -> LayerOp:
    assert op.GRADIENT is not None
    return op.GRADIENT.of("g", op, IMAGE)


def scalar(function: str, value: float) -> LayerOp:
    return ScalarOp("s", IMAGE, function=function, value=value)


# Opcodes in order, and cycles of one run. An instruction takes 1 cycle, exp and log 3, div 9, sqrt and inv_sqrt 13; one
# that reads the result of the instruction before it takes 2 more.
CODE: list[tuple[LayerOp, str, int]] = [
    (LeakyReluOp("l", IMAGE, alpha=0.01), "mul max", 1 + 3),
    (LeakyReluOp("l", IMAGE, alpha=2.0), "mul min", 1 + 3),
    (ClipOp("c", IMAGE, minimum=0.0, maximum=6.0), "max min", 1 + 3),
    (ClipOp("c", IMAGE, maximum=6.0), "min", 1),
    (HardSigmoidOp("h", IMAGE, alpha=0.2, beta=0.5), "mul add max min", 1 + 3 * 3),
    (HardSwishOp("h", IMAGE), "mul add max min mul", 1 + 4 * 3),
    (SigmoidOp("s", IMAGE), "sub exp add div", 1 + 5 + 3 + 11),
    (TanhOp("t", IMAGE), "min mul exp add div sub", 1 + 3 + 5 + 3 + 11 + 3),
    (SiluOp("s", IMAGE), "sub exp add div", 1 + 5 + 3 + 11),
    (MishOp("m", IMAGE), "min exp add mul add div mul", 1 + 5 + 3 + 3 + 3 + 11 + 3),
    (SoftplusOp("s", IMAGE), "sub min exp add log max add", 1 + 3 + 5 + 3 + 5 + 1 + 3),
    (EluOp("e", IMAGE, alpha=1.0), "min exp sub mul max add", 1 + 5 + 3 + 3 + 1 + 3),
    # t = 1 / (1 + p*|x|) and exp(-x^2) side by side, a chain of nine steps, the two signs, the choice.
    (
        ErfOp("e", IMAGE),
        "sub max mul mul exp add div" + " mul add" * 4 + " mul mul sub sub max conditional_move",
        (1 + 3 + 1 + 1 + 3 + 1 + 11) + 9 * 3 + (3 + 3 + 1 + 1 + 3),
    ),
    (
        GeluOp("g", IMAGE, approximate="none"),
        "mul sub max mul mul exp add div" + " mul add" * 4 + " mul mul sub sub max conditional_move add mul mul",
        1 + (2 + 59) + 3 + 3 + 3,
    ),
    (GeluOp("g", IMAGE, approximate="tanh"), "mul mul add mul min exp add div", 1 + 4 * 3 + 5 + 3 + 11),
    (ExpOp("e", IMAGE), "exp", 3),
    (LogOp("l", IMAGE), "log", 3),
    (SqrtOp("s", IMAGE), "sqrt", 13),
    (AbsOp("a", IMAGE), "sub max", 1 + 3),
    (NegateOp("n", IMAGE), "sub", 1),
    (ReciprocalOp("r", IMAGE), "div", 9),
    (PReluOp("p", IMAGE, tensor(3)), "mul max conditional_move", 1 + 1 + 3),
    (gradient(LeakyReluOp("l", IMAGE, alpha=0.01)), "mul max conditional_move", 1 + 1 + 3),
    (gradient(ClipOp("c", IMAGE, minimum=0.0, maximum=6.0)), "max min conditional_move", 1 + 3 + 3),
    (gradient(SigmoidOp("s", IMAGE)), "sub mul mul", 1 + 3 + 3),
    (gradient(TanhOp("t", IMAGE)), "mul sub mul", 1 + 3 + 3),
    (gradient(HardSwishOp("h", IMAGE)), "mul add max min conditional_move add mul", 1 + 6 * 3),
    (gradient(SiluOp("s", IMAGE)), "sub exp add div sub mul add mul mul", 1 + 5 + 3 + 11 + 5 * 3),
    (AddOp("a", IMAGE, IMAGE), "add", 1),
    (DivideOp("d", IMAGE, IMAGE), "div", 9),
    (PowerOp("p", IMAGE, IMAGE), "log mul exp", 3 + 3 + 5),
    (EqualOp("e", IMAGE, IMAGE), "compare", 1),
    (LessOp("l", IMAGE, IMAGE), "max conditional_move", 1 + 3),
    (LessOrEqualOp("l", IMAGE, IMAGE), "max conditional_move", 1 + 3),
    (SelectOp("w", IMAGE, IMAGE, 0.0), "conditional_move", 1),
    (scalar("equal", 2.0), "compare", 1),
    (scalar("greater", 2.0), "max conditional_move", 1 + 3),
    (scalar("rdiv", 2.0), "div", 9),
    (scalar("pow", 1.0), "move", 1),
    (scalar("pow", 2.0), "mul", 1),
    (scalar("pow", 3.0), "mul mul", 1 + 3),
    # 13 is 1101 in binary: squared to 2, 3, 6, 12, 13.
    (scalar("pow", 13.0), "mul mul mul mul mul", 1 + 4 * 3),
    (scalar("pow", -2.0), "mul div", 1 + 11),
    (scalar("pow", 0.5), "sqrt", 13),
    (scalar("pow", -0.5), "inv_sqrt", 13),
    (scalar("pow", -1.0), "div", 9),
    (scalar("pow", 1.5), "log mul exp", 3 + 3 + 5),
    (scalar("pow", 2.0**17), "log mul exp", 3 + 3 + 5),
]


@pytest.mark.parametrize(("op", "opcodes", "cycles"), CODE, ids=[f"{op.name}-{code[:30]}" for op, code, _ in CODE])
def test_code(op: LayerOp, opcodes: str, cycles: int) -> None:
    ((block,),) = (phase.blocks for phase in program(op).nests)
    assert " ".join(step.opcode for step in block.instructions) == opcodes
    assert sequence_cycles(block, SIMD) == cycles


def test_a_residual_join_is_what_it_was() -> None:
    loops = (Loop("c", 3), Loop("n", 2), Loop("h", 4), Loop("w", 5))
    index = (affine("n"), affine("c"), affine("h"), affine("w"))
    x, y, z = (Operand(name, 32, (2, 3, 4, 5), index) for name in "aby")
    block = CodeBlock(("c", "n", "h", "w"), (Instruction("add", "y", ("a", "b")),))
    assert AddOp("a", IMAGE, IMAGE).kernel() == VectorProgram("add", (LoopNest(loops, (x, y), (z,), (block,)),))


@pytest.mark.parametrize(
    ("shape", "index", "lanes"),
    [
        ((2, 3, 4, 5), "n c h w", "c"),
        ((3, 1, 1), "c 0 0", "c"),
        ((2, 3, 1, 1), "n c 0 0", "c"),
        ((1, 3, 4, 1), "0 c h 0", "c"),
        # A spatial gate: channels of one lane cannot see a value that lies in another, so the image's width does it.
        ((2, 1, 4, 5), "n 0 h w", "w"),
        ((4, 1), "h 0", "h"),
        ((5,), "w", "w"),
        # No loop moves it: it is there for all lanes, as an immediate is.
        ((1,), "0", "c"),
    ],
)
def test_what_is_broadcast_has_its_own_index(shape: tuple[int, ...], index: str, lanes: str) -> None:
    for op, place in ((MultiplyOp("m", IMAGE, tensor(*shape)), 1), (MultiplyOp("m", tensor(*shape), IMAGE), 0)):
        kernel = program(op)
        (phase,) = kernel.nests
        assert " ".join(map(str, phase.inputs[place].index)) == index
        assert kernel.lanes == lanes
        assert kernel.kind == ("multiply" if shape == (2, 3, 4, 5) else "broadcast_multiply")


@pytest.mark.parametrize(
    ("shape", "loops", "lanes"),
    [
        # What is summed over is innermost and never on the lanes.
        ((3, 1, 1), "c n h w", "c"),
        ((2, 3, 1, 1), "c n h w", "c"),
        ((1, 1, 4, 5), "h w c n", "w"),
        ((2, 1, 1, 1), "n c h w", "n"),
        ((1,), "single c n h w", "single"),
    ],
)
def test_the_gradient_of_what_is_broadcast_is_summed(shape: tuple[int, ...], loops: str, lanes: str) -> None:
    kernel = program(BroadcastGradOp.of("g", MultiplyOp("m", IMAGE, tensor(*shape)), IMAGE, "rhs"))
    (phase,) = kernel.nests
    assert " ".join(loop.name for loop in phase.loops) == loops
    assert kernel.lanes == lanes
    assert [step.opcode for step in phase.blocks[0].instructions] == ["mul", "add"]
    assert phase.initial == (("dx", 0.0),)


def test_a_gate_per_channel_moves_once_per_channel_tile() -> None:
    kernel = program(MultiplyOp("m", tensor(1, 4, 4, 2), tensor(1, 4, 1, 1)))
    cost = simulate(kernel, Tiling(("c", "n", "h", "w"), (2, 1, 1, 2)), tiny_machine())
    # 32 elements in and 32 out; of the gate 2 tiles of 2 elements, though 8 tiles run.
    assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (32 * 32 + 4 * 32, 32 * 32)
    # 8 tiles fill in 5 + 1 cycles and issue one multiplication for each of 2 columns.
    assert cost.cycles.compute == 8 * (6 + 2)
    image_outside = simulate(kernel, Tiling(("h", "c", "n", "w"), (1, 2, 1, 2)), tiny_machine())
    assert image_outside.dram_bits.ifmap == 32 * 32 + 4 * 4 * 32


def kernels(case: Case) -> list[VectorProgram]:
    return [program(op) for op in network_of(network(case)).layers() if op.UNIT is not None]


@given(st.data(), machines(), st.sampled_from([kernel for case in CASES for kernel in kernels(case)]))
@settings(max_examples=300)
def test_exact_is_what_the_simulator_counts(data: st.DataObject, machine: Hardware, kernel: VectorProgram) -> None:
    tiling = data.draw(tilings(kernel))
    assert ExactModel().evaluate(kernel, tiling, machine) == simulate(kernel, tiling, machine)


TILED = [case for case in CASES if case.name in ("hard swish", "gelu", "prelu [3]", "prelu [1]", "pow 3.0")]
TILED += [case for case in CASES if case.name.startswith(("mul", "div", "maximum"))]


@pytest.mark.parametrize("case", TILED, ids=lambda case: case.name)
def test_tiles_compute_the_same(case: Case) -> None:
    for op in network_of(network(case)).layers():
        if op.UNIT is None:
            continue
        random = np.random.default_rng(3)
        kernel = program(op)
        (phase,) = kernel.nests
        arrays = {operand.name: random.uniform(0.5, 2.0, operand.shape) for operand in phase.inputs}
        tiling = Tiling(tuple(loop_bounds(kernel)), (2,) * len(loop_bounds(kernel)))
        found = run_program(kernel, tiling, **arrays)[phase.outputs[0].name]
        np.testing.assert_allclose(found, run_kernel(op, [*arrays.values()]).results[0], rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_text_form(case: Case) -> None:
    module = network(case)
    generic = io.StringIO()
    Printer(generic, print_generic_format=True).print_op(module)
    for text in (str(module), generic.getvalue()):
        again = Parser(make_context(), text).parse_module()
        again.verify()
        assert again.is_structurally_equivalent(module)
        assert str(again) == str(module)


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        (ScalarOp("s", IMAGE, function="mul", value=1e-5), 'function "mul" value 1.0e-05'),
        (ClipOp("s", IMAGE, maximum=6), "maximum 6.0"),
        (GeluOp("s", IMAGE, approximate="tanh"), 'approximate "tanh"'),
        (HardSigmoidOp("s", IMAGE, alpha=0.2, beta=0.5), "alpha 0.2 beta 0.5"),
    ],
)
def test_text_of_attributes(op: LayerOp, attributes: str) -> None:
    before, _, after = str(op).partition(attributes)
    assert before.startswith(f'%0 = {op.name} "s" %')
    assert after == " : (tensor<2x3x4x5xi32>) -> tensor<2x3x4x5xi32>"


SEVEN = tensor(1, 1, 1, 1, 1, 1, 1)
NONE = tensor()
WRONG: list[tuple[Callable[[], LayerOp], str]] = [
    (lambda: SigmoidOp("s", SEVEN), "expected one to six dimensions, got shape [1, 1, 1, 1, 1, 1, 1]"),
    (lambda: LeakyReluOp("l", IMAGE, alpha=float("inf")), "alpha must be finite, got inf"),
    (lambda: EluOp("e", IMAGE, alpha=float("nan")), "alpha must be finite, got nan"),
    (lambda: ClipOp("c", IMAGE), "a minimum or a maximum is needed"),
    (lambda: ClipOp("c", IMAGE, minimum=2.0, maximum=1.0), "the minimum 2.0 lies above the maximum 1.0"),
    (lambda: GeluOp("g", IMAGE, approximate="exactly"), 'approximate must be "none" or "tanh", got "exactly"'),
    (lambda: PReluOp("p", IMAGE, tensor(4)), "shape [4] does not broadcast to [2, 3, 4, 5]"),
    (lambda: PReluOp("p", IMAGE, NONE), "shape [] does not broadcast to [2, 3, 4, 5]"),
    (lambda: scalar("root", 2.0), f"function must be one of {', '.join(FUNCTIONS)}, got 'root'"),
    (lambda: scalar("add", float("-inf")), "value must be finite, got -inf"),
    (lambda: scalar("div", 0.0), "value must not be zero where it divides"),
    (lambda: AddOp("a", IMAGE, tensor(3)), "cannot add shapes [2, 3, 4, 5] and [3]"),
    (lambda: PowerOp("p", IMAGE, tensor(4, 4)), "cannot take the power of shapes [2, 3, 4, 5] and [4, 4]"),
    (lambda: MultiplyOp("m", IMAGE, NONE), "cannot multiply shapes [2, 3, 4, 5] and []"),
    (lambda: MaximumOp("m", SEVEN, IMAGE), "expected one to six dimensions, got shape [1, 1, 1, 2, 3, 4, 5]"),
    (
        lambda: SigmoidGradOp.of("g", SigmoidOp("s", IMAGE), tensor(3)),
        "the operands have shapes [3] and [2, 3, 4, 5]",
    ),
    (lambda: SelectOp("w", IMAGE, tensor(4), 0.0), "cannot choose between shapes [[2, 3, 4, 5], [4]]"),
    (lambda: SelectOp("w", IMAGE, IMAGE, float("inf")), "value must be finite, got inf"),
    (
        lambda: BroadcastGradOp.of("g", AddOp("a", IMAGE, tensor(5)), tensor(4), "rhs"),
        "shape [5] does not broadcast to [4]",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("build", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_they_refuse(build: Callable[[], LayerOp], says: str) -> None:
    with pytest.raises(VerifyException) as caught:
        build().verify()
    assert str(caught.value).partition("\n")[0] == says


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"multiply"', '"modulo"', "there is no gradient of 'modulo' with respect to 'rhs'"),
        ('"multiply"', '"divide"', "reads lhs and rhs, got 1 inputs"),
        ('"multiply"', '"add"', "reads no input, got 1 inputs"),
    ],
)
def test_a_gradient_in_text_that_does_not_go_together(before: str, after: str, says: str) -> None:
    text = str(network(next(case for case in CASES if case.name == "mul [2, 3, 4, 5] [3, 1, 1]")))
    assert before in text
    with pytest.raises(VerifyException, match=says):
        Parser(make_context(), text.replace(before, after)).parse_module().verify()


def test_numbers_are_doubles() -> None:
    assert LeakyReluOp("l", IMAGE, alpha=0.1).alpha == FloatAttr(0.1, f64)
