"""What shares the vector memory and which loops stay whole, by the rules of docs/architecture.md."""

from __future__ import annotations

from itertools import product

from simdc.cost.kernel import Instruction, LoopNest, Operand


def moves(operand: Operand) -> set[str]:
    """The loops that index the operand."""
    return {loop for terms, _ in operand.index for loop, _ in terms}


def inside(operand: Operand, phase: LoopNest) -> bool:
    """Whether every position that the loops index exists."""
    bounds = dict(phase.loops)
    lasts = [low + sum(step * (bounds[loop] - 1) for loop, step in terms) for terms, low in operand.index]
    return all(low >= 0 and last < n for (_, low), last, n in zip(operand.index, lasts, operand.shape, strict=True))


def _in_any_order(name: str, one: Instruction) -> bool:
    """A sum, product or extreme with one other value; a difference or quotient that the name is on the left of; the
    sum that products are added to."""
    if one.opcode == "mac":
        return one.dest == one.sources[0] == name and name not in one.sources[1:]
    if one.dest != name or len(one.sources) != 2 or one.sources[0] == one.sources[1]:
        return False
    return one.opcode in ("add", "mul", "max", "min") or (one.opcode in ("sub", "div") and one.sources[0] == name)


def uncut(phase: LoopNest) -> list[tuple[str, str]]:
    """Loops that stay whole, each with how the reason begins: those of rows, which the nest names; those that move an
    input and not a view of it; and all but the outermost of those along which an accumulator is updated in a way that
    depends on the order."""
    found = [(loop, f"a row along '{loop}' must be whole") for loop in phase.whole]
    for view in phase.views:
        (base,) = (operand for operand in phase.inputs if operand.name == view.name.split(".")[0])
        found += [(loop, f"'{view.name}' ") for loop in moves(base) - moves(view)]
    for block in phase.blocks:
        for kept in (*phase.scratch, *phase.outputs):
            using = [one for one in block.instructions if kept.name in one.sources]
            updated = any(one.dest == kept.name for one in block.instructions)
            if updated and not all(_in_any_order(kept.name, one) for one in using):
                along = [loop for loop, bound in phase.loops if bound > 1 and loop in block.loops]
                found += [(loop, f"'{kept.name}' ") for loop in along if loop not in moves(kept)][1:]
    return found


def may_replace(result: Operand, operand: Operand, phase: LoopNest) -> bool:
    """Whether a result may lie in the place of an input: one that every loop moves, that is indexed alike, at positions
    that both have, and that nobody reads once the result has been written; nothing has read the result until then."""
    code = [instruction for block in phase.blocks for instruction in block.instructions]
    first_write = min(moment for moment, instruction in enumerate(code) if instruction.dest == result.name)
    return (
        moves(operand) == {loop.name for loop in phase.loops}
        and all(len(terms) == 1 for terms, _ in operand.index)
        and operand.name not in {view.name.split(".")[0] for view in phase.views}
        and result.name not in dict(phase.initial)
        and not any(result.name in one.sources for one in code[: first_write + 1])
        and not any(operand.name in one.sources for one in code[first_write + 1 :])
        and (operand.shape == result.shape or (inside(operand, phase) and inside(result, phase)))
        and operand.index == result.index
    )


def residents(phase: LoopNest) -> tuple[list[Operand], int]:
    """What is in vector memory at once: inputs, accumulators, results; and the number of temporaries, a vector each. A
    result and the input in whose place it lies take the room of the wider one. Every way to share is tried: the one
    with the least room counts."""
    code = [instruction for block in phase.blocks for instruction in block.instructions]
    named = {operand.name for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    temporaries = {instruction.dest for instruction in code} - named
    choices = [[None, *(o for o in phase.inputs if may_replace(result, o, phase))] for result in phase.outputs]
    best: list[Operand] = []
    for places in product(*choices):
        used = [place for place in places if place is not None]
        if len(set(used)) < len(used):
            continue
        kept = [*phase.scratch, *(o for o in phase.inputs if o not in used)]
        for result, place in zip(phase.outputs, places, strict=True):
            kept.append(result if place is None else max(result, place, key=lambda o: o.bits))
        if not best or sum(o.bits for o in kept) < sum(o.bits for o in best):
            best = kept
    return best, len(temporaries)
