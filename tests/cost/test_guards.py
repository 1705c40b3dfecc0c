"""Every inequality is checked on each evaluation, and a cost that breaks one is traced to its layer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from simdc.cli import main
from simdc.cost import Contraction, Cost, ExactModel, Hardware, Kernel, Operand, Tiling, TilingError, VectorProgram
from simdc.cost.exact.laws import used_bits
from simdc.cost.forms import only
from simdc.cost.guards import SOUND, InvariantError
from simdc.cost.kernel import Affine, affine
from simdc.cost.model import Uncosted, guard_of
from simdc.cost.result import Busy, DramBits, SramBits
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import loop_bounds
from simdc.cost.workload import Workload
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from tests.ir.networks import written
from tests.strategies import contractions, machines, tilings, vector_programs

EXACT, SIMDIT = ExactModel(), SimditModel()
MACHINE = load_hardware("HI3")
Change = Callable[[Cost], Cost]


def kernels() -> dict[str, Kernel]:
    found = {op.layer.data: op.kernel() for op in network_of(load_network("alexnet", 1)).layers()}
    return {name: kernel for name, kernel in found.items() if kernel is not None}


ALEXNET = kernels()
CONV = next(kernel for kernel in ALEXNET.values() if isinstance(kernel, Contraction) and kernel.bias is not None)
RELU = next(kernel for kernel in ALEXNET.values() if isinstance(kernel, VectorProgram) and kernel.kind == "relu")


def priced(kernel: Kernel) -> Cost:
    return EXACT.evaluate(kernel, EXACT.greedy(kernel, MACHINE), MACHINE)


def busy(**change: float) -> Change:
    return lambda cost: cost._replace(busy=cost.busy._replace(**change))


def dram(**change: float) -> Change:
    return lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(**change))


def cycles(**change: float) -> Change:
    return lambda cost: cost._replace(cycles=cost.cycles._replace(**change))


def ops(**change: float) -> Change:
    return lambda cost: cost._replace(ops=tuple({**dict(cost.ops), **change}.items()))


def halved_stall(cost: Cost) -> Cost:
    return cycles(stall=cost.cycles.stall // 2)(cost)


BROKEN: dict[str, tuple[Kernel, Change, str]] = {
    "stall": (CONV, cycles(stall=-1), "0 <= stall cycles is broken: 0 > -1"),
    "no number": (CONV, cycles(stall=float("nan")), "0 <= stall cycles is broken"),
    "port": (CONV, busy(ifmap_port=10**15), "cycles of the array and of each port <= total cycles"),
    "idle": (CONV, cycles(stall=10**15), "total cycles <= cycles of the array and all ports together, and latencies"),
    "executed": (CONV, ops(mac_executed=1), "MACs <= executed MACs"),
    "too fast": (CONV, ops(mac_executed=10**15), r"executed MACs <= PEs \* compute cycles"),
    "weight": (CONV, dram(weight=1), "weight bits in use <= DRAM weight bits"),
    "ifmap": (CONV, dram(ifmap=1), "ifmap bits in use <= DRAM ifmap bits"),
    "ofmap": (CONV, dram(ofmap=1), "result bits <= DRAM ofmap bits"),
    "bias": (CONV, dram(bias=0), "bias bits <= DRAM bias bits"),
    "psum": (CONV, dram(psum=32), "stored and not loaded again"),
    "sram": (CONV, lambda cost: cost._replace(sram_bits=cost.sram_bits._replace(bbuf=-8)), "0 <= SRAM bits"),
    "other array": (CONV, busy(simd_port=1), "SIMD port's cycles of a contraction <= 0"),
    "simd stall": (RELU, halved_stall, "SIMD port's cycles <= stall cycles"),
    "simd idle": (
        RELU,
        lambda cost: cycles(stall=cost.cycles.stall + 1)(cost),
        "stall cycles <= SIMD port's cycles, and latencies",
    ),
    "simd negative": (RELU, cycles(stall=-1), "0 <= stall cycles"),
    "loads": (RELU, dram(ifmap=1), "input bits in use <= DRAM bits loaded"),
    "stores": (RELU, dram(ofmap=0), "result bits <= DRAM bits stored"),
    "simd sram": (RELU, lambda cost: cost._replace(sram_bits=cost.sram_bits._replace(vmem=-8)), "0 <= SRAM bits"),
    "simd ops": (RELU, ops(max=-1), "0 <= operations"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_inequality_is_named(name: str) -> None:
    kernel, change, words = BROKEN[name]
    cost = priced(kernel)
    guard = EXACT.guard(kernel)
    guard(cost, MACHINE)
    with pytest.raises(InvariantError, match=words):
        guard(change(cost), MACHINE)


@pytest.mark.parametrize("change", [cycles(stall=-1), cycles(compute=-1), dram(psum=-1), busy(simd_port=10**18)])
def test_other_models_are_held_to_what_any_model_must_satisfy(change: Change) -> None:
    guard, cost = Lying().guard(CONV), priced(CONV)
    guard(cost, MACHINE)
    # A model of another schedule may keep everything on chip.
    guard(dram(ifmap=0, weight=0)(cost), MACHINE)
    with pytest.raises(InvariantError):
        guard(change(cost), MACHINE)


@pytest.mark.parametrize("name", [*DramBits._fields, *SramBits._fields, *Busy._fields, "mac", "mac_executed"])
def test_no_number_stays_hidden_among_others(name: str) -> None:
    """`min` and `max` overlook NaN wherever it is not first."""
    cost, nan = priced(CONV), float("nan")
    if name in DramBits._fields:
        cost = dram(**{name: nan})(cost)
    elif name in SramBits._fields:
        cost = cost._replace(sram_bits=cost.sram_bits._replace(**{name: nan}))
    else:
        cost = busy(**{name: nan})(cost) if name in Busy._fields else ops(**{name: nan})(cost)
    for guard in (SOUND.check, SIMDIT.guard(CONV)):
        with pytest.raises(InvariantError, match="is broken: 0 > nan"):
            guard(cost, MACHINE)


def test_the_release_is_held_to_signs() -> None:
    guard = SIMDIT.guard(CONV)
    guard(busy(ifmap_port=10**15)(priced(CONV)), MACHINE)
    with pytest.raises(InvariantError, match="0 <= stall cycles is broken: 0 > -1"):
        guard(cycles(stall=-1)(priced(CONV)), MACHINE)


@given(st.data(), st.one_of(contractions(), vector_programs()), machines(stores_padding=True))
@settings(max_examples=150)
def test_simdit_satisfies_the_signs(data: st.DataObject, kernel: Kernel, machine: Hardware) -> None:
    tiling: Tiling = data.draw(tilings(kernel))
    try:
        cost = SIMDIT.evaluate(kernel, tiling, machine)
    except (TilingError, Uncosted):
        reject()
    SIMDIT.guard(kernel)(cost, machine)


@given(st.data(), st.one_of(contractions(), vector_programs()), machines())
@settings(max_examples=300)
def test_exact_satisfies_all_of_them(data: st.DataObject, kernel: Kernel, machine: Hardware) -> None:
    tiling: Tiling = data.draw(tilings(kernel, max_tiles=10**6))
    try:
        cost = EXACT.evaluate(kernel, tiling, machine)
    except TilingError:
        reject()
    EXACT.guard(kernel)(cost, machine)


LOOPS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5)), min_size=1, max_size=3)


@given(LOOPS, st.integers(-9, 9), st.integers(1, 30))
def test_positions_in_use_are_never_overstated(loops: list[tuple[int, int]], first: int, extent: int) -> None:
    """Against all positions written out; equal where the window leaves no gaps."""
    names = "abc"[: len(loops)]
    bounds = {name: bound for name, (bound, _) in zip(names, loops, strict=True)}
    terms = tuple((name, step) for name, (_, step) in zip(names, loops, strict=True))
    points = product(*(range(bound) for bound, _ in loops))
    places = {first + sum(i * step for i, (_, step) in zip(point, terms, strict=True)) for point in points}
    exact = sum(0 <= place < extent for place in places)
    found = used_bits(Operand("x", 1, (extent,), (Affine(terms, first),)), bounds)
    assert found <= exact
    if len(loops) == 1 or len(places) == max(places) - min(places) + 1:
        assert found == exact


def test_dimensions_that_share_a_loop_are_not_multiplied() -> None:
    diagonal = Operand("x", 8, (5, 5), (Affine((("i", 1),)), Affine((("i", 1),))))
    assert used_bits(diagonal, {"i": 5}) == 5 * 8


class Lying(ExactModel):
    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        cost = super().evaluate(kernel, tiling, hardware)
        return cost if loop_bounds(kernel).get("kh") != 5 else cycles(stall=-3)(cost)


def test_a_workload_names_the_layer() -> None:
    first = next(name for name, kernel in ALEXNET.items() if loop_bounds(kernel).get("kh") == 5)
    with pytest.raises(InvariantError, match=f"layer '{first}': 0 <= stall cycles is broken: 0 > -3; this is a bug"):
        Workload((name, only(kernel)) for name, kernel in ALEXNET.items()).price(Lying(), MACHINE)


def test_the_command_says_that_it_is_not_the_users_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = written(tmp_path, "network n(x: 3x8x8) {\n  return x -> conv(4, 5)\n}\n")
    monkeypatch.setattr("simdc.cost.exact.ExactModel", Lying)
    assert main([net, "--hw", "HI3"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{net}:2:15: error: simdc.conv2d 'conv1': 0 <= stall cycles is broken: 0 > -3; ")
    assert "this is a bug in the cost model 'exact', not in the network: please report it" in said


@pytest.mark.parametrize(
    ("index", "extent", "used"),
    [
        (affine("i"), 20, 4),
        (affine("i"), 3, 3),
        # -1 .. 2, and 2 .. 5 of 4.
        (affine("i", constant=-1), 20, 3),
        (affine("i", constant=2), 4, 2),
        # -1 .. 7 without a gap: rows of a padded convolution.
        (affine(("i", 2), "j", constant=-1), 20, 8),
        (affine(("i", 2), "j", constant=-1), 7, 7),
        # 0, 5, 10, 15 and two more behind each: i alone reaches 4, j alone 3.
        (affine(("i", 5), "j"), 100, 4),
        # 6 and 1 of -9, -4, 1, 6 with what lies behind: i alone reaches 2, j alone none.
        (affine(("i", 5), "j", constant=-9), 100, 2),
        (affine(("i", 5), "j", constant=-9), 1, 0),
    ],
)
def test_elements_that_loops_use_by_hand(index: Affine, extent: int, used: int) -> None:
    """i is 0 .. 3, j is 0 .. 2."""
    assert used_bits(Operand("x", 8, (extent,), (index,)), {"i": 4, "j": 3}) == 8 * used


def test_a_result_that_does_not_leave_is_noticed() -> None:
    kernel = ALEXNET["conv2"]
    cost = EXACT.evaluate(kernel, EXACT.greedy(kernel, MACHINE), MACHINE)
    short = cost._replace(dram_bits=cost.dram_bits._replace(ofmap=cost.dram_bits.ofmap - 1))
    with pytest.raises(InvariantError):
        guard_of(EXACT, kernel)(short, MACHINE)
