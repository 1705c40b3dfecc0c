"""Where a module comes from: which version of simdc made it of which inputs, by which command.

It stands on the module as an attribute, so that IR text carries it. A module that was read from IR text has the runs
that made the text, too; this run is the last.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from .runs import CommandRun, InputFile

PROVENANCE = "simdc.provenance"


def add_run(module: ModuleOp, run: CommandRun) -> None:
    module.attributes[PROVENANCE] = ArrayAttr([*map(_attribute, runs_of(module)), _attribute(run)])


def runs_of(module: ModuleOp) -> tuple[CommandRun, ...]:
    """Oldest first; none for a module that was made in Python. Raises VerifyException for what is no list of runs."""
    attribute = module.attributes.get(PROVENANCE)
    if attribute is None:
        return ()
    if not isa(attribute, ArrayAttr[DictionaryAttr]):
        raise VerifyException(f"'{PROVENANCE}' must be a list of runs, got {str(attribute)[:80]}")
    return tuple(map(_run, attribute.data))


def _attribute(run: CommandRun) -> DictionaryAttr:
    inputs = [DictionaryAttr({key: StringAttr(text) for key, text in each._asdict().items()}) for each in run.inputs]
    return DictionaryAttr(
        {"simdc": StringAttr(run.simdc), "command": StringAttr(run.command), "inputs": ArrayAttr(inputs)}
    )


def _run(attribute: DictionaryAttr) -> CommandRun:
    inputs = attribute.data.get("inputs")
    if not isa(inputs, ArrayAttr[DictionaryAttr]):
        raise VerifyException(f"a run of '{PROVENANCE}' must have a list of inputs, got {str(inputs)[:80]}")
    version, command = _texts(attribute, "simdc", "command")
    return CommandRun(version, command, tuple(InputFile(*_texts(each, *InputFile._fields)) for each in inputs.data))


def _texts(record: DictionaryAttr, *names: str) -> list[str]:
    found: list[Attribute | None] = [record.data.get(name) for name in names]
    if not isa(found, list[StringAttr]):
        raise VerifyException(
            f"an entry of '{PROVENANCE}' must have the texts {', '.join(names)}, got {str(record)[:80]}"
        )
    return [text.data for text in found]
