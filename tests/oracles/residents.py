"""What shares the vector memory, by the rule of docs/architecture.md."""

from __future__ import annotations

from simdc.cost.kernel import Operand, Phase


def moves(operand: Operand) -> set[str]:
    """The loops that index the operand."""
    return {loop for terms, _ in operand.index for loop, _ in terms}


def inside(operand: Operand, phase: Phase) -> bool:
    """Whether every position that the loops index exists."""
    bounds = dict(phase.loops)
    lasts = [low + sum(step * (bounds[loop] - 1) for loop, step in terms) for terms, low in operand.index]
    return all(low >= 0 and last < n for (_, low), last, n in zip(operand.index, lasts, operand.shape, strict=True))


def residents(phase: Phase) -> tuple[list[Operand], int]:
    """What is in vector memory at once: inputs, accumulators, results; and the number of temporaries, a vector each. A
    result lies in the place of an input that every loop moves, that is as wide and indexed alike, at positions that
    both have, and that nobody reads once the result has been written; nothing has read the result until then."""
    code = [instruction for block in phase.blocks for instruction in block.instructions]
    named = {operand.name for operand in (*phase.inputs, *phase.outputs, *phase.scratch, *phase.views)}
    temporaries = {instruction.dest for instruction in code} - named
    found = [*phase.inputs, *phase.scratch]
    loops = {loop.name for loop in phase.loops}
    taken = {view.name.split(".")[0] for view in phase.views}
    for result in phase.outputs:
        first_write = min(moment for moment, instruction in enumerate(code) if instruction.dest == result.name)
        for operand in phase.inputs:
            last_read = max((moment for moment, one in enumerate(code) if operand.name in one.sources), default=-1)
            apart = all(len(terms) == 1 for terms, _ in operand.index)
            alike = (
                apart
                and result.name not in dict(phase.initial)
                and not any(result.name in one.sources for one in code[: first_write + 1])
                and (operand.shape == result.shape or (inside(operand, phase) and inside(result, phase)))
                and (operand.bits, operand.index) == (result.bits, result.index)
            )
            if operand.name not in taken and moves(operand) == loops and alike and last_read <= first_write:
                taken.add(operand.name)
                break
        else:
            found.append(result)
    return found, len(temporaries)
