"""`examples/plugin`: what it adds is right, and works once it is installed beside simdc in a clean environment."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from xdsl.interpreter import Interpreter
from xdsl.parser import Parser

import simdc
from simdc.backends.execute.layer import run_kernel
from simdc.backends.simulate import simulate
from simdc.cli import main
from simdc.cost import Contraction, Hardware, greedy_tiling
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.attributes import HardwareAttr
from simdc.ir.context import make_context, set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.local_response_norm import LocalResponseNormOp
from simdc.passes.pipeline import default_passes, lowering_passes, run_pipeline, training_passes
from tests.distributions import visible

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "examples" / "plugin"
NETWORK = str(PLUGIN / "net.dsl")
PIPELINE = (
    "simdc-fold-batch-norm,simdc-assign-widths,simdc-split-units,sums-stay,simdc-legalize-tiling,simdc-annotate-cost"
)


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[None]:
    """The plug-in as if it were installed: its modules, and metadata with the entry points of its pyproject.toml."""
    import tomllib

    from tests.distributions import install

    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    install(tmp_path / "site", project["name"], project["entry-points"])
    shutil.copytree(PLUGIN / "src" / "simdc_example", tmp_path / "site" / "simdc_example")
    with visible(tmp_path / "site"):
        yield


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("network", ["resnet18", "alexnet", NETWORK])
@pytest.mark.parametrize("machine", ["HI1", "HI3"])
def test_tiling_pass_stores_no_partial_sums_and_keeps_tiles(network: str, machine: str) -> None:
    from simdc_example.tiling import SumsStayPass

    module, hardware = load_network(network, None), load_hardware(machine)
    set_hardware(module, hardware)
    run_pipeline(module, (*lowering_passes("exact"), SumsStayPass(), *default_passes("exact")[3:]))
    contractions = 0
    for layer in network_of(module).layers():
        kernel = layer.kernel()
        if isinstance(kernel, Contraction):
            assert layer.tiling is not None
            assert layer.cost is not None
            assert layer.tiling.data.as_dict() == greedy_tiling(kernel, hardware).as_dict()
            assert layer.cost.data.dram_bits.psum == 0
            contractions += 1
    assert contractions > 2


@pytest.mark.usefixtures("registered")
def test_greedy_order_does_store_partial_sums(capsys: pytest.CaptureFixture[str]) -> None:
    default = report(capsys, "resnet18", "--hw", "HI1")
    assert default["totals"]["dram_bits"]["psum"] > 0
    own = report(capsys, "resnet18", "--hw", "HI1", "-p", PIPELINE)
    assert own["totals"]["dram_bits"]["psum"] == 0


@pytest.mark.usefixtures("registered")
def test_cost_model_is_a_lower_bound_with_the_same_counts(capsys: pytest.CaptureFixture[str]) -> None:
    # The example looks at first forms only.
    given = ("lenet5", "--hw", "HI1", "--form", "streamed")
    exact, bound = (report(capsys, *given, "--model", model) for model in ("exact", "perfect-overlap"))
    assert bound["model"] == "perfect-overlap"
    for ours, theirs in zip(bound["layers"], exact["layers"], strict=True):
        assert ours["dram_bits"] == theirs["dram_bits"]
        assert ours["cycles"]["compute"] == theirs["cycles"]["compute"]
        assert ours["cycles"]["total"] == max(theirs["busy_cycles"].values()) <= theirs["cycles"]["total"]


@pytest.mark.usefixtures("registered")
def test_another_machine_rule_is_verified_searched_and_explored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "extensions.one-channel.dram_bits_per_cycle"
    model, narrow = ("--hw", "HI1", "--model", "one-channel"), ("--set", f"{path}=32")
    assert main(["verify", NETWORK, *model, *narrow]) == 0
    assert ": all agree" in capsys.readouterr().out
    named, searched = (report(capsys, NETWORK, *model, *narrow, *more) for more in ((), ("--tiling", "search")))
    assert named["hardware"]["extensions"] == {"one-channel": {"dram_bits_per_cycle": 32}}
    assert {layer["search"]["proven"] for layer in searched["layers"] if "search" in layer} <= {"all", "even"}
    cycles = [each["totals"]["cycles"]["total"] for each in (named, searched)]
    assert cycles[1] <= cycles[0]
    machine = load_hardware("HI1", [f"{path}=32"])
    for objective, whole in ((None, cycles[0]), ("cycles", cycles[1])):
        costs = [each.cost for each in simdc.evaluate(simdc.load(NETWORK), machine, "one-channel", objective)]
        assert sum(each.cycles.total for each in costs if each is not None) == whole
    # What the machine does not say is the default.
    by_default, said = (report(capsys, NETWORK, *model, *more) for more in ((), ("--set", f"{path}=64")))
    assert "extensions" not in by_default["hardware"]
    assert by_default["totals"]["cycles"] == said["totals"]["cycles"]
    space = {"schema": "simdc-space/1", "networks": [{"network": NETWORK}], "fields": {path: [32, 64]}}
    (tmp_path / "space.json").write_text(json.dumps(space), encoding="utf-8")
    explore = ["explore", "--space", str(tmp_path / "space.json"), *model, "--format", "json"]
    for tiling, count in (("default", cycles[0]), ("greedy", 0)):
        assert main([*explore, "--tiling", tiling]) == 0
        found = capsys.readouterr().out
        assert path in found
        assert not count or str(count) in found


@pytest.mark.usefixtures("registered")
def test_a_hardware_file_names_fields_of_the_plugin() -> None:
    from simdc.cost import HardwareError, structure, unstructure, with_field
    from simdc.ir.origin import machine_digest

    plain = load_hardware("HI1")
    data = unstructure(plain)
    assert "extensions" not in data
    wide = with_field(plain, "extensions.one-channel.dram_bits_per_cycle", 128)
    assert structure(Hardware, unstructure(wide)) == wide
    assert unstructure(structure(Hardware, {**data, "extensions": {"one-channel": {}}}))["extensions"] == {
        "one-channel": {"dram_bits_per_cycle": 64}
    }
    assert len({plain, wide}) == len({machine_digest(each, "inference") for each in (plain, wide)}) == 2
    text = str(HardwareAttr(wide))
    assert '"one-channel" = {dram_bits_per_cycle = 128}' in text
    assert Parser(make_context(), text).parse_attribute() == HardwareAttr(wide)
    at = "extensions.one-channel"
    for section, path, message in (
        ([], "extensions", "must be an object"),
        ({"two": {}}, "extensions.two", "unknown plug-in; plug-ins with hardware fields: one-channel"),
        ({"one-channel": 3}, at, "must be an object"),
        ({"one-channel": {"bits": 3}}, f"{at}.bits", "unknown field; known fields: dram_bits_per_cycle"),
        ({"one-channel": {"dram_bits_per_cycle": 0}}, f"{at}.dram_bits_per_cycle", "must be at least 1"),
        ({"one-channel": {"dram_bits_per_cycle": True}}, f"{at}.dram_bits_per_cycle", "must be a whole number"),
    ):
        with pytest.raises(HardwareError, match=message) as caught:
            structure(Hardware, {**data, "extensions": section})
        assert caught.value.path == path


@pytest.mark.usefixtures("registered")
def test_op_is_costed_as_its_tiles_run_and_computes_what_it_says() -> None:
    from simdc_example.execution import SquaredReluFunctions

    module, hardware = load_network(NETWORK, None), load_hardware("HI1")
    set_hardware(module, hardware)
    run_pipeline(module, (*training_passes("sgd"), *default_passes("exact")))
    functions = Interpreter(module)
    functions.register_implementations(SquaredReluFunctions())
    rng, kinds = np.random.default_rng(0), []
    for layer in network_of(module).layers():
        if layer.dialect_name() != "example":
            continue
        kernel = layer.kernel()
        assert kernel is not None
        assert layer.tiling is not None
        assert layer.cost is not None
        assert layer.cost.data == simulate(kernel, layer.tiling.data, hardware)
        arrays = [rng.standard_normal(value.type.get_shape()) for value in layer.operands]
        (by_kernel,), (by_numpy,) = run_kernel(layer, arrays).results, functions.run_op(layer, tuple(arrays))
        np.testing.assert_allclose(by_kernel, by_numpy, atol=1e-14)
        *gradient, x = arrays
        want = 2 * np.where(x > 0, x, 0) * gradient[0] if gradient else np.where(x > 0, x * x, 0)
        np.testing.assert_allclose(by_numpy, want, atol=1e-14)
        kinds.append(layer.name)
    assert kinds == ["example.squared_relu"] * 2 + ["example.squared_relu_grad"] * 2


@pytest.mark.usefixtures("registered")
def test_gradient_rule_agrees_with_finite_differences() -> None:
    """Of the loss, in the weights before the first activation; by the functions that the plug-in registers."""
    from simdc.backends.execute import execute

    forward = load_network(NETWORK, 2)
    step = load_network(NETWORK, 2)
    run_pipeline(step, training_passes("sgd"))
    rng = np.random.default_rng(1)
    shapes = {op.label.data: op.result.type.get_shape() for op in network_of(forward).walk() if hasattr(op, "label")}
    parameters = {label: 0.1 * rng.standard_normal(shape) for label, shape in shapes.items()}
    target = np.eye(10)[[3, 7]]
    x = rng.standard_normal((2, 8, 16, 16))

    def loss(values: dict[str, np.ndarray]) -> float:
        logits = execute(forward, [x], values).returned[0]
        return float((np.log(np.exp(logits).sum(1)) - (logits * target).sum(1)).mean())

    gradient = execute(step, [x, [3, 7]], parameters | {"loss.classes": np.arange(10)}).results["conv1.grad_weight"][0]
    for index in [(0, 0, 0, 0), (3, 5, 1, 2), (15, 7, 2, 2)]:
        ends = []
        for sign in (1, -1):
            moved = parameters["conv1.weight"].copy()
            moved[index] += sign * 1e-5
            ends.append(loss(parameters | {"conv1.weight": moved}))
        assert gradient[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


@pytest.mark.usefixtures("registered")
def test_its_layer_is_listed_with_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "layers"]) == 0
    rows = [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]
    assert {name: rest.strip() for name, rest in rows if "built in" not in rest} == {
        "squared_relu": "simdc-example 1.5  (x): `max(x, 0)^2`"
    }


@pytest.mark.usefixtures("registered")
def test_its_op_is_among_those_that_can_be_trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(LocalResponseNormOp, "GRADIENT", None)
    (tmp_path / "n.dsl").write_text("network n(x: 3x4x4) {\n  return conv(x, 4, 1) -> lrn -> flatten\n}", "utf-8")
    with pytest.raises(simdc.SimdcError, match=r"these have one: .*\bexample\.squared_relu\b"):
        simdc.load(str(tmp_path / "n.dsl")).training_step()


def pip(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment in which simdc and the plug-in are installed as wheels.

    Their dependencies are those of the Python that runs the tests, behind everything that is installed: they are large
    and not what is tested.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "outside.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    python = folder / "bin" / "python"
    sources = tmp_path_factory.mktemp("sources")
    ignored = shutil.ignore_patterns(".*", "tests", "fuzz", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, sources / "simdc", ignore=ignored, symlinks=True)
    done = pip("install", "--target", str(sources / "hatchling"), "hatchling>=1.25")
    if done.returncode:
        pytest.skip("pip cannot fetch hatchling, which builds the wheels")
    wheels = (str(sources / "simdc"), str(sources / "simdc" / "examples" / "plugin"))
    done = pip(
        "--python", str(python), "install", "--no-deps", "--no-compile", "--no-build-isolation", *wheels,
        PYTHONPATH=str(sources / "hatchling"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def program(environment: Path, *command: str) -> str:
    done = subprocess.run(
        [str(environment / "python"), *command], cwd=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_installed_plugin_works_through_all_three_programs(environment: Path, tmp_path: Path) -> None:
    run = partial(program, environment)
    where = run("-c", "import simdc, simdc_example; print(simdc.__file__, simdc_example.__file__)").split()
    assert all(str(environment.parent) in path for path in where)
    simdc, simdc_opt = str(environment / "simdc"), str(environment / "simdc-opt")
    assert "\nsums-stay              simdc-example 1.0  Gives each layer " in run(simdc, "--list", "passes")
    assert "\nexample.squared_relu " in run(simdc, "--list", "ops")

    # simdc: op, gradient rule, model and pass; its own IR text is input again.
    trained = json.loads(
        run(simdc, NETWORK, "--hw", "HI1", "--train", "--model", "perfect-overlap", "--format", "json")
    )
    assert trained["coverage"]["uncosted"] == []
    assert {"example.squared_relu", "example.squared_relu_grad"} <= {layer["op"] for layer in trained["layers"]}
    text = run(simdc, NETWORK, "--hw", "HI1", "-p", PIPELINE, "--emit-ir")
    ir = tmp_path / "net.mlir"
    ir.write_text(text, encoding="utf-8")
    assert json.loads(run(simdc, str(ir), "--format", "json"))["totals"]["dram_bits"]["psum"] == 0

    # simdc-opt and xdsl-opt: the pass by its name, over text that holds the op.
    ready = tmp_path / "ready.mlir"
    first, rest = PIPELINE.split(",sums-stay,")
    ready.write_text(run(simdc, NETWORK, "--hw", "HI1", "-p", first, "--emit-ir"), encoding="utf-8")
    xdsl_opt = ("-c", "from xdsl.tools.xdsl_opt import main; main()")
    for tool in ((simdc_opt,), xdsl_opt):
        found = run(*tool, str(ready), "-p", f"sums-stay,{rest}")
        # The module says what command made it; all else is the same.
        assert found.replace(first, PIPELINE).rstrip() == text.rstrip()
