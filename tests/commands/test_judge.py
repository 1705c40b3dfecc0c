"""`simdc judge`: every schedule of a file has its numbers, or why it cannot run."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from simdc.cli import main
from simdc.cost.energy import energy_of
from simdc.cost.exact import ExactModel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.schedules.judge import judge
from simdc.cost.tiling import Tiling, TilingError
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_machine
from simdc.frontends.schedules_file import read_schedules
from simdc.ir.context import kernel_of, set_hardware
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, run_pipeline

ROOT = Path(__file__).resolve().parents[2]
BLOCK = str(ROOT / "examples/mlir/block.mlir")


def machine() -> Hardware:
    found = load_machine("HI3")
    assert isinstance(found, Hardware)
    return found


def load_small() -> Hardware:
    """Too small for some tiles of either layer."""
    found = load_machine("HI3", ["systolic.buffers.ifmap_bits=65536", "simd.vmem_bits=262144"])
    assert isinstance(found, Hardware)
    return found


def kernels() -> dict[str, Kernel]:
    module = load_network(BLOCK, None)
    set_hardware(module, machine())
    run_pipeline(module, default_passes("exact"))
    found = {op.layer.data: kernel_of(op) for op in network_of(module).layers()}
    return {name: kernel for name, kernel in found.items() if kernel is not None}


def judged(tmp_path: Path, schedules: object) -> dict[str, Any]:
    given, out = tmp_path / "many.json", tmp_path / "judged.json"
    given.write_text(json.dumps(schedules))
    assert main(["judge", BLOCK, "--hw", "HI3", "--schedules", str(given), "-o", str(out)]) == 0
    return json.loads(out.read_text())


@pytest.mark.parametrize(("layer", "on_systolic"), [("conv", True), ("relu", False)])
def test_each_is_what_the_model_says_of_it_alone(layer: str, on_systolic: bool) -> None:
    kernel, hardware = kernels()[layer], load_small()
    loops = tuple(kernel.bounds)
    orders = [loops, loops[::-1], loops[1:] + loops[:1]]
    tilings = [
        Tiling(
            order, tuple(max(1, kernel.bounds[loop] // (1 + (step * at + place) % 5)) for at, loop in enumerate(order))
        )
        for step in range(20)
        for place, order in enumerate(orders)
    ]
    # Tiles of everything, and larger than that.
    tilings += [Tiling(loops, tuple(kernel.bounds.values())), Tiling(loops, tuple(10**30 for _ in loops))]
    verdicts = judge(kernel, tilings, hardware, on_systolic=on_systolic)
    assert len(verdicts) == len(tilings)
    for tiling, verdict in zip(tilings, verdicts, strict=True):
        if verdict.why:
            with pytest.raises(TilingError) as refused:
                ExactModel().evaluate(kernel, tiling, hardware)
            assert verdict.why == str(refused.value)
            continue
        cost = ExactModel().evaluate(kernel, tiling, hardware)
        assert verdict.cycles == cost.cycles.compute + cost.cycles.stall
        assert verdict.stall_cycles == cost.cycles.stall
        assert (verdict.dram_bits, verdict.sram_bits) == (cost.dram_bits.total, cost.sram_bits.total)
        assert verdict.energy_pj == pytest.approx(energy_of(cost, hardware, on_systolic=on_systolic).total)
    assert len({verdict.cycles for verdict in verdicts}) > 5
    assert 0 < sum(bool(verdict.why) for verdict in verdicts) < len(verdicts)


def test_none_is_dropped_and_the_best_has_the_fewest_cycles(tmp_path: Path) -> None:
    schedules = [
        {"layer": "conv", "order": ["oc", "oh"], "sizes": {"oc": 16, "oh": 8}},
        {"layer": "conv", "order": ["oh", "oc"], "sizes": {"oh": 6}},
        {"layer": "conv", "sizes": {"oc": 0}},
        {"layer": "conv", "sizes": {"of": 3}},
        {"layer": "normal", "sizes": {}},
        {"layer": "relo", "sizes": {"c": 4}},
        {"layer": "product", "sizes": {"d0": 32}},
        {"layer": "product", "sizes": {"d0": 32}},
    ]
    found = judged(tmp_path, schedules)
    entries = found["schedules"]
    assert [each["layer"] for each in entries] == [each["layer"] for each in schedules]
    assert [each["runs"] for each in entries] == [True, True, False, False, False, False, True, True]
    # Loops that are left out are whole, inside of the others.
    assert entries[0]["order"][:2] == ["oc", "oh"]
    assert (entries[0]["sizes"]["oh"], entries[0]["sizes"]["ow"], entries[1]["sizes"]["oc"]) == (8, 32, 32)
    why = [each["why"] for each in entries if not each["runs"]]
    assert why[0] == "tile size of loop 'oc' must be a positive whole number, got 0"
    assert why[1].startswith("the tiling orders loops ['of', ")
    assert why[2] == "it became part of 'conv'"
    assert "there is no layer of this name; did you mean 'relu'" in why[3]
    conv, product = found["layers"]
    assert entries[conv["best"]]["cycles"] == min(entries[0]["cycles"], entries[1]["cycles"])
    assert product["best"] == 6
    assert conv["schedules"] == 4
    assert found["schema"] == "simdc-judged/1"
    read = {each["role"]: each["sha256"] for each in found["provenance"]["inputs"]}
    assert set(read) == {"network", "hardware", "schedules"}
    assert read["schedules"] == sha256((tmp_path / "many.json").read_bytes()).hexdigest()


def test_one_tiling_by_layer_and_own_tilings_again(tmp_path: Path) -> None:
    own = judged(tmp_path, [{"layer": "conv", "sizes": {}}, {"layer": "product", "sizes": {}}])["layers"]
    given = {each["layer"]: {"order": list(each["own_tiling"]), "sizes": each["own_tiling"]} for each in own}
    found = judged(tmp_path, given)
    assert [each["cycles"] for each in found["schedules"]] == [each["own_cycles"] for each in own]


def test_the_table_says_why_some_cannot_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "many.json"
    given.write_text('[{"layer": "conv", "sizes": {"oc": 16}}, {"layer": "conv", "sizes": {"oc": 0}}]')
    assert main(["judge", BLOCK, "--hw", "HI3", "--schedules", str(given)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("block on HI3, model exact: 2 schedules, 1 cannot run\n")
    assert "conv: 1 cannot run: tile size of loop 'oc' must be" in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3", "must hold a list of schedules, or a schedule by layer"),
        ("[]", "has no schedules"),
        ("[3]", "must be a schedule"),
        ('[{"layer": "a", "size": {}}]', "unknown 'size'"),
        ('[{"sizes": {}}]', "'layer' must be"),
        ('[{"layer": "a"}]', "'sizes' must give"),
        ('[{"layer": "a", "sizes": {"oc": 1.5}}]', "the tile size of 'oc' must be a whole number"),
        ('[{"layer": "a", "sizes": {}, "order": "oc"}]', "'order' must be a list"),
        ('{"a": {"sizes": {"oc": true}}}', "the tile size of 'oc' must be a whole number"),
    ],
)
def test_what_is_no_schedule_is_refused(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "many.json"
    given.write_text(text)
    assert main(["judge", BLOCK, "--hw", "HI3", "--schedules", str(given)]) == 1
    assert reason in capsys.readouterr().err


def test_a_size_outside_the_order_is_of_a_loop_inside(tmp_path: Path) -> None:
    given = tmp_path / "many.json"
    given.write_text('[{"layer": "a", "order": ["y"], "sizes": {"x": 2, "y": 3}}]')
    (schedule,) = read_schedules(str(given))
    assert schedule.tiling({"x": 8, "y": 9, "z": 10}) == Tiling(("y", "x", "z"), (3, 2, 10))
