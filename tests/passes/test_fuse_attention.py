"""Attention becomes one layer where a machine has a path between its arrays, and gives the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
from simdc.backends.execute import execute, initial_parameters
from simdc.backends.report import Report, make_report
from simdc.backends.verify import verify_layer
from simdc.commands.lengths import StepPrices
from simdc.cost import ExactModel
from simdc.cost.kernel import Contraction, FusedProducts, VectorProgram
from simdc.cost.result import Cycles
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from simdc.ir.base import LayerOp
from simdc.ir.context import first_invalid, set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.fused import FusedOp
from simdc.ir.token_run import decode_step
from simdc.passes.fuse_attention import FuseAttentionPass
from simdc.passes.on_chip import pays
from simdc.passes.pipeline import lowering_passes, run_pipeline, training_passes
from tests.frontends.test_token_runs import decoder

MACHINE = str(Path(__file__).parent / "path.json")
HEADS = "q = heads(fc(x, 32), 4) k = heads(fc(x, 16), 2) v = heads(fc(x, 16), 2)"
# Loops b, g, r, n, s; first; mask. One query is in no loop that the causal mask could go along.
CASES = {
    "own heads": ("q: 4x3x8, k: 4x5x8, v: 4x5x6", "attention(q, k, v)", (1, 4, 1, 3, 5), None, ()),
    "shared keys": ("q: 4x3x8, k: 2x5x8, v: 2x5x6", "attention(q, k, v)", (1, 2, 2, 3, 5), None, ()),
    # 3 queries and 5 keys: the first sees 3.
    "causal": ("q: 4x3x8, k: 2x5x8, v: 2x5x6", "attention(q, k, v, causal=true)", (1, 2, 2, 3, 5), 3, ()),
    "decode": ("q: 4x1x8, k: 2x5x8, v: 2x5x6", "attention(q, k, v, causal=true)", (1, 2, 2, 1, 5), None, ()),
    "mask": ("q: 4x3x8, k: 2x5x8, v: 2x5x6, m: 1x3x5", "masked_attention(q, k, v, m)", (1, 2, 2, 3, 5), None, "ns"),
    "keys hidden": (
        "q: 4x3x8, k: 2x5x8, v: 2x5x6, m: 1x1x5",
        "masked_attention(q, k, v, m)",
        (1, 2, 2, 3, 5),
        None,
        "s",
    ),
    "mask of heads": (
        "q: 4x3x8, k: 2x5x8, v: 2x5x6, m: 4x3x5",
        "masked_attention(q, k, v, m, causal=true)",
        (1, 2, 2, 3, 5),
        3,
        "grns",
    ),
    "prefill": ("x: 6x32", f"{HEADS} merge_heads(attention(q, k, v, causal=true))", (1, 2, 2, 6, 6), 1, ()),
}


def parsed(signature: str, body: str, batch: int = 1) -> ModuleOp:
    before, _, last = body.rpartition(") merge_heads")
    text = f"{before}) return merge_heads{last}" if before else f"return {body}"
    return parse_dsl(f"network n({signature}) {{ {text} }}\n", "n.dsl", batch)


def lowered(module: ModuleOp, *settings: str, fuse: bool = True, model: str = "exact") -> ModuleOp:
    set_hardware(module, load_machine(MACHINE, settings))
    run_pipeline(module, (*lowering_passes(model), *([FuseAttentionPass(model)] if fuse else [])))
    assert first_invalid(module) is None
    return module


def fused(module: ModuleOp) -> list[FusedOp]:
    return [op for op in network_of(module).layers() if isinstance(op, FusedOp)]


def kernel_of(op: LayerOp) -> FusedProducts:
    kernel = op.kernel()
    assert isinstance(kernel, FusedProducts)
    return kernel


@pytest.mark.parametrize("case", CASES)
def test_it_is_one_layer_with_the_loops_of_attention(case: str) -> None:
    signature, body, bounds, first, mask = CASES[case]
    (op,) = fused(lowered(parsed(signature, body)))
    kernel = kernel_of(op)
    assert op.layer.data.count("+") == 2
    assert tuple(kernel.bounds.values()) == bounds
    assert (None if kernel.diagonal is None else kernel.diagonal.first) == first
    assert [operand.loops for operand in kernel.row.inputs] == ([tuple(mask)] if mask else [])
    assert kernel.whole == {"d": 8, "e": 8 if case == "prefill" else 6}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("batch", [1, 2])
def test_numbers_are_those_of_three_layers(case: str, batch: int) -> None:
    modules = [lowered(parsed(*CASES[case][:2], batch), fuse=fuse) for fuse in (True, False)]
    assert [len(fused(module)) for module in modules] == [1, 0]
    random = np.random.default_rng(1)
    inputs = [random.normal(size=value.type.get_shape()) for value in network_of(modules[0]).body.block.args]
    parameters = initial_parameters(modules[1])
    one, three = (execute(module, inputs, parameters).returned for module in modules)
    np.testing.assert_array_equal(one[0], three[0])


@pytest.mark.parametrize("case", CASES)
def test_it_is_verified(case: str) -> None:
    (op,) = fused(lowered(parsed(*CASES[case][:2])))
    machine, model = simdc.load_hardware(MACHINE), ExactModel()
    kernel = kernel_of(op)
    assert verify_layer(kernel, model.default(kernel, machine), machine, model).difference is None


def priced(case: str, *, fuse: bool = True) -> Report:
    module = parsed(*CASES[case][:2])
    return make_report(simdc.compile(simdc.Network(module), simdc.load_hardware(MACHINE), fuse=fuse))


def test_a_report_names_its_members() -> None:
    (layer,) = priced("shared keys").layers
    assert layer.name == "attention1.scores+attention1.softmax+attention1.context"
    assert layer.operator == "matmul+softmax+matmul"
    assert [name for name, _ in layer.members] == [f"attention1.{part}" for part in ("scores", "softmax", "context")]
    # Four heads, 3 queries, 5 keys, depths of 8 and 6.
    assert priced("shared keys").macs == priced("shared keys", fuse=False).macs == 4 * 3 * 5 * (8 + 6)


def test_behind_the_diagonal_nothing_is_counted() -> None:
    # Queries see 3, 4 and 5 of 5 keys.
    assert priced("causal").macs == 4 * (3 + 4 + 5) * (8 + 6)
    assert priced("causal", fuse=False).macs == 4 * 3 * 5 * (8 + 6)


def test_scores_are_not_in_dram() -> None:
    one, three = (priced("own heads", fuse=fuse).total.dram_bits.total for fuse in (True, False))
    # q, k, v of 8 bits once, the result of 32 bits as networks give it.
    assert one == 8 * 4 * (3 * 8 + 5 * 8 + 5 * 6) + 32 * 4 * 3 * 6
    assert three > one


def test_what_does_not_pay_stays_apart() -> None:
    """With ports of 16 and 8 bits a cycle instead of 1 scores are soon in DRAM and back. Half of a psum buffer of 32
    bits does not hold one score."""
    fast = ("simd.bandwidth_bits_per_cycle=16", "systolic.bandwidths.psum_bits_per_cycle=8")
    case = CASES["decode"][:2]
    assert not fused(lowered(parsed(*case), *fast))
    assert fused(lowered(parsed(*case)))
    assert not fused(lowered(parsed(*case), "systolic.buffers.psum_bits=32"))


def test_of_as_many_cycles_the_layers_stay_by_themselves() -> None:
    """A price of 3 cycles for the one and 1 for each of the three, then of 2 for the one."""
    (op,) = fused(lowered(parsed(*CASES["decode"][:2])))
    kernel, machine, model = kernel_of(op), simdc.load_hardware(MACHINE), ExactModel()
    tiling = model.default(kernel, machine)
    cost = model.evaluate(kernel, tiling, machine)
    apart = tuple(
        (("", member),) for op in op.members if isinstance(member := op.kernel(), Contraction | VectorProgram)
    )

    def runs_whole(whole: int) -> bool:
        return pays(
            kernel,
            apart,
            lambda asked: (tiling, cost._replace(cycles=Cycles(whole if asked is kernel else 1))),
            lambda asked: 0,
        )

    assert [runs_whole(whole) for whole in (2, 3, 4)] == [True, False, False]


def test_a_model_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no cost model"):
        FuseAttentionPass("precise")


def test_it_has_fewer_cycles() -> None:
    one, three = (priced("causal", fuse=fuse).total.cycles.total for fuse in (True, False))
    assert one < three


def test_without_the_path_in_training_and_for_simdit_nothing_changes() -> None:
    assert not fused(lowered(parsed(*CASES["causal"][:2]), "simd.array_path_bits_per_cycle=0"))
    assert not fused(lowered(parsed(*CASES["causal"][:2]), model="simdit"))
    module = parsed(*CASES["prefill"][:2])
    run_pipeline(module, training_passes("sgd"))
    assert not fused(lowered(module))


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        # A mask that is one number for all, which no loop moves; shares of a softmax that are read twice.
        ("q: 4x3x8, k: 4x5x8, v: 4x5x6, m: 1x1x1", "return masked_attention(q, k, v, m)"),
        ("a: 4x3x8, b: 4x8x5, c: 4x5x6", "s = softmax(matmul(a, b), axis=-1) return matmul(s, c), s"),
        # The product with itself, and one that reads the shares as its right side.
        ("a: 4x3x8, b: 4x8x3", "s = softmax(matmul(a, b), axis=-1) return matmul(s, s)"),
        ("a: 4x3x8, b: 4x8x5, c: 4x5x3", "return matmul(c, softmax(matmul(a, b), axis=-1))"),
        ("a: 4x3x8, b: 4x8x5, c: 4x5x6", "return matmul(softmax(matmul(a, b), axis=-1, scale=-1.0), c)"),
        ("a: 4x3x8, b: 4x8x5, c: 4x5x6", "return matmul(softmax(matmul(a, b), axis=2), c)"),
    ],
)
def test_what_is_no_attention_stays(signature: str, body: str) -> None:
    assert not fused(lowered(parse_dsl(f"network n({signature}) {{ {body} }}\n", "n.dsl", 1)))


def test_matrices_are_attention_of_one_head() -> None:
    text = "network n(a: 3x8, b: 8x5, c: 5x6) { return matmul(softmax(matmul(a, b), axis=-1), c) }\n"
    (op,) = fused(lowered(parse_dsl(text, "n.dsl", 2)))
    assert tuple(kernel_of(op).bounds.values()) == (2, 1, 1, 3, 5)


@pytest.mark.parametrize("step", [False, True])
def test_a_language_models_report_knows_it(step: bool) -> None:
    """Useful products and the cache are those of the layers by themselves; attention is a role of its own."""
    one, three = (
        make_report(
            simdc.compile(
                simdc.Network(parse_dsl(decoder(), "d.dsl", 1, *([decode_step(5)] if step else []))),
                simdc.load_hardware(MACHINE),
                fuse=fuse,
            )
        )
        for fuse in (True, False)
    )
    assert one.llm is not None
    assert three.llm is not None
    assert (one.llm.phase, one.llm.useful_macs, one.llm.cache) == (
        three.llm.phase,
        three.llm.useful_macs,
        three.llm.cache,
    )
    parts, apart = ({part.role: part.layers for part in each.llm.parts} for each in (one, three) if each.llm)
    assert parts.pop("attention") == apart.pop("scores") == apart.pop("softmax") == apart.pop("context") == 2
    assert parts == apart


def test_a_curve_is_what_each_length_costs() -> None:
    def compiled(length: int) -> ModuleOp:
        step = simdc.Network(parse_dsl(decoder(), "d.dsl", 1, decode_step(length)))
        return simdc.compile(step, simdc.load_hardware(MACHINE))

    assert fused(compiled(7))
    total = make_report(compiled(7)).total
    step = StepPrices(compiled, 5, 9).step(7)
    assert (step.cycles, step.dram_bits) == (total.cycles.total, total.dram_bits.total)
