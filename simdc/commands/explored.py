"""The networks of an exploration: each of them with every batch and length that the command line asks for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from simdc.api import Network
from simdc.cost.machines import AnyMachine
from simdc.cost.workload import Workload
from simdc.explore.exploration import NetworkChoice
from simdc.explore.space_file import NetworkEntry
from simdc.frontends.reads import inputs_read
from simdc.ir.network import network_of
from simdc.ir.runs import InputFile
from simdc.ir.token_run import TokenRun, decode_step
from simdc.passes.pipeline import run_pipeline

from .batch_option import batches_of
from .compiled import chosen_training, read_network
from .network_line import NetworkLine
from .number_list import numbers_of
from .token_options import CONTEXT


def explored(entry: NetworkEntry, arguments: Namespace, inputs: list[InputFile]) -> list[NetworkChoice]:
    """One choice for each batch with each length, named by them where there are several. What was read is appended to
    `inputs`. Raises SimdcError."""
    batches, lengths = _batches(entry, arguments), _lengths(arguments)
    choices: list[NetworkChoice] = []
    reads: list[InputFile] = []

    def read(batch: int | None, length: int | None) -> Network:
        run = None if length is None else decode_step(length) if arguments.decode else TokenRun(length)
        with inputs_read("network", entry.network) as found:
            module = read_network(arguments, entry.network, batch, run=run)
        reads.extend(found)
        if arguments.train or entry.train:
            run_pipeline(module, chosen_training(arguments))
        return Network(module)

    def add(line: NetworkLine, number: int, named: str) -> None:
        first = network_of(line.read(line.first).module)

        def workload(machine: AnyMachine) -> Workload:
            return line.workload(
                number, machine, arguments.model, fold=not arguments.no_fold, fuse=not arguments.no_fuse
            )

        choices.append(NetworkChoice(first.sym_name.data + named, first.phase.data, workload, entry.weight))

    # Of several batches and lengths those of a batch are on one line, else all batches are.
    if len(lengths) > 1:
        for batch in batches:
            line = NetworkLine(lambda length, batch=batch: read(batch, length), [each for each in lengths if each])
            for length in line.numbers:
                add(line, length, _named(batch if len(batches) > 1 else None, length))
    elif len(batches) > 1:
        line = NetworkLine(lambda batch: read(batch, lengths[0]), [each for each in batches if each])
        for batch in line.numbers:
            add(line, batch, _named(batch, None))
    else:
        line = NetworkLine(lambda _: read(batches[0], lengths[0]), [1])
        add(line, 1, "")
    inputs.extend(dict.fromkeys(reads))
    return choices


def _batches(entry: NetworkEntry, arguments: Namespace) -> Sequence[int | None]:
    if entry.batch is not None or arguments.batch is None:
        return [entry.batch]
    return batches_of(arguments)


def _lengths(arguments: Namespace) -> Sequence[int | None]:
    return [None] if arguments.context is None else numbers_of(arguments.context, CONTEXT).values


def _named(batch: int | None, length: int | None) -> str:
    parts = ("batch", batch), ("length", length)
    return "".join(f", {word} {number:,}" for word, number in parts if number is not None)
