"""Decode steps at many lengths: equal to single runs, on curves and in sums; what the command line says of them."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.language import DecodeStep, law_of
from simdc.cli import main
from simdc.commands.lengths import StepPrices
from simdc.cost import Hardware, with_field
from simdc.ir.token_run import decode_step
from tests.frontends.test_token_runs import decoder
from tests.ir.networks import written


def single(path: str, length: int, machine: str) -> tuple[float, float, float]:
    network = simdc.load(path, run=decode_step(length))
    total = make_report(simdc.compile(network, simdc.load_hardware(machine))).total
    return total.cycles.total, total.dram_bits.total, total.energy.total


@pytest.mark.parametrize("machine", ["HI1", "HI3"])
def test_each_length_of_a_curve_is_a_single_run(machine: str, tmp_path: Path) -> None:
    """Lengths whose rows lanes share, and primes, whose rows they do not."""
    path = written(tmp_path, decoder(kv=2).replace("rows=9", "rows=4000"))
    hardware = simdc.load_hardware(machine)
    compiled: list[int] = []

    def compile_step(length: int) -> simdc.api.ModuleOp:
        compiled.append(length)
        return simdc.compile(simdc.load(path, run=decode_step(length)), hardware)

    lengths = (2, 3, 17, 64, 127, 512, 1009, 2048, 3000)
    steps = StepPrices(compile_step, lengths[0], lengths[-1]).steps(lengths)
    assert compiled == [2, 3000]
    for step in steps:
        cycles, dram_bits, energy = single(path, step.context, machine)
        assert (step.cycles, step.dram_bits) == (cycles, dram_bits), step.context
        assert step.energy_pj == pytest.approx(energy, rel=1e-12)


def drawn(random: Random) -> Hardware:
    """A machine with room for any row, each of its other fields by itself."""
    machine = simdc.load_hardware("HI1")
    for path, values in {
        "systolic.rows": range(1, 9),
        "systolic.columns": range(1, 9),
        "simd.lanes": range(1, 20),
        "simd.vmem_bits": range(20_000, 90_000),
        "systolic.buffers.weight_bits": range(9_000, 40_000),
        "systolic.buffers.psum_bits": range(9_000, 40_000),
        "systolic.bandwidths.ifmap_bits_per_cycle": range(3, 80),
        "simd.bandwidth_bits_per_cycle": range(9, 90),
        "stores_padding": (True, True, False),
    }.items():
        machine = with_field(machine, path, random.choice(values))
    return machine


@pytest.mark.parametrize("seed", range(4))
def test_random_lengths_on_random_machines(seed: int, tmp_path: Path) -> None:
    """Lengths side by side, which an array stores alike, and some far apart."""
    random = Random(seed)
    text = decoder(kv=random.choice((1, 2, 4)), turn=random.choice(("rope", "rope(base=100)")))
    path, machine, begin = written(tmp_path, text.replace("rows=9", "rows=4000")), drawn(random), random.randint(2, 70)
    lengths = sorted({begin, begin + 1, begin + 2, begin + random.randint(3, 9), random.randint(90, 900)})

    def compile_step(length: int) -> simdc.api.ModuleOp:
        return simdc.compile(simdc.load(path, run=decode_step(length)), machine)

    for step in StepPrices(compile_step, lengths[0], lengths[-1]).steps(lengths):
        alone = make_report(compile_step(step.context)).total
        assert (step.cycles, step.dram_bits) == (alone.cycles.total, alone.dram_bits.total), step.context
        assert step.energy_pj == pytest.approx(alone.energy.total, rel=1e-12)


def curve(path: str, machine: Hardware, lengths: tuple[int, ...]) -> tuple[list[float], list[int]]:
    """Cycles at the lengths, and which of them were compiled whole."""
    compiled: list[int] = []

    def compile_step(length: int) -> simdc.api.ModuleOp:
        compiled.append(length)
        return simdc.compile(simdc.load(path, run=decode_step(length)), machine)

    steps = StepPrices(compile_step, lengths[0], lengths[-1]).steps(lengths)
    return [step.cycles for step in steps], compiled


def test_where_attention_may_be_one_layer_each_length_is_compiled(tmp_path: Path) -> None:
    """Whether it is, the price decides at each length by itself."""
    path, machine = written(tmp_path, decoder()), simdc.load_hardware("HI1")
    assert curve(path, machine, (3, 5, 6, 9))[1] == [3, 9]
    on_chip = with_field(machine, "simd.array_path_bits_per_cycle", 64)
    assert curve(path, on_chip, (3, 5, 6, 9))[1] == [3, 9, 5, 6]


def test_a_curve_from_the_first_token_on_compiles_what_does_not_fit_a_line(tmp_path: Path) -> None:
    """At length 1 there is no cache to append to: such a network has other layers."""
    path = written(tmp_path, decoder())
    steps = StepPrices(
        lambda length: simdc.compile(simdc.load(path, run=decode_step(length)), simdc.load_hardware("HI1")), 1, 4
    ).steps((1, 2, 3, 4))
    assert [step.cycles for step in steps] == [single(path, length, "HI1")[0] for length in (1, 2, 3, 4)]


def report(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main([*words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["llm"]


def test_a_generated_text_is_its_prompt_and_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, decoder())
    llm = report(capsys, path, "--hw", "HI1", "--generate", "3+4")
    steps = [single(path, length, "HI1") for length in (4, 5, 6, 7)]
    made = llm["generation"]
    assert isinstance(made, dict)
    assert (made["prompt"], made["made"], made["steps"]["context"]) == (3, 4, 7)
    assert made["steps"]["cycles"] == sum(cycles for cycles, _, _ in steps)
    assert made["steps"]["dram_bits"] == sum(bits for _, bits, _ in steps)
    prefill = report(capsys, path, "--hw", "HI1", "--context", "3")
    assert prefill["ttft_s"] == pytest.approx(made["prefill"]["runtime_s"])


def test_a_curve_in_json_and_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, decoder())
    words = (path, "--hw", "HI1", "--decode", "--context", "2:9:3")
    curve = report(capsys, *words)["curve"]
    assert isinstance(curve, dict)
    assert [step["context"] for step in curve["steps"]] == [2, 5, 8, 9]
    assert main([*words]) == 0
    text = capsys.readouterr().out
    assert "TPOT [cycle]" in text
    assert "at the lengths priced" in text


def test_a_law_by_hand() -> None:
    """100, 110, 120 lie on a line; 240 is 85 % above it, so that a second begins."""
    curve = tuple(DecodeStep(10 * at, cycles, 0, 0) for at, cycles in enumerate((100, 110, 120, 240)))
    first, second = law_of(curve)
    assert (first.first, first.last, first.cycles, first.slope, first.error) == (0, 20, 100, 1.0, 0.0)
    assert (second.first, second.last, second.cycles, second.slope) == (20, 30, 120, 12.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--decode",), "--decode goes with --context"),
        (("--decode", "--context", "0"), "--context: expected 1 to 16777216 tokens, got '0'"),
        (("--decode", "--context", "9:2"), "--context: a curve goes from less to more, got 9:2"),
        (("--decode", "--context", "2:9:0"), "--context: expected 1 to 16777216 tokens, got '0'"),
        (("--decode", "--context", "4,2"), "--context: lengths must rise, got 4,2"),
        (("--decode", "--context", "many"), "--context: expected 1 to 16777216 tokens, got 'many'"),
        (("--decode", "--context", "1:1000000:1"), "--context: 1000000 lengths are more than 20000; take a step"),
        (("--context", "2:9"), "several lengths are a curve of single tokens, which needs --decode"),
        (("--generate", "3"), "--generate: expected P+T, such as 128+256, got '3'"),
        (("--generate", "3+0"), "--generate: expected 1 to 16777216 tokens, got '0'"),
        (("--generate", "3+4", "--context", "7"), "--generate and --context exclude each other"),
        (("--generate", "3+4", "--train"), "--generate and --train exclude each other"),
        (("--generate", "3+4", "--emit-ir"), "--generate is a report of many networks; --emit-ir prints one"),
        (("--generate", "3+4", "--tiling", "greedy"), "--generate takes default tilings, not --tiling greedy"),
        (("--generate", "3+4", "--format", "csv"), "--generate is in the table and in json; csv lists"),
        (
            ("--decode", "--context", "2:9", "-o", "x.csv"),
            "a curve of --context is in the table and in json; csv lists",
        ),
        (("--decode", "--context", "2:9", "-p", ""), "a curve of --context is priced by the default pipeline"),
    ],
)
def test_options_that_do_not_go_together(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, decoder())
    assert main([path, "--hw", "HI1", *words]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
