"""`verify` on every kind of layer and its gradients, at random sizes, on machines with small memories. The campaign:

python -m tests.differential.every_layer --layers 5000
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import NamedTuple

from simdc.backends.verify import Difference, verify_layers
from simdc.cost import ExactModel, Hardware, Kernel, Tiling, TilingError, greedy_tiling
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.ir.context import forms_of, set_hardware
from simdc.ir.network import network_of
from simdc.passes.pipeline import lowering_passes, run_pipeline, training_passes
from tests.differential.drawn import DRAWS
from tests.differential.networks import Net, as_dsl, one_layer
from tests.oracles.random_layers import random_machine, random_tiling
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
MAX_TILES = 60
TRIES = 4
"""Schedules that are drawn for a layer before it is left out as too large for its machine."""


class Found(NamedTuple):
    """A layer whose model, simulator and execution do not agree."""

    dsl: str
    layer: str
    kernel: Kernel
    tiling: Tiling
    machine: Hardware
    difference: Difference


def kernels(random: Random, net: Net) -> Iterator[tuple[str, Kernel]]:
    """The layer in any of its forms, and half the time its training step, if there is one. Steps that repeat are there
    once."""
    module = parse_dsl(as_dsl(net), "drawn.dsl", net.batch)
    if random.random() < 0.5:
        trained = module.clone()
        try:
            run_pipeline(trained, training_passes(random.choice(OPTIMIZERS), input_grad=True), verify=False)
            module = trained
        except SimdcError:
            pass  # A layer without gradient, or with nothing to train.
    machine = random_machine(random)
    set_hardware(module, machine)
    run_pipeline(module, lowering_passes("exact"), verify=False)
    seen: set[Kernel] = set()
    for op in network_of(module).layers():
        forms = forms_of(op, machine)
        if forms:
            kernel = random.choice(forms)[1]
            if kernel not in seen:
                seen.add(kernel)
                yield op.layer.data, kernel


def schedule(random: Random, kernel: Kernel) -> tuple[Tiling, Hardware] | None:
    """A machine whose memories are small for this layer, and a tiling that it can run: its own, greedy, or any."""
    for _ in range(TRIES):
        machine = tight_machine(random, kernel)
        tilers = (EXACT.greedy, greedy_tiling, lambda k, _: random_tiling(random, k, MAX_TILES))
        tiling = random.choice(tilers)(kernel, machine)
        try:
            EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            continue
        return tiling, machine
    return None


def check(seed: int, layers: int) -> tuple[Counter[str], list[Found]]:
    """Kinds of layers that were checked, and what was found."""
    random = Random(seed)
    checked: Counter[str] = Counter()
    found: list[Found] = []
    for op in cycle(DRAWS):
        if checked.total() >= layers:
            return checked, found
        net = one_layer(random, op)
        for name, kernel in kernels(random, net):
            chosen = schedule(random, kernel)
            if chosen is None:
                continue
            tiling, machine = chosen
            for verdict in verify_layers([(name, kernel, tiling)], EXACT, machine):
                if verdict.verdict.difference is not None:
                    found.append(Found(as_dsl(net), name, kernel, tiling, machine, verdict.verdict.difference))
            checked[kernel.kind] += 1
    raise AssertionError("a cycle ends")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    checked, found = check(options.seed, options.layers)
    for kind, count in sorted(checked.items()):
        print(f"{kind:28}{count:>7,}")
    print(f"{checked.total():,} layers of {len(checked)} kinds verified, {len(found)} differ")
    for one in found[:5]:
        print(one.dsl, f"layer {one.layer}, {one.tiling}\n{one.machine}\n{one.difference}", sep="")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
