"""The front ends as functions from bytes: each comes back, or raises SimdcError; anything else is a find.

A network goes all the way: it is compiled for a machine and reported. Which way (model, training, format, machine)
follows from a checksum of the input, so that an input always does the same.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from xdsl.dialects.builtin import ModuleOp

from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_csv, render_json
from simdc.backends.report.table import render_table
from simdc.cost.hardware import Hardware
from simdc.cost.machines import AnyMachine
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware, parse_hardware
from simdc.frontends.json_graph import parse_json_graph
from simdc.frontends.json_text import parse_object
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.ir.context import HARDWARE, set_hardware
from simdc.ir.text import parse_ir
from simdc.passes.pipeline import default_passes, make_context, parse_pipeline, run_pipeline, training_passes

LAYERS = 500
STEPS = 20_000
"""What a network text may unfold to here, far below the limits of the front ends, which end with the same error: they
would let a fuzzer spend its time on long networks of one kind of layer."""
MACHINES = ("HI1", "HI3", "HT2")


class Way(NamedTuple):
    """What is done with a network once it is read."""

    model: str
    training: bool
    batch: int
    machine: str
    stores_padding: bool
    rendering: int

    @classmethod
    def of(cls, data: bytes) -> Way:
        bits = crc32(data)
        return cls(
            model="simdit" if bits & 1 else "exact",
            training=bits & 6 == 0,
            batch=(1, 2, 32, 10**6)[bits >> 3 & 3],
            machine=MACHINES[(bits >> 5) % len(MACHINES)],
            stores_padding=bool(bits & 0x300),
            rendering=(bits >> 10) % 4,
        )


def dsl(data: bytes) -> None:
    way = Way.of(data)
    _compile(parse_dsl(_text(data), "fuzz.dsl", way.batch), way)


def json_graph(data: bytes) -> None:
    way = Way.of(data)
    _compile(parse_json_graph(parse_object(_text(data), "fuzz.json"), "fuzz.json", way.batch), way)


def simdit_spec(data: bytes) -> None:
    way = Way.of(data)
    given = way.rendering == 0
    batch = None if given else way.batch
    module = parse_simdit_spec(parse_object(_text(data), "fuzz.json"), "fuzz.json", batch, given_tilings=given)
    _compile(module, way._replace(training=False))


def hardware(data: bytes) -> None:
    """Hardware files of every format, and a small network on the machine, by a model that takes it."""
    machine, way = parse_hardware(_text(data), "fuzz.json"), Way.of(data)
    if not isinstance(machine, Hardware):
        way = way._replace(model="nvdla-sheet" if way.model == "simdit" else "nvdla")
    _compile(_small_network(), way, machine)


def settings(data: bytes) -> None:
    """`--set`, one a line."""
    machine = load_hardware("HI3", _text(data).splitlines())
    _compile(_small_network(), Way.of(data), machine)


def pipeline(data: bytes) -> None:
    passes = parse_pipeline(_text(data))
    module = _small_network()
    set_hardware(module, _machine("HI3", True))
    run_pipeline(module, passes)
    _render(module, Way.of(data).rendering)


def ir(data: bytes) -> None:
    way = Way.of(data)
    module = parse_ir(make_context(), _text(data), "fuzz.mlir")
    _compile(module, way, None if HARDWARE in module.attributes else _machine(way.machine, way.stores_padding))


def onnx(data: bytes) -> None:
    """A model file, or the JSON form of one. Beside it lies a file of 512 bytes for weights."""
    from fuzz.onnx_models import serialized
    from simdc.frontends.onnx import parse_onnx

    way = Way.of(data)
    folder = _folder()
    (folder / "fuzz.onnx").write_bytes(serialized(data))
    batch = None if way.rendering == 0 else way.batch
    bindings = {} if way.machine == "HI1" else {"height": 8, "width": 6, "rate": 1}
    try:
        module = parse_onnx(str(folder / "fuzz.onnx"), batch, bindings, allow_uncosted=way.rendering != 1)
    except SimdcError as error:
        if "no size is called that" not in str(error):
            raise
        module = parse_onnx(str(folder / "fuzz.onnx"), batch, {}, allow_uncosted=True)
    _compile(module, way)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="simdc-fuzz-"))
    (folder / "weights.bin").write_bytes(bytes(512))
    return folder


TARGETS: dict[str, Callable[[bytes], None]] = {
    "dsl": dsl,
    "json-graph": json_graph,
    "simdit-spec": simdit_spec,
    "hardware": hardware,
    "settings": settings,
    "pipeline": pipeline,
    "ir": ir,
    "onnx": onnx,
}


LIMITS = {
    "simdc.frontends.dsl.evaluate": {"MAX_LAYERS": LAYERS, "MAX_STEPS": STEPS},
    "simdc.frontends.dsl.expressions": {"MAX_STEPS": STEPS},
    "simdc.frontends.json_graph": {"MAX_LAYERS": LAYERS},
    "simdc.frontends.simdit_spec": {"MAX_LAYERS": LAYERS},
}
"""By module and name, what stands in the place of the front ends' own limits."""


def shrink_limits() -> None:
    """Put LIMITS in force, in this process."""
    for module, limits in LIMITS.items():
        for name, limit in limits.items():
            setattr(importlib.import_module(module), name, limit)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SimdcError("not UTF-8, which files are checked for when they are read") from None


def _compile(module: ModuleOp, way: Way, machine: AnyMachine | None = None) -> None:
    if machine is not None or HARDWARE not in module.attributes:
        set_hardware(module, machine or _machine(way.machine, way.stores_padding))
    training = training_passes("adamw" if way.batch == 2 else "sgd") if way.training else ()
    run_pipeline(module, (*training, *default_passes(way.model)))
    _render(module, way.rendering)


def _render(module: ModuleOp, rendering: int) -> None:
    if rendering == 0:
        text = str(module)
        assert str(parse_ir(make_context(), text, "fuzz.mlir")) == text
        return
    report = make_report(module)
    {1: render_table, 2: render_json, 3: render_csv}[rendering](report)


@cache
def _machine(name: str, stores_padding: bool) -> Hardware:
    return load_hardware(name, [f"stores_padding={str(stores_padding).lower()}"])


SMALL = """network small(x: 3x8x8) {
  y = x -> conv(4, 3, stride=2, pad=1) -> bn -> relu
  return add(y, conv(y, 4, 1)) -> maxpool(2) -> flatten -> dropout -> fc(10) -> softmax
}"""


@cache
def _small() -> ModuleOp:
    return parse_dsl(SMALL, "small.dsl", 2)


def _small_network() -> ModuleOp:
    return _small().clone()
