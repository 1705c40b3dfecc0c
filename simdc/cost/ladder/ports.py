"""What a rung of a contraction moves over which port, for bounds from below.

What is said of an operand holds whatever else crosses its port: others do not make it faster.
"""

from __future__ import annotations

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.rule import MachineRule


class Ports:
    """Bits per cycle of the ports of weights, ifmap and finished results, and bits of an element of the bias, and of
    the round trip of a partial sum, that cross the port of the weights and of the results."""

    def __init__(self, kernel: Contraction, hardware: Hardware, rule: MachineRule):
        port, bandwidths = {(row.operand, row.when): row.port for row in rule.array_streams}, rule.bandwidths(hardware)
        weight, result = port["weight", "new"], port["psum", "complete"]
        self.weight_bits_per_cycle = bandwidths[weight]
        self.ifmap_bits_per_cycle = bandwidths[port["ifmap", "new"]]
        self.result_bits_per_cycle = bandwidths[result]
        self.bias_bits = kernel.bias.bits if kernel.bias is not None and port["bias", "new"] == weight else 0
        # A partial sum of 32 bits leaves and comes back over the results' port: 64 bits. One way elsewhere: 32.
        self.trip_bits = [port["psum", "resumed"], port["psum", "partial"]].count(result) * kernel.psum.bits
        on = {name: [row for row in rule.array_streams if row.port == name] for name in bandwidths}
        # A port of today's machine has one operand, beside the bias: what is said of that operand is all there is.
        self.shared = [
            (rows, bandwidths[name])
            for name, rows in on.items()
            if len({row.operand for row in rows if row.operand != "bias"}) > 1
        ]
