"""What a person sees who types names of the interface: all of it, in short."""

from __future__ import annotations

import gc
import subprocess
import sys
from weakref import ref

import pytest
from xdsl.dialects.builtin import ModuleOp

import simdc
import simdc.api
from simdc.backends.report import make_report
from simdc.errors import SimdcError
from simdc.ir.context import first_invalid
from simdc.ir.network import network_of


def test_dir_has_the_whole_interface_before_anything_is_used() -> None:
    code = "import sys, simdc; print(*dir(simdc)); sys.exit('simdc.api' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(simdc.__all__) <= set(done.stdout.split())
    assert {"load", "compile", "evaluate", "compare", "explain", "NetworkBuilder"} <= set(simdc.__all__)
    for name in simdc.__all__:
        assert getattr(simdc, name) is not None


def test_what_is_shown_is_short() -> None:
    network, machine = simdc.load("resnet50"), simdc.load_hardware("HI3")
    assert repr(network) == "<network resnet50: 175 layers, inference, batch 1>"
    layers = simdc.evaluate(network, machine)
    assert repr(layers[0]) == "<conv1: conv2d as array, 623,488 cycles>"
    assert len(repr(layers)) < 10_000
    assert repr(layers[0]._replace(cost=None, reason="no price")) == "<conv1: conv2d as array, not costed: no price>"
    why = simdc.explain(network, "conv1", machine)
    assert repr(why).startswith("<conv2d on HI3: 623,488 cycles in 4 parts, ")
    told = why._repr_html_()
    assert told.startswith("<p>conv2d as array on HI3, model exact: 623,488 cycles</p>\n<table>")
    cells = (
        '<td style="text-align: left">{}</td><td style="text-align: right">{}</td><td style="text-align: right">{}</td>'
    )
    # A window of 7 by 7 places over 112 by 112 positions: 614,656 of 623,488 cycles are steps.
    assert cells.format("steps", "614,656", "98.6") in told
    windowed = simdc.evaluate(network, simdc.load_hardware("HI3", ["systolic.row_mapping=window"]))[0].cost
    assert windowed is not None
    left = windowed.cycles.total
    assert cells.format("systolic.row_mapping=window", f"{left:,}", f"{100 - left / 6234.88:.1f}") in told
    # 3 of 64 rows, and 196 of 256 KiB.
    assert '>rows</td><td style="text-align: right">4.7</td>' in told
    assert '>weight buffer</td><td style="text-align: right">76.6</td>' in told
    assert ">systolic.buffers.ifmap_bits=512KiB</td>" in told
    report = make_report(simdc.compile(network, machine))
    assert repr(report).startswith("<report of resnet50 on HI3: 121 layers, ")
    page = report._repr_html_()
    assert page.count("<tr>") == 122
    assert ">3-&gt;64 7x7 112x112</td>" in page


def test_a_module_that_somebody_broke_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked once before our own passes, and not after each."""
    network, machine, checked = simdc.load("resnet18"), simdc.load_hardware("HI3"), list[ModuleOp]()

    def counted(module: ModuleOp) -> SimdcError | None:
        checked.append(module)
        return first_invalid(module)

    monkeypatch.setattr(simdc.api, "first_invalid", counted)
    network.workload(machine)
    network.training_step()
    simdc.compile(network, machine)
    assert checked == [network.module] * 3
    conv = next(network_of(network.module).layers())
    del conv.properties["stride"]
    broken = simdc.api.Network(network.module)
    for work in (lambda: broken.workload(machine), broken.training_step, lambda: simdc.compile(broken, machine)):
        with pytest.raises(SimdcError, match="stride"):
            work()


def test_the_collector_of_garbage_is_left_as_it_was() -> None:
    class Circle:
        def __init__(self) -> None:
            self.own = self

    def work() -> None:
        step = simdc.load("lenet5").training_step()
        simdc.evaluate(step, simdc.load_hardware("HT1"))
        with pytest.raises(SimdcError):
            simdc.load("no such network")

    assert gc.isenabled()
    circle = ref(Circle())
    work()
    assert gc.isenabled()
    # What was garbage before is found as before.
    gc.collect()
    assert circle() is None
    gc.disable()
    try:
        work()
        assert not gc.isenabled()
    finally:
        gc.enable()
    gc.freeze()
    try:
        work()
        # Some of the frozen may be gone by now, but none is back.
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
