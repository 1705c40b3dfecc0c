"""Rows: a network of 10,000 convolutions."""

from __future__ import annotations

from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import process_time

from chains import write_text
from processes import MAXRSS_PER_MIB
from row import Row

DEEP = 10_000


def _deep() -> float:
    """Seconds from the text of the network to the price of each layer of its training step."""
    import simdc

    with TemporaryDirectory() as folder:
        path, small = write_text(folder, DEEP), write_text(folder, 1)
        hardware = simdc.load_hardware("HT3")
        # What is imported for any network is not this one's.
        simdc.evaluate(simdc.load(small).training_step(), hardware)
        start = process_time()
        network = simdc.load(path)
        priced = simdc.evaluate(network.training_step(), hardware)
        taken = process_time() - start
    # Four layers for each convolution and two for the loss, but no gradient for the first input.
    assert len(priced) == 4 * DEEP + 1
    return taken


def _deep_peak() -> float:
    """MiB that such a process needs at most."""
    _deep()
    return getrusage(RUSAGE_SELF).ru_maxrss / MAXRSS_PER_MIB


ROWS = {
    "deep": Row("a training step of 40,001 layers from its network's text", _deep, 5),
    "deep_peak": Row("the same, peak of memory", _deep_peak, 200, unit="MiB"),
}
