"""One random network said in three ways, priced, added up, counted anew and executed. The campaign:

python -m tests.differential.differential --networks 1000
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from math import fsum, isclose, prod
from random import Random
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.backends.execute import execute, initial_parameters
from simdc.backends.report import Report, make_report
from simdc.backends.report.machine_text import as_data, render_csv
from simdc.cost import Hardware
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.json_graph import parse_json_graph
from simdc.frontends.mlir_text import parse_mlir
from simdc.frozen import evolve
from simdc.ir.base import shape_of
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.gather import GatherOp
from simdc.passes.pipeline import default_passes, run_pipeline, training_passes
from tests.differential.drawn import Layer
from tests.differential.networks import Net, as_dsl, as_json, random_net
from tests.oracles.random_layers import random_machine

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
Data = dict[str, Any]


def data_of(report: Report) -> dict[str, Any]:
    """Without the places in files that layers come from."""
    data: Any = as_data(report)
    for layer in data["layers"]:
        layer.pop("source", None)
    return data


def compiled(module: ModuleOp, machine: Hardware, training: tuple[ModulePass, ...]) -> ModuleOp:
    made = module.clone()
    set_hardware(made, machine)
    run_pipeline(made, (*training, *default_passes("exact")))
    return made


def small_memories(random: Random) -> Hardware:
    """Each memory on its own, from hardly anything to plenty."""
    machine = random_machine(random)
    sizes = {name: 1 << random.randint(9, 24) for name in ("weight_bits", "ifmap_bits", "psum_bits", "bias_bits")}
    array = evolve(machine.systolic, buffers=evolve(machine.systolic.buffers, **sizes))
    return evolve(machine, systolic=array, simd=evolve(machine.simd, vmem_bits=1 << random.randint(12, 24)))


def complaints(random: Random) -> Iterator[str]:
    """What is wrong with one network; first how it went: `refused` or `priced`."""
    net, machine = random_net(random), small_memories(random)
    training: tuple[ModulePass, ...] = ()
    if random.random() < 0.4:
        training = training_passes(random.choice(OPTIMIZERS), input_grad=random.random() < 0.5)
    module = parse_dsl(as_dsl(net), "drawn.dsl", net.batch)
    graph = parse_json_graph(as_json(net), "drawn.json", net.batch)
    results = network_of(module).body.block.last_op
    assert results is not None
    for name, value in zip(net.outputs, results.operands, strict=True):
        if shape_of(value) != (net.batch, *net.layers[name].shape):
            yield f"{name} has shape {shape_of(value)}, not {(net.batch, *net.layers[name].shape)}"
    try:
        priced = compiled(module, machine, training)
    except SimdcError as error:
        yield f"refused: {error.message}"
        try:
            compiled(graph, machine, training)
        except SimdcError:
            return
        yield "the JSON graph is priced, the DSL is not"
        return
    yield "priced"
    data = data_of(make_report(priced))
    if data_of(make_report(compiled(graph, machine, training))) != data:
        yield "the JSON graph has another report"
    reread = parse_mlir(str(module), "drawn.mlir", None)
    if data_of(make_report(compiled(reread, machine, training))) != data:
        yield "the IR has another report"
    again = parse_mlir(str(priced), "priced.mlir", None)
    if str(again) != str(priced):
        yield "the priced IR is printed otherwise when it was read"
    run_pipeline(again, default_passes("exact"))
    if data_of(make_report(again)) != data:
        yield "the priced IR has another report"
    yield from _sums(data)
    yield from _table(data, render_csv(make_report(priced)))
    yield from _counts(net, data, training=bool(training))
    if random.random() < 0.3:
        _execute(module, training)


def _sums(data: Data) -> Iterator[str]:
    totals, layers = data["totals"], data["layers"]
    for group in ("cycles", "dram_bits", "sram_bits"):
        for name, value in totals[group].items():
            for parts in (layers, *(totals[key].values() for key in ("units", "steps") if key in totals)):
                if value != sum(part[group][name] for part in parts):
                    yield f"total {group}.{name} is not the sum of its parts"
    for name, value in totals["ops"].items():
        if value != sum(layer["ops"].get(name, 0) for layer in layers):
            yield f"total ops.{name} is not the sum over layers"
    for name, value in totals["energy_pj"].items():
        if not isclose(value, fsum(layer["energy_pj"][name] for layer in layers), rel_tol=1e-9):
            yield f"total energy_pj.{name} is not the sum over layers"


def _table(data: Data, text: str) -> Iterator[str]:
    rows = list(csv.DictReader(io.StringIO(text)))
    if len(rows) != len(data["layers"]):
        yield "the table has other layers"
    for row, layer in zip(rows, data["layers"], strict=False):
        for group, head in (("cycles", "{} [cycle]"), ("dram_bits", "dram {} [bit]"), ("sram_bits", "sram {} [bit]")):
            for name, value in layer[group].items():
                if int(row[head.format(name)]) != value:
                    yield f"{layer['name']}: {group}.{name} differs in the table"


SEVERAL = ("lstm", "gru", "rnn", "attention", "masked_attention", "moe")
"""Layers that are several: a product for the whole sequence, one for each step; scores and what they weigh; experts."""


def _counts(net: Net, data: Data, *, training: bool) -> Iterator[str]:
    if data["network"]["parameters"] != sum(layer.parameters for layer in net.layers.values()):
        yield f"{data['network']['parameters']} parameters"
    coverage, by_name = data["coverage"], {layer["name"]: layer for layer in data["layers"]}
    named = [*by_name, *coverage["folded"], *(one["name"] for key in ("free", "uncosted") for one in coverage[key])]
    if len(set(named)) != len(named):
        yield "a layer is named twice"
    for name, layer in net.layers.items():
        if not training and not any(one == name or one.startswith(f"{name}.") for one in named):
            yield f"{name} is not named"
        if layer.op in SEVERAL and not training:
            # A softmax on the lanes scales and masks by `mac`; these are no products of the network.
            parts = {one for one in by_name if one.startswith(f"{name}.") and not one.endswith(".softmax")}
            made = sum(by_name[one]["ops"].get("mac", 0) for one in parts)
            if made != (layer.macs or 0) * net.batch:
                yield f"{name}, {layer.op} {layer.options}: {made} MACs, not {layer.macs}"
        for suffix, macs in _macs(net, layer):
            found = by_name.get(f"{name}{suffix}")
            if found is not None and found["ops"].get("mac", 0) != macs * net.batch:
                yield f"{name}{suffix}, {layer.op} {layer.options}: {found['ops'].get('mac')} MACs, not {macs}"
            if found is None and not suffix:
                yield f"{name} has no cost"


def _macs(net: Net, layer: Layer) -> Iterator[tuple[str, int]]:
    """An image's, of the layer and its gradients: one for each weight and position of the smaller of image and result
    where zeros lie between elements, since nothing is multiplied beyond (architecture.md, Operations)."""
    if layer.macs is None or layer.op in SEVERAL:
        return
    if layer.op.startswith("conv"):
        backward = layer.op.startswith("conv_transpose")
        source = net.inputs.get(layer.inputs[0]) or net.layers[layer.inputs[0]].shape
        weights = layer.macs // prod(source[1:] if backward else layer.shape[1:])
        spread = weights * min(prod(layer.shape[1:]), prod(source[1:]))
        yield "", spread if backward else layer.macs
        yield ".grad_input", layer.macs if backward else spread
        yield ".grad_weight", layer.macs
    else:
        for suffix in ("", ".grad_input", ".grad_weight"):
            yield suffix, layer.macs


def _execute(module: ModuleOp, training: tuple[ModulePass, ...]) -> None:
    """Every layer on arrays by its kernel: raises where that cannot be done. Rows of a table cannot be picked by what
    is drawn, or made of it."""
    made = module.clone()
    run_pipeline(made, training)
    if any(isinstance(op, GatherOp) for op in network_of(made).layers()):
        return
    draw = np.random.default_rng(1)
    inputs = [draw.standard_normal(shape_of(argument)) for argument in network_of(made).body.block.args]
    with np.errstate(all="ignore"):
        execute(made, inputs, initial_parameters(made))


def check(seed: int, networks: int) -> tuple[Counter[str], list[str]]:
    """How many networks were priced and refused, and every complaint with its network's seed."""
    counted: Counter[str] = Counter()
    found: list[str] = []
    for number in range(seed, seed + networks):
        try:
            for words in complaints(Random(number)):
                if words.startswith(("priced", "refused")):
                    counted[words.partition(":")[0]] += 1
                else:
                    found.append(f"{number}: {words}")
        except Exception:
            # Whatever is not said as an error of the input is a fault.
            found.append(f"{number}: {traceback.format_exc(limit=-3)}")
    return counted, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counted, found = check(options.seed, options.networks)
    print(f"{dict(counted)}; {len(found)} complaints", *found[:20], sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
