"""Which fields of a machine may be other ones, for a layer to be faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdc.cost.channels import on_channels
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Kernel, links_of
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, knows
from simdc.cost.result import Number
from simdc.cost.rule import MachineRule
from simdc.cost.structure import leaf_values, unstructure

ARRAY = ("systolic.rows", "systolic.columns")
LANES = ("simd.lanes",)
PATH = ("simd.array_path_bits_per_cycle",)
UNIT_FIELDS = ("rate_per_cycle", "capacity_bits", "read_bits_per_cycle", "write_bits_per_cycle")
"""Of a machine of units and memories."""
TIMES = (2, 4, 8)
WORDS = {"systolic.row_mapping": "window", "systolic.group_mapping": "packed", "systolic.buffer_release": "separate"}
"""What an array may do beside the usual: its mappings, and halves of buffers that change hands one by one."""
PLAYED = ("systolic.buffer_release",)
"""Of these the price of what differs is played tile by tile: 12,000 tiles take a fifth of a second."""


def growable(kernels: Iterable[Kernel], hardware: AnyMachine, rule: MachineRule) -> dict[str, Number]:
    """The fields that a layer which can be any of `kernels` may have to do with, by dotted path, with their values."""
    values = leaf_values(unstructure(hardware, every=True))
    if isinstance(hardware, Hardware):
        rule = on_channels(rule, hardware)
        paths = dict.fromkeys(path for kernel in kernels for path in _of_kernel(kernel, rule))
    else:
        paths = dict.fromkeys(path for path in values if path.rpartition(".")[2] in UNIT_FIELDS)
    found: dict[str, Number] = {}
    for path in paths:
        value = values.get(path)
        # No path between the arrays, or a memory without a limit, is 0: twice that is the same.
        if isinstance(value, (int, float)) and value > 0:
            found[path] = value
    return found


def able(kernels: Iterable[Kernel], hardware: AnyMachine, model: AnyModel) -> dict[str, tuple[str, str]]:
    """The words of `WORDS` that the machine does not have and the model takes, each behind the one that it has; none
    where nothing runs on the array."""
    multiplies = any(isinstance(link, Contraction) for kernel in kernels for link in links_of(kernel))
    if not isinstance(hardware, Hardware) or not multiplies:
        return {}
    values = leaf_values(unstructure(hardware, every=True))
    usual = {path: (str(values[path]), word) for path, word in WORDS.items() if knows(model, path)}
    return {path: words for path, words in usual.items() if words[0] != words[1]}


def is_memory(path: str) -> bool:
    """A size, of which the next may change nothing and the one after it much."""
    return not path.endswith("_per_cycle") and path.endswith("_bits")


def _of_kernel(kernel: Kernel, rule: MachineRule) -> Iterator[str]:
    for link in links_of(kernel):
        if isinstance(link, Contraction):
            roles = link.by_role
            yield from (buffer.capacity for buffer in rule.buffers if buffer.operand in roles)
            yield from (rule.ports[row.port] for row in rule.array_streams if row.operand in roles)
            yield from ARRAY
        else:
            yield rule.vector_memory.capacity
            yield from (rule.ports[row.port] for row in rule.vector_streams)
            yield from LANES
    if isinstance(kernel, FusedProducts):
        yield from PATH
