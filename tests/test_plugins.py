"""Plug-ins as simdc finds them: who is heard, who is left out and why, and that nobody looks without need."""

from __future__ import annotations

import importlib.metadata
import json
import signal
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.cost.model import CostModel
from simdc.cost.model_table import PLUGIN_MODELS, load_model
from simdc.cost.plugin_model import PluginModel
from simdc.plugins import Group
from tests.distributions import install, visible
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu\n}\n"
PASS = """
from xdsl.passes import ModulePass

class Shout(ModulePass):
    "Says so. And does nothing."
    name = "{}"
    def apply(self, ctx, op):
        import sys
        print("shouted", file=sys.stderr)
"""
MODEL = """
from simdc.cost import Cycles, ExactModel

class Late(ExactModel):
    "All takes 1000 cycles longer."
    name = "late"
    def evaluate(self, kernel, tiling, hardware):
        cost = super().evaluate(kernel, tiling, hardware)
        return cost._replace(cycles=Cycles(cost.cycles.compute, cost.cycles.stall + 1000))
"""
FRONT_END = """
def load(path, batch):
    "Networks by their name."
    from pathlib import Path
    from simdc.frontends import load_network
    return load_network(Path(path).read_text().strip(), batch)
"""
REPORT = """
def line(report):
    "One line."
    return f"{report.network}: {report.total.cycles.total} cycles\\n"
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    return written(tmp_path, DSL)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_pass_model_front_end_and_report_are_found_by_name(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = {
        "simdc.passes": {"shout": "p_pass:Shout"},
        "simdc.models": {"late": "p_model:Late"},
        "simdc.frontends": {"name": "p_front_end:load"},
        "simdc.reports": {"line": "p_report:line"},
    }
    install(tmp_path / "site", "my-package", points,
            p_pass=PASS.format("shout"), p_model=MODEL, p_front_end=FRONT_END, p_report=REPORT)  # fmt: skip
    named = written(tmp_path, "lenet5\n", "net.name")
    # The model of the package knows no forms: it takes the first of each layer.
    exact = run(capsys, "lenet5", "--hw", "HI1", "--form", "streamed", "--format", "json")[1]
    cycles = [layer["cycles"]["total"] + 1000 for layer in json.loads(exact)["layers"]]
    with visible(tmp_path / "site"):
        assert run(capsys, named, "--hw", "HI1", "--model", "late", "--format", "line") == (
            0, f"lenet5: {sum(cycles)} cycles\n", "",
        )  # fmt: skip
        assert run(capsys, net, "--hw", "HI1", "-p", "shout", "--emit-ir")[2] == "shouted\n"
        assert load_model("late").name == "late"
        for kind, row in {
            "passes": "shout                  my-package 1.5  Says so\n",
            "models": "late         my-package 1.5  All takes 1000 cycles longer\n",
            "frontends": "name  my-package 1.5  Networks by their name\n",
            "reports": "line      my-package 1.5  One line\n",
        }.items():
            assert main(["--list", kind]) == 0
            said = capsys.readouterr()
            assert (row in said.out, said.err) == (True, "")


BROKEN = {
    "absent": ("p_absent:Thing", "ModuleNotFoundError: No module named 'p_absent'"),
    "falls": ("p_falls:Thing", "ZeroDivisionError: division by zero"),
    "leaves": ("p_leaves:Thing", "SystemExit: 3"),
    "interrupts": ("p_interrupts:Thing", "RuntimeError: it raised KeyboardInterrupt"),
    "lacks": ("p_pass:Thing", "AttributeError: module 'p_pass' has no attribute 'Thing'"),
    "wrong": ("p_pass:ModulePass.__doc__", "expected a subclass of xdsl.passes.ModulePass, got "),
    "renamed": ("p_pass:Shout", "the pass calls itself 'shout'"),
    "simdc-split-units": ("p_pass:Shout", "simdc itself has one of this name"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_that_does_not_work_is_named_and_the_others_work(
    name: str, net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value, reason = BROKEN[name]
    modules = {
        "p_falls": "1 / 0",
        "p_leaves": "raise SystemExit(3)",
        "p_interrupts": "raise KeyboardInterrupt",
        "p_pass": PASS.format("shout"),
    }
    install(tmp_path / "site", "good-one", {"simdc.passes": {"shout": "p_pass:Shout"}}, **modules)
    install(tmp_path / "site", "bad-one", {"simdc.passes": {name: value}})
    with visible(tmp_path / "site"):
        assert main(["--list", "passes"]) == 0
        said = capsys.readouterr()
        assert said.err.startswith(f"simdc: plug-in '{name}' (simdc.passes) of bad-one 1.5 is left out: {reason}")
        assert said.err.count("\n") == 1
        assert "bad-one" not in said.out
        assert "\nshout " in said.out
        assert "\nsimdc-split-units " in said.out
        code, _, err = run(capsys, net, "--hw", "HI1", "-p", "shout,simdc-split-units", "--emit-ir")
        # It was named once.
        assert (code, err) == (0, "shouted\n")


def test_two_of_one_name_are_both_left_out(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for distribution in ("one-package", "other-package"):
        install(tmp_path / "site", distribution, {"simdc.passes": {"shout": "p_pass:Shout"}})
    with visible(tmp_path / "site"):
        code, _, err = run(capsys, net, "--hw", "HI1", "-p", "shout")
    assert (code, err) == (
        1,
        "simdc: plug-in 'shout' (simdc.passes) of one-package 1.5, other-package 1.5: cannot be loaded: "
        "several packages have one of this name\n",
    )


OPS = """
from xdsl.ir import Dialect
from simdc.ir.layers import layer
from simdc.ir.ops.relu import ReluOp

@layer
def {}(net, name, x):
    return net.append(ReluOp(name, x), name)

DIALECT = Dialect("{}", [])
"""


def test_layers_of_a_plugin_are_known_to_the_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = written(tmp_path, DSL.replace("relu", "mine"))
    install(tmp_path / "site", "my-ops", {"simdc.ops": {"mine": "p_ops:DIALECT"}}, p_ops=OPS.format("mine", "mine"))
    assert "there is no layer or block 'mine'" in run(capsys, network, "--hw", "HI1")[2]
    with visible(tmp_path / "site"):
        assert run(capsys, network, "--hw", "HI1")[0] == 0
    assert run(capsys, network, "--hw", "HI1")[0] == 1


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("alpha", "the layer function says no type of simdc.ir.options for 'alpha'"),
        ("alpha: 'float'", "the layer function says no type of simdc.ir.options for 'alpha'"),
        ("alpha: 'Real'", "the types of the layer function cannot be read: name 'Real' is not defined"),
    ],
)
def test_options_without_a_type_are_the_plugins_mistake(
    option: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = written(tmp_path, DSL.replace("relu", "mine(2)"))
    text = OPS.format("mine", "mine").replace("(net, name, x)", f"(net, name, x, *, {option})")
    install(tmp_path / "site", "my-ops", {"simdc.ops": {"mine": "p_ops:DIALECT"}}, p_ops=text)
    with visible(tmp_path / "site"):
        code, _, err = run(capsys, network, "--hw", "HI1")
    assert code == 1
    assert f"mine: {says}" in err


@pytest.mark.parametrize(
    ("layer", "dialect", "reason"),
    [
        ("relu", "mine", "ValueError: there is a layer called 'relu' already"),
        ("theirs", "yours", "the dialect calls itself 'yours'"),
    ],
)
def test_ops_that_clash_are_left_out(
    layer: str, dialect: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = written(tmp_path, DSL.replace("-> relu", "-> none_such"))
    install(tmp_path / "site", "my-ops", {"simdc.ops": {"mine": "p_clash:DIALECT"}}, p_clash=OPS.format(layer, dialect))
    with visible(tmp_path / "site"):
        err = run(capsys, network, "--hw", "HI1")[2]
    assert err.startswith(f"simdc: plug-in 'mine' (simdc.ops) of my-ops 1.5 is left out: {reason}\n{network}:2:")
    assert run(capsys, written(tmp_path, DSL), "--hw", "HI1")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "exakt"), "--model: there is no cost model 'exakt'; known models: exact, simdit, roofline, "),
        (("--format", "xml"), "--format: there is no format 'xml'; known formats: table, markdown, json, csv"),
    ],
)
def test_a_name_that_nobody_has(
    arguments: tuple[str, str], says: str, net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, net, "--hw", "HI1", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"simdc: {says}")


def test_nobody_looks_for_what_is_built_in(net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(**_: str) -> None:
        raise AssertionError("looked for entry points")

    monkeypatch.setattr(importlib.metadata, "entry_points", look)
    for group in Group.groups:
        group.forget()
    net = written(Path(net).parent, DSL.replace("-> relu", "-> relu -> flatten -> fc(2)"))
    for arguments in (
        ("--model", "simdit", "--format", "json"),
        ("--train",),
        ("-p", "simdc-split-units", "--emit-ir"),
    ):
        assert main([net, "--hw", "HI1", *arguments]) == 0
    with pytest.raises(AssertionError, match="looked for entry points"):
        PLUGIN_MODELS.get("other")


LOUD = {
    "simdc.passes": """
from dataclasses import dataclass
from xdsl.passes import ModulePass

@dataclass(frozen=True)
class Thing(ModulePass):
    name = "loud"
    much: int = 1
    def apply(self, ctx, op):
        {}
""",
    "simdc.models": """
from simdc.cost import ExactModel

class Thing(ExactModel):
    name = "loud"
    def evaluate(self, kernel, tiling, hardware):
        {}
""",
    "simdc.frontends": """
def Thing(path, batch):
    {}
""",
    "simdc.reports": """
def Thing(report):
    {}
""",
    "simdc.onnx": """
def Thing(build):
    {}
""",
}
WAYS = {
    "simdc.passes": ("-p", "loud{much=2}"),
    "simdc.models": ("--model", "loud"),
    "simdc.frontends": (),
    "simdc.reports": ("--format", "loud"),
    "simdc.onnx": (),
}


def command(group: str, folder: Path) -> list[str]:
    """A call that runs the plug-in `loud` of a group."""
    net = written(folder, DSL)
    if group == "simdc.frontends":
        net = written(folder, "", "net.loud")
    if group == "simdc.onnx":
        helper = pytest.importorskip("onnx.helper")
        image = helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])
        result = helper.make_tensor_value_info("y", 1, [1, 3, 8, 8])
        node = helper.make_node("loud", ["x"], ["y"], domain="my")
        model = helper.make_model(
            helper.make_graph([node], "g", [image], [result]),
            opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("my", 1)],
        )
        net = str(folder / "net.onnx")
        Path(net).write_bytes(model.SerializeToString())
    return [net, "--hw", "HI1", *WAYS[group]]


def installed(group: str, body: str, folder: Path) -> Path:
    name = "my::loud" if group == "simdc.onnx" else "loud"
    install(folder / "site", "loud-one", {group: {name: "p_loud:Thing"}}, p_loud=LOUD[group].format(body))
    return folder / "site"


@pytest.mark.parametrize("group", LOUD)
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ZeroDivisionError('many\\nlines')", "failed: ZeroDivisionError: many; SIMDC_TRACEBACK=1 shows where"),
        ("raise KeyError('key')", "failed: KeyError: 'key'; SIMDC_TRACEBACK=1 shows where"),
        ("raise SystemExit(7)", "failed: SystemExit: 7; SIMDC_TRACEBACK=1 shows where"),
        ("return None", "failed: it gave None where "),
        ("return 7", "failed: it gave 7 where "),
    ],
)
def test_whatever_a_plugin_does_ends_in_an_error_that_names_it(
    group: str, body: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if group == "simdc.passes" and body.startswith("return"):
        pytest.skip("what a pass returns is ignored")
    arguments = command(group, tmp_path)
    with visible(installed(group, body, tmp_path)):
        code, out, err = run(capsys, *arguments)
    name = "my::loud" if group == "simdc.onnx" else "loud"
    assert (code, out) == (1, "")
    assert err.startswith(f"simdc: plug-in '{name}' ({group}) of loud-one 1.5: {says}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("group", LOUD)
def test_an_interrupt_stays_one(group: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = command(group, tmp_path)
    body = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    with visible(installed(group, body, tmp_path)):
        assert run(capsys, *arguments) == (130, "", "")


def test_an_interrupt_while_a_plugin_is_loaded(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path / "site", "slow-one", {"simdc.models": {"slow": "p_slow:Thing"}},
            p_slow="import os, signal; os.kill(os.getpid(), signal.SIGINT)")  # fmt: skip
    before = signal.getsignal(signal.SIGINT)
    with visible(tmp_path / "site"):
        assert run(capsys, net, "--hw", "HI1", "--model", "slow") == (130, "", "")
    assert signal.getsignal(signal.SIGINT) is before


def test_the_traceback_is_there_for_who_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMDC_TRACEBACK", "1")
    arguments = command("simdc.reports", tmp_path)
    with visible(installed("simdc.reports", "1 / 0", tmp_path)):
        code, _, err = run(capsys, *arguments)
    assert code == 1
    assert "p_loud.py" in err
    assert err.splitlines()[-1].startswith(
        "simdc: plug-in 'loud' (simdc.reports) of loud-one 1.5: failed: ZeroDivision"
    )


@pytest.mark.parametrize(
    ("group", "name"), [("simdc.models", "loud"), ("simdc.reports", "loud"), ("simdc.passes", "loud")]
)
def test_one_that_cannot_be_loaded_is_not_called_unknown(
    group: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(group, tmp_path)
    install(tmp_path / "site", "loud-one", {group: {name: "p_falls:Thing"}}, p_falls="1 / 0")
    with visible(tmp_path / "site"):
        assert run(capsys, *arguments) == (
            1,
            "",
            f"simdc: plug-in 'loud' ({group}) of loud-one 1.5: cannot be loaded: ZeroDivisionError: division by zero\n",
        )


FAMILY = """
from simdc.cost import ExactModel, Tiling

class Kin(ExactModel):
    "As exact, under another name."
    name = "kin"

class Outsider:
    "Comes from no class of simdc's."
    name = "outsider"
    def __init__(self, phase):
        self.exact = ExactModel(phase)
    def greedy(self, kernel, hardware):
        return self.exact.greedy(kernel, hardware)
    def evaluate(self, kernel, tiling, hardware):
        return self.exact.evaluate(kernel, tiling, hardware)

class Odd(Outsider):
    name = "odd"
    width_rule = "as it comes"
"""


def test_a_model_that_says_what_it_can_is_one_of_the_family(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = {"simdc.models": {name: f"p_family:{name.title()}" for name in ("kin", "outsider", "odd")}}
    install(tmp_path / "site", "my-package", points, p_family=FAMILY)
    space = written(
        tmp_path, json.dumps({"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": [4, 8]}}), "s.json"
    )
    search = ("--hw", "HI1", "--tiling", "search", "--format", "json")
    verify, explore = ("verify", net, "--hw", "HI1", "--format", "json"), ("explore", net, "--space", space)
    with visible(tmp_path / "site"):
        for command in ((net, *search), verify, (*explore, "--format", "csv"), (*explore, "--tiling", "search")):
            code, ours, _ = run(capsys, *command)
            same = run(capsys, *command, "--model", "kin")
            assert (code, same[0], _without_name(same[1])) == (0, 0, ours)
        for command, reason in {
            (net, *search): "cannot be searched",
            verify: "cannot be verified",
            (*explore, "--tiling", "search"): "cannot be searched",
        }.items():
            code, _, err = run(capsys, *command, "--model", "outsider")
            assert (code, f"the cost model 'outsider' {reason}: " in err) == (1, True)
        assert run(capsys, net, "--hw", "HI1", "--model", "outsider")[0] == 0
        assert run(capsys, *explore, "--model", "outsider")[0] == 0
        code, _, err = run(capsys, net, "--hw", "HI1", "--model", "odd")
        assert (code, "its width_rule must be one of dataflow, program-order, got 'as it comes'" in err) == (1, True)


KNOWING = """
from simdc.cost import ExactModel
from simdc.cost.analysis import Analysis

class Knowing(ExactModel):
    name = "knowing"
    def analyse(self, kernel, tiling, hardware):
        return Analysis(60, (("dram", 30),), 2.0, 4.0, 8, 4.0, 3.0, "dram", "conv", (), remarks=("by hand",))

class Wrong(ExactModel):
    name = "wrong"
    def analyse(self, kernel, tiling, hardware):
        return "dram"
"""


def test_what_a_model_knows_beside_costs_is_reported(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = {"simdc.models": {name: f"p_knowing:{name.title()}" for name in ("knowing", "wrong")}}
    install(tmp_path / "site", "my-package", points, p_knowing=KNOWING)
    with visible(tmp_path / "site"):
        code, out, _ = run(capsys, net, "--hw", "HI1", "--model", "knowing", "--format", "json")
        found = json.loads(out)["layers"][0]["roofline"]
        assert (code, found["attainable_ops_per_cycle"], found["remarks"]) == (0, 4, ["by hand"])
        code, ir, _ = run(capsys, net, "--hw", "HI1", "--model", "knowing", "--emit-ir")
        code, out, err = run(capsys, net, "--hw", "HI1", "--model", "wrong")
        assert (code, out) == (1, "")
        assert "plug-in 'wrong'" in err
        assert "analyse gave 'dram' where Analysis or None is expected" in err
    # Where the model is not, the costs are as they were, and nothing is known beside them.
    priced = written(tmp_path, ir, "priced.mlir")
    code, out, _ = run(capsys, priced, "-p", "", "--format", "json")
    assert (code, "roofline" in out) == (0, False)


RULE = """
from simdc.frozen import evolve
from simdc.cost import ExactModel, HardwareField
from simdc.cost.rule import GENESYS

class {name}(ExactModel):
    name = "{name}"
    extension_fields = (HardwareField("dram_bits_per_cycle", "bit/cycle", default=64),)
    rule = evolve(GENESYS, {change})
"""


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("ports=dict(GENESYS.ports, simd_port='simd.bandwith_bits_per_cycle')", "port simd_port"),
        ("ports=dict(GENESYS.ports, psum_port='extensions.ruled.dram_bits')", "port psum_port"),
        # A part of a machine, and a field that is no number of bits.
        ("ports=dict(GENESYS.ports, psum_port='systolic.bandwidths')", "port psum_port"),
        ("vector_memory=GENESYS.vector_memory._replace(capacity='simd.lanes')", "vector memory"),
        ("buffers=(GENESYS.buffers[0]._replace(capacity='wbuf'), *GENESYS.buffers[1:])", "weight buffer"),
    ],
)
def test_a_rule_names_hardware_fields_that_exist(
    change: str, place: str, net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(
        tmp_path / "site",
        "my-package",
        {"simdc.models": {"ruled": "p_rule:ruled"}},
        p_rule=RULE.format(name="ruled", change=change),
    )
    with visible(tmp_path / "site"):
        code, out, err = run(capsys, net, "--hw", "HI1", "--model", "ruled")
    assert (code, out) == (1, "")
    assert f"its rule has the {place} in '" in err
    assert "which is no hardware field in bits; these are: systolic.widths.weight_bits, " in err
    assert ", simd.bandwidth_bits_per_cycle, " in err
    assert err.endswith(", extensions.ruled.dram_bits_per_cycle\n")


def test_a_rule_may_name_any_field_of_bits(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = "ports=dict.fromkeys(GENESYS.ports, 'extensions.ruled.dram_bits_per_cycle')"
    install(
        tmp_path / "site",
        "my-package",
        {"simdc.models": {"ruled": "p_rule:ruled"}},
        p_rule=RULE.format(name="ruled", change=change),
    )
    with visible(tmp_path / "site"):
        assert run(capsys, net, "--hw", "HI1", "--model", "ruled")[0] == 0


def test_a_plugins_model_is_asked_for_all_that_a_model_says() -> None:
    methods = {name for name, value in vars(CostModel).items() if callable(value) and not name.startswith("_")}
    assert methods <= vars(PluginModel).keys()


def _without_name(report: str) -> str:
    """As if nobody had named the model `kin`."""
    return report.replace(" --model kin", "").replace('"model": "kin"', '"model": "exact"').replace("l kin", "l exact")
