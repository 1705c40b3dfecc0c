"""Demands on the units and memories of a machine that is described by them."""

from __future__ import annotations

from math import prod

from simdc.cost.analysis import OPERATIONS_PER_MAC
from simdc.cost.kernel import Contraction, Kernel, Operand, links_of
from simdc.cost.layer_shape import elements_through
from simdc.cost.machine import Machine, MemoryLevel
from simdc.cost.model import Uncosted
from simdc.cost.numbers import ceil_div
from simdc.cost.result import DramBits
from simdc.named import NamedTuple

from .demand import MAC, Demand, LayerDemand, memory_demand

DRAM = "dram"


def unit_demand(kernel: Kernel, machine: Machine) -> LayerDemand:
    """Of a kernel or a chain of them, whose members hand on what no memory sees. Raises Uncosted for a kind that no
    unit runs."""
    links = links_of(kernel)
    amounts: dict[str, int] = {}
    for link in links:
        name = machine.unit_of(link.kind)
        if name is None:
            raise Uncosted(f"no unit of {machine.name} runs '{link.kind[:80]}'")
        before = amounts.get(name, 0)
        # A sum and a ReLU of 100 elements pass the same unit as one stream, stage behind stage: 100 elements, not 200.
        amounts[name] = (
            before + link.useful_macs if isinstance(link, Contraction) else max(before, elements_through(link))
        )
    multiplies = {machine.unit_of(link.kind) for link in links if isinstance(link, Contraction)}
    units = [
        Demand(name, many, ceil_div(many, machine.unit(name).rate_per_cycle), MAC if name in multiplies else name)
        for name, many in amounts.items()
    ]
    weight, ifmap, bias, ofmap = outside_bits(kernel)
    dram = memory_demand(DRAM, machine.memory(DRAM), weight + ifmap + bias, ofmap)
    bits = DramBits(weight=weight, ifmap=ifmap, ofmap=ofmap, bias=bias)
    head = links[0]
    rate = machine.unit(units[0].name).rate_per_cycle
    is_mac = isinstance(head, Contraction)
    operations = units[0].amount * (OPERATIONS_PER_MAC if is_mac else 1)
    peak = rate * (OPERATIONS_PER_MAC if is_mac else 1)
    return LayerDemand(tuple(units), (dram,), operations, peak, bits, bandwidth(machine.memory(DRAM), bits))


def bandwidth(memory: MemoryLevel, moved: DramBits) -> float:
    """Bits a cycle of what a layer reads and writes, one after the other."""
    read, written = moved.total - moved.ofmap, moved.ofmap
    return (read + written) / (read / memory.read_bits_per_cycle + written / memory.write_bits_per_cycle)


class Outside(NamedTuple):
    """Bits that a chain reads, by operand, and leaves; a second tensor that it adds counts with the ifmap."""

    weight: int
    ifmap: int
    bias: int
    ofmap: int


def outside_bits(kernel: Kernel) -> Outside:
    """What a chain reads from and leaves in memory, each operand once and whole; channels are not padded."""
    # A convolution, a sum with another tensor, a pool: input, weights, the other tensor, and what the pool gives.
    links = links_of(kernel)
    weight = ifmap = bias = handed = 0
    for place, link in enumerate(links):
        if isinstance(link, Contraction):
            weight += _bits(link.weight)
            ifmap += _bits(link.ifmap) if place == 0 else 0
            bias += 0 if link.bias is None else _bits(link.bias)
            handed = _bits(link.psum) // link.psum.bits * link.ofmap_bits
            continue
        inputs = list({each.name: each for nest in link.nests for each in nest.inputs}.values())
        made = {each.name for nest in link.nests for each in nest.outputs}
        read = [each for each in inputs if each.name not in made]
        # Of what it reads, one tensor is what the link before hands on.
        ifmap += sum(_bits(each) for each in read) - (max(map(_bits, read)) if place else 0)
        handed = _bits(link.nests[-1].outputs[-1])
    return Outside(weight, ifmap, bias, handed)


def _bits(operand: Operand) -> int:
    return prod(operand.shape) * operand.bits
