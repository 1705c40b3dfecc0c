"""Layers alike are asked about once, and what a model raises is told of the layer."""

from __future__ import annotations

import pytest

from simdc.cost import ExactModel
from simdc.cost.guards import InvariantError
from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted
from simdc.cost.tiling import TilingError
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.context import set_hardware
from simdc.ir.derived import setting_of
from simdc.ir.network import network_of
from simdc.passes.annotate_cost import AnnotateCostPass
from simdc.passes.distinct import ask_once, untile
from simdc.passes.legalize_tiling import LegalizeTilingPass
from simdc.passes.pipeline import lowering_passes, run_pipeline

NET = "network n(x: 4x6x6) { return x -> conv(4, 3, pad=1) -> relu -> conv(4, 3, pad=1) -> relu -> conv(4, 3, pad=1) }"


def test_three_convolutions_alike_are_asked_about_once_and_one_unknown_kind_is_left_out() -> None:
    module = parse_dsl(NET, "net.dsl", 1)
    set_hardware(module, load_hardware("HI3"))
    run_pipeline(module, lowering_passes("exact"))
    setting, asked = setting_of(module, "exact"), list[str]()

    def ask(kernel: Kernel) -> str:
        asked.append(kernel.kind)
        if kernel.kind == "relu":
            raise Uncosted("no price for relu")
        return kernel.kind

    answers = [answer for _, answer in ask_once(untile(module, setting), ask, setting)]
    assert answers == ["conv2d"] * 3
    assert asked.count("conv2d") == 1
    reasons = [layer.uncosted and layer.uncosted.data for layer in network_of(module).layers()]
    assert reasons == [None, "no price for relu", None, "no price for relu", None]


@pytest.mark.parametrize(
    ("error", "says"),
    [(TilingError("too large"), "'conv1': too large"), (InvariantError("0 <= 1"), "bug in the cost")],
)
def test_an_error_is_told_at_the_layers_line(error: Exception, says: str) -> None:
    module = parse_dsl("\n" + NET, "net.dsl", 1)
    set_hardware(module, load_hardware("HI3"))
    setting = setting_of(module, "exact")

    def ask(kernel: Kernel) -> None:
        raise error

    with pytest.raises(SimdcError, match=says) as caught:
        list(ask_once(untile(module, setting), ask, setting))
    assert caught.value.line == 2


def test_a_model_is_asked_about_no_machine_that_it_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    module = parse_dsl(NET, "net.dsl", 1)
    set_hardware(module, load_hardware("HI3"))
    monkeypatch.setattr(ExactModel, "machines", (str,))
    for each in (LegalizeTilingPass(), AnnotateCostPass()):
        with pytest.raises(SimdcError, match="'exact' takes a machine with str; HI3 has a systolic"):
            run_pipeline(module, (each,))


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(SimdcError, match="there is no cost model 'roof'; known models: exact, simdit"):
        lowering_passes("roof")
