"""Loop nests over the lines of a tensor along one of its dimensions, each nest a pass through DRAM."""

from __future__ import annotations

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, affine

from .movement import dimension_names


def lines_along(x: Operand, axis: int, name: str, bits: int) -> tuple[tuple[Loop, ...], Operand]:
    """Loops over `x`, that along `axis` innermost, and an operand with one element for each line along it."""
    names = dimension_names(x.shape)
    bounds = dict(zip(names, x.shape, strict=True))
    kept = tuple(each for each in names if each != names[axis])
    loops = tuple(Loop(each, bounds[each]) for each in (*kept, names[axis]))
    return loops, Operand(name, bits, tuple(bounds[each] for each in kept), tuple(affine(each) for each in kept))


def softmax_nests(x: Operand, y: Operand, bits: int, axis: int = 1) -> tuple[LoopNest, ...]:
    """Loop nests that make `y` of `x`, both indexed by the names of their dimensions; `bits` is the width of what they
    hand on."""
    loops, maximum = lines_along(x, axis, "maximum", bits)
    total = maximum._replace(name="total")
    names = tuple(loop.name for loop in loops)
    e = y._replace(name="e", bits=bits)
    find = (Instruction("max", "maximum", ("maximum", "x")),)
    exponentials = (
        Instruction("sub", "difference", ("x", "maximum")),
        Instruction("exp", "e", ("difference",)),
        Instruction("add", "total", ("total", "e")),
    )
    divide = (Instruction("div", "y", ("e", "total")),)
    return (
        LoopNest(loops, (x,), (maximum,), (CodeBlock(names, find),), initial=(("maximum", float("-inf")),)),
        LoopNest(loops, (x, maximum), (e, total), (CodeBlock(names, exponentials),), initial=(("total", 0.0),)),
        LoopNest(loops, (e, total), (y,), (CodeBlock(names, divide),)),
    )
