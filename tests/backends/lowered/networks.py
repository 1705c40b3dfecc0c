"""Networks on machines, lowered and priced both ways: through the IR, and from the records that are kept."""

from __future__ import annotations

from typing import Literal

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.lowered.network import LoweredNetwork
from simdc.backends.report import Report, make_report
from simdc.backends.report.from_lowered import lowered_report
from simdc.backends.report.lowering import lowered_network
from simdc.cost.machines import AnyMachine
from simdc.cost.model_table import load_model
from simdc.ir.context import set_hardware
from simdc.ir.provenance import add_run
from simdc.ir.runs import CommandRun, InputFile
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes

INPUTS = (InputFile("network", "net.dsl", "0" * 64),)
RUN = CommandRun("1.2.3", "simdc net.dsl --hw HI3", INPUTS)


def both(
    module: ModuleOp,
    machine: AnyMachine,
    model: str = "exact",
    rule: Literal["default", "greedy"] = "default",
    *,
    train: bool = False,
) -> tuple[LoweredNetwork | None, Report]:
    """What is kept of a module, which is changed, and its report by way of the IR."""
    set_hardware(module, machine)
    add_run(module, RUN)
    passes = default_passes(model, rule=rule)
    place = [step.name for step in passes].index("simdc-choose-form")
    run_pipeline(module, (*(training_passes("momentum") if train else ()), *passes[:place]), verify=False)
    kept = lowered_network(module, INPUTS)
    run_pipeline(module, passes[place:], verify=False)
    return kept, make_report(module)


def again(
    kept: LoweredNetwork, machine: AnyMachine, model: str = "exact", rule: Literal["default", "greedy"] = "default"
) -> Report:
    """The report by way of what was kept."""
    return lowered_report(kept, load_model(model, kept.phase), model, machine, RUN, rule)
