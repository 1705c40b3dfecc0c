"""A form: one of the ways in which an op can be carried out.

`array` and `lanes` are forms of a depthwise convolution. What runs on the systolic array may lie on it in several ways,
its mappings, which are forms as well: `array+window`, `rhs_stationary+packed`, `array+window+packed`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from xdsl.utils.exceptions import VerifyException

from simdc.cost.array_kernel import MAPPINGS, ArrayMapping, mapped, mappings_of
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.machines import AnyMachine
from simdc.named import NamedTuple

from .attributes import Unit

ONLY = "array"
"""The form of what runs on the systolic array and has no others, where it has a name for its mappings' sake."""


class Form(NamedTuple):
    """The array that runs the op in this form, and its kernel there for a width of partial sums in bits."""

    unit: Unit
    kernel: Callable[[int], Kernel]


def accumulator_bits(unit: Unit, hardware: AnyMachine) -> int:
    """Width of partial sums and temporaries on an array."""
    return hardware.psum_bits if unit is Unit.SYSTOLIC else hardware.temporary_bits


def split_form(name: str) -> tuple[str, ArrayMapping]:
    """A form's own name, and its mapping."""
    # array+window+packed: array, (window, packed).
    base, *mapping = name.split("+")
    return base, tuple(mapping)


def map_kernel(kernel: Kernel, form: str | None) -> Kernel:
    """The kernel on the array as its `form` says. Raises KernelError for a mapping that it has no loops for."""
    mapping = () if form is None else split_form(form)[1]
    return mapped(kernel, mapping) if mapping and isinstance(kernel, Contraction) else kernel


def map_forms(name: str, kernel: Kernel, words: ArrayMapping = MAPPINGS) -> Iterator[tuple[str, Kernel]]:
    """A form with those of its mappings that are made of `words`, the form itself first."""
    if not isinstance(kernel, Contraction):
        yield name, kernel
        return
    for mapping in mappings_of(kernel):
        if set(mapping) <= set(words):
            yield "+".join((name, *mapping)), mapped(kernel, mapping)


def machine_mappings(hardware: AnyMachine) -> ArrayMapping:
    """What the machine's systolic array can do, if it has one."""
    return hardware.systolic.mappings if isinstance(hardware, Hardware) else ()


def names_of(forms: Mapping[str, Form], only: Callable[[], Kernel | None] | None, bits: int) -> list[str]:
    """All forms with their mappings, on whatever machine, of partial sums of `bits`; where there are no `forms`, those
    of the `only` kernel."""
    kernels = {name: form.kernel(bits) for name, form in forms.items()}
    lone = only() if only is not None and not kernels else None
    if lone is not None:
        kernels[ONLY] = lone
    return [each for name, kernel in kernels.items() for each, _ in map_forms(name, kernel)]


def no_form(name: str, forms: Collection[str]) -> VerifyException:
    known = f"its forms: {', '.join(forms)}" if forms else "it has one only"
    return VerifyException(f"has no form '{name[:80]}'; {known}")
