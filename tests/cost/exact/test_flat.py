"""One tiling priced by whole numbers alone: what the classes say, in either form, and nothing that they alone know."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from simdc.cost import ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.dram import Dram
from simdc.cost.exact.flat import FlatContraction, flat_contraction
from simdc.cost.exact.tiled import tile_once
from simdc.cost.flat import core, tiles
from simdc.cost.flat.digest import DIGEST_BYTES, sources_in
from simdc.cost.kernel import Contraction, Kernel, Loop
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.climb import cheapest
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.structure import option_defaults
from simdc.frozen import evolve
from tests.cost.machines import pencil_layer, row_convolution, small_machine
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.core_forms import CHECKED
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling
from tests.oracles.tight_machines import tight_machine

MODEL = ExactModel()
FLOWS = ("weight_stationary", "output_stationary", "input_stationary")


def padded(ports: tuple[int, int, int] = (8, 16, 8)) -> Hardware:
    return evolve(small_machine(ports=ports), stores_padding=True)


def flat_cases(random: Random, count: int) -> Iterator[tuple[Contraction, Tiling, Hardware, MachineRule]]:
    """Machines that store padding, with channels and dataflows of all kinds."""
    for _ in range(count):
        kernel = random_contraction(random)
        machine = with_channels(random_machine(random, stores_padding=True), random_channels(random))
        systolic = evolve(machine.systolic, dataflow=random.choice(FLOWS), tile_overhead_cycles=random.randrange(3))
        yield kernel, random_tiling(random, kernel, 500), evolve(machine, systolic=systolic), GENESYS


def in_form(
    flat: FlatContraction, form: core.CoreForm, tiling: Tiling, monkeypatch: pytest.MonkeyPatch
) -> list[int] | None:
    with monkeypatch.context() as patch:
        patch.setattr(core, "COMPILED", form)
        return flat.price_one(*tiling)


def check_equal(
    form: core.CoreForm, cases: Iterable[tuple[Contraction, Tiling, Hardware, MachineRule]], patch: pytest.MonkeyPatch
) -> int:
    compared = 0
    for kernel, tiling, machine, rule in cases:
        flat = flat_contraction(kernel, machine, rule)
        found = None if flat is None else in_form(flat, form, tiling, patch)
        if flat is not None and found is not None:
            tiled = tile_once(kernel, *tiling, machine, rule)
            assert flat.cost(found) == tiled.cost(), (kernel, tiling, machine)
            assert flat.needs(found) == tiled.needs()
            assert flat.dram_bits_total(found) == tiled.dram_bits().total
            compared += 1
    return compared


@pytest.mark.parametrize("seed", range(4))
def test_is_what_the_classes_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_equal(CHECKED, flat_cases(Random(seed), 60), monkeypatch) > 25


def test_partial_sums_that_leave_over_another_port_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results leave over the port that partial sums come back over; partial sums do not."""
    streams = [row._replace(port="ifmap_port") if row.when == "partial" else row for row in GENESYS.array_streams]
    rule = evolve(GENESYS, array_streams=tuple(streams))
    cases = [
        (kernel, tiling, evolve(machine, dram=Dram()), rule) for kernel, tiling, machine, _ in flat_cases(Random(3), 60)
    ]
    assert check_equal(CHECKED, cases, monkeypatch) > 25


def test_compiled_is_what_the_classes_say(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_equal(compiled, flat_cases(Random(99), 400), monkeypatch) > 200


def test_with_a_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer of docs/architecture.md: 2 cycles of first loads, segments of 4, 8, 8 and 4, and 4 of the last store;
    16 of compute, and the psum port is busy for 24."""
    kernel, tiling = pencil_layer()
    flat = flat_contraction(kernel, padded((16, 16, 32)), GENESYS)
    assert flat is not None
    found = in_form(flat, CHECKED, tiling, monkeypatch)
    assert found is not None
    cost = flat.cost(found)
    assert (found[tiles.TOTAL], *cost.cycles, cost.busy.psum_port) == (30, 16, 14, 24)
    assert cost.sram_bits[:3] == (256, 128, 768)


def larger(random: Random, kernel: Contraction) -> Contraction:
    """Beyond 64 bits, sooner or later."""
    grown = {loop.name: loop.bound * 2 ** random.randrange(18) for loop in kernel.loops}
    return kernel._replace(loops=tuple(Loop(*each) for each in grown.items()))


def test_numbers_beyond_64_bits_are_exact(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    random, beyond, refused = Random(5), 0, 0

    def counted(*given: list[int]) -> int:
        nonlocal refused
        try:
            return compiled.price(*given)  # pyright: ignore
        except OverflowError:
            refused += 1
            raise

    cases = ((larger(random, kernel), *others) for kernel, *others in flat_cases(random, 250))
    for kernel, tiling, machine, rule in cases:
        flat = flat_contraction(kernel, machine, rule)
        found = None if flat is None else in_form(flat, compiled._replace(price=counted), tiling, monkeypatch)
        if flat is not None and found is not None:
            tiled = tile_once(kernel, *tiling, machine, rule)
            assert flat.cost(found) == tiled.cost()
            beyond += max(tiled.cost().sram_bits) >= 2**63
    assert beyond > 20
    assert refused > 10


@pytest.mark.parametrize("path", [path for path in option_defaults() if not path.startswith("simd.")])
def test_options_are_known_or_left_to_the_classes(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random, base = Random(3), padded()
    default = option_defaults()[path]
    for _ in range(8):
        kernel = random_contraction(random)
        tiling, before = random_tiling(random, kernel, 60), flat_contraction(kernel, base, GENESYS)
        other = default + 6 if isinstance(default, int) else other_word(path, str(default))
        flat = flat_contraction(kernel, with_field(base, path, other), GENESYS)
        if flat is not None and before is not None:
            found = in_form(flat, CHECKED, tiling, monkeypatch)
            assert found is not None
            assert flat.cost(found) == tile_once(kernel, *tiling, flat.hardware).cost()


def other_word(path: str, default: str) -> str:
    from simdc.cost.structure import described

    words = dict(described(Hardware))[path]["words"]
    return next(word for word in words if word != default)


def test_what_the_classes_alone_know() -> None:
    kernel = row_convolution(ic=4, oc=4, ow=4)
    plain = padded()
    assert flat_contraction(kernel, plain, GENESYS) is not None
    assert flat_contraction(kernel, evolve(plain, stores_padding=False), GENESYS) is None
    for field, value in (("buffer_release", "joint"), ("weight_load", "hidden"), ("hazard", "refuse")):
        other = with_field(plain, f"systolic.{field}", value)
        assert flat_contraction(kernel, other, GENESYS) is None


def test_the_last_machine_is_remembered_and_no_other() -> None:
    kernel = row_convolution(ic=4, oc=4, ow=4)
    one, other = padded(), padded((8, 64, 64))
    first = flat_contraction(kernel, one, GENESYS)
    assert flat_contraction(kernel, one, GENESYS) is first
    second = flat_contraction(kernel, other, GENESYS)
    assert second is not first
    assert second is not None
    assert second.hardware is other


def test_a_tile_that_does_not_fit_is_refused_in_the_same_words() -> None:
    random, refused = Random(8), 0
    for _ in range(40):
        kernel = random_contraction(random)
        machine = evolve(tight_machine(random, kernel), stores_padding=True)
        tiling = random_tiling(random, kernel, 60)
        flat, classes = (refusal(ask, kernel, tiling, machine) for ask in (MODEL.evaluate, MODEL.account))
        assert (flat is None) == (classes is None)
        if flat is not None and classes is not None:
            assert str(flat) == str(classes)
            assert flat.need == classes.need
            refused += 1
    assert refused > 5


def refusal(
    ask: Callable[[Kernel, Tiling, Hardware], object], kernel: Kernel, tiling: Tiling, machine: Hardware
) -> TilingError | None:
    try:
        ask(kernel, tiling, machine)
    except TilingError as error:
        return error
    return None


def test_climbs_to_the_rung_that_is_cheapest(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a heap of Python's, and with so little room that it has to grow."""
    random, found = Random(4), 0
    for number in range(16):
        kernel = random_contraction(random)
        rungs = ArrayRungs(kernel, tight_machine(random, kernel), GENESYS)
        expected = cheapest(rungs)
        for form in (CHECKED, compiled):
            monkeypatch.setattr(core, "COMPILED", form)
            assert rungs.climbed(room=number % 3) == expected
        found += expected is not None
    assert found > 5


def test_a_module_that_is_not_there_is_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMDC_PLAIN", "1")
    assert core.compiled_form() is None
    monkeypatch.delenv("SIMDC_PLAIN")
    monkeypatch.setitem(sys.modules, "simdc.cost.flat.compiled", None)  # pyright: ignore
    assert core.compiled_form() is None
    built = ModuleType("built")
    for name in core.CoreForm._fields[5:]:
        setattr(built, name, None)
    built.__dict__["DIGEST"] = "that of other sources"
    monkeypatch.setitem(sys.modules, "simdc.cost.flat.compiled", built)
    assert core.compiled_form() is None
    sources = sources_in(str(Path(core.__file__).parent))
    built.__dict__["DIGEST"] = blake2b(sources, digest_size=DIGEST_BYTES).hexdigest()
    monkeypatch.setitem(sys.modules, "simdc.cost.flat.compiled", built)
    form = core.compiled_form()
    assert form is not None
    assert list(form.row([1, 2])) == [1, 2]
    with pytest.raises(OverflowError):
        form.row([2**63])


def test_what_overflows_is_asked_again_in_plain() -> None:
    asked: list[str] = []

    def work(form: core.CoreForm) -> str:
        asked.append(form.name)
        if form.name != "plain":
            raise OverflowError
        return "answer"

    kept = core.COMPILED
    try:
        core.COMPILED = CHECKED
        assert core.run(work) == "answer"
        assert asked == ["checked", "plain"]
    finally:
        core.COMPILED = kept
