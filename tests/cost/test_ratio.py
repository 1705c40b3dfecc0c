"""Bandwidths that are no whole bits per cycle: exact on numbers, on arrays, and in words."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from random import Random

import numpy as np
import pytest

from simdc.cost import ExactModel, structure, unstructure
from simdc.cost.hardware import Bandwidths, Hardware
from simdc.cost.machine_fields import HardwareError, rate
from simdc.cost.model import check_machine
from simdc.cost.numbers import ceil_div
from simdc.cost.quantities import exact, parse_bits, parse_period, parse_rate
from simdc.cost.ratio import Rate, Ratio, as_number, rate_of
from simdc.cost.roofline import RooflineModel
from simdc.cost.schedules import evaluate_many
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.frozen import Frozen, evolve
from tests.cost.machines import small_machine
from tests.oracles.random_layers import random_contraction, random_machine


def test_cycles_are_rounded_up_once() -> None:
    # 1,024 bits at 102.4 are 10 cycles, one bit more takes an eleventh.
    assert [ceil_div(bits, Ratio(512, 5)) for bits in (0, 1, 1024, 1025)] == [0, 1, 10, 11]
    random = Random(1)
    for _ in range(300):
        rate, bits = Fraction(random.randint(1, 999), random.randint(1, 99)), random.randint(0, 10**6)
        assert ceil_div(bits, rate_of(rate)) == ceil(bits / rate)
        array = -(-np.array([bits, bits + 1]) // rate_of(rate))
        assert array.dtype == np.int64
        assert array.tolist() == [ceil(bits / rate), ceil((bits + 1) / rate)]


def test_a_whole_rate_is_an_integer() -> None:
    assert type(rate_of(Fraction(512, 4))) is int
    ports = Bandwidths(Fraction(1024, 10), Fraction(8, 4), 7)
    assert ports == Bandwidths(Ratio(512, 5), 2, 7)
    assert hash(ports) == hash(Bandwidths(Ratio(512, 5), 2, 7))
    assert f"{Ratio(512, 5):,.2f}" == "102.40"


@pytest.mark.parametrize(("rate", "written"), [(512, 512), (Ratio(512, 5), 102.4), (Ratio(10240, 103), "10240/103")])
def test_machines_with_fractions_are_data_and_back(rate: int, written: object) -> None:
    machine = small_machine()
    machine = evolve(machine, simd=evolve(machine.simd, bandwidth_bits_per_cycle=rate))
    assert as_number(rate) == written
    assert unstructure(machine)["simd"]["bandwidth_bits_per_cycle"] == written
    assert structure(Hardware, unstructure(machine)) == machine


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("12.8 GB/s", Fraction(512, 5)),
        ("12.8GB/s", Fraction(512, 5)),
        ("102.4 Gbit/s", Fraction(512, 5)),
        ("1 GiB/s", Fraction(8 * 2**30, 10**9)),
        ("1 TB/s", Fraction(8000)),
        ("64 B/cycle", Fraction(512)),
        ("100.5 bit / cycle", Fraction(201, 2)),
        ("512/5", Fraction(512, 5)),
    ],
)
def test_bandwidths_in_words(text: str, rate: Fraction) -> None:
    assert parse_rate(text, Fraction(1)) == rate
    # Half the clock, twice the bits a cycle, if they are given a second.
    assert parse_rate(text, Fraction(2)) == rate * (2 if text.endswith("/s") else 1)


@pytest.mark.parametrize("text", ["12.8 Gb/s", "12.8 GB", "fast", "-1 B/s", "5/0", "1 B/min", ""])
def test_bandwidths_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"a bandwidth such as '12.8 GB/s'.*units are"):
        parse_rate(text, Fraction(1))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("1 GHz", 1),
        ("800 MHz", "5/4"),
        ("1.03GHz", "100/103"),
        ("0.97 ns", "97/100"),
        ("500 ps", "1/2"),
        ("2 us", 2000),
    ],
)
def test_clocks_in_words(text: str, period: int | str) -> None:
    assert parse_period(text) == Fraction(period)


@pytest.mark.parametrize("text", ["1", "0 GHz", "1 ghz", "1 mHz", "GHz"])
def test_clocks_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"a clock such as '800 MHz'.*units are"):
        parse_period(text)


def test_decimal_is_decimal_where_it_is_asked_for() -> None:
    assert [parse_bits("1 kB", kilo) for kilo in (1000, 1024)] == [8000, 8192]
    assert [parse_bits("1.5 MiB", kilo) for kilo in (1000, 1024)] == [12 * 2**20, 12 * 2**20]
    assert exact(0.97) == Fraction(97, 100)


# Of the second, int64 does not hold what it multiplies by.
@pytest.mark.parametrize("rate", [Ratio(512, 5), Ratio(10**17 + 1, 10**16), Ratio(1, 10**6)])
def test_arrays_of_tilings_are_one_tiling_after_the_other(rate: Ratio) -> None:
    random, model = Random(2), ExactModel()
    for _ in range(5):
        kernel, base = random_contraction(random), random_machine(random)
        machine = evolve(base, systolic=evolve(base.systolic, bandwidths=Bandwidths(rate, 16, rate)))
        order, bounds = list(loop_bounds(kernel)), loop_bounds(kernel)
        sizes = [[random.randint(1, bounds[loop]) for loop in order] for _ in range(20)]
        many = evaluate_many(kernel, order, sizes, machine)
        for number, row in enumerate(sizes):
            cost = model.evaluate(kernel, Tiling(tuple(order), tuple(row)), machine)
            assert many.legal[number]
            assert many.cost.cycles.total[number] == cost.cycles.total
            assert many.cost.busy.weight_port[number] == cost.busy.weight_port


def test_models_of_whole_bits_say_so() -> None:
    machine = small_machine()
    machine = evolve(machine, simd=evolve(machine.simd, bandwidth_bits_per_cycle=Ratio(512, 5)))
    check_machine(ExactModel(), machine)
    check_machine(RooflineModel(), machine)
    with pytest.raises(ValueError, match=r"takes whole bits a cycle; simd.bandwidth_bits_per_cycle of .* 102.4"):
        check_machine(SimditModel(), machine)


@pytest.mark.parametrize("rate", [Ratio(-1, 2), Ratio(1, 10**7), Ratio(10**21, 7), Ratio(10**21 + 1, 10**21)])
def test_rates_out_of_range(rate: Ratio) -> None:
    with pytest.raises(ValueError, match="must be"):
        Bandwidths(rate, 1, 1)


def test_numbers_are_divided_by_a_rate() -> None:
    assert 10 / Ratio(5, 2) == 4.0
    assert 1 / Ratio(5, 2) == 0.4


def test_a_rate_need_not_be_whole() -> None:
    class Toy(Frozen):
        bits_per_cycle: Rate = rate("a data sheet")

    assert structure(Toy, {"bits_per_cycle": 102.4}) == Toy(Ratio(512, 5))
    assert unstructure(Toy(Ratio(512, 5))) == {"bits_per_cycle": 102.4}
    with pytest.raises(HardwareError, match="must be positive"):
        Toy(0)
