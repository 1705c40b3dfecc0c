"""Training specifications: every operation, the release's batch rule, phases, and whole runs of the release."""

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
from simdc.backends.report.model import LayerReport, Report
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.tiling import loop_bounds
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.passes.fold_batch_norm import FoldBatchNormPass
from simdc.passes.pipeline import default_passes, make_context, run_pipeline

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
RUNS = sorted(REFERENCE.glob("runs/*_training_*.json"))
KB = 8192


def entry(operation: str, stride: int | None = None, **dims: int) -> dict[str, Any]:
    parameters = {} if stride is None else {"sx" if "pool" in operation else "stride": stride}
    return {"operation": operation, "iterable_dimensions": dims, "operation_parameters": parameters}


def parse(*program: dict[str, Any], batch: int | None = None, given_tilings: bool = False) -> ModuleOp:
    data: dict[str, object] = {"mode": "training", "program": list(program)}
    module = parse_simdit_spec(data, "s.json", batch, given_tilings=given_tilings)
    module.verify()
    return module


def layers_of(module: ModuleOp) -> list[LayerOp]:
    return list(network_of(module).layers())


def bounds(*program: dict[str, Any], batch: int) -> list[dict[str, int]]:
    kernels = [op.kernel() for op in layers_of(parse(*program, batch=batch))]
    return [{} if kernel is None else loop_bounds(kernel) for kernel in kernels]


def report(module: ModuleOp, hardware: str, model: str = "simdit") -> Report:
    set_hardware(module, load_hardware(hardware))
    run_pipeline(module, default_passes(model))
    return make_report(module)


IMAGE = {"N": 1, "C": 64, "H": 56, "W": 28}
FORWARD = (
    entry("conv", 1, OC=64, N=1, IC=3, KH=3, KW=3, OH=56, OW=28),
    entry("mean_var", **IMAGE),
    entry("batch_norm", **IMAGE),
    entry("relu", **IMAGE),
    entry("gemm", M=1, N=512, P=1000),
    entry("cross_entropy_loss"),
)
BACKWARD = (
    entry("cross_entropy_loss_grad"),
    entry("gemm_no_bias", M=1, N=1000, P=512),
    entry("gemm_no_bias", M=512, N=1, P=1000),
    entry("sgd2d", N=512, C=1024),
    entry("reduce_sum", N=1, C=1024),
    entry("sgd1d", C=1024),
    entry("global_average_pool_grad", N=1, C=512, IH=7, IW=6, OH=1, OW=1),
    entry("average_pool_grad", 2, N=1, C=512, KH=2, KW=2, OH=3, OW=3),
    entry("max_pool_grad", 2, N=1, C=64, KH=3, KW=2, OH=28, OW=14),
    entry("relu_grad", **IMAGE),
    entry("elem_add", **IMAGE),
    entry("batchnorm_grad_x_mu", **IMAGE),
    entry("conv", 1, OC=3, N=1, IC=64, KH=3, KW=3, OH=58, OW=30),
    entry("conv", 1, OC=64, N=3, IC=1, KH=56, KW=28, OH=3, OW=3),
    entry("sgd4d", N=64, C=32, H=3, W=3),
)


def test_every_operation_and_the_batch_rule() -> None:
    image = {"c": 64, "n": 32, "h": 56, "w": 28}
    assert bounds(*FORWARD, *BACKWARD, batch=32) == [
        {"oc": 64, "ic": 3, "kh": 3, "kw": 3, "n": 32, "oh": 56, "ow": 28},
        image,
        image,
        image,
        {"oc": 1000, "ic": 512, "n": 32},
        {},
        {},
        {"oc": 512, "ic": 1000, "n": 32},
        # The images are summed over, the forward layer's input channels are where images were.
        {"oc": 1000, "ic": 32, "n": 512},
        {"n": 512, "c": 1024},
        {"n": 32, "c": 1024},
        {"c": 1024},
        {"c": 512, "n": 32, "oh": 1, "ow": 1, "kh": 7, "kw": 6},
        {"c": 512, "n": 32, "oh": 3, "ow": 3, "kh": 2, "kw": 2},
        {"c": 64, "n": 32, "oh": 28, "ow": 14, "kh": 3, "kw": 2},
        image,
        image,
        image,
        {"oc": 3, "ic": 64, "kh": 3, "kw": 3, "n": 32, "oh": 58, "ow": 30},
        {"oc": 64, "ic": 32, "kh": 56, "kw": 28, "n": 3, "oh": 3, "ow": 3},
        {"c": 32, "n": 64, "h": 3, "w": 3},
    ]


def test_pool_gradients_spread_over_the_padded_input() -> None:
    results = [shape_of(op.results[0]) for op in layers_of(parse(*BACKWARD, batch=2)) if "pool" in op.name]
    assert results == [(2, 512, 7, 6), (2, 512, 6, 6), (2, 64, 57, 28)]


def test_gradient_of_a_global_pool_may_be_larger_than_a_pixel() -> None:
    """The release's results for ResNet-18 need such a row."""
    row = entry("global_average_pool_grad", N=1, C=512, IH=7, IW=7, OH=7, OW=7)
    (op,) = layers_of(parse(row))
    assert op.name == "simdc.average_pool_grad"
    assert shape_of(op.results[0]) == (1, 512, 13, 13)


def test_phases() -> None:
    phases = [None if op.phase is None else op.phase.data for op in layers_of(parse(*FORWARD, *BACKWARD))]
    dx, dw, update = "input_gradient", "weight_gradient", "update"
    assert phases[: len(FORWARD)] == [None] * len(FORWARD)
    assert phases[len(FORWARD) :] == [None, dx, dw, update, dw, update, *[dx] * 7, dw, update]


def test_parameters_are_counted_once() -> None:
    network = network_of(parse(*FORWARD, *BACKWARD))
    assert network.parameters.value.data == 64 * 3 * 9 + 2 * 64 + 512 * 1000 + 1000


def test_text_parses_back() -> None:
    text = str(parse(*FORWARD, *BACKWARD))
    again = Parser(make_context(), text).parse_module()
    again.verify()
    assert str(again) == text


@pytest.mark.parametrize("model", ["exact", "simdit"])
def test_both_models_price_every_row(model: str) -> None:
    found = report(parse(*FORWARD, *BACKWARD, batch=4), "HT3", model)
    assert not found.uncosted
    assert len(found.layers) == len(FORWARD) + len(BACKWARD) - 2
    assert all(layer.cost.cycles.compute > 0 for layer in found.layers)


def test_gradient_of_an_addition_has_no_model() -> None:
    with pytest.raises(SimdcError) as caught:
        parse(*FORWARD, entry("elem_add_grad", **IMAGE))
    says = "the released SimDIT lists 'elem_add_grad' but has no model of it, and so has none here"
    assert str(caught.value) == f"s.json: program[{len(FORWARD)}].operation: {says}"


def test_batch_norm_does_not_fold_in_training() -> None:
    """Not even where the normalization is the only reader of the convolution."""
    module = parse(*FORWARD)
    conv, norm = layers_of(module)[0], next(op for op in layers_of(module) if isinstance(op, BatchNormOp))
    norm.operands = [conv.results[0], *norm.operands[1:]]
    terminator = network_of(module).body.block.last_op
    assert terminator is not None
    terminator.operands = [value for value in terminator.operands if value is not conv.results[0]]
    FoldBatchNormPass().apply(make_context(), module)
    assert norm in layers_of(module)
    network_of(module).phase = type(network_of(module).phase)("inference")
    FoldBatchNormPass().apply(make_context(), module)
    assert norm not in layers_of(module)


def tiled(row: dict[str, Any], place: str, index: int, count: int, **tile: int) -> dict[str, Any]:
    """`row` with the tiling of one of its `count` inputs or outputs, and none at the others."""
    operands: list[dict[str, Any]] = [{} for _ in range(count)]
    operands[index] = {"tiling": {"DRAM": {}, "VMEM1": tile}}
    return {**row, place: operands}


def test_given_tilings() -> None:
    """A result that is a sum, or that windows spread over, does not tell the loops: then an input does."""

    def row(name: str) -> dict[str, Any]:
        found = next(each for each in (*FORWARD, *BACKWARD) if each["operation"] == name)
        batch = {} if name.startswith("sgd") else {"N": 8}
        return {**found, "iterable_dimensions": {**found["iterable_dimensions"], **batch}}

    program = [
        tiled(row("mean_var"), "inputs", 0, 1, N=4, C=32, H=56, W=28),
        tiled(row("batch_norm"), "outputs", 0, 1, N=2, C=32, H=28, W=28),
        tiled(row("relu_grad"), "outputs", 0, 1, N=2, C=64, H=14, W=28),
        tiled(row("max_pool_grad"), "inputs", 1, 2, N=1, C=32, OH=7, OW=14),
        tiled(row("reduce_sum"), "inputs", 0, 1, N=8, C=512),
        tiled(row("sgd4d"), "outputs", 0, 1, N=16, C=32, H=3, W=3),
        tiled(row("sgd1d"), "outputs", 0, 1, C=256),
    ]
    module = parse(*program, given_tilings=True)
    assert [op.tiling.data.as_dict() for op in layers_of(module) if op.tiling is not None] == [
        {"c": 32, "n": 4, "h": 56, "w": 28},
        {"c": 32, "n": 2, "h": 28, "w": 28},
        {"c": 64, "n": 2, "h": 14, "w": 28},
        {"c": 32, "n": 1, "oh": 7, "ow": 14, "kh": 3, "kw": 2},
        {"c": 512, "n": 8},
        {"c": 32, "n": 16, "h": 3, "w": 3},
        {"c": 256},
    ]
    assert network_of(module).batch.value.data == 8


def contraction_tiled(row: dict[str, Any], n: int) -> dict[str, Any]:
    weight, out = {"KH": 3, "KW": 3, "IC": 16, "OC": 64}, {"N": n, "OC": 64, "OH": 3, "OW": 3}
    return {**row, "inputs": [{}, {"tiling": {"WBUF": weight}}], "outputs": [{"tiling": {"OBUF": out}}]}


def test_given_tilings_have_the_batch_in_the_file() -> None:
    forward = contraction_tiled(entry("conv", 1, OC=64, N=8, IC=3, KH=3, KW=3, OH=56, OW=28), 8)
    backward = tiled(entry("relu_grad", **{**IMAGE, "N": 8}), "outputs", 0, 1, N=8, C=64, H=56, W=28)
    gradient = contraction_tiled(entry("conv", 1, OC=64, N=3, IC=8, KH=56, KW=28, OH=3, OW=3), 3)
    module = parse(forward, backward, gradient, given_tilings=True)
    assert network_of(module).batch.value.data == 8
    assert [None if op.phase is None else op.phase.data for op in layers_of(module)] == [
        None,
        "input_gradient",
        "weight_gradient",
    ]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


TILED = tiled(BACKWARD[8], "inputs", 1, 2, N=1, C=32, OH=7, OW=14)
WHOLE: dict[str, Any] = {"mode": "training", "program": [*FORWARD, *BACKWARD, TILED]}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)


@given(st.sampled_from(places(WHOLE)[1:]), SCALARS | st.sampled_from(["sgd4d", "", [], {}, [0]]), st.booleans())
def test_any_change_compiles_or_is_an_error_at_a_place(path: tuple[Any, ...], value: object, given_: bool) -> None:
    data = deepcopy(WHOLE)
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    error: SimdcError | None = None
    try:
        parse_simdit_spec(data, "s.json", None, given_tilings=given_).verify()
    except SimdcError as caught:
        error = caught
    assert error is None or error.path


def exactly(value: object) -> object:
    """To the rounding of the release's floating point, which leaves a millionth of a bit where zero is meant."""
    return pytest.approx(value, rel=1e-9, abs=1e-6)


def released_tile(row: dict[str, Any], kernel: Kernel) -> dict[str, int]:
    """The release calls channels OC, the image OH x OW or IH x IW, as the layer's model has it."""
    tile = row["tile"]
    if isinstance(kernel, Contraction):
        return {loop.name: tile[loop.name.upper()] for loop in kernel.loops}
    other = {"c": ("C", "OC"), "h": ("H", "IH", "OH"), "w": ("W", "IW", "OW")}
    names = [loop.name for loop in kernel.nests[0].loops]
    return {name: next(tile[key] for key in other.get(name, (name.upper(),)) if key in tile) for name in names}


def check_row(layer: LayerReport, row: dict[str, Any]) -> None:
    where, cost = f"layer {row['i']} {row['op']}", layer.cost
    assert layer.tiling.as_dict() == released_tile(row, layer.kernel), where
    assert (cost.cycles.compute, cost.cycles.stall) == exactly((row["compute"], row["stall"])), where
    assert {name: getattr(cost.sram_bits, name.lower()) for name in row["sram"]} == exactly(row["sram"]), where
    names = {name: "weight" if name == "filter" else name for name in row["dram"]}
    assert {name: getattr(cost.dram_bits, ours) for name, ours in names.items()} == exactly(row["dram"]), where
    known = {"CondMove": "conditional_move", "op_ScmnBN": "common", "mac": "mac_executed"}
    ops = {name: count for name, count in cost.ops if name != "mac"}
    assert ops == exactly({known.get(name, name): count for name, count in row["ops"].items()}), where


STAGE = {"N": 1, "C": 64, "H": 112, "W": 112}
RELEASED = (
    # As the release prints them for ResNet-50 on HT3, batch 32: compute, stall, DRAM bits in and out.
    (entry("mean_var", **STAGE), 2024480, 1605640, 822083584, 4096),
    (entry("batch_norm", **STAGE), 4031488, 3211280, 822091776, 822083584),
    (entry("relu", **STAGE), 418816, 3211264, 822083584, 822083584),
    (entry("sgd2d", N=2048, C=1024), 66624, 393216, 134217728, 67108864),
    (entry("reduce_sum", N=1, C=1024), 580, 2112, 1048576, 32768),
    (entry("sgd1d", C=1024), 100, 192, 65536, 32768),
    (
        entry("global_average_pool_grad", OH=1, OW=1, IH=7, IW=7, N=1, C=2048),
        *(59520, 204800, 2097152, 102760448),
    ),
    (
        entry("max_pool_grad", 2, N=1, C=64, KH=3, KW=3, OH=56, OW=56),
        *(3647488, 2525184, 411041792, 881852416),
    ),
    (entry("relu_grad", **STAGE), 418816, 4816896, 1644167168, 822083584),
    (entry("batchnorm_grad_x_mu", **STAGE), 8865800, 9633812, 4110424064, 822087680),
    (entry("sgd4d", N=512, C=512, H=3, W=3), 75904, 442368, 150994944, 75497472),
    (entry("tensor_transpose4d"), 0, 0, 0, 0),
    (entry("gemm_no_bias", P=2048, N=1000, M=1), 17392, 50958, 4194304, 2097152),
    (entry("gemm_no_bias", P=1000, N=1, M=2048), 34784, 104480, 33554432, 67108864),
    (entry("conv", 1, OC=512, N=1, IC=512, KH=3, KW=3, OH=14, OW=14), 3649536, 8852, 536870912, 102760448),
    (
        entry("conv", 1, OC=512, N=512, IC=1, KH=13, KW=13, OH=4, OW=4),
        *(11186835, 7300, 1446606889.7959185, 134217728),
    ),
)


def test_released_rows() -> None:
    found = report(parse(*[row for row, *_ in RELEASED], batch=32), "HT3")
    rows = [(row["operation"], *numbers) for row, *numbers in RELEASED if row["operation"] != "tensor_transpose4d"]
    assert len(found.layers) == len(rows)
    for layer, (operation, compute, stall, loads, stores) in zip(found.layers, rows, strict=True):
        cost = layer.cost
        assert (cost.cycles.compute, cost.cycles.stall) == exactly((compute, stall)), operation
        assert (cost.dram_bits.ifmap, cost.dram_bits.ofmap) == exactly((loads, stores)), operation


@pytest.mark.skipif(not RUNS, reason="the reference runs are not here")
@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_run_equals_the_release(path: Path) -> None:
    run = json.loads(path.read_text())
    net = json.loads((REFERENCE / "nets" / f"{run['net']}.json").read_text())
    program = [entry(each["op"], each.get("stride"), **each.get("dims", {})) for each in net["layers"]]
    module = parse(*program, batch=run["batch"])
    assert network_of(module).parameters.value.data == 25_557_032
    found = report(module, str(REFERENCE / "hw" / f"{run['hw']}.json"))
    assert not found.uncosted
    assert len(found.layers) + len(found.free) == len(program)
    # A row without an `instance_id` is named after its place in the program.
    layers = {layer.name: layer for layer in found.layers}
    assert list(layers) == [f"{row['op']}{row['i']}" for row in run["layers"]]
    for row in run["layers"]:
        check_row(layers[f"{row['op']}{row['i']}"], row)

    totals, expected = found.total, run["totals"]
    assert totals.cycles.total == exactly(expected["total cycles"])
    assert totals.dram_bits.total / KB == exactly(expected["total DRAM access"])
    for name in ("WBUF", "IBUF", "OBUF", "BBUF", "VMEM", "IMM", "InsMem"):
        assert getattr(totals.sram_bits, name.lower()) / KB == exactly(expected[f"{name} access"])
    for array, sums in zip(("SA", "SIMD"), found.by_unit.values(), strict=True):
        assert sums.cycles.compute == exactly(expected[f"{array} compute cycles"])
        assert sums.cycles.stall == exactly(expected[f"{array} stall cycles"])
        assert sums.dram_bits.total / KB == exactly(run["sa_simd_totals"][f"total DRAM access {array}"])
        assert sums.sram_bits.total / KB == exactly(run["sa_simd_totals"][f"total SRAM access {array}"])
