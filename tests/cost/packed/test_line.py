"""Layers that move along a line, priced together at each step: what they cost one by one there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest

import simdc
from simdc.cost import ExactModel, Hardware, TilingError
from simdc.cost.along import LineLayer, LineSums, checked_steps
from simdc.cost.flat import core, moving
from simdc.cost.kernel import Affine, ArrayKernel, Contraction, Kernel, Loop, LoopNest, Operand, VectorProgram
from simdc.cost.packed.kernels import PackedKernel, packed_kernel
from simdc.cost.packed.line import PackedLine
from simdc.cost.packed.machine import kind_of
from simdc.cost.packed.moving import moving_kernel
from simdc.cost.result import Cost
from simdc.cost.wellformed import KernelError
from simdc.cost.workload import LayerCost, Workload
from tests.cost.machines import row_convolution
from tests.cost.packed.test_network_rows import OneByOne, form, random_layer, random_option
from tests.oracles.core_forms import CHECKED
from tests.oracles.random_layers import random_machine
from tests.oracles.tight_machines import tight_machine

assert form
Grow = Callable[[str, int], int]
"""What a step adds to a loop of this name."""


def longer(kernel: ArrayKernel, more: Mapping[str, int]) -> ArrayKernel:
    """With so many iterations more of each loop; tensors grow as far as loops reach."""

    def extent(size: int, index: Affine) -> int:
        return size + sum(step * more[loop] for loop, step in index.terms)

    def operand(own: Operand) -> Operand:
        return own._replace(shape=tuple(map(extent, own.shape, own.index)))

    def loops(own: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(Loop(loop.name, loop.bound + more[loop.name]) for loop in own)

    def nest(own: LoopNest) -> LoopNest:
        operands = {name: tuple(map(operand, getattr(own, name))) for name in ("inputs", "outputs", "scratch", "views")}
        return own._replace(loops=loops(own.loops), **operands)

    if isinstance(kernel, VectorProgram):
        return VectorProgram(kernel.kind, tuple(map(nest, kernel.nests)), kernel.lanes, kernel.roles)
    return kernel._replace(
        loops=loops(kernel.loops),
        ifmap=operand(kernel.ifmap),
        weight=operand(kernel.weight),
        psum=operand(kernel.psum),
        bias=None if kernel.bias is None else operand(kernel.bias),
        macs=None if kernel.macs is None else kernel.macs + more[kernel.loops[0].name],
    )


def random_line(random: Random, steps: int) -> Callable[[int], ArrayKernel]:
    """A kernel at each step. Each loop grows by itself or not; now and then one grows every third step, or to an end,
    which is no line."""
    while True:
        kernel = random_layer(random)
        grown: dict[str, Callable[[int], int]] = {}
        for loop in kernel.bounds:
            each, end = random.choice((0, 0, 1, 2)), random.randrange(steps)
            bent = random.random()
            if bent < 0.05:
                grown[loop] = lambda step, each=each: each * -(-step // 3)
            elif bent < 0.1:
                grown[loop] = lambda step, each=each, end=end: each * min(step, end)
            else:
                grown[loop] = lambda step, each=each: each * step

        def at(step: int, kernel: ArrayKernel = kernel, grown: dict[str, Callable[[int], int]] = grown) -> ArrayKernel:
            return longer(kernel, {loop: more(step) for loop, more in grown.items()})

        try:
            for step in range(steps + 1):
                at(step)
        except KernelError:
            continue
        return at


def random_layers(random: Random, steps: int) -> Iterator[LineLayer]:
    for _ in range(3):
        forms = [random_line(random, steps) for _ in range(random.choice((1, 1, 2)))]
        times = random.randint(1, 4)
        yield LineLayer(forms, times, random.choice((0, times)))


def alone(layer: LineLayer, step: int, machine: Hardware) -> LayerCost | None:
    forms = tuple((str(number), at(step)) for number, at in enumerate(layer.forms))
    try:
        return Workload([("a", forms)]).price(OneByOne(), machine)[0]
    except TilingError:
        return None


def numbers(cost: Cost) -> list[object]:
    return [*cost.cycles, *cost.dram_bits, *cost.sram_bits, *cost.busy]


def in_sum(costs: list[tuple[int, Cost]]) -> list[object]:
    columns = zip(*([times * int(number) for number in numbers(cost)] for times, cost in costs), strict=True)  # pyright: ignore
    return list(map(sum, columns)) or [0] * 19


def check(layers: list[LineLayer], found: LineSums, step: int, machine: Hardware) -> int:
    """How many layers have a price."""
    priced: dict[bool, list[tuple[int, Cost]]] = {True: [], False: []}
    macs = 0
    for number, layer in enumerate(layers):
        own = alone(layer, step, machine)
        if number in found.left_over:
            continue
        assert own is not None
        assert own.cost is not None
        priced[isinstance(own.kernel, Contraction)].append((layer.times, own.cost))
        macs += layer.counted * int(dict(own.cost.ops).get("mac", 0))
    assert (numbers(found.array), numbers(found.lanes), found.macs) == (
        in_sum(priced[True]),
        in_sum(priced[False]),
        macs,
    )
    return len(priced[True]) + len(priced[False])


@pytest.mark.parametrize("seed", range(4))
def test_at_each_step_layers_cost_what_they_cost_one_by_one(
    form: core.CoreForm, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On machines of several kinds and sizes, tight ones among them, and steps in any order."""
    random, priced, asked = Random(seed), 0, 0
    for _ in range(5 if form is CHECKED else 20):
        steps = random.randint(4, 9)
        layers = list(random_layers(random, steps))
        line = PackedLine(layers, steps)
        for _ in range(3):
            tight = layers[0].forms[0](random.randrange(steps))
            machine = random_machine(random) if random.random() < 0.5 else tight_machine(random, tight)
            machine = random_option(random, machine)
            for step in random.sample(range(steps + 1), 2):
                with monkeypatch.context() as patch:
                    patch.setattr(core, "COMPILED", form)
                    found = line.sums(step, machine)
                if found is not None:
                    priced, asked = priced + check(layers, found, step, machine), asked + len(layers)
    # What fits no buffer or is of no kind that the core knows is left over.
    assert priced > asked // 4 > 6


def moved(first: ArrayKernel, more: Mapping[str, int], steps: int) -> list[int] | None:
    machine = simdc.load_hardware("HI1")
    kind = kind_of(machine)
    assert kind is not None

    def at(step: int) -> ArrayKernel:
        return longer(first, {loop: step * each for loop, each in more.items()})

    found = moving_kernel(at, steps, lambda kernel: packed_kernel(kernel, machine, kind))
    return None if found is None else found.moves


def test_what_moves_by_hand() -> None:
    """A row of 4 places and a window of 2: with each step two places more, so the bound, which stands twice in a plan,
    moves by 2; what is used of weights stays, of ifmap, result and products it moves by two places of all channels."""
    kernel = row_convolution(ic=3, oc=5, ow=4, kw=2)
    more = dict.fromkeys(kernel.bounds, 0) | {"ow": 2}
    own = moved(kernel, more, 10)
    assert own is not None
    loop = list(kernel.bounds).index("ow")
    about, plan, macs = [0] * 200, [0] * 10000, [0]
    filled = [16]
    core.PLAIN.move_kernels([about, plan, own, filled, macs], 1, 3)
    places = [place for place, number in enumerate(plan) if number]
    assert [plan[place] for place in places] == [10, 10]
    assert places[1] == places[0] + 1
    assert places[0] % 4 == 0
    assert loop >= 0
    # 10 places, 3 and 5 channels, a window of 2; nothing is filled any more.
    assert (macs, filled) == ([10 * 3 * 5 * 2], [0])
    used = {name: bits for name, bits in zip(("weight", "ifmap", "psum", "ofmap"), about[1:5], strict=True) if bits}
    assert used["weight"] == 3 * 5 * 2 * kernel.weight.bits
    assert used["ifmap"] == 3 * (10 + 1) * kernel.ifmap.bits
    assert used["ofmap"] == 5 * 10 * kernel.ofmap_bits


def test_a_product_with_a_pencil() -> None:
    """8 bits, 128 keys and 40 more each step, 64 channels: after 3 steps 8 * 248 * 64 bits, beside 5 that are there."""
    to = [0, 5]
    assert moving.add_product([1, 3, 8, 0, 128, 40, 64, 0], 0, 3, to, 1) == 8
    assert to == [0, 5 + 8 * 248 * 64]
    assert moving.move_number([1, 128, 40], 0, 3, to) == 3
    assert to == [0, 248]


def test_a_size_that_turns_is_on_no_line() -> None:
    """Once at each step between the ends."""
    machine = simdc.load_hardware("HI1")
    kind = kind_of(machine)
    assert kind is not None
    kernel = row_convolution(ic=3, oc=5, ow=4, kw=1)
    for turn in range(1, 40):
        for bent in (lambda step, turn=turn: min(step, turn), lambda step, turn=turn: max(step, turn)):
            found = moving_kernel(
                lambda step, bent=bent: longer(kernel, dict.fromkeys(kernel.bounds, 0) | {"ow": bent(step)}),
                40,
                lambda each: packed_kernel(each, machine, kind),
            )
            assert found is None


def test_a_model_made_from_exact_has_no_lines() -> None:
    assert isinstance(ExactModel().along([], 3), PackedLine)
    assert OneByOne().along([], 3) is None


def test_a_kernel_that_is_packed_at_one_end_only_does_not_move() -> None:
    machine = simdc.load_hardware("HI1")
    kind = kind_of(machine)
    assert kind is not None
    first = row_convolution(ic=3, oc=5, ow=4, kw=1)

    def pack(kernel: Kernel, end: int) -> PackedKernel | None:
        return None if kernel.bounds["ow"] == end else packed_kernel(kernel, machine, kind)

    def at(step: int) -> Kernel:
        return longer(first, dict.fromkeys(first.bounds, 0) | {"ow": step})

    assert moving_kernel(at, 10, lambda kernel: pack(kernel, 4)) is None
    assert moving_kernel(at, 10, lambda kernel: pack(kernel, 14)) is None


def test_steps_that_are_compared() -> None:
    assert checked_steps(40) == [1, 2, 3, 13, 20, 39]
    assert checked_steps(2) == [1]
