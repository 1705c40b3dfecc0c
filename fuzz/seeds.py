"""What the fuzzers begin with, and the words that they put in: networks and machines of the examples, and short texts
that reach what those do not."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from pathlib import Path

from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.frontends.simdit_operations import IGNORED, OPERATIONS
from simdc.ir.context import set_hardware
from simdc.ir.dialect import Simdc
from simdc.ir.layer_table import layer_table
from simdc.passes import PASSES
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

DSL = (
    "network n(x: 4x19x17, y: 8x9x9) { a = conv(x, 8, [3, 5], stride=2, pad=[1, 2, 1, 2], groups=4, bias=true) -> bn"
    " a = a -> relu -> maxpool(3, stride=1, pad=1) -> lrn(size=5, alpha=0.0001) return a, concat(y, add(y, y)) }",
    'network n(x: 3x8x8) { c = 4 repeat c - 1 as i { x = b(x, min(c, i + 3), name="b{i}") } '
    "if channels(x) != 3 and not false { x = relu(x) } else if c > 2 { x = x -> dropout(rate=0.25) } "
    "return x -> global_avgpool -> flatten -> fc(10) -> softmax }\n"
    "block b(x, c, stride=1) { # a comment\n return x -> conv(c, 3, stride=stride, pad=1, freeze=true) -> avgpool(2) }",
    "network n(x: 7) { return fc(x, 3, bias=false) -> relu -> bn }",
)
GRAPH_LAYERS: tuple[dict[str, object], ...] = (
    {"name": "c", "op": "conv", "inputs": ["x"], "channels": 8, "kernel": [3, 3], "pad": 1, "bias": True, "groups": 1},
    {"name": "b", "op": "bn", "inputs": ["c"]},
    {"name": "r", "op": "relu", "inputs": ["b"]},
    {"name": "a", "op": "add", "inputs": ["r", "c"]},
    {"name": "p", "op": "maxpool", "inputs": ["a"], "kernel": 3, "stride": 2, "pad": [0, 1, 1, 0]},
    {"name": "l", "op": "lrn", "inputs": ["p"], "size": 5, "alpha": 0.001},
    {"name": "j", "op": "concat", "inputs": ["p", "l"]},
    {"name": "d", "op": "dropout", "inputs": ["j"], "rate": 0.5},
    {"name": "g", "op": "global_avgpool", "inputs": ["d"]},
    {"name": "f", "op": "fc", "inputs": ["g"], "features": 10},
    {"name": "s", "op": "softmax", "inputs": ["f"]},
)
GRAPH = {"schema": "simdc-network/1", "name": "n", "inputs": [{"name": "x", "shape": [4, 9, 9]}], "outputs": ["s"]}
GENESYS = {
    "ARRAY_N": 16,
    "ARRAY_M": 16,
    "WGT_DATA_WIDTH": 8,
    "ACT_DATA_WIDTH": 8,
    "BIAS_WIDTH": 32,
    "ACC_WIDTH": 32,
    "WBUF_CAPACITY_BITS": 2**20,
    "IBUF_CAPACITY_BITS": 2**20,
    "OBUF_CAPACITY_BITS": 2**20,
    "BBUF_CAPACITY_BITS": 2**14,
    "PARAMBUF_AXI_DATA_WIDTH": 64,
    "IBUF_AXI_DATA_WIDTH": 64,
    "OBUF_AXI_DATA_WIDTH": 256,
    "SIMD_VMEM_CAPACITY_BITS": 2**20,
    "SIMD_AXI_DATA_WIDTH": 256,
    "SIMD_INST_MEM_ADDR_WIDTH": 8,
}
SETTINGS = (
    "simd.lanes=128\nsystolic.rows=16",
    "systolic.buffers.weight_bits='256 KiB'\nsystolic.buffers.ifmap_bits=256 KiB\nclock_ns=0.8",
    'stores_padding=false\nprices.sram_pj_per_bit.wbuf=1e-3\nname="m"\nsimd.latency_cycles.div=1',
)
PIPELINES = (
    ",".join(name for name in PASSES if "training" not in name),
    "simdc-derive-training{optimizer=adamw weight_decay=0.1 master_weights=true input_grad=true},simdc-assign-widths",
    "simdc-assign-widths{rule=program-order},simdc-legalize-tiling{model=simdit},simdc-annotate-cost{model=simdit}",
)


@cache
def seeds(target: str) -> list[bytes]:
    return [text.encode() for text in _TEXTS[target]()]


@cache
def words(target: str) -> list[bytes]:
    """Words that a mutation may put in."""
    return [word.encode() for word in (*_WORDS[target](), *_NUMBERS)]


_NUMBERS = (
    *("0", "1", "-1", "2", "7", "64", "1000", "65536", "2147483648", "1000000000", "281474976710656", "1" + "0" * 17),
    *("0.5", "-0.0", "1e-4", "1e308", "1e400", "1e-320", "NaN", "-Infinity", "9" * 40, "true", "false", "null", '""'),
)


def _examples(folder: str, suffix: str) -> list[str]:
    """Like blocks come twice at most: 32 of them say nothing new, and take a fuzzer's time."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((EXAMPLES / folder).glob(f"*{suffix}"))]
    return [re.sub(r"repeat \d+", "repeat 2", text) for text in texts]


def _graphs() -> list[str]:
    return [*_examples("networks", ".json"), json.dumps({**GRAPH, "layers": GRAPH_LAYERS})]


def _specs() -> list[str]:
    dims = {
        **dict.fromkeys(("N", "M", "IC", "P", "C", "OC"), 8),
        **dict.fromkeys(("OH", "OW", "H", "W", "IH", "IW"), 14),
        **dict.fromkeys(("KH", "KW"), 3),
    }

    def entry(kind: str, **change: int) -> dict[str, object]:
        known = {key: {**dims, **change}[key] for key in OPERATIONS[kind].dims}
        tiles = [{"data_path": ["DRAM", "pe_array"], "tiling": dict.fromkeys(BUFFERS, known)}] * 4
        step = dict.fromkeys(OPERATIONS[kind].stride, 1)
        parts = {"operation_parameters": step, "inputs": tiles, "outputs": [{"tiling": {"DRAM": known}, **OUT}]}
        return {"operation": kind, "instance_id": 1, "iterable_dimensions": known, **parts}

    BUFFERS = ("WBUF", "IBUF", "OBUF", "BBUF", "VMEM1", "VMEM2")
    OUT = {"data_path": ["pe_array", "DRAM"]}
    kinds = [[kind] for kind in OPERATIONS] + [["conv_bias", "relu", "max_pool"], ["conv", "relu", "relu_grad", "conv"]]
    programs = [[entry(kind, **({"OH": 1, "OW": 1} if "global" in kind else {})) for kind in some] for some in kinds]
    return [json.dumps({"mode": mode, "program": each}) for each in programs for mode in ("inference", "training")]


def _machines() -> list[str]:
    return [*_examples("hardware", ".json"), json.dumps(GENESYS)]


def _ir() -> list[str]:
    texts: list[str] = []
    for text in DSL:
        for passes in ((), default_passes("exact"), (*training_passes("adam"), *default_passes("exact"))):
            if len(passes) > 5 and "softmax" not in text:
                continue
            module = parse_dsl(text, "n.dsl", 2)
            if passes:
                set_hardware(module, load_hardware("HI3"))
            run_pipeline(module, tuple(passes))
            texts.append(str(module))
    return texts


def _onnx(what: str) -> list[str]:
    """Imported when it is asked for: the package is not among those that simdc always brings."""
    from fuzz import onnx_models

    return getattr(onnx_models, what)()


_TEXTS = {
    "onnx": partial(_onnx, "seeds"),
    "dsl": lambda: [*_examples("networks", ".dsl"), *DSL],
    "json-graph": _graphs,
    "simdit-spec": _specs,
    "hardware": _machines,
    "settings": lambda: list(SETTINGS),
    "pipeline": lambda: list(PIPELINES),
    "ir": _ir,
}
_LAYERS = layer_table()
_OPTIONS = sorted({option for kind in _LAYERS.values() for option in kind.parameters})
_DSL_SIGNS = """network block repeat if else as return and or not -> == != <= // % ( ) { } [ ] , : = + - * # " x y
name="a" "{x}" 3x8x8 1x1x1 10 4x281474976710656 channels height width min max"""
_FIELDS = "name clock_ns stores_padding systolic simd prices rows columns widths buffers bandwidths lanes"
_PIPELINE_SIGNS = "{ } , = model rule optimizer rate momentum exact simdit dataflow sgd adam"
_IR_SIGNS = """%x %y @n inference training batch parameters attributes unit tiling cost stride padding loc( ^bb0 : ->
= < > { } tensor<1x8x9x9xf32> tensor<?x4xf32> tensor<4xi8> tensor<*xf32> tensor<0xf32> memref<4xf32> index i0"""
_WORDS = {
    "onnx": partial(_onnx, "words"),
    "dsl": lambda: [*_DSL_SIGNS.split(), *_LAYERS, *(f"{option}=" for option in _OPTIONS)],
    "json-graph": lambda: [f'"{word}"' for word in (*_LAYERS, *_OPTIONS, "inputs", "outputs", "x", "$schema")],
    "simdit-spec": lambda: [f'"{word}"' for word in (*OPERATIONS, *IGNORED, "tiling", "N", "IC", "training", "DRAM")],
    "hardware": lambda: [*(f'"{word}"' for word in (*GENESYS, *_FIELDS.split())), '"1 KiB"', '"1 bit"', '"9 MB"'],
    "settings": lambda: [*_FIELDS.split(), *("=", ".", "\n", "simd.lanes=", "prices.", "1 KiB", "'2 MB'", '"', "{")],
    "pipeline": lambda: [*PASSES, *_PIPELINE_SIGNS.split()],
    "ir": lambda: [
        *(op.name for op in Simdc.operations),
        *(f"#{attribute.name}<" for attribute in Simdc.attributes),
        *_IR_SIGNS.split(),
    ],
}
