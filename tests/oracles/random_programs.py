"""Random vector programs beside those of real layers: any code, windows with gaps, sums that spill, several phases."""

from __future__ import annotations

from random import Random

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from tests.oracles.random_layers import OPCODES, WIDTHS, operand_over, window


def random_program(random: Random) -> VectorProgram:
    return random.choice((_elementwise, _pool, _scatter, _products, _reduction, _two_phases, _rows))(random)


def _maps(random: Random) -> dict[str, int]:
    """Loops over feature maps, in any default order; sometimes without channels or batch."""
    bounds = {
        "c": random.randint(1, 11),
        "n": random.randint(1, 3),
        "h": random.randint(1, 6),
        "w": random.randint(1, 6),
    }
    if random.random() < 0.2:
        del bounds["n"]
    return bounds


def _loops(bounds: dict[str, int]) -> tuple[Loop, ...]:
    return tuple(Loop(name, bound) for name, bound in bounds.items())


def _code(random: Random, known: list[str], result: str) -> tuple[Instruction, ...]:
    """One to five instructions; all but the last write temporaries."""
    known = list(known)
    code: list[Instruction] = []
    length = random.randint(1, 5)
    for number in range(length):
        opcode = random.choice(OPCODES)
        count = 1 if opcode in ("exp", "inv_sqrt") else 2
        sources = tuple(random.choice((*known, known[-1], 0.5)) for _ in range(count))
        dest = result if number == length - 1 else f"t{number}"
        code.append(Instruction(opcode, dest, sources))
        known.append(dest)
    return tuple(code)


def _elementwise(random: Random) -> VectorProgram:
    bounds = _maps(random)
    names = tuple(bounds)
    indices = [names, names, ("c",), tuple(name for name in names if name in "nc"), ()]
    inputs = tuple(operand_over(random, f"x{i}", bounds, *random.choice(indices)) for i in range(random.randint(1, 4)))
    outputs = tuple(operand_over(random, f"y{i}", bounds, *names) for i in range(random.randint(1, 2)))
    known = [operand.name for operand in inputs]
    blocks = tuple(CodeBlock(names, _code(random, known, operand.name)) for operand in outputs)
    phase = LoopNest(_loops(bounds), inputs, outputs, blocks)
    return VectorProgram("random element-wise", (phase,), random.choice(("c", "c", "w")))


def _windowed(random: Random) -> tuple[dict[str, int], Operand, Operand]:
    """Bounds, an operand on the side of the windows and one on the side of their positions."""
    oh, kh, height, rows = window(random, "oh", "kh")
    ow, kw, width, columns = window(random, "ow", "kw")
    bounds = {"c": random.randint(1, 9), "n": random.randint(1, 2), "oh": oh, "ow": ow, "kh": kh, "kw": kw}
    shape, index = (bounds["n"], bounds["c"], height, width), (affine("n"), affine("c"), rows, columns)
    wide = Operand("x", random.choice(WIDTHS), shape, index)
    return bounds, wide, operand_over(random, "y", bounds, "n", "c", "oh", "ow")


def _pool(random: Random) -> VectorProgram:
    bounds, wide, narrow = _windowed(random)
    blocks = (
        CodeBlock(("c", "n", "oh", "ow"), (Instruction("move", "y", (0.0,)),), "start"),
        CodeBlock(tuple(bounds), _code(random, ["y", "x"], "y")),
        CodeBlock(("c", "n", "oh", "ow"), _code(random, ["y"], "y")),
    )[random.randint(0, 1) :]
    return VectorProgram("random pool", (LoopNest(_loops(bounds), (wide,), (narrow,), blocks),))


def _scatter(random: Random) -> VectorProgram:
    """The result is on the side of the windows: its tiles overlap, lie side by side or leave gaps."""
    bounds, wide, narrow = _windowed(random)
    blocks = (CodeBlock(tuple(bounds), (Instruction("add", "x", ("x", "y")),)),)
    return VectorProgram("random scatter", (LoopNest(_loops(bounds), (narrow,), (wide,), blocks),))


def _products(random: Random) -> VectorProgram:
    """Windows times weights, summed up over some of the loops, or handed back to where the windows lie."""
    bounds, wide, narrow = _windowed(random)
    index = ("c", *(name for name in bounds if name != "c" and random.random() < 0.5))
    weight = operand_over(random, "w", bounds, *index)
    result, factor = random.choice(((wide, narrow), (narrow, wide), (weight, wide)))
    other = narrow if result is weight else weight
    code = (Instruction("mac", result.name, (result.name, factor.name, other.name)),)
    initial = ((result.name, 0.0),)
    phase = LoopNest(_loops(bounds), (factor, other), (result,), (CodeBlock(tuple(bounds), code),), initial=initial)
    return VectorProgram("random products", (phase,))


def _reduction(random: Random) -> VectorProgram:
    """A sum in vector memory or, where it is a result, in DRAM."""
    bounds = _maps(random)
    kept = ("c", *(name for name in bounds if name != "c" and random.random() < 0.3))
    source, scale = operand_over(random, "x", bounds, *bounds), operand_over(random, "scale", bounds, "c")
    total, result = operand_over(random, "total", bounds, *kept), operand_over(random, "result", bounds, *kept)
    blocks = (
        CodeBlock(kept, (Instruction("mul", "total", ("scale", 2.0)),), "start"),
        CodeBlock(tuple(bounds), (*_code(random, ["x", "scale"], "t"), Instruction("add", "total", ("total", "t")))),
        CodeBlock(kept, _code(random, ["total", "scale"], "result")),
    )
    in_dram = random.random() < 0.5
    outputs, scratch = ((total, result), ()) if in_dram else ((result,), (total,))
    return VectorProgram("random reduction", (LoopNest(_loops(bounds), (source, scale), outputs, blocks, scratch),))


def _two_phases(random: Random) -> VectorProgram:
    """What the first phase sums up, the second uses; each has loops that the other lacks."""
    bounds = _maps(random)
    second = {name: bound for name, bound in bounds.items() if name in "ch" or random.random() < 0.5}
    source, mean = operand_over(random, "x", bounds, *bounds), operand_over(random, "mean", bounds, "c")
    result = operand_over(random, "y", second, *second)
    phases = (
        LoopNest(
            _loops(bounds),
            (source,),
            (mean,),
            (
                CodeBlock(tuple(bounds), (Instruction("add", "mean", ("mean", "x")),)),
                CodeBlock(("c",), (Instruction("div", "mean", ("mean", 7.0)),)),
            ),
        ),
        LoopNest(_loops(second), (mean,), (result,), (CodeBlock(tuple(second), _code(random, ["mean"], "y")),)),
    )
    return VectorProgram("random phases", phases, random.choice(("c", "h")))


def _rows(random: Random) -> VectorProgram:
    """Blocks that go over whole rows one after the other; the row is one loop or two, lanes are another."""
    bounds = _maps(random)
    inside = tuple(name for name in ("h", "w") if random.random() < 0.6) or ("w",)
    kept = tuple(name for name in bounds if name not in inside)
    source, scale = operand_over(random, "x", bounds, *bounds), operand_over(random, "scale", bounds, *inside)
    e, result = operand_over(random, "e", bounds, *bounds), operand_over(random, "y", bounds, *bounds)
    total = operand_over(random, "total", bounds, *kept)
    blocks = (
        CodeBlock(tuple(bounds), (*_code(random, ["x"], "e"), Instruction("add", "total", ("total", "e")))),
        CodeBlock(kept, _code(random, ["total"], "total")),
        CodeBlock(tuple(bounds), _code(random, ["e", "total", "scale"], "y")),
    )
    nest = LoopNest(_loops(bounds), (source, scale), (result,), blocks, (e, total), (("total", 0.0),), whole=inside)
    return VectorProgram("random rows", (nest,), "c")
