"""Prices held to what no schedule can break, before they are compared: a model that answers NaN would win or vanish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from simdc.cost.guards import InvariantError, fault
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, guard_of
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.errors import SimdcError

Fields = Mapping[str, object]
"""What makes a machine of a space: the values of its fields by path."""


def hold_one(model: AnyModel, layer: str, kernel: Kernel, cost: Cost, hardware: AnyMachine, fields: Fields) -> None:
    """Raise SimdcError unless `cost` keeps the inequalities of `simdc.cost.guards`; it names model, layer, machine."""
    try:
        guard_of(model, kernel)(cost, hardware)
    except InvariantError as broken:
        raise _error(model.name, layer, fields, broken) from None


def hold_each(
    model: AnyModel,
    layer: str,
    kernel: Kernel,
    cost: Cost,
    hardware: AnyMachine,
    fields: Sequence[Callable[[], Fields]],
) -> None:
    """The same for a cost whose numbers are arrays over machines that have rows and columns like `hardware`; `fields`
    tells what makes each of them."""
    guard = guard_of(model, kernel)
    for one, its_fields in zip(_each(cost, len(fields)), fields, strict=True):
        try:
            guard(one, hardware)
        except InvariantError as broken:
            raise _error(model.name, layer, its_fields(), broken) from None


def _each(cost: Cost, count: int) -> Iterator[Cost]:
    """A cost of plain numbers for each of `count` machines."""
    # A guard compares with `if`, which an array cannot answer: each machine is taken out as plain numbers.
    names = [name for name, _ in cost.ops]
    parts = (
        [*part] for part in (cost.cycles, cost.dram_bits, cost.sram_bits, [each for _, each in cost.ops], cost.busy)
    )
    columns = [
        zip(*(np.broadcast_to(each, count).tolist() for each in part), strict=True) if part else repeat((), count)
        for part in parts
    ]
    for cycles, dram_bits, sram_bits, ops, busy in zip(*columns, strict=True):
        counts = tuple(zip(names, ops, strict=True))
        yield Cost(Cycles(*cycles), DramBits(*dram_bits), SramBits(*sram_bits), counts, Busy(*busy))


def hold_many(
    model: str, layer: str, cost: Cost, refused: object, fields_of: Callable[[tuple[int, ...]], Fields]
) -> None:
    """For a cost whose numbers are arrays over machines of any kind: everything is a number and not negative wherever
    `refused` is 0. `fields_of` tells what makes the machine at an index into all these arrays broadcast together."""
    cycles, dram_bits, sram_bits, ops, _ = cost
    sides = [
        *zip(("compute cycles", "stall cycles"), cycles, strict=True),
        *(("DRAM bits", bits) for bits in dram_bits),
        *(("SRAM bits", bits) for bits in sram_bits),
        *(("operations", count) for _, count in ops),
    ]
    for text, value in sides:
        # NaN is not at least 0, either; where a machine is refused its cost means nothing.
        sound: Any = (np.asarray(value) >= 0) | (np.asarray(refused) > 0)
        if not sound.all():
            where = tuple(int(place) for place in np.argwhere(~sound)[0])
            number = np.broadcast_to(value, sound.shape)[where].item()
            raise _error(model, layer, fields_of(where), InvariantError(f"0 <= {text} is broken: 0 > {number:,}"))


def _error(model: str, layer: str, fields: Fields, broken: InvariantError) -> SimdcError:
    machine = ", ".join(f"{path} = {value}" for path, value in fields.items())
    where = f" on the machine with {machine}" if machine else ""
    return SimdcError(f"layer '{layer}'{where}: {fault(model, broken)}")
