"""A network that is read of a file which knows whole shapes, batch included, and in how many bits it stores them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import make_tensor_type, name_hint
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import MAX_SIZE, LayerError
from simdc.ir.network import network_of
from simdc.ir.notes import add_note
from simdc.ir.stored_width import give_input_widths, given_widths


class ImportedNetwork(ModuleBuilder):
    """`source` is what notes call the file; `refused` is raised for an op that does not fit."""

    source: ClassVar[str]
    refused: ClassVar[type[Exception]]

    def __init__(self, name: str, batch: int, file: str):
        super().__init__(name, batch, file)
        self._input_bits: dict[int, int] = {}
        """In how many bits the file stores an input, by its number."""

    def image(self, name: str, shape: Sequence[int]) -> BlockArgument:
        """A network input of the whole `shape`, batch included. Raises LayerError."""
        if prod(shape) > MAX_SIZE:
            raise LayerError(f"input '{name}' has {prod(shape)} elements, more than {MAX_SIZE}")
        argument = self._block.insert_arg(make_tensor_type(f32, tuple(shape)), len(self._block.args))
        argument.name_hint = name_hint(name)
        return argument

    def insert(self, op: Operation, name: str) -> None:
        """Raises `refused` for an op that does not fit, which then reads nothing."""
        try:
            super().insert(op, name)
        except (VerifyException, LayerError) as error:
            if op.parent is None:
                op.erase()
            raise self.refused(error.message if isinstance(error, LayerError) else str(error)) from None

    def finish(self, results: Sequence[SSAValue]) -> ModuleOp:
        module = super().finish(results)
        network = network_of(module)
        give_input_widths(network, self._input_bits)
        for bits, count in sorted(Counter(given_widths(network).values()).items()):
            add_note(network, f"the {self.source} stores {count} tensor{'s' * (count > 1)} in {bits} bits")
        return module


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or one like it that is not taken."""
    found, count = wanted, 2
    while found in taken:
        found, count = f"{wanted}.{count}", count + 1
    return found
