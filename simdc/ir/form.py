"""A form: one of the ways in which an op can be carried out.

`array` and `lanes` are forms of a depthwise convolution. Their mappings are forms as well
(`simdc.cost.mapped_forms`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from xdsl.utils.exceptions import VerifyException

from simdc.cost.array_kernel import mapped
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.mapped_forms import ONLY, map_forms, split_form
from simdc.named import NamedTuple

from .attributes import Unit


class Form(NamedTuple):
    """The array that runs the op in this form, and its kernel there for a width of partial sums in bits."""

    unit: Unit
    kernel: Callable[[int], Kernel]


def accumulator_bits(unit: Unit, hardware: AnyMachine) -> int:
    """Width of partial sums and temporaries on an array."""
    return hardware.psum_bits if unit is Unit.SYSTOLIC else hardware.temporary_bits


def map_kernel(kernel: Kernel, form: str | None) -> Kernel:
    """The kernel on the array as its `form` says. Raises KernelError for a mapping that it has no loops for."""
    mapping = () if form is None else split_form(form)[1]
    return mapped(kernel, mapping) if mapping and isinstance(kernel, Contraction) else kernel


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
