"""The machine in SystemVerilog does what `exact` says: the case with a pencil, random schedules, whole networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import simdc
from simdc.backends.rtl import VERILOG, Played, RtlCase, Unplayable, missing_tool, play, toolchain
from simdc.backends.rtl.beats import pack, unpack
from simdc.backends.rtl.nested_sums import NestedSum
from simdc.cli import main
from simdc.cost import (
    CodeBlock,
    Contraction,
    ExactModel,
    Instruction,
    Loop,
    LoopNest,
    Operand,
    Tiling,
    VectorProgram,
    affine,
)
from simdc.cost.result import Cost
from tests.cost.machines import pencil_layer
from tests.oracles.rtl_cases import play_random
from tests.oracles.rtl_mutants import MUTANTS, Mutant, mutated

MISSING = missing_tool()
needs_rtl = pytest.mark.skipif(MISSING is not None, reason=f"{MISSING} is not there, so the RTL is NOT tested")
# One worker builds the RTL, once for all.
pytestmark = pytest.mark.xdist_group("rtl")


def pencil() -> RtlCase:
    """The case of docs/architecture.md, "With a pencil"."""
    machine = simdc.load_hardware(
        "HI1",
        [
            *("systolic.rows=2", "systolic.columns=2"),
            "systolic.bandwidths.weight_bits_per_cycle=16",
            "systolic.bandwidths.ifmap_bits_per_cycle=16",
            "systolic.bandwidths.psum_bits_per_cycle=32",
        ],
    )
    kernel, tiling = pencil_layer()
    return RtlCase(kernel, tiling, machine)


class Optimist(ExactModel):
    """Wrong by a cycle."""

    def evaluate(self, *given: object, **more: object) -> Cost:  # pyright: ignore[reportIncompatibleMethodOverride]
        cost = super().evaluate(*given, **more)  # pyright: ignore[reportArgumentType]
        return cost._replace(cycles=cost.cycles._replace(stall=cost.cycles.stall - 1))


@needs_rtl
def test_the_case_with_a_pencil() -> None:
    (played,) = play([pencil()], ExactModel())
    assert played == Played(tiles=4, elements=8, cycles=30, differences=())


@needs_rtl
@pytest.mark.parametrize(("channels", "waits"), [(2, 4), (4, 0)])
def test_a_sum_that_waits_for_itself(channels: int, waits: int) -> None:
    # On 2 lanes: 5 columns of 2 channels are one vector that is added to 5 times, 4 of them waiting 2 cycles; of 4
    # channels two vectors take turns. Fill 5 + 1. In 8 bits a cycle, x and the sum are as many cycles as elements.
    settings = ["simd.lanes=2", "simd.bandwidth_bits_per_cycle=8", "stores_padding=false"]
    machine = simdc.load_hardware("HI1", settings)
    c, w = affine("c"), affine("w")
    nest = LoopNest(
        (Loop("c", channels), Loop("w", 5)),
        (Operand("x", 8, (channels, 5), (c, w)),),
        (Operand("y", 8, (channels,), (c,)),),
        (CodeBlock(("c", "w"), (Instruction("add", "y", ("y", "x")),)),),
        initial=(("y", 0.0),),
    )
    (played,) = play([RtlCase(VectorProgram("sum", (nest,)), Tiling(("c", "w"), (channels, 5)), machine)], ExactModel())
    compute = 5 * channels // 2 + 2 * waits + 6
    assert played == Played(tiles=1, elements=channels, cycles=6 * channels + compute, differences=())


@needs_rtl
def test_a_wrong_number_is_found() -> None:
    (played,) = play([pencil()], Optimist())
    assert isinstance(played, Played)
    assert played.differences == ("cycles.total: 30 in the RTL, 29 from the cost model",)


@needs_rtl
def test_random_schedules() -> None:
    found = [one for _, one in play_random(150, seed=7)]
    assert len(found) == 150
    assert sum(one.tiles for one in found) > 600
    assert [one.differences for one in found if one.differences] == []


@needs_rtl
def test_verify_plays_a_network(tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    assert main(["verify", "lenet5", "--hw", "HI1", "--rtl", "--format", "json", "-o", str(out), "-q"]) == 0
    found = {layer["names"][0]: layer for layer in json.loads(out.read_text())["rtl"]}
    assert len(found) == 8
    for name in found:
        assert found[name]["played"]
        assert found[name]["results"] > 0
        assert found[name]["differences"] == []


def test_without_verilator_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None if name == "verilator" else name)
    assert main(["verify", "lenet5", "--hw", "HI1", "--rtl"]) == 1
    said = capsys.readouterr()
    assert "--rtl: verilator is not there" in said.err
    assert "apt-get install verilator" in said.err
    assert said.out == ""


def test_what_there_is_no_hardware_for_is_named() -> None:
    kernel, tiling, machine = pencil()
    assert isinstance(kernel, Contraction)
    large = simdc.load_hardware("HI1")
    cases = [
        RtlCase(kernel, tiling, large),
        RtlCase(kernel._replace(weight=kernel.weight._replace(bits=12)), tiling, machine),
        RtlCase(
            kernel._replace(weight=kernel.weight._replace(index=(affine("oc"), affine(("ic", 2))))), tiling, machine
        ),
    ]
    found = play(cases, ExactModel())
    assert all(isinstance(one, Unplayable) for one in found)
    assert [str(one).partition(";")[0] for one in found] == [
        "an array of 16 x 16",
        "elements of 12 bits for weight",
        "weights with strides or padding",
    ]


@pytest.mark.parametrize(
    "option",
    [
        *("dram.burst_bits = 64", "dram.request_cycles = 2", "dram.latency_cycles = 9", "dram.psum_duplex = full"),
        *("simd.issue = fission", "simd.tile_overhead_cycles = 3", "systolic.buffer_release = joint"),
        "simd.double_buffered = True",
    ],
)
def test_options_without_hardware_are_named(option: str) -> None:
    kernel, tiling, _ = pencil()
    machine = simdc.load_hardware("HI1", ["systolic.rows=2", "systolic.columns=2", option.replace(" ", "").lower()])
    (found,) = play([RtlCase(kernel, tiling, machine)], ExactModel())
    assert isinstance(found, Unplayable)
    assert str(found) == option


@pytest.mark.parametrize(("bits", "rate"), [(8, 12), (4, 3), (16, 512), (32, 31), (8, 8)])
def test_beats_hold_the_elements_one_after_the_other(bits: int, rate: int) -> None:
    values = np.random.default_rng(bits).integers(-(1 << (bits - 1)), 1 << (bits - 1), 37).astype(np.int64)
    beats = pack(values, bits, rate)
    assert beats.shape == (-(-37 * bits // rate), -(-rate // 32))
    assert (unpack(beats, 37, bits, rate) == values).all()
    number = sum(int(value) % (1 << bits) << (bits * i) for i, value in enumerate(values))
    assert int.from_bytes(beats[1].tobytes(), "little") == number >> rate & ((1 << rate) - 1)


def test_sums_move_with_the_loops() -> None:
    # a[10*i + j], j to 2: 0 1 2 10 11 12; the step of i brings 10 - 2.
    assert NestedSum(0, {"i": 10, "j": 1}).moves({"i": 2, "j": 3}) == [8, 1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_each_mistake_can_still_be_made(mutant: Mutant, tmp_path: Path) -> None:
    """`python -m tests.oracles.rtl_mutants` builds and plays them all."""
    changed = mutated(mutant, tmp_path) / mutant.file
    assert changed.read_text() != (VERILOG / mutant.file).read_text()
