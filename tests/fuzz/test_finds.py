"""What fuzzing found, one test for each find; docs/fuzzing.md is the account."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.cli import main
from simdc.cost.structure import unstructure
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware, parse_hardware
from simdc.frontends.json_text import MAX_VALUES, parse_json
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.ir.context import set_hardware
from simdc.ir.text import parse_ir
from simdc.passes.pipeline import default_passes, make_context, parse_pipeline, run_pipeline, training_passes
from tests.ir.networks import written

NETWORK = """builtin.module {
  simdc.network @n(%x: tensor<1x4x8x8xf32>) inference batch 1 parameters 0 {
    %y = simdc.relu "relu" %x : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    simdc.return %y : tensor<1x4x8x8xf32>
  }
}
"""


def refused(text: str) -> SimdcError:
    with pytest.raises(SimdcError) as caught:
        parse_ir(make_context(), text, "n.mlir")
    return caught.value


def machine(**change: Any) -> str:
    return json.dumps({**unstructure(load_hardware("HI3")), **change})


def test_names_beyond_ascii_parse_back() -> None:
    """xDSL prints them as escapes and takes escapes beyond ASCII for bytes."""
    module = parse_ir(make_context(), NETWORK.replace('"relu"', '"größe"'), "n.mlir")
    set_hardware(module, parse_hardware(machine(name="größe 網"), "hw.json"))
    run_pipeline(module, default_passes("exact"))
    text = str(module)
    assert '"gr\\C3\\B6\\C3\\9Fe"' in text
    assert str(parse_ir(make_context(), text, "n.mlir")) == text


def test_a_string_without_an_end() -> None:
    """xDSL's expression for strings takes time exponential in its length: minutes for thirty words."""
    start = time.process_time()
    error = refused(NETWORK.replace('"relu" ', '"' + "word " * 2000))
    assert (error.line, error.column) == (3, 21)
    assert time.process_time() - start < 2


def test_an_integer_type_that_fills_the_memory() -> None:
    """Its range alone is a number of as many bits."""
    error = refused(NETWORK.replace('"relu" %x', '"relu" %x {x = 1 : i99999999999}'))
    assert "at most 9999999 bits" in error.message
    parse_ir(make_context(), NETWORK.replace('"relu" %x', '"relu" %x {x = 1 : i64}'), "n.mlir")


@pytest.mark.parametrize("number", ["9" * 41, "-" + "9" * 41])
def test_a_number_that_no_attribute_holds(number: str) -> None:
    """xDSL's arrays refuse it with a ValueError."""
    pool = f'simdc.max_pool "relu" %x kernel_size [{number}, 2]'
    error = refused(NETWORK.replace('simdc.relu "relu" %x', pool))
    assert error.line == 3
    assert "out of range" in error.message


@pytest.mark.parametrize(
    "text", ["builtin.module {" * 3000, NETWORK.replace('"relu" %x', f'"relu" %x {{x = {"[" * 3000}')]
)
def test_nesting_that_exhausts_the_stack(text: str) -> None:
    assert "nested too deeply" in refused(text).message


@pytest.mark.parametrize("change", [{"clock_ns": 1e308}, {"clock_ns": 10**39}])
def test_a_machine_whose_run_time_is_infinite(change: dict[str, Any]) -> None:
    """The report has no form for infinity, and products of fields beyond any machine reach it."""
    with pytest.raises(SimdcError, match=r"clock_ns: error: must be at most 10\^20"):
        parse_hardware(machine(**change), "hw.json")


def test_the_largest_machine_has_a_finite_report() -> None:
    data = json.loads(machine(clock_ns=1e20))
    data["prices"].update(pe_pj_per_cycle=1e20, lane_pj_per_cycle=1e20, dram_pj_per_bit=1e20, systolic_leakage_w=1e20)
    data["simd"]["latency_cycles"]["max"] = 10**20
    module = parse_dsl("network n(x: 3x1024x1024) { return x -> conv(64, 3) -> relu -> maxpool(64) }", "n.dsl", 10**6)
    set_hardware(module, parse_hardware(json.dumps(data), "hw.json"))
    run_pipeline(module, default_passes("exact"))
    assert '"runtime_s": ' in render_json(make_report(module))


@pytest.mark.parametrize(
    "layer",
    [
        "conv(x, 1, 4096, pad=2048)",
        "conv(x, 1, [1, 4096], pad=[0, 2048], stride=[1, 1]) -> maxpool(4096, pad=4000, stride=1)",
    ],
)
def test_windows_that_the_border_clips_each_differently(
    layer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pricing takes a class for each kind of tile; there were millions."""
    net = written(tmp_path, f"network n(x: 1x4096x4096) {{ return {layer} }}")
    start = time.process_time()
    assert main([net, "--hw", "HI3", "--set", "stores_padding=false", "--tiling", "greedy"]) == 1
    said = capsys.readouterr().err
    assert "stores_padding" in said or "clipped at the border" in said
    assert time.process_time() - start < 20


def test_tiles_that_lie_in_the_border_are_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A border a hundred times as wide as the image: tiles within it touch nothing, wherever they are."""
    net = written(tmp_path, "network n(x: 6x8x8) { return x -> conv(4, 3, pad=1000) -> relu }")
    assert main([net, "--hw", "HI3", "--set", "stores_padding=false", "--set", "systolic.buffers.psum_bits=40960"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("size", "window"), [(10**9, 1), (10**6, 10**6), (2**40, 3)])
def test_large_averages(size: int, window: int) -> None:
    """The windows were counted place by place."""
    dims = {"N": 1, "C": 1, "KH": window, "KW": 1, "OH": size, "OW": 1}
    entry = {"operation": "avg_pool", "iterable_dimensions": dims, "operation_parameters": {"sx": 1}}
    start = time.process_time()
    parse_simdit_spec({"mode": "inference", "program": [entry]}, "s.json", 1, given_tilings=False)
    assert time.process_time() - start < 2


def test_a_text_of_millions_of_empty_lists() -> None:
    """Three bytes of text, seventy of memory."""
    with pytest.raises(SimdcError, match=f"larger than the limit of {MAX_VALUES} values"):
        parse_json("[" + "[]," * 5_000_000 + "[]]", "n.json")
    with pytest.raises(SimdcError, match="bytes in memory"):
        parse_json('["' + "a" * 2**24 + '\U0001f600"]', "n.json")


def test_joining_more_than_can_be_joined() -> None:
    """Time grew with the square of the number of inputs."""
    with pytest.raises(SimdcError, match="joins 5000 inputs; at most 4096"):
        parse_dsl(f"network n(x: 3x8x8) {{ return concat({', '.join(['x'] * 5000)}) }}", "n.dsl", 1)


@pytest.mark.parametrize("change", ["step 0", "step -1", "beta1 1.0", "beta2 1.0", "beta2 -0.5"])
def test_an_optimizer_that_divides_by_zero(change: str) -> None:
    """Adam divides by 1 - beta^step."""
    module = parse_dsl("network n(x: 4) { return fc(x, 3, bias=false) }", "n.dsl", 1)
    run_pipeline(module, training_passes("adam"))
    text = str(module)
    name, _, value = change.partition(" ")
    changed, count = re.subn(rf" {name} \S+", f" {name} {value}", text)
    assert count == 1
    assert "steps count from 1, and beta1 and beta2" in refused(changed).message


@pytest.mark.parametrize("decay", ["nan", "inf", "-inf", "1e308"])
def test_a_rate_that_is_no_number(decay: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It went into the IR, which then did not parse, and into JSON, which has no such numbers."""
    assert main(["lenet5", "--hw", "HI3", "--train", f"--weight-decay={decay}"]) == 1
    assert "weight_decay must be a number below 1e+100" in capsys.readouterr().err
    with pytest.raises(SimdcError, match="rate must be a number below"):
        parse_pipeline("simdc-derive-training{rate=1.0e200}")


def test_numbers_that_json_lacks_are_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What IR text gives a layer may still come to nothing that JSON has: rate / (1 - beta^step)."""
    module = parse_dsl("network n(x: 4) { return fc(x, 3, bias=false) }", "n.dsl", 1)
    set_hardware(module, load_hardware("HI3"))
    run_pipeline(module, (*training_passes("adam"), *default_passes("exact")))
    text = re.sub(r" rate \S+", " rate 1.0e+300", re.sub(r" beta1 \S+", " beta1 0.9999999999999999", str(module)))
    module = parse_ir(make_context(), text, "n.mlir")
    run_pipeline(module, default_passes("exact"))
    report = json.loads(render_json(make_report(module)))
    assert '"inf"' in json.dumps(report["layers"][-1]["program"])
