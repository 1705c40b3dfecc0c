"""A kernel that is none is refused where it is made, and the words say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from simdc.api import Network, compile, evaluate, load_hardware
from simdc.cost import Affine, CodeBlock, Contraction, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.wellformed import KernelError
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.ops.relu import ReluOp

LOOPS = (Loop("c", 4), Loop("h", 3))
X, Y, T = (Operand(name, 8, (4, 3), (affine("c"), affine("h"))) for name in "xyt")
COPY = CodeBlock(("c", "h"), (Instruction("move", "y", ("x",)),))
NEST = LoopNest(LOOPS, (X,), (Y,), (COPY,))


def block(
    *code: tuple[str, tuple[str | float, ...]], loops: tuple[str, ...] = ("c", "h"), at: str = "end"
) -> CodeBlock:
    return CodeBlock(loops, tuple(Instruction("add", dest, sources) for dest, sources in code), at)


def test_phases_that_share_a_loop_name_share_its_bound() -> None:
    narrow = Operand("y", 8, (4, 3), (affine("c"), affine("h", constant=1)))
    second = LoopNest((Loop("c", 4), Loop("h", 2)), (X,), (narrow,), (COPY,))
    with pytest.raises(KernelError, match="loop 'h' runs to 3 in nest 0 and to 2 in nest 1; a tiling cuts loops by"):
        VectorProgram("p", (NEST, second))
    named = second._replace(
        loops=(Loop("c", 4), Loop("h2", 2)),
        inputs=(X._replace(index=(affine("c"), affine("h2"))),),
        outputs=(Y._replace(index=(affine("c"), affine("h2"))),),
        blocks=(COPY._replace(loops=("c", "h2")),),
    )
    assert len(VectorProgram("p", (NEST, named)).nests) == 2


def indexed(operand: Operand, *index: Affine) -> Operand:
    return operand._replace(index=index)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loops": (*LOOPS, Loop("c", 4))}, "two loops share a name in nest 0: ['c', 'h', 'c']"),
        ({"loops": (Loop("c", 4), Loop("h", 0))}, "each loop runs at least once, bounds in nest 0 are {'c': 4, 'h': "),
        ({"inputs": (X, X)}, "two operands are called 'x' in nest 0"),
        ({"inputs": (X, Y)}, "two operands are called 'y' in nest 0"),
        ({"inputs": (X._replace(shape=(4,)),)}, "'x' in nest 0 has 1 dimensions and 2 index expressions"),
        ({"outputs": (indexed(Y, affine("c"), affine("w")),)}, "'y' in nest 0 is indexed by w; loops are ['c', 'h']"),
        ({"outputs": (indexed(Y, affine("c"), affine(("h", -1))),)}, "'y' in nest 0 is indexed by -1*h; loops are"),
        ({"views": (T._replace(name="t.center"),)}, "'t.center' views no input of its shape and width in nest 0: "),
        ({"views": (X._replace(name="x.center", bits=16),)}, "'x.center' views no input of its shape and width"),
        ({"initial": (("x", 0.0),)}, "'x' has an initial value in nest 0 and is neither a result nor an accumulator"),
        ({"whole": ("w",)}, "loop 'w' is to stay whole in nest 0, which has loops ['c', 'h']"),
        ({"whole": ("c",)}, "loop 'c' lies across the lanes, so it cannot be whole in nest 0"),
        ({"outputs": (Y, T)}, "nothing writes result 't' in nest 0"),
        ({"blocks": (block(("y", ("x", "z"))),)}, "add reads 'z' in nest 0, which is no operand and nothing has made"),
        ({"blocks": (block(("z", ("x", 1.0))), block(("y", ("z", 1.0))))}, "add reads 'z' in nest 0"),
        ({"blocks": (block(("x", ("x", 1.0))), COPY)}, "add writes 'x' in nest 0, which is an input"),
        ({"blocks": (block(("y", ("x", 1.0)), loops=("w",)),)}, "a block over ['w'] at 'end' in nest 0, which has"),
        ({"blocks": (COPY, block())}, "a block over ['c', 'h'] in nest 0 has no instructions"),
        ({"blocks": (COPY, block(("y", ("x", 1.0)), loops=("c",)))}, "a block over ['c'] in nest 0 uses 'x', which "),
        ({"blocks": (block(("y", ("x", 1.0)), at="middle"),)}, "a block over ['c', 'h'] at 'middle' in nest 0"),
    ],
)
def test_what_a_nest_must_be(change: Mapping[str, object], words: str) -> None:
    with pytest.raises(KernelError, match=re.escape(words)):
        VectorProgram("p", (NEST._replace(**change),))  # type: ignore[arg-type]
    # The same nest as the second of a program is named so.
    with pytest.raises(KernelError, match=re.escape(words.replace("nest 0", "nest 1"))):
        VectorProgram("p", (NEST, NEST._replace(**change)))  # type: ignore[arg-type]


def test_what_a_program_must_be() -> None:
    with pytest.raises(KernelError, match=re.escape("the lanes run along loop 'w', which is not among ['c', 'h']")):
        VectorProgram("p", (NEST,), lanes="w")
    wide = NEST._replace(inputs=(X._replace(bits=16),))
    words = "tensor 'x' has 8 bits and shape [4, 3] in nest 0, 16 bits and shape [4, 3] in nest 1"
    with pytest.raises(KernelError, match=re.escape(words)):
        VectorProgram("p", (NEST, wide))


def product(**change: object) -> Contraction:
    given = {
        "loops": (Loop("oc", 2), Loop("ic", 3)),
        "ifmap": Operand("ifmap", 8, (3,), (affine("ic"),)),
        "weight": Operand("weight", 8, (2, 3), (affine("oc"), affine("ic"))),
        "psum": Operand("psum", 32, (2,), (affine("oc"),)),
    }
    return Contraction("linear", **given | change, ofmap_bits=32)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loops": (Loop("oc", 2), Loop("oc", 3))}, "two loops share a name: ['oc', 'oc']"),
        ({"bias": Operand("bias", 32, (2,), (affine("n"),))}, "'bias' is indexed by n; loops are ['oc', 'ic']"),
        ({"rows": "k"}, "the array runs along loop 'k', which is not among ['oc', 'ic']"),
        ({"columns": "k"}, "the array runs along loop 'k', which is not among ['oc', 'ic']"),
    ],
)
def test_what_a_contraction_must_be(change: Mapping[str, object], words: str) -> None:
    assert product().useful_macs == 6
    with pytest.raises(KernelError, match=re.escape(words)):
        product(**change)


def test_the_error_names_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    short = LoopNest((Loop("c", 2), *LOOPS[1:]), (X,), (Y,), (COPY,))
    monkeypatch.setattr(ReluOp, "kernel", lambda _: VectorProgram("relu", (NEST, short)))
    machine = load_hardware("HI3")
    network = Network(parse_dsl('network n(x: 4x3) {\n  return relu(x, name="kink")\n}', "n.dsl", 1))
    for run in (compile, evaluate):
        with pytest.raises(
            SimdcError, match=r"n.dsl:2:\d+: .*simdc.relu 'kink': loop 'c' runs to 4 in nest 0 and to 2"
        ):
            run(network, machine)
