"""The steps at many lengths that the command line asks for, in the report of the run that was priced."""

from __future__ import annotations

from argparse import Namespace

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report import Report
from simdc.backends.report.language import DecodeStep, Generation, Llm
from simdc.errors import SimdcError
from simdc.ir.token_run import decode_step
from simdc.passes.pipeline import run_pipeline

from .compiled import load_module, priced
from .lengths import StepPrices, total
from .token_options import generation_of, lengths_of


def with_tokens(report: Report, arguments: Namespace) -> Report:
    """The report with the curve or the generated text, where one is asked for. Raises SimdcError."""
    lengths, generation = lengths_of(arguments), generation_of(arguments)
    if generation is None and (lengths is None or not lengths.several):
        return report
    llm = report.llm
    if llm is None:
        raise SimdcError("the network has no attention, and so no steps of tokens")
    return report._replace(llm=llm._replace(**_made(report, llm, arguments)))


def _made(report: Report, llm: Llm, arguments: Namespace) -> dict[str, object]:
    def compile_step(length: int) -> ModuleOp:
        module = load_module(arguments, run=decode_step(length))
        run_pipeline(module, priced(arguments, report.model), verify=False)
        return module

    lengths, generation = lengths_of(arguments), generation_of(arguments)
    if generation is None:
        assert lengths is not None
        values = lengths.values
        return {"curve": StepPrices(compile_step, values[0], values[-1]).steps(values)}
    first, last = generation.prompt + 1, generation.prompt + generation.made
    steps = StepPrices(compile_step, first, last).steps(range(first, last + 1))
    whole = report.total
    prefill = DecodeStep(llm.context, whole.cycles.total, whole.dram_bits.total, whole.energy.total)
    return {"generation": Generation(generation.prompt, generation.made, prefill, total(last, steps))}
