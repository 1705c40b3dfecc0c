"""Programs that go over rows: sums along each row, and results that need them, as a softmax or a normalization does.

A row program is said once, as stages; its kernels are made of them. In `rows` a row stays in vector memory from the
first stage to the last. In `split` the lanes share each row, for where rows are few. In `streamed` each stage reads the
row from DRAM again, for where a row has no room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.named import NamedTuple

from .attributes import Unit
from .form import Form
from .row_loops import LANES, RowLoops

ROLES = LoopRoles(channels=(), batch=(LANES,), image=())
"""Rows are no channels: they are stored as they are."""
MOST_PARTS, FEWEST_PARTS = 64, 8
"""Of a row that lanes share. The machine has no say: fewer lanes take a row's parts in several vectors."""


class Sum(NamedTuple):
    """What a stage gathers along a row, by an opcode that takes its elements in any order."""

    name: str
    opcode: str = "add"
    initial: float = 0.0


class Stage(NamedTuple):
    """`each` runs for each element of a row: what it adds to `sums` is complete behind it. `finish` then runs once a
    row. An element's value that a later stage names is made anew there, unless it lies in the place of a result."""

    each: tuple[Instruction, ...]
    sums: tuple[Sum, ...] = ()
    finish: tuple[Instruction, ...] = ()


class RowProgram(NamedTuple):
    """A layer as stages over rows; `bits` is the width of sums and of what is made once a row. `initial` has what
    results hold at first that a `finish` adds to over several rows. `keeps` says which element values lie in the place
    of which result from their stage on, until a later one takes it. `views` are as those of a nest, and do not move
    along the row."""

    # Softmax: max; sub, exp, add; mul. The exponential `e` lies where `y` will be.

    kind: str
    loops: RowLoops
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    stages: tuple[Stage, ...]
    bits: int
    initial: tuple[tuple[str, float], ...] = ()
    keeps: tuple[tuple[str, str], ...] = ()
    views: tuple[Operand, ...] = ()

    def resident(self) -> VectorProgram:
        """One nest: a row stays whole in vector memory."""
        kept = dict(self.keeps)
        outer, every = _names(self.loops.outer), _names((*self.loops.outer, *self.loops.inner))
        blocks: list[CodeBlock] = []
        known = frozenset[str]()
        for number, stage in enumerate(self.stages):
            code = _with_definitions(self.stages[:number], stage.each, known)
            known |= {one.dest for one in code if one.dest in kept}
            blocks.append(CodeBlock(every, _renamed(code, kept)))
            if stage.finish:
                blocks.append(CodeBlock(outer, stage.finish))
        sums = [one for stage in self.stages for one in stage.sums]
        names = dict.fromkeys([*(one.name for one in sums), *self._handed_on()])
        nest = LoopNest(
            (*self.loops.outer, *self.loops.inner),
            self.inputs,
            self.outputs,
            tuple(blocks),
            tuple(self._of_row(name) for name in names),
            (*((one.name, one.initial) for one in sums), *self.initial),
            self.views,
            _names(self.loops.inner),
        )
        return VectorProgram(self.kind, (nest,), LANES, ROLES)

    def streamed(self) -> VectorProgram:
        """A nest for each stage: sums go through DRAM, and rows may be cut."""
        return VectorProgram(self.kind, tuple(self._nest(number) for number in range(len(self.stages))), LANES, ROLES)

    def split(self, parts: int) -> VectorProgram:
        """Each row in as many `parts`, side by side on the lanes: element i is in part `i % parts`. Every lane adds up
        its part; the parts of a row, stored and loaded again along one lane, become the row's sum. Of a row that they
        do not divide the last elements of some parts are padding, which changes nothing."""
        # A row of 4,096 in 64 parts: 64 sums of 64 elements each, then one sum of 64. Of 1,000: 40 of 16, 24 of 15.
        cut = max(self.loops.inner, key=lambda loop: loop.bound)
        within = [loop._replace(bound=-(-loop.bound // parts)) if loop == cut else loop for loop in self.loops.inner]
        inner = (Loop("l", parts), *within)
        whole = self._without_views()
        spread = whole._replace(
            inputs=tuple(_in_parts(operand, cut.name, parts) for operand in whole.inputs),
            outputs=tuple(_in_parts(operand, cut.name, parts) for operand in whole.outputs),
        )
        nests: list[LoopNest] = []
        for number, stage in enumerate(whole.stages):
            if not stage.sums:
                nests.append(spread._nest(number, inner))
                continue
            part = {one.name: f"{one.name}_part" for one in stage.sums}
            shares = [self._of_row(part[one.name], Loop("l", parts)) for one in stage.sums]
            each = _renamed(_with_definitions(whole.stages[:number], stage.each), part)
            starts = tuple((part[one.name], one.initial) for one in stage.sums)
            nests.append(spread._made((*self.loops.outer, *inner), each, (), shares, starts))
            combine = tuple(Instruction(one.opcode, one.name, (one.name, part[one.name])) for one in stage.sums)
            along = Loop("p", parts)
            known = [self._of_row(part[one.name], along) for one in stage.sums]
            gathered = whole._replace(inputs=(*whole.inputs, *known))
            nests.append(gathered._gathering(number, (*self.loops.outer, along), combine))
        return VectorProgram(self.kind, tuple(nests), "l", ROLES)

    def _without_views(self) -> RowProgram:
        """What is looked at in an input a second time as an input of its own: `x1.last` is loaded as `x1_last`."""
        # The last key that a query sees is an element for each query, the keys' numbers lie in parts of the row.
        names = {view.name: view.name.replace(".", "_") for view in self.views}
        stages = [Stage(_renamed(each, names), sums, _renamed(finish, names)) for each, sums, finish in self.stages]
        loaded = (view._replace(name=names[view.name]) for view in self.views)
        return self._replace(inputs=(*self.inputs, *loaded), stages=tuple(stages), views=())

    def _nest(self, number: int, inner: tuple[Loop, ...] = ()) -> LoopNest:
        """One stage by itself; what earlier ones made once a row is loaded."""
        stage, loops = self.stages[number], (*self.loops.outer, *(inner or self.loops.inner))
        each = _with_definitions(self.stages[:number], stage.each)
        return self._gathering(number, loops, each) if stage.sums else self._made(loops, each, (), (), ())

    def _gathering(self, number: int, loops: tuple[Loop, ...], each: tuple[Instruction, ...]) -> LoopNest:
        """The nest in which `each` adds up to the stage's sums and its `finish` makes the rest."""
        stage, handed = self.stages[number], self._handed_on()
        sums = {one.name: one.initial for one in stage.sums}
        stored = [name for name in dict.fromkeys([*sums, *(one.dest for one in stage.finish)]) if name in handed]
        starts = (*sums.items(), *((name, at) for name, at in self.initial if name in _dests(stage.finish)))
        scratch = tuple(self._of_row(name) for name in sums if name not in handed)
        nest = self._made(loops, each, stage.finish, [self._of_row(name) for name in stored], starts)
        return nest._replace(scratch=scratch)

    def _made(
        self,
        loops: tuple[Loop, ...],
        each: tuple[Instruction, ...],
        finish: tuple[Instruction, ...],
        stored: Sequence[Operand],
        initial: tuple[tuple[str, float], ...],
    ) -> LoopNest:
        """A nest that loads what its code reads, and stores `stored` beside those results that the code writes."""
        reads, writes = _sources((*each, *finish)), _dests((*each, *finish))
        made = {operand.name for operand in stored}
        earlier = [self._of_row(name) for name in self._handed_on() if name in reads and name not in writes]
        views = tuple(view for view in self.views if view.name in reads)
        bases = {view.name.partition(".")[0] for view in views}
        loaded = [operand for operand in self.inputs if operand.name in reads or operand.name in bases]
        results = [operand for operand in self.outputs if operand.name in writes and operand.name not in made]
        blocks = [CodeBlock(_names(loops), each)]
        if finish:
            blocks.append(CodeBlock(_names(self.loops.outer), finish))
        return LoopNest(loops, (*loaded, *earlier), (*stored, *results), tuple(blocks), initial=initial, views=views)

    def _of_row(self, name: str, *more: Loop) -> Operand:
        """One element for each row, or for each row and point of `more`."""
        loops = (*self.loops.outer, *more)
        return Operand(name, self.bits, tuple(loop.bound for loop in loops), tuple(affine(loop.name) for loop in loops))

    def _handed_on(self) -> tuple[str, ...]:
        return _handed_on(self.stages)


def row_forms(
    make: Callable[[int], RowProgram], first: Callable[[int], VectorProgram] | None = None
) -> dict[str, Form]:
    """The forms of a layer that `make` gives for a width of sums: `streamed`, `rows`, and `split` where a row can be
    shared by lanes: into parts of two elements of its longest loop, or of more, so that there are no more than 64;
    not into fewer than 8. Where a layer has a program of its own for `streamed`, which `first` makes, that of its
    stages is called `stages`."""

    # All forms are made for one machine, most often of one width.
    make = lru_cache(maxsize=2)(make)

    def streamed(bits: int) -> VectorProgram:
        return make(bits).streamed()

    def resident(bits: int) -> VectorProgram:
        return make(bits).resident()

    found = {"streamed": Form(Unit.SIMD, first or streamed), "rows": Form(Unit.SIMD, resident)}
    if first is not None:
        found["stages"] = Form(Unit.SIMD, streamed)
    plan = make(1)
    parts = parts_of(max(loop.bound for loop in plan.loops.inner))
    if parts is None:
        return found

    def split(bits: int) -> VectorProgram:
        return make(bits).split(parts)

    return {**found, "split": Form(Unit.SIMD, split)}


def parts_of(length: int) -> int | None:
    """Into how many parts a row is split; None where it is not."""
    # 4,096: 64. 1,000: 64. 49: 25. 14: none, since 7 are fewer than 8.
    parts = min(MOST_PARTS, -(-length // 2))
    return parts if parts >= FEWEST_PARTS else None


@lru_cache(maxsize=256)
def _handed_on(stages: tuple[Stage, ...]) -> tuple[str, ...]:
    """What a stage makes once a row and a later one reads, in the order in which it is made. Rows of another length
    have the same stages."""
    found: list[str] = []
    for number, stage in enumerate(stages):
        read = _sources([one for later in stages[number + 1 :] for one in (*later.each, *later.finish)])
        made = dict.fromkeys([*(one.name for one in stage.sums), *(one.dest for one in stage.finish)])
        found += [name for name in made if name in read]
    return tuple(found)


def _names(loops: Sequence[Loop]) -> tuple[str, ...]:
    return tuple(loop.name for loop in loops)


def _sources(code: Iterable[Instruction]) -> set[str]:
    return {source for one in code for source in one.sources if isinstance(source, str)}


def _dests(code: Iterable[Instruction]) -> set[str]:
    return {one.dest for one in code}


def _renamed(code: Iterable[Instruction], names: Mapping[str, str]) -> tuple[Instruction, ...]:
    def name(value: str | float) -> str | float:
        return names.get(value, value) if isinstance(value, str) else value

    return tuple(Instruction(op, names.get(dest, dest), tuple(map(name, sources))) for op, dest, sources in code)


def _with_definitions(
    before: Sequence[Stage], code: tuple[Instruction, ...], known: frozenset[str] = frozenset()
) -> tuple[Instruction, ...]:
    """`code` behind what makes the element values that it reads of earlier stages, but for those `known`."""
    sums = {one.name for stage in before for one in stage.sums}
    earlier = {one.dest: one for stage in before for one in stage.each if one.dest not in sums}
    needed: list[Instruction] = []

    def define(name: str | float) -> None:
        one = earlier.get(name) if isinstance(name, str) and name not in known else None
        if one is not None and one not in needed:
            for source in one.sources:
                define(source)
            needed.append(one)

    own = set[str]()
    for one in code:
        for source in one.sources:
            if source not in own:
                define(source)
        own.add(one.dest)
    return (*needed, *code)


def _in_parts(operand: Operand, loop: str, parts: int) -> Operand:
    """As the two loops index it that `loop` becomes."""
    steps = affine((loop, parts), "l")
    return operand._replace(index=tuple(steps if each == affine(loop) else each for each in operand.index))
