"""Everything in examples/ runs."""

import json
import runpy
from pathlib import Path

import pytest

import simdc
from simdc.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NETWORKS = sorted([*EXAMPLES.glob("networks/*.dsl"), *EXAMPLES.glob("networks/*.json")])
MACHINES = [path for path in sorted(EXAMPLES.glob("hardware/*.json")) if "systolic" in path.read_text()]


def cost(network, machine, capsys, *options):
    """The JSON report of the command line."""
    assert main([str(network), "--hw", str(machine), "--format", "json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def printed_by(script, monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")
    return capsys.readouterr().out


# Tests below look at what these print, and that of the paper's machines at what all of it is.
LOOKED_AT = {"autotuner.py", "judge_schedule.py", "own_tiling_pass.py", "paper_dse.py", "sweep_hardware.py"}
MODULES = {"from_jax.py", "from_torch_mlir.py"}

NEEDED = {"from_pytorch.py": ["torch", "onnxscript"]}
SCRIPTS_THAT_PRINT = [path for path in SCRIPTS if path.name not in LOOKED_AT | MODULES]


@pytest.mark.parametrize("script", SCRIPTS_THAT_PRINT, ids=lambda path: path.name)
def test_script_runs(script, tmp_path, monkeypatch, capsys):
    for package in NEEDED.get(script.name, ()):
        pytest.importorskip(package)
    arguments = []
    if script.name == "optimal_dse.py":
        # ResNet-50, the default, takes minutes.
        network = tmp_path / "small.dsl"
        network.write_text("network small(x: 3x8x8) { return x -> conv(4, 3) -> relu }\n", encoding="utf-8")
        arguments = [str(network), "--array", "16", "--count", "1"]
    if script.name == "paper_tables.py":
        # All six machines are worked out in tests/cost/simdit/test_paper_tables.py.
        arguments = ["--hw", "HI2"]
    assert printed_by(script, monkeypatch, capsys, *arguments)


# 32 x 64 by 64 x 128 and by 128 x 10, forward; backward the gradients of both weights and of what lies between.
STEP = 2 * 32 * 64 * 128 + 3 * 32 * 128 * 10


@pytest.mark.parametrize(
    ("script", "package", "macs"),
    [("from_jax.py", "jax", STEP), ("from_torch_mlir.py", "torch_mlir.fx", 32 * 32 * 16 * 3 * 9)],
)
# Of frameworks about themselves.
@pytest.mark.filterwarnings("ignore")
def test_module_that_a_script_prints_is_priced(script, package, macs, tmp_path, monkeypatch, capsys):
    pytest.importorskip(package)
    module = tmp_path / "module.mlir"
    module.write_text(printed_by(EXAMPLES / script, monkeypatch, capsys), encoding="utf-8")
    report = cost(module, EXAMPLES / "hardware/HT3.json", capsys)
    assert report["totals"]["ops"]["mac"] == macs
    assert not report["coverage"]["uncosted"]


# The released generator cuts no rows and no windows: it cannot add 128 x 4096 values on HI1, nor average 112 x 112.
LARGE = ("llama_8b", "moe", "efficientnet_b0")
PRICED = [*((path, "exact") for path in NETWORKS), *((path, "simdit") for path in NETWORKS if path.stem not in LARGE)]


@pytest.mark.parametrize(("network", "model"), PRICED, ids=lambda each: getattr(each, "name", each))
def test_network_costs_something_on_the_smallest_machine(network, model, capsys):
    report = cost(network, EXAMPLES / "hardware/HI1.json", capsys, "--model", model)
    assert report["totals"]["cycles"]["total"] > report["totals"]["cycles"]["compute"] > 0
    assert model == "simdit" or not report["coverage"]["uncosted"]


@pytest.mark.parametrize("machine", ["HI1", "HI2", "HI3"])
def test_a_network_of_fewer_products_costs_less(machine, capsys):
    """MobileNetV2 has 0.30 billion MACs, ResNet-50 4.1: on the lanes its depthwise layers do not undo that."""
    cycles = [cost(name, machine, capsys)["totals"]["cycles"]["total"] for name in ("mobilenet_v2", "resnet50")]
    assert cycles[0] < cycles[1]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.stem)
def test_machine_costs_a_network(machine, capsys):
    report = cost(EXAMPLES / "networks/lenet5.dsl", machine, capsys)
    assert report["hardware"]["name"] == machine.stem
    # A machine without prices has no power.
    power_w = report["totals"]["average_power_w"]
    assert 0 < power_w < 100 if simdc.load_hardware(str(machine)).has_prices else power_w is None


def test_judging_schedules_finds_a_better_one_and_refuses_one_that_does_not_fit(monkeypatch, capsys):
    lines = printed_by(EXAMPLES / "judge_schedule.py", monkeypatch, capsys).splitlines()[1:]
    cycles = {line[:40].strip(): line[40:].split()[0] for line in lines}
    assert cycles["all at once"] == "refused:"
    own = int(cycles["simdc's own"].replace(",", ""))
    assert int(cycles["weights stay, less reduction at a time"].replace(",", "")) < own
    assert int(cycles["outputs stay"].replace(",", "")) > own


def test_own_tiling_pass_saves_cycles_on_every_machine(monkeypatch, capsys):
    lines = printed_by(EXAMPLES / "own_tiling_pass.py", monkeypatch, capsys).splitlines()[2:]
    assert len(lines) == 3
    for line in lines:
        greedy, even = (int(number.replace(",", "")) for number in line.split()[1:3])
        assert even < greedy


def test_sweep_shows_a_machine_in_each_cell(monkeypatch, capsys):
    lines = printed_by(EXAMPLES / "sweep_hardware.py", monkeypatch, capsys).splitlines()[2:]
    assert len(lines) == 6
    assert all(0 < float(cell) < 100 for line in lines for cell in line.split()[1:])


def test_branch_and_bound_beats_random_search_and_greedy(monkeypatch, capsys):
    greedy, random, best = printed_by(EXAMPLES / "autotuner.py", monkeypatch, capsys).splitlines()[1:4]
    cycles = [int(line.split()[-2].replace(",", "")) for line in (best, random, greedy)]
    assert cycles == sorted(cycles)
    assert cycles[0] < cycles[2]
