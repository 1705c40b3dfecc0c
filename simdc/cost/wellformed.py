"""What every kernel must be, checked once where it is made: what cost models, simulator and execution rely on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from .nest import CodeBlock, Loop, LoopNest, Operand


class KernelError(ValueError):
    """A kernel that no cost model can price. The text names what is wrong and, in a program, its nest."""


@lru_cache(maxsize=1024)
def check_contraction(loops: tuple[Loop, ...], operands: tuple[Operand, ...], spread: tuple[str, str]) -> None:
    """Raise KernelError unless every operand is indexed by `loops`, which hold those `spread` over the array. Layers
    repeat, and every pass makes them anew: each distinct one is looked at once."""
    bounds = _bounds(loops, "")
    for operand in operands:
        _check_index(operand, bounds, "")
    for loop in spread:
        if loop not in bounds:
            raise KernelError(f"the array runs along loop '{loop}', which is not among {list(bounds)}")


def check_mapping(moved: Sequence[Operand], rows: str, beside_rows: Sequence[str], side_by_side: Sequence[str]) -> None:
    """Raise KernelError unless loops `beside_rows` are summed over, as the array adds along its rows, and those
    `side_by_side` move each of ifmap, weight and psum."""
    if not beside_rows and not side_by_side:
        return
    ifmap, weight, psum = (set(operand.loops) for operand in moved)
    for loop in beside_rows:
        if loop not in (ifmap | weight) - psum or loop == rows or beside_rows.count(loop) > 1:
            raise KernelError(f"loop '{loop}' cannot lie beside '{rows}' on the rows: it is not summed over, or twice")
    for loop in side_by_side:
        if loop not in ifmap & weight & psum or side_by_side.count(loop) > 1:
            raise KernelError(f"loop '{loop}' cannot lie side by side: it does not move each of ifmap, weight and psum")


@lru_cache(maxsize=1024)
def check_program(nests: tuple[LoopNest, ...], lanes: str) -> None:
    """Raise KernelError unless each nest is sound by itself and nests agree on the loops and tensors they share.
    Looks at each distinct one once, as above."""
    bounds: dict[str, tuple[int, int]] = {}
    tensors: dict[str, tuple[tuple[int, tuple[int, ...]], int]] = {}
    for number, nest in enumerate(nests):
        _check_nest(nest, f" in nest {number}")
        if lanes in nest.whole:
            raise KernelError(f"loop '{lanes}' lies across the lanes, so it cannot be whole in nest {number}")
        for loop, bound in nest.loops:
            before, earlier = bounds.setdefault(loop, (bound, number))
            if before != bound:
                raise KernelError(
                    f"loop '{loop}' runs to {before} in nest {earlier} and to {bound} in nest {number}; a tiling "
                    "cuts loops by name, so loops with bounds of their own need names of their own"
                )
        for operand in (*nest.inputs, *nest.outputs):
            kind = operand.bits, operand.shape
            before, earlier = tensors.setdefault(operand.name, (kind, number))
            if before != kind:
                raise KernelError(
                    f"tensor '{operand.name}' has {before[0]} bits and shape {list(before[1])} in nest {earlier}, "
                    f"{kind[0]} bits and shape {list(kind[1])} in nest {number}"
                )
    if lanes not in bounds:
        raise KernelError(f"the lanes run along loop '{lanes}', which is not among {list(bounds)}")


def _check_nest(nest: LoopNest, where: str) -> None:
    """Raise KernelError unless operands have names of their own, indices that the loops run through, and code that uses
    only what it can have. `where` stands in the message: ` in nest 2`."""
    bounds = _bounds(nest.loops, where)
    owned = (*nest.inputs, *nest.outputs, *nest.scratch)
    names = {operand.name for operand in owned} | {view.name for view in nest.views}
    if len(names) != len(owned) + len(nest.views):
        every = [operand.name for operand in (*owned, *nest.views)]
        twice = next(name for name in every if every.count(name) > 1)
        raise KernelError(f"two operands are called '{twice}'{where}")
    for operand in (*owned, *nest.views):
        _check_index(operand, bounds, where)
    loaded = {operand.name: operand for operand in nest.inputs}
    for loop in nest.whole:
        if loop not in bounds:
            raise KernelError(f"loop '{loop}' is to stay whole{where}, which has loops {list(bounds)}")
    for view in nest.views:
        base = loaded.get(view.name.partition(".")[0])
        if base is None or (base.bits, base.shape) != (view.bits, view.shape):
            raise KernelError(f"'{view.name}' views no input of its shape and width{where}: inputs are {list(loaded)}")
    kept = {operand.name for operand in (*nest.outputs, *nest.scratch)}
    for name, _ in nest.initial:
        if name not in kept:
            raise KernelError(f"'{name}' has an initial value{where} and is neither a result nor an accumulator")
    written: set[str] = set()
    for block in nest.blocks:
        _check_block(block, bounds, names, kept, where)
        used = {name for code in block.instructions for name in (code.dest, *code.sources)}
        for operand in (*owned, *nest.views):
            # A block over (c) that reads x[c, h] does not say which h.
            if operand.name in used and not set(operand.loops) <= set(block.loops):
                raise KernelError(
                    f"a block over {list(block.loops)}{where} uses '{operand.name}', which {list(operand.loops)} move"
                )
        written.update([instruction.dest for instruction in block.instructions])
    for output in nest.outputs:
        if output.name not in written:
            raise KernelError(f"nothing writes result '{output.name}'{where}")


def _check_block(
    block: CodeBlock, bounds: Collection[str], names: Collection[str], kept: Collection[str], where: str
) -> None:
    if not block.instructions:
        raise KernelError(f"a block over {list(block.loops)}{where} has no instructions")
    if not set(block.loops) <= set(bounds) or block.at not in ("start", "end"):
        raise KernelError(f"a block over {list(block.loops)} at '{block.at}'{where}, which has loops {list(bounds)}")
    # t = mul(x, x), y = add(t, x): t is known from its first line on. Temporaries end with their block.
    known = set(names)
    for opcode, dest, sources in block.instructions:
        for source in sources:
            if isinstance(source, str) and source not in known:
                raise KernelError(f"{opcode} reads '{source}'{where}, which is no operand and nothing has made yet")
        if dest in names and dest not in kept:
            raise KernelError(f"{opcode} writes '{dest}'{where}, which is an input")
        known.add(dest)


def _bounds(loops: Sequence[Loop], where: str) -> dict[str, int]:
    # Of two loops called h a dictionary keeps one.
    bounds = dict(loops)
    if len(bounds) != len(loops):
        raise KernelError(f"two loops share a name{where}: {[name for name, _ in loops]}")
    if bounds and min(bounds.values()) < 1:
        raise KernelError(f"each loop runs at least once, bounds{where} are {bounds}")
    return bounds


def _check_index(operand: Operand, bounds: Collection[str], where: str) -> None:
    if len(operand.index) != len(operand.shape):
        raise KernelError(
            f"'{operand.name}'{where} has {len(operand.shape)} dimensions and {len(operand.index)} index expressions"
        )
    for expression in operand.index:
        for loop, step in expression.terms:
            # Steps are positive, so the first iteration has the lowest index: a box begins where its tile begins.
            if loop not in bounds or step < 1:
                raise KernelError(f"'{operand.name}'{where} is indexed by {expression}; loops are {list(bounds)}")
