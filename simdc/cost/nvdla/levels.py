"""The levels of the formula: each knows one thing more about the machine than the one before."""

from __future__ import annotations

LEVELS = (
    "roofline: products and bytes of the layer",
    "channels and kernels in whole granules, traffic in beats",
    "results through the accumulator's port",
    "the shortest run of pixels",
    "the input comes first, the weights of a group before it",
    "latencies",
)
ROOFLINE, PADDED, PORT, RUNS, LOADED, WHOLE = range(len(LEVELS))
