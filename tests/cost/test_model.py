"""What a model says of itself: of one that was made from it and answers otherwise it is not true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simdc
from simdc.cli import main
from simdc.cost import Cost, CostModel, ExactModel, Hardware, Kernel, Tiling
from simdc.cost.analysis import Analysis
from simdc.cost.exact.laws import CONTRACTION_WORDS
from simdc.cost.guards import SOUND, Check, InvariantError
from simdc.cost.model import check_machine
from simdc.cost.simdit import SimditModel
from simdc.cost.structure import with_field
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from tests.cost.machines import row_convolution, small_machine


class Renamed(ExactModel):
    """The same model in other words."""

    name = "renamed"


class Slower(ExactModel):
    name = "slower"

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        cost = super().evaluate(kernel, tiling, hardware)
        return cost._replace(cycles=cost.cycles._replace(stall=10 * cost.cycles.stall))


class Proven(Slower):
    """Says again what it can."""

    name = "proven"
    verifiable = True

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        return super().evaluate(kernel, tiling, hardware)

    def guard(self, kernel: Kernel) -> Check:
        return ExactModel.guard(self, kernel)


class OneChannel(SimditModel):
    """Other tilings: many machines at once have those of the release."""

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        tiling = super().greedy(kernel, hardware)
        return tiling._replace(sizes=(1,) * len(tiling.sizes))


class Knowing(ExactModel):
    """What it knows beside the cost is of its own cost."""

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Analysis | None:
        return None


class Ignorant(Knowing):
    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        return super().evaluate(kernel, tiling, hardware)


def says(model: CostModel) -> dict[str, bool]:
    return {
        "searchable": model.searchable,
        "verifiable": model.verifiable,
        "separable": model.separable,
        "many": model.prices_many,
        "rates": model.prices_rates,
        "greedy by default": model.default_is_greedy,
        "analyses": model.analyses,
    }


NOTHING = dict.fromkeys(
    ("searchable", "verifiable", "separable", "many", "rates", "greedy by default", "analyses"), False
)
EXACT = {**NOTHING, "searchable": True, "verifiable": True, "separable": True, "rates": True}


@pytest.mark.parametrize(
    ("model", "can"),
    [
        (ExactModel(), EXACT),
        (Renamed(), EXACT),
        (Slower(), NOTHING),
        (Proven(), {**NOTHING, "verifiable": True}),
        (SimditModel(), {**NOTHING, "separable": True, "many": True, "greedy by default": True}),
        (Knowing(), {**EXACT, "analyses": True}),
        (Ignorant(), NOTHING),
        (OneChannel(), {**NOTHING, "greedy by default": True}),
    ],
)
def test_what_models_can(model: CostModel, can: dict[str, bool]) -> None:
    assert says(model) == can


def test_the_laws_of_a_model_are_not_those_of_what_was_made_from_it() -> None:
    kernel, machine = row_convolution(ow=9), small_machine()
    model = ExactModel()
    cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
    # Ten times as long as all ports and the array one after the other can take.
    idle = cost._replace(cycles=cost.cycles._replace(stall=10 * sum(cost.busy)))
    for held in (ExactModel(), Renamed(), Proven()):
        with pytest.raises(InvariantError, match=CONTRACTION_WORDS[2]):
            held.guard(kernel)(idle, machine)
    assert Slower().guard(kernel) == SOUND.check
    Slower().guard(kernel)(idle, machine)


def test_how_the_release_stores_tensors_stays_with_what_is_made_from_it() -> None:
    assert (ExactModel.width_rule, OneChannel.width_rule) == ("dataflow", "program-order")


def test_a_machine_of_another_kind_is_refused() -> None:
    check_machine(ExactModel(), load_hardware("HI1"))
    with pytest.raises(ValueError, match="'exact' takes a machine with a systolic and a SIMD array; it has str"):
        check_machine(ExactModel(), "HI1")


def test_a_machine_of_another_kind_is_refused_by_all_who_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ExactModel, "machines", (str,))
    network, machine = simdc.load("lenet5"), load_hardware("HI1")
    for price in (simdc.evaluate, simdc.compile):
        with pytest.raises(SimdcError, match="'exact' takes a machine with str; HI1 has a systolic"):
            price(network, machine)
    space = tmp_path / "space.json"
    space.write_text('{"schema": "simdc-space/1", "fields": {"simd.lanes": [8, 16]}}', encoding="utf-8")
    assert main(["explore", "lenet5", "--hw", "HI1", "--space", str(space)]) == 1
    assert "'exact' takes a machine with str; HI1 has a systolic" in capsys.readouterr().err


def test_arrays_of_rates_give_what_one_machine_after_the_other_gives() -> None:
    kernel, model, machine = row_convolution(ic=3, oc=5, ow=7, kw=3), ExactModel(), small_machine()
    tiling = model.greedy(kernel, machine)
    path = "systolic.bandwidths.ifmap_bits_per_cycle"
    rates = np.array([1, 7, 64])
    machines = [with_field(machine, path, int(rate)) for rate in rates]
    cycles = model.price_rates(kernel, tiling, machines[-1], {path: rates}).cycles.total
    assert np.array_equal(cycles, [model.evaluate(kernel, tiling, each).cycles.total for each in machines])


def test_each_element_of_the_array_multiplies_once_a_cycle() -> None:
    # HI3 is 64 x 64.
    assert load_hardware("HI3").peak_macs_per_cycle == 4096
