"""The ways in which what runs on the systolic array may lie on it, its mappings, as forms beside the others.

`array+window`, `rhs_stationary+packed`, `array+window+packed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .array_kernel import MAPPINGS, ArrayMapping, mapped, mappings_of
from .chosen import Forms
from .hardware import Hardware
from .kernel import Contraction, Kernel
from .machines import AnyMachine

ONLY = "array"
"""The form of what runs on the systolic array and has no others, where it has a name for its mappings' sake."""


def split_form(name: str) -> tuple[str, ArrayMapping]:
    """A form's own name, and its mapping."""
    # array+window+packed: array, (window, packed).
    base, *mapping = name.split("+")
    return base, tuple(mapping)


def machine_mappings(hardware: AnyMachine) -> ArrayMapping:
    """What the machine's systolic array can do, if it has one."""
    return hardware.systolic.mappings if isinstance(hardware, Hardware) else ()


def map_forms(name: str, kernel: Kernel, words: ArrayMapping = MAPPINGS) -> Iterator[tuple[str, Kernel]]:
    """A form with those of its mappings that are made of `words`, the form itself first."""
    if not isinstance(kernel, Contraction):
        yield name, kernel
        return
    for mapping in mappings_of(kernel):
        if set(mapping) <= set(words):
            yield "+".join((name, *mapping)), mapped(kernel, mapping)


def with_mappings(forms: Iterable[tuple[str, Kernel]], hardware: AnyMachine) -> Forms:
    """All that a layer can be on a machine, from its forms without mappings. Raises KernelError for a mapping that is
    not sound."""
    plain, words = tuple(forms), machine_mappings(hardware)
    if not words:
        return plain
    every = [each for name, kernel in plain for each in map_forms(name or ONLY, kernel, words)]
    return tuple(every) if len(every) > 1 else plain
