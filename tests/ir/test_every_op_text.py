"""Every op of the dialect is printed and read back, in both forms, as it was described and when it is priced."""

from __future__ import annotations

from io import StringIO

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.context import make_context, set_hardware
from simdc.ir.dialect import Simdc
from simdc.ir.network import network_of
from simdc.ir.text import parse_ir
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.backends.execute.test_kernels_compute import STEPS
from tests.ir.networks import every_op

MODULES = [*STEPS, ("unmodelled", every_op())]


def printed(module: ModuleOp, *, generic: bool) -> str:
    stream = StringIO()
    Printer(stream, print_generic_format=generic).print_op(module)
    return stream.getvalue()


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("module", [module for _, module in MODULES], ids=[name for name, _ in MODULES])
def test_any_network_comes_back_from_its_text(module: ModuleOp, generic: bool) -> None:
    text = printed(module, generic=generic)
    again = parse_ir(make_context(), text, "n.mlir")
    assert again.is_structurally_equivalent(module)
    assert printed(again, generic=generic) == text


@pytest.mark.parametrize("module", [module for _, module in MODULES], ids=[name for name, _ in MODULES])
def test_any_priced_network_has_the_same_report(module: ModuleOp) -> None:
    priced = module.clone()
    set_hardware(priced, load_hardware("HT3"))
    run_pipeline(priced, default_passes("exact"))
    again = parse_ir(make_context(), printed(priced, generic=False), "n.mlir")
    assert again.is_structurally_equivalent(priced)
    assert render_json(make_report(again)) == render_json(make_report(priced))


def test_these_are_all_ops() -> None:
    found = {type(op) for _, module in MODULES for op in (network_of(module), *network_of(module).body.block.ops)}
    assert found == set(Simdc.operations)
