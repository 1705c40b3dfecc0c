"""Which form a layer takes: the cheapest on its machine, or the one that somebody gave it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from jsonschema import Draft202012Validator
from xdsl.dialects.builtin import ModuleOp, StringAttr

import simdc
from simdc.backends.report import make_report
from simdc.cli import main
from simdc.cost import Hardware, Tiling, with_field
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.attributes import TilingAttr, Unit
from simdc.ir.base import LayerOp
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.passes.pipeline import default_passes, run_pipeline
from tests.conftest import printed
from tests.ir.networks import written

DEPTHWISE = "network n(x: 32x14x14) { return x -> conv(32, 3, pad=1, groups=32) -> relu -> conv(8, 1) }"
SCHEMA = Path(simdc.__file__).parent / "backends/report/cost.schema.json"


def compiled(text: str = DEPTHWISE, machine: str | Hardware = "HI3", model: str = "exact", *given: str) -> ModuleOp:
    module = parse_dsl(text, "n.dsl", 1)
    set_hardware(module, simdc.load_hardware(machine) if isinstance(machine, str) else machine)
    run_pipeline(module, default_passes(model, forms=given))
    return module


def conv(module: ModuleOp) -> LayerOp:
    return next(iter(network_of(module).layers()))


def form(module: ModuleOp) -> str | None:
    found = conv(module).form
    return None if found is None else found.data


def cycles(module: ModuleOp) -> float:
    return make_report(module).total.cycles.total


def random_machine(random: Random) -> Hardware:
    machine = simdc.load_hardware(random.choice(("HI1", "HI3", "HT2")))
    for path in ("systolic.rows", "systolic.columns", "simd.lanes", "simd.latency_cycles.mac"):
        machine = with_field(machine, path, random.randint(1, 20))
    for name in ("weight", "ifmap", "psum"):
        machine = with_field(machine, f"systolic.bandwidths.{name}_bits_per_cycle", random.randint(1, 400))
    machine = with_field(machine, "simd.bandwidth_bits_per_cycle", random.randint(1, 400))
    machine = with_field(machine, "simd.width_bits", random.randint(8, 40))
    return with_field(machine, "simd.vmem_bits", 1 << random.randint(11, 20))


def value(module: ModuleOp, objective: str | None) -> float:
    total = make_report(module).total
    return {"energy": total.energy.total, "dram": total.dram_bits.total}.get(objective or "", total.cycles.total)


@pytest.mark.parametrize("way", ["default", "greedy", "energy", "dram"])
def test_no_form_is_cheaper_than_the_one_that_is_chosen(way: str) -> None:
    """Any sizes on any machine; with tilings by either rule, or searched for an objective."""
    random, taken = Random(way), set[str]()
    objective = way if way in ("energy", "dram") else None
    for _ in range(8 if objective else 25):
        channels, groups = random.choice(((2, 2), (9, 3), (24, 24), (16, 16)))
        window = f"{random.randint(1, 3)}, stride={random.randint(1, 2)}, pad=1, groups={groups}"
        text = f"network n(x: {groups}x{random.randint(3, 9)}x5) {{ return x -> conv({channels}, {window}) }}"
        machine, found = random_machine(random), dict[str, float]()
        for given in ("", "array", "lanes"):
            module = parse_dsl(text, "n.dsl", 1)
            set_hardware(module, machine)
            rule = "greedy" if way == "greedy" else "default"
            passes = default_passes("exact", objective, 500, rule=rule, forms=[given] if given else [])
            try:
                run_pipeline(module, passes)
            except SimdcError:
                continue  # The machine is too small for this form.
            found[given] = value(module, objective)
            if not given:
                taken.add(form(module) or "")
        assert found.get("") == min(found.values(), default=None)
    assert taken == {"array", "lanes"}


def test_unit_accumulator_and_energy_follow_the_form() -> None:
    machine = with_field(with_field(simdc.load_hardware("HI3"), "simd.width_bits", 24), "systolic.widths.psum_bits", 40)
    for name, unit, bits in (("array", Unit.SYSTOLIC, 40), ("lanes", Unit.SIMD, 24)):
        module = compiled(DEPTHWISE, machine, "exact", name)
        layer, report = conv(module), make_report(module)
        assert layer.unit is not None
        assert (layer.unit.data, layer.accumulator_bits) == (unit, bits)
        first = report.layers[0]
        assert (first.unit, first.form, first.utilization(machine) is None) == (unit, name, unit is Unit.SIMD)
        assert (first.energy.simd == 0, first.energy.systolic == 0) == (unit is Unit.SYSTOLIC, unit is Unit.SIMD)
        assert dict(first.cost.ops)["mac"] == 32 * 14 * 14 * 9
        assert dict(report.total.ops)["mac"] == 32 * 14 * 14 * 9 + 14 * 14 * 32 * 8


def test_widths_are_those_of_the_first_form() -> None:
    kinds = [
        [str(value.type) for value in (*conv(m).operands, *conv(m).results)]
        for m in (compiled(DEPTHWISE, "HI3", "exact", name) for name in ("array", "lanes"))
    ]
    assert kinds[0] == kinds[1]


def test_what_a_pass_chose_belongs_to_its_machine_and_what_a_person_gave_does_not() -> None:
    """With a multiply-accumulate of 99 cycles the array is the cheaper."""
    slow = with_field(simdc.load_hardware("HI3"), "simd.latency_cycles.mac", 99)
    module = compiled()
    assert form(module) == "lanes"
    before = printed(module)
    run_pipeline(module, default_passes("exact"))
    assert printed(module) == before
    set_hardware(module, slow)
    run_pipeline(module, default_passes("exact"))
    assert form(module) == "array"
    assert cycles(module) == cycles(compiled(DEPTHWISE, slow))
    # Changed by hand, it is given from now on.
    conv(module).form = StringAttr("lanes")
    run_pipeline(module, default_passes("exact"))
    assert (form(module), conv(module).formed) == ("lanes", None)
    assert cycles(module) == cycles(compiled(DEPTHWISE, slow, "exact", "lanes"))


def test_the_release_knows_the_first_form_only() -> None:
    module = compiled()
    assert form(module) == "lanes"
    run_pipeline(module, default_passes("simdit"))
    assert form(module) is None
    assert printed(module).count("simdc.unit<simd>") == 1
    assert cycles(module) == cycles(compiled(DEPTHWISE, "HI3", "simdit"))
    given = make_report(compiled(DEPTHWISE, "HI3", "simdit", "lanes"))
    assert [name for name, _, _ in given.uncosted] == ["conv1"]


def test_a_given_tiling_is_what_forms_are_priced_with() -> None:
    """It orders loops that the lanes do not have."""
    module = parse_dsl(DEPTHWISE, "n.dsl", 1)
    sizes = {"g": 4, "oc": 1, "ic": 1, "kh": 3, "kw": 3, "n": 1, "oh": 7, "ow": 14}
    tiling = Tiling(tuple(sizes), tuple(sizes.values()))
    conv(module).tiling = TilingAttr(tiling)
    set_hardware(module, simdc.load_hardware("HI3"))
    run_pipeline(module, default_passes("exact"))
    assert form(module) == "array"
    laid = conv(module).tiling
    assert laid is not None
    assert laid.data == tiling


def test_networks_in_python_take_the_same_forms() -> None:
    machine = simdc.load_hardware("HI3")
    network = simdc.Network(parse_dsl(DEPTHWISE, "n.dsl", 1))
    layers = simdc.evaluate(network, machine)
    assert [layer.form for layer in layers] == ["lanes", "", "array"]
    assert sum(layer.cost.cycles.total for layer in layers if layer.cost) == cycles(compiled())
    conv(network.module).form = StringAttr("array")
    given = simdc.evaluate(simdc.Network(network.module), machine)
    assert [layer.form for layer in given] == ["array", "", "array"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("conv2=lanes", "'conv2=lanes': layer 'conv2' has array"),
        ("relu1=lanes", "'relu1=lanes': layer 'relu1' has one form only"),
        ("conv7=lanes", "there is no layer 'conv7'"),
        ("rows", "'rows': any layer has array, lanes"),
    ],
)
def test_a_form_that_is_not_there(given: str, says: str) -> None:
    with pytest.raises(SimdcError, match=says):
        compiled(DEPTHWISE, "HI3", "exact", given)


def test_a_form_in_ir_text_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.mlir"
    for name, says in (
        ("relu1", "'relu1': has no form 'lanes'; it has one only"),
        ("conv2", "its forms: array"),
    ):
        module = parse_dsl(DEPTHWISE, "n.dsl", 1)
        next(op for op in network_of(module).layers() if op.layer.data == name).form = StringAttr("lanes")
        path.write_text(printed(module), encoding="utf-8")
        assert main([str(path), "--hw", "HI3"]) == 1
        assert says in capsys.readouterr().err


def test_where_no_form_fits_both_say_why() -> None:
    machine = simdc.load_hardware("HI1")
    for path in ("simd.vmem_bits", "systolic.buffers.psum_bits"):
        machine = with_field(machine, path, 64)
    with pytest.raises(SimdcError, match=r"conv1.*as 'array' the .* needs .*; as 'lanes' the vector memory needs"):
        compiled(DEPTHWISE, machine)


def test_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a layer has a choice, JSON and CSV say which it was; tables where it is not the first."""
    net = written(tmp_path, DEPTHWISE)

    def shown(*options: str) -> str:
        assert main([net, "--hw", "HI3", *options]) == 0
        return capsys.readouterr().out

    report = json.loads(shown("--format", "json"))
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(report)
    assert [layer.get("form") for layer in report["layers"]] == ["lanes", None, None]
    head, first, second, *_ = shown("--format", "csv").splitlines()
    assert head.split(",")[2:5] == ["unit", "form", "phase"]
    assert [line.split(",")[2:5] for line in (first, second)] == [["simd", "lanes", "forward"], ["simd", "", "forward"]]
    assert "conv2d (lanes)" in shown()
    assert "conv2d (lanes)" not in shown("--form", "array")
    assert "form" not in shown("--model", "simdit", "--format", "csv").splitlines()[0].split(",")


def test_the_command_line_forgets_a_choice_when_tilings_are_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ir = tmp_path / "net.mlir"
    assert main([written(tmp_path, DEPTHWISE), "--hw", "HI3", "--emit-ir", "-o", str(ir)]) == 0

    def forms(*options: str) -> list[str]:
        assert main([str(ir), "--format", "json", *options]) == 0
        return [layer["form"] for layer in json.loads(capsys.readouterr().out)["layers"] if "form" in layer]

    assert forms() == ["lanes"]
    assert forms("--set", "simd.latency_cycles.mac=99") == ["array"]
    assert forms("--form", "conv1=array") == ["array"]
    assert main([str(ir), "--form", "array", "-p", "simdc-annotate-cost"]) == 2
    assert "--form chooses the pipeline" in capsys.readouterr().err
