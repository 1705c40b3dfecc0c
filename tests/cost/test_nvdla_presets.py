"""The configurations of NVDLA: as NVIDIA's definitions have them, honest about the rest, and of a price."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from simdc.api import evaluate, load
from simdc.cost.machine import ComputeUnit, Machine, MemoryLevel
from simdc.cost.nvdla.causes import causes
from simdc.cost.nvdla.parts import parts_of
from simdc.cost.nvdla.reading import read_layer
from simdc.frontends.hardware_file import load_machine

KIB = 8192


class Configuration(NamedTuple):
    """`spec/defs` of nvdla/hw: MAC_ATOMIC_C_SIZE, MAC_ATOMIC_K_SIZE, MEMORY_ATOMIC_SIZE, CBUF_BANK_NUMBER, _WIDTH and
    _DEPTH, SDP_BS_THROUGHPUT, PDP_THROUGHPUT, PRIMARY_MEMIF_WIDTH."""

    atom_c: int
    atom_k: int
    memory_atom: int
    banks: int
    bank_bytes: int
    bank_depth: int
    sdp: int
    pdp: int
    port_bits: int


# nv_full, which is no configuration but Verilog of its own, by its unit description; the width of its port by the 64
# bytes to which its addresses are aligned.
CONFIGURATIONS = {
    "nv_small": Configuration(8, 8, 8, 32, 8, 512, 1, 1, 64),
    "nv_small_256": Configuration(32, 8, 8, 32, 32, 128, 1, 1, 64),
    "nv_medium_512": Configuration(32, 16, 16, 32, 32, 512, 4, 2, 128),
    "nv_medium_1024_full": Configuration(32, 32, 32, 32, 32, 512, 8, 4, 256),
    "nv_large": Configuration(64, 32, 32, 16, 64, 512, 16, 8, 256),
    "nv_full": Configuration(64, 32, 32, 16, 64, 512, 16, 8, 512),
}
SHARED = (
    "memories.dram.read_bits_per_cycle=160",
    "memories.dram.write_bits_per_cycle=160",
    "memories.dram.shared=true",
)
"""20 GB/s at 1 GHz for reads and writes together."""


def preset(name: str, *settings: str) -> Machine:
    made = load_machine(name, settings)
    assert isinstance(made, Machine)
    return made


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_preset_has_the_published_structure(name: str) -> None:
    made, known = preset(name), CONFIGURATIONS[name]
    conv, cbuf, dram = made.unit("conv"), made.memory("cbuf"), made.memory("dram")
    assert (made.name, made.clock_ns) == (name, 1.0)
    assert (conv.granule.input_channels, conv.granule.output_channels) == (known.atom_c, known.atom_k)
    assert conv.rate_per_cycle == known.atom_c * known.atom_k == int(made.peak_macs_per_cycle)
    assert (cbuf.banks, cbuf.capacity_bits) == (known.banks, 8 * known.banks * known.bank_bytes * known.bank_depth)
    assert cbuf.read_bits_per_cycle == cbuf.write_bits_per_cycle == 8 * known.bank_bytes
    assert dram.read_bits_per_cycle == dram.write_bits_per_cycle == dram.beat_bits == known.port_bits
    assert [made.unit(unit).rate_per_cycle for unit in ("sdp", "pdp", "cdp")] == [known.sdp, known.pdp, known.pdp]
    assert {unit.atom_elements for _, unit in made.units} == {known.memory_atom}
    # A request is for 8 atoms of memory, however many of them are a beat.
    assert dram.burst_beats * dram.beat_bits == 8 * 8 * known.memory_atom
    # The array holds weights for as many cycles as it takes to load the next, a kernel a cycle; nv_full loads two.
    least = known.atom_k // 2 if name == "nv_full" else known.atom_k
    assert (conv.min_run_cycles, conv.max_run_cycles) == (least, 2 * least)


def test_buffers_have_the_published_size() -> None:
    sizes = {name: preset(name).memory("cbuf").capacity_bits // KIB for name in CONFIGURATIONS}
    assert sizes == {
        "nv_small": 128,
        "nv_small_256": 128,
        "nv_medium_512": 512,
        "nv_medium_1024_full": 512,
        "nv_large": 512,
        "nv_full": 512,
    }


def timings(made: Machine) -> dict[str, object]:
    """What only a measurement tells, by path."""
    found = {
        f"units.{name}.{field}": getattr(unit, field)
        for name, unit in made.units
        for field in ComputeUnit.__annotations__
        if field.endswith(("latency_cycles", "drain_cycles", "atom_cycles"))
    }
    memories = {
        f"memories.{name}.{field}": getattr(memory, field)
        for name, memory in made.memories
        for field in MemoryLevel.__annotations__
        if field in ("latency_cycles", "burst_idle_cycles")
    }
    return {path: value for path, value in (found | memories).items() if value}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_only_nv_small_was_measured(name: str) -> None:
    made = preset(name)
    marks = {path: made.mark_of(path) for path in timings(made)}
    assert len(marks) == 11
    if name == "nv_small":
        # Its memory is the bench's own, the CDP was not run.
        assert {path for path, mark in marks.items() if mark != "measured"} == {
            "units.cdp.latency_cycles",
            "memories.dram.latency_cycles",
        }
        return
    # NVIDIA says of nv_full that its accumulator gives 16 results a cycle: an atom of 32 in 2.
    published = {"units.conv.atom_cycles"} if name == "nv_full" else set[str]()
    assert {path for path, mark in marks.items() if mark != "assumed"} == published
    assert "measured" not in dict(made.basis).values()
    for path in ("units.conv.rate_per_cycle", "units.conv.granule", "units.sdp.rate_per_cycle", "memories.cbuf.banks"):
        assert made.mark_of(path) == "published"


def test_what_is_assumed_is_taken_from_nv_small() -> None:
    measured = timings(preset("nv_small"))
    scaled = {"units.conv.atom_cycles", "units.conv.drain_cycles"}
    for name, known in CONFIGURATIONS.items():
        made = timings(preset(name))
        assert {path: made[path] for path in measured.keys() - scaled} == {
            path: measured[path] for path in measured.keys() - scaled
        }
        # nv_small: the SDP takes an atom of 8 in 8 cycles, the accumulator gives one in 11.
        taken = -(-known.memory_atom // known.sdp)
        assert made["units.conv.drain_cycles"] == taken
        assert made["units.conv.atom_cycles"] == taken + (0 if name == "nv_full" else 3)


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(("network", "layers"), [("lenet5", 4), ("resnet50_v1", 54)])
def test_every_hardware_layer_has_a_price_on_every_preset(name: str, network: str, layers: int) -> None:
    made = preset(name)
    costs = [each.cost for each in evaluate(load(network), made, "nvdla") if each.cost is not None]
    assert len(costs) == layers
    macs = {"lenet5": 2_293_000, "resnet50_v1": 3_857_973_248}[network]
    assert sum(dict(cost.ops)["mac"] for cost in costs) == macs
    # No layer is faster than its products at the array's rate.
    assert all(cost.cycles.total * made.peak_macs_per_cycle >= dict(cost.ops)["mac"] for cost in costs)


def test_the_presets_stand_in_the_order_of_their_size() -> None:
    def total(name: str) -> int:
        return sum(each.cost.cycles.total for each in evaluate(load("resnet50_v1"), preset(name), "nvdla") if each.cost)

    cycles = [total(name) for name in CONFIGURATIONS]
    assert cycles == sorted(cycles, reverse=True)


def test_why_resnet_50_takes_as_long_as_it_does_on_nv_full() -> None:
    made = preset("nv_full", *SHARED)
    cycles: dict[str, int] = {}
    layers: dict[str, set[str]] = {}
    for each in evaluate(load("resnet50_v1"), made, "nvdla"):
        if each.cost is not None:
            layer = read_layer(each.kernel, made, parts_of(made))
            first = each.name.partition("+")[0]
            cycles[first] = each.cost.cycles.total
            layers.setdefault(causes(layer, 5)[0].term, set()).add(first)
    # Three input channels of 64: 2 groups of kernels, 49 places of the window, 112 x 112 pixels are 1,229,312 cycles.
    # It is cut along its rows, and rows that the pool needs in two pieces are computed twice.
    assert "conv1" in layers["mac"]
    assert 1_229_312 < cycles["conv1"] < 1.2 * 1_229_312
    # Weights at 20 bytes a cycle: 512 * 512 * 9 are 117,965 cycles, 2048 * 1000 are 102,400.
    for name, least in (("res5b.branch2b", 117_965), ("fc1000", 102_400)):
        assert name in layers["weights"]
        assert least < cycles[name] < 1.05 * least
    # A sum: 256 channels of 56 x 56 pixels are read beside it and written, 64 channels come in, and 64 * 256 weights.
    assert "res2b.branch2c" in layers["dram"]
    least = (2 * 256 * 56 * 56 + 64 * 56 * 56 + 64 * 256) // 20
    assert least < cycles["res2b.branch2c"] < 1.05 * least
