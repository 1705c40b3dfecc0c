"""SimDIT network specifications: what they become, with our tilings and with their own."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from simdc.backends.report import make_report
from simdc.cost.tiling import loop_bounds
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.simdit_operations import IGNORED
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.unmodelled import UnmodelledOp
from simdc.passes.pipeline import default_passes, make_context, run_pipeline

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"


def entry(operation: str, stride: int | None = None, **dims: int) -> dict[str, Any]:
    parameters = {} if stride is None else {"sx" if "pool" in operation else "stride": stride}
    return {"operation": operation, "iterable_dimensions": dims, "operation_parameters": parameters}


def spec(*program: dict[str, Any], mode: str = "inference") -> dict[str, Any]:
    return {"mode": mode, "program": list(program)}


def parse(data: dict[str, Any], batch: int | None = None, *, given_tilings: bool = False) -> ModuleOp:
    module = parse_simdit_spec(data, "s.json", batch, given_tilings=given_tilings)
    module.verify()
    return module


def message(data: dict[str, Any], batch: int | None = None, *, given_tilings: bool = False) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_simdit_spec(data, "s.json", batch, given_tilings=given_tilings)
    return str(caught.value)


def bounds(data: dict[str, Any], batch: int | None = None) -> list[dict[str, int]]:
    kernels = [op.kernel() for op in network_of(parse(data, batch)).layers()]
    return [{} if kernel is None else loop_bounds(kernel) for kernel in kernels]


CONV = entry("conv_bias", 2, OC=64, N=1, IC=3, KH=7, KW=5, OH=112, OW=56)
POOL = entry("max_pool", 2, N=1, C=64, KH=3, KW=3, OH=56, OW=56)
GEMM = entry("gemm", M=1, N=512, P=1000)
RELU = entry("relu", N=1, C=64, H=112, W=56)
ADD = entry("elem_add", N=1, C=64, H=7, W=7)
AVERAGE = entry("avg_pool", 1, N=1, C=4, KH=2, KW=2, OH=5, OW=5)
GLOBAL = entry("global_avg_pool", N=1, C=512, IH=7, IW=6, OH=1, OW=1)
NO_BIAS, GEMM_NO_BIAS = {**CONV, "operation": "conv"}, {**GEMM, "operation": "gemm_no_bias"}
ALL = (CONV, RELU, POOL, NO_BIAS, ADD, AVERAGE, GLOBAL, GEMM, GEMM_NO_BIAS)


def test_every_operation() -> None:
    conv = {"oc": 64, "ic": 3, "kh": 7, "kw": 5, "n": 2, "oh": 112, "ow": 56}
    gemm = {"oc": 1000, "ic": 512, "n": 2}
    assert bounds(spec(*ALL), 2) == [
        conv,
        {"c": 64, "n": 2, "h": 112, "w": 56},
        {"c": 64, "n": 2, "oh": 56, "ow": 56, "kh": 3, "kw": 3},
        conv,
        {"c": 64, "n": 2, "h": 7, "w": 7},
        {"c": 4, "n": 2, "oh": 5, "ow": 5, "kh": 2, "kw": 2},
        {"c": 512, "n": 2, "oh": 1, "ow": 1, "kh": 7, "kw": 6},
        gemm,
        gemm,
    ]
    network = network_of(parse(spec(*ALL)))
    conv_weights, gemm_weights = 64 * 3 * 7 * 5, 512 * 1000
    assert network.parameters.value.data == 2 * conv_weights + 64 + 2 * gemm_weights + 1000
    assert [op.name for op in network.layers()][:3] == ["simdc.conv2d", "simdc.relu", "simdc.max_pool"]


def test_input_is_the_padded_one() -> None:
    shapes = [str(argument.type) for argument in network_of(parse(spec(CONV, POOL), 4)).body.block.args]
    # (112 - 1) * 2 + 7, (56 - 1) * 2 + 5; (56 - 1) * 2 + 3
    assert shapes == ["tensor<4x3x229x115xf32>", "tensor<4x64x113x113xf32>"]


def test_stride_under_either_name() -> None:
    conv = {**CONV, "operation_parameters": {"sx": 2, "sy": 2, "pad": [1, 1]}}
    pool = {**POOL, "operation_parameters": {"stride": 2}}
    assert bounds(spec(conv, pool)) == bounds(spec(CONV, POOL))


def test_names() -> None:
    program = [{**RELU, "instance_id": 7}, RELU, {**RELU, "instance_id": 7}, {**RELU, "instance_id": "a"}]
    names = [op.layer.data for op in network_of(parse(spec(*program))).layers()]
    assert names == ["relu_7", "relu1", "relu_7.2", "relu_a"]


def test_network() -> None:
    network = network_of(parse(spec(RELU), 5))
    assert (network.sym_name.data, network.phase.data, network.batch.value.data) == ("s", "inference", 5)


def test_batch_in_training_goes_where_the_images_are() -> None:
    weight_gradient = entry("conv", 1, OC=64, N=3, IC=1, KH=4, KW=4, OH=3, OW=3)
    conv, gradient = bounds(spec(CONV, weight_gradient, mode="training"), 32)
    assert (conv["n"], conv["ic"]) == (32, 3)
    assert (gradient["n"], gradient["ic"]) == (3, 32)
    gemm, gradient = bounds(spec(GEMM, entry("gemm", M=512, N=1, P=1000), mode="training"), 32)
    assert (gemm["n"], gemm["ic"]) == (32, 512)
    assert (gradient["n"], gradient["ic"]) == (512, 32)


def test_ignored_entries_cost_nothing_and_are_named() -> None:
    program = [entry(operation) for operation in IGNORED]
    module = parse(spec(*program, entry("lrn", N=1, C=4), entry("something_new"), {"operation": "else"}))
    layers = list(network_of(module).layers())
    assert all(isinstance(op, UnmodelledOp) and op.kernel() is None for op in layers)
    assert [op.operation.data for op in layers if isinstance(op, UnmodelledOp)][-2:] == ["something_new", "else"]
    assert layers[0].layer.data == "coarse_flatten0"


def test_text_parses_back() -> None:
    text = str(parse(spec(CONV, entry("coarse_flatten"), GEMM)))
    again = Parser(make_context(), text).parse_module()
    again.verify()
    assert str(again) == text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"mode": "dreaming", "program": [RELU]}, "mode: must be inference or training"),
        ({"mode": "inference"}, "program: missing"),
        ({"program": [RELU]}, "mode: missing"),
        ({"mode": "inference", "program": {}}, "program: must be a list, got an object"),
        (spec(), "program: must hold 1 to 32000 entries, got 0"),
        (spec(entry("convv", OC=3)), "program[0].operation: unknown operation 'convv'; did you mean 'conv'?"),
        (spec(entry("zzz", N=3)), "program[0].operation: unknown operation 'zzz'; supported: conv, conv_bias, gemm"),
        ({"mode": "inference", "program": [{}]}, "program[0].operation: missing"),
        ({"mode": "inference", "program": [1]}, "program[0]: must be an object, got 1"),
        (spec(entry("relu", N=1, C=2, H=3)), "program[0].iterable_dimensions.W: missing"),
        (spec({"operation": "relu"}), "program[0].iterable_dimensions: missing"),
        (spec(entry("relu")), "program[0].iterable_dimensions.N: missing"),
        (spec(RELU, entry("relu", N=1, C=2, H=3, W=0)), "program[1].iterable_dimensions.W: must be a positive"),
        (spec(entry("relu", N=1, C=2**40, H=2**40, W=1)), "program[0].iterable_dimensions: a tensor of the layer"),
        (spec({**CONV, "operation_parameters": {}}), "program[0].operation_parameters.stride: missing"),
        (spec({**POOL, "operation_parameters": {}}), "program[0].operation_parameters.sx: missing"),
        (spec({**CONV, "operation_parameters": {"stride": 0}}), "program[0].operation_parameters.stride: must be"),
        (
            spec(entry("global_avg_pool", N=1, C=8, IH=7, IW=7, OH=7, OW=7)),
            "program[0].iterable_dimensions.OH: must be 1 for a global pool, got 7",
        ),
        (
            spec({**CONV, "outputs": [{"data_path": ["DRAM", "OBUF", "pe_array", "OBUF"]}]}),
            "program[0].outputs[0].data_path: fused layers are not supported: the path must end in DRAM, not in OBUF",
        ),
        (
            spec({**RELU, "inputs": [{"data_path": ["OBUF", "SIMD"]}]}),
            "program[0].inputs[0].data_path: fused layers are not supported: the path must begin in DRAM, not in OBUF",
        ),
    ],
)
def test_errors(data: dict[str, Any], says: str) -> None:
    assert message(data).startswith(f"s.json: {says}")


def tiled_conv(**tile: int) -> dict[str, Any]:
    """A convolution whose tiling is as the GeneSys compiler writes it: 3 input channels padded to the array's 32."""
    out = {"N": 1, "OH": 8, "OW": 14, "OC": 64, **tile}
    return {
        **CONV,
        "inputs": [
            {"data_path": ["DRAM", "IBUF", "pe_array"], "tiling": {"IBUF": {"N": 1, "IH": 21, "IW": 31, "IC": 32}}},
            {"data_path": ["DRAM", "WBUF", "pe_array"], "tiling": {"WBUF": {"KH": 7, "KW": 5, "IC": 32, "OC": 64}}},
            {"data_path": ["DRAM", "BBUF", "pe_array"], "tiling": {"BBUF": {"OC": 64}}},
        ],
        "outputs": [{"data_path": ["DRAM", "OBUF", "pe_array", "OBUF", "DRAM"], "tiling": {"DRAM": {}, "OBUF": out}}],
    }


def tiled_simd(whole: dict[str, Any], bank: str, **tile: int) -> dict[str, Any]:
    path = ["SIMD", bank, "DRAM"]
    return {**whole, "inputs": [{"data_path": []}], "outputs": [{"data_path": path, "tiling": {bank: tile}}]}


def tiled_gemm() -> dict[str, Any]:
    weight = {"tiling": {"WBUF": {"N": 512, "P": 256}}}
    return {**GEMM, "inputs": [{}, weight], "outputs": [{"tiling": {"OBUF": {"M": 1, "P": 256}}}]}


TILED = spec(
    tiled_conv(),
    tiled_simd(RELU, "VMEM2", N=1, C=64, H=2, W=56),
    tiled_simd(POOL, "VMEM1", N=1, C=32, OH=8, OW=7),
    tiled_simd(GLOBAL, "VMEM2", N=1, C=256, H=1, W=1),
    entry("coarse_flatten"),
    tiled_gemm(),
)


def test_given_tilings() -> None:
    layers = list(network_of(parse(TILED, given_tilings=True)).layers())
    assert [op.tiling.data.as_dict() for op in layers if op.tiling is not None] == [
        {"oc": 64, "ic": 32, "kh": 7, "kw": 5, "n": 1, "oh": 8, "ow": 14},
        {"c": 64, "n": 1, "h": 2, "w": 56},
        {"c": 32, "n": 1, "oh": 8, "ow": 7, "kh": 3, "kw": 3},
        {"c": 256, "n": 1, "oh": 1, "ow": 1, "kh": 7, "kw": 6},
        {"oc": 256, "ic": 512, "n": 1},
    ]
    assert all(op.tiling is None for op in network_of(parse(TILED)).layers())


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_given_tilings_are_priced(model: str) -> None:
    module = parse(TILED, 1, given_tilings=True)
    set_hardware(module, load_hardware("HI3"))
    run_pipeline(module, default_passes(model))
    layers = make_report(module).layers
    assert len(layers) == 5
    assert layers[0].tiling.as_dict()["oh"] == 8


def test_given_tilings_bring_their_batch() -> None:
    data = spec(tiled_conv(), tiled_simd(RELU, "VMEM1", N=1, C=64, H=2, W=56))
    data["program"][0]["iterable_dimensions"] = {**CONV["iterable_dimensions"], "N": 4}
    data["program"][1]["iterable_dimensions"] = {**RELU["iterable_dimensions"], "N": 4}
    for batch in (None, 4):
        assert network_of(parse(data, batch, given_tilings=True)).batch.value.data == 4
    found = message(data, 8, given_tilings=True)
    assert found.startswith("s.json: program[0].iterable_dimensions.N: the file's tilings are for 4 here, not for a")
    assert "--tiling greedy" in found
    data["program"][1]["iterable_dimensions"]["N"] = 2
    assert message(data, given_tilings=True).startswith("s.json: program[1].iterable_dimensions.N: ")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (CONV, "program[0].outputs: missing; with --tiling greedy"),
        (tiled_simd(RELU, "VMEM1", N=1, C=64, H=2), "program[0].outputs[0].tiling.VMEM1.W: missing"),
        (tiled_simd(POOL, "VMEM1", N=1, C=64, OH=0, OW=2), "program[0].outputs[0].tiling.VMEM1.OH: must be a positive"),
        (tiled_simd(RELU, "OBUF", N=1), "program[0].outputs[0].tiling: gives no tile for VMEM"),
        ({**tiled_conv(), "inputs": []}, "program[0].inputs: holds the tiling of WBUF in entry 1, which is missing"),
        ({**tiled_conv(), "outputs": [{}]}, "program[0].outputs[0].tiling: missing; with --tiling greedy"),
    ],
)
def test_tiling_errors(wrong: dict[str, Any], says: str) -> None:
    assert message(spec(wrong), given_tilings=True).startswith(f"s.json: {says}")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
VALUES = SCALARS | st.sampled_from(["conv", "", [], {}, [0]])


@given(st.sampled_from(places(TILED)[1:]), VALUES, st.booleans())
def test_any_change_compiles_or_is_an_error_at_a_place(path: tuple[Any, ...], value: object, given: bool) -> None:
    data = deepcopy(TILED)
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    error: SimdcError | None = None
    try:
        parse_simdit_spec(data, "s.json", None, given_tilings=given).verify()
    except SimdcError as caught:
        error = caught
    assert error is None or error.path


def reference_spec(network: str) -> dict[str, Any]:
    data = json.loads((REFERENCE / "nets" / f"{network}.json").read_text())
    return spec(*[entry(each["op"], each.get("stride"), **each.get("dims", {})) for each in data["layers"]])


def with_tilings(program: list[dict[str, Any]], layers: list[dict[str, Any]]) -> None:
    """Write the tile sizes of a run's layers into a program as the GeneSys compiler would."""
    for layer in layers:
        whole, tile = program[layer["i"]], layer["tile"]
        if whole["operation"].startswith("conv"):
            whole["inputs"], whole["outputs"] = [{}, {"tiling": {"WBUF": tile}}], [{"tiling": {"OBUF": tile}}]
        elif whole["operation"].startswith("gemm"):
            whole["inputs"] = [{}, {"tiling": {"WBUF": {"N": tile["IC"]}}}]
            whole["outputs"] = [{"tiling": {"OBUF": {"P": tile["OC"], "M": tile["N"]}}}]
        else:
            whole["outputs"] = [{"tiling": {"VMEM1": {**tile, "C": tile["OC"]}}}]


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference runs are not here")
@pytest.mark.parametrize("given_tilings", [False, True])
@pytest.mark.parametrize(
    ("network", "machine", "cycles"),
    [
        ("resnet50_inference", "HI1", 28_800_683),
        ("resnet50_inference", "HI2", 10_395_344),
        ("resnet50_inference", "HI3", 4_403_046),
        ("alexnet_bvlc_inference", "HI2", 3_845_384),
    ],
)
def test_released_cycles(network: str, machine: str, cycles: int, given_tilings: bool) -> None:
    data = reference_spec(network)
    if given_tilings:
        run = json.loads((REFERENCE / "runs" / f"{network}_b1_{machine}.json").read_text())
        with_tilings(data["program"], run["layers"])
    module = parse(data, given_tilings=given_tilings)
    set_hardware(module, load_hardware(machine))
    run_pipeline(module, default_passes("simdit"))
    assert int(make_report(module).total.cycles.total) == cycles
