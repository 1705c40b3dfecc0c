"""Makes a case on which two programs differ as small as it gets, and prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel, Loop, VectorProgram
from simdc.cost.structure import leaf_paths, unstructure, with_field
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from tests.oracles.random_layers import Case

PLAIN = {"stores_padding": False, "systolic.rows": 1, "systolic.columns": 1, "simd.lanes": 1, "simd.width_bits": 8}


def shrink(case: Case, differs: Callable[[Case], bool]) -> Case:
    """One simplification after the other, as long as the programs still differ."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _simpler(case):
            if candidate != case and _still(candidate, differs):
                case, smaller = candidate, True
                break
    return case


def _still(case: Case, differs: Callable[[Case], bool]) -> bool:
    try:
        return differs(case)
    except (TilingError, KeyError, IndexError, ValueError):
        return False


def _simpler(case: Case) -> Iterator[Case]:
    """A loop of one iteration or one less, a tile of the whole loop, a plainer machine, the default order."""
    kernel, tiling, machine = case
    for loop, bound in loop_bounds(kernel).items():
        for smaller in (1, bound // 2, bound - 1):
            if 1 <= smaller < bound:
                yield Case(_with_bound(kernel, loop, smaller), tiling, machine)
    for slot, loop in enumerate(tiling.order):
        sizes = list(tiling.sizes)
        sizes[slot] = loop_bounds(kernel)[loop]
        yield Case(kernel, Tiling(tiling.order, tuple(sizes)), machine)
    for path in leaf_paths(unstructure(machine)):
        plain = PLAIN.get(path, 1 << 30 if "per_cycle" in path and path.startswith("s") else 1)
        if path.startswith(("systolic", "simd", "stores")):
            yield Case(kernel, tiling, with_field(machine, path, plain))
    if isinstance(kernel, VectorProgram) and len(kernel.nests) > 1:
        for phase in kernel.nests:
            lone = kernel._replace(nests=(phase,))
            loops = loop_bounds(lone)
            kept = [(name, size) for name, size in zip(*tiling, strict=True) if name in loops]
            yield Case(lone, Tiling(tuple(name for name, _ in kept), tuple(size for _, size in kept)), machine)


def _with_bound(kernel: Kernel, loop: str, bound: int) -> Kernel:
    def loops(old: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(Loop(one.name, bound if one.name == loop else one.bound) for one in old)

    if isinstance(kernel, VectorProgram):
        return kernel._replace(nests=tuple(phase._replace(loops=loops(phase.loops)) for phase in kernel.nests))
    return kernel._replace(loops=loops(kernel.loops))


def as_python(case: Case) -> str:
    """Lines that build the case again."""
    machine = unstructure(case.machine)
    return "\n".join(
        (
            "from simdc.cost import *",
            "from simdc.backends.simulate import simulate",
            f"kernel = {case.kernel!r}",
            f"tiling = {case.tiling!r}",
            f"machine = structure(Hardware, {machine!r})",
            "print(ExactModel().evaluate(kernel, tiling, machine))",
            "print(simulate(kernel, tiling, machine))",
        )
    )


def rebuilt(text: str) -> Case:
    """The case of `as_python`, for its test."""
    names: dict[str, object] = {}
    exec("\n".join(line for line in text.splitlines() if not line.startswith("print")), names)
    kernel, tiling, machine = names["kernel"], names["tiling"], names["machine"]
    assert isinstance(tiling, Tiling)
    assert isinstance(machine, Hardware)
    return Case(kernel, tiling, machine)  # pyright: ignore[reportArgumentType]
