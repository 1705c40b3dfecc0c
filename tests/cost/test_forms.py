"""The cheapest form of a layer, and what is said where none can be run."""

from __future__ import annotations

import pytest

from simdc.cost import Cost, Cycles, ExactModel, Kernel, Tiling, TilingError, Uncosted
from simdc.cost.forms import Forms, cheapest, least_for, value_for
from simdc.cost.result import Busy, DramBits, SramBits
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import Need
from simdc.cost.workload import Workload
from tests.cost.machines import row_convolution, small_machine

NAMES = ("array", "lanes", "streamed")
FORMS: Forms = tuple((name, row_convolution(ow=3 + number)) for number, name in enumerate(NAMES))
"""Told apart by their widths 3, 4 and 5."""
Answer = int | Exception


def chosen(*answers: Answer) -> str:
    """The form where the kernels cost so many cycles, or are refused so."""
    by_kernel = dict(zip([kernel for _, kernel in FORMS], answers, strict=True))

    def price(kernel: Kernel) -> tuple[Tiling, Cost]:
        answer = by_kernel[kernel]
        if isinstance(answer, Exception):
            raise answer
        return Tiling((), ()), Cost(Cycles(0, answer), DramBits(), SramBits(), (), Busy())

    return cheapest(FORMS, price, value_for("cycles", small_machine()), lambda kernel: 0).form


@pytest.mark.parametrize(
    ("least", "form", "priced"),
    [
        # 9, 7 and 7 cycles. Where nothing is known all are priced; the second is the first of equals.
        ((0, 0, 0), "lanes", ["array", "lanes", "streamed"]),
        # The third is the most promising; the second may be as fast and stands before it, the first cannot.
        ((8, 7, 6), "lanes", ["streamed", "lanes"]),
        # 7 at least, as the second has, and behind it.
        ((8, 5, 7), "lanes", ["lanes"]),
    ],
)
def test_what_cannot_be_the_cheapest_is_not_priced(least: tuple[int, ...], form: str, priced: list[str]) -> None:
    cycles, seen, names = (
        dict(zip(NAMES, (9, 7, 7), strict=True)),
        list[str](),
        {kernel: name for name, kernel in FORMS},
    )

    def price(kernel: Kernel) -> tuple[Tiling, Cost]:
        seen.append(names[kernel])
        return Tiling((), ()), Cost(Cycles(0, cycles[names[kernel]]), DramBits(), SramBits(), (), Busy())

    bounds = dict(zip(NAMES, least, strict=True))
    chosen = cheapest(FORMS, price, value_for("cycles", small_machine()), lambda kernel: bounds[names[kernel]])
    assert (chosen.form, seen) == (form, priced)


def test_only_cycles_have_a_bound() -> None:
    kernel, machine = FORMS[0][1], small_machine()
    assert least_for("edp", ExactModel(), machine)(kernel) == least_for("cycles", SimditModel(), machine)(kernel) == 0
    assert least_for("cycles", ExactModel(), machine)(kernel) > 0


def refused(buffer: str) -> TilingError:
    return TilingError(f"the {buffer} is too small", need=Need(buffer, "x", 2, 1))


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        ((7, 8, 9), "array"),
        ((8, 7, 9), "lanes"),
        ((9, 8, 7), "streamed"),
        ((7, 7, 7), "array"),
        ((8, 7, 7), "lanes"),
        ((refused("weight buffer"), 9, 9), "lanes"),
        ((refused("weight buffer"), Uncosted("unknown"), 9), "streamed"),
        ((9, refused("vector memory"), Uncosted("unknown")), "array"),
    ],
)
def test_the_first_of_the_cheapest_that_can_be_run(answers: tuple[Answer, ...], form: str) -> None:
    assert chosen(*answers) == form


def test_where_none_fits_the_first_one_says_why_and_names_the_others() -> None:
    with pytest.raises(TilingError, match=r"^as 'lanes' the psum .*; as 'streamed' the vector ") as found:
        chosen(Uncosted("unknown"), refused("psum buffer"), refused("vector memory"))
    assert found.value.buffer == "psum buffer"
    with pytest.raises(TilingError, match=r"^the psum buffer is too small$"):
        chosen(Uncosted("unknown"), refused("psum buffer"), Uncosted("unknown"))
    with pytest.raises(Uncosted, match=r"^first$"):
        chosen(Uncosted("first"), Uncosted("second"), Uncosted("third"))


def test_a_workload_takes_the_cheapest_form_and_the_release_the_first() -> None:
    """3, 4 and 5 columns: the narrowest is the cheapest, wherever it stands."""
    forms = FORMS[::-1]
    (layer,) = Workload([("conv", forms)]).price(ExactModel(), small_machine())
    assert (layer.form, layer.kernel) == ("array", FORMS[0][1])
    (layer,) = Workload([("conv", forms)]).price(SimditModel(), small_machine())
    assert (layer.form, layer.kernel) == ("streamed", FORMS[2][1])
