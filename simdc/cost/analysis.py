"""What a model knows of a layer beside its cost: the roofline that the layer lies under, and what binds it."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.named import NamedTuple

from .result import Number

OPERATIONS_PER_MAC = 2
"""A multiply-accumulate is two operations, as in rooflines everywhere."""


class TimeTerm(NamedTuple):
    """Something that a layer waits for: a unit, a memory, a port, a latency; and for how many cycles by itself."""

    name: str
    cycles: Number


class Analysis(NamedTuple):
    """`operations` count 2 for a MAC; `memory_bytes` are what each memory moves. `intensity` and `ridge` are operations
    a byte of DRAM; `peak` is what the unit that runs the layer can do at most, `attainable` what it can at this
    intensity, `achieved` what it does, in operations a cycle. `binding` is the term that binds the layer, whose
    removal shortens it most, `runner_up` the next, each by its name; `terms` holds all of them, in this order. `levels`
    has the cycles at each level of refinement, where the model has levels; `relieved` the cycles if a resource were
    doubled. `remarks` say what the numbers do not rest on."""

    # 4,096 operations a cycle over 20 bytes a cycle: a ridge of 204.8 operations a byte.

    operations: int
    memory_bytes: tuple[tuple[str, Number], ...]
    intensity: float
    ridge: float
    peak: float
    attainable: float
    achieved: float
    binding: str
    runner_up: str
    terms: tuple[TimeTerm, ...]
    levels: tuple[Number, ...] = ()
    relieved: tuple[TimeTerm, ...] = ()
    remarks: tuple[str, ...] = ()


def analysis_of(
    terms: Sequence[TimeTerm],
    cycles: Number,
    *,
    operations: int,
    peak: float,
    memory_bytes: tuple[tuple[str, Number], ...],
    bytes_per_cycle: float,
    levels: tuple[Number, ...] = (),
    relieved: tuple[TimeTerm, ...] = (),
    remarks: tuple[str, ...] = (),
) -> Analysis:
    """Of a layer of `cycles`, with `terms` from the one that binds it on, two at least; `bytes_per_cycle` of all its
    memories."""
    # 8,192 operations in 4 cycles on 64 bytes, at a peak of 4,096 and 20 bytes a cycle: intensity 128, attainable
    # 128 * 20 = 2,560, achieved 2,048.
    moved = sum(count for _, count in memory_bytes)
    intensity = operations / moved if moved else float("inf")
    binding, runner_up, *_ = terms
    return Analysis(
        operations=operations,
        memory_bytes=memory_bytes,
        intensity=intensity,
        ridge=peak / bytes_per_cycle,
        peak=peak,
        attainable=min(peak, intensity * bytes_per_cycle),
        achieved=operations / cycles,
        binding=binding.name,
        runner_up=runner_up.name,
        terms=tuple(terms),
        levels=levels,
        relieved=relieved,
        remarks=remarks,
    )
