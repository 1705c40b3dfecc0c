"""The roofline of a layer: by hand, and never above what any schedule takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simdc
from simdc.cost import ExactModel, Hardware, Tiling, TilingError
from simdc.cost.hardware_view import as_machine
from simdc.cost.kernel import Chain, Contraction, Kernel, Loop, Operand, VectorProgram, affine
from simdc.cost.machine import Machine
from simdc.cost.model import Uncosted, check_machine, guard_of
from simdc.cost.nest import CodeBlock, Instruction, LoopNest
from simdc.cost.result import Cycles, DramBits
from simdc.cost.roofline import RooflineModel
from simdc.cost.structure import structure_machine
from tests import strategies

NOTHING = Tiling((), ())


def nv_small(*settings: str) -> Machine:
    machine = simdc.load_machine("nv_small", settings)
    assert isinstance(machine, Machine)
    return machine


def product(inputs: int, outputs: int) -> Contraction:
    return Contraction(
        "linear",
        (Loop("oc", outputs), Loop("ic", inputs), Loop("n", 1)),
        ifmap=Operand("ifmap", 8, (1, inputs), (affine("n"), affine("ic"))),
        weight=Operand("weight", 8, (outputs, inputs), (affine("oc"), affine("ic"))),
        psum=Operand("psum", 32, (1, outputs), (affine("n"), affine("oc"))),
        ofmap_bits=8,
        bias=Operand("bias", 16, (outputs,), (affine("oc"),)),
    )


def elements(kind: str, inputs: int, *opcodes: str, count: int = 100) -> VectorProgram:
    index = (affine("n"), affine("c"))
    operands = tuple(Operand(f"x{number}", 8, (1, count), index) for number in range(inputs))
    code = tuple(Instruction(opcode, "y", ("x0", 1.0)) for opcode in opcodes)
    loops = (Loop("c", count), Loop("n", 1))
    nest = LoopNest(loops, operands, (Operand("y", 8, (1, count), index),), (CodeBlock(("c", "n"), code),))
    return VectorProgram(kind, (nest,))


# LeNet's ip1: 800 inputs, 400,000 weights, 500 biases of 2 bytes and 500 results are 402,300 bytes at 8 a cycle,
# 50,287.5 cycles; 400,000 MACs at 64 a cycle are 6,250.
def test_a_fully_connected_layer_waits_for_memory() -> None:
    model, machine, kernel = RooflineModel(), nv_small(), product(800, 500)
    cost = model.evaluate(kernel, NOTHING, machine)
    assert cost.cycles == Cycles(6_250, 50_288 - 6_250)
    assert cost.dram_bits == DramBits(weight=3_200_000, ifmap=6_400, ofmap=4_000, bias=8_000)
    assert dict(cost.ops) == {"mac": 400_000, "mac_executed": 400_000}
    found = model.analyse(kernel, NOTHING, machine)
    assert (found.binding, found.runner_up) == ("dram", "conv")
    assert found.operations == 800_000
    assert found.memory_bytes == (("dram", 402_300.0),)
    assert found.intensity == pytest.approx(800_000 / 402_300)
    # 128 operations a cycle over 8 bytes a cycle.
    assert found.peak == 128
    assert found.ridge == 16.0
    # But for the half cycle that is rounded up.
    assert found.attainable == pytest.approx(found.achieved, rel=1e-4)
    guard_of(model, kernel)(cost, machine)


def test_the_ridge_of_2048_macs_over_20_bytes() -> None:
    machine = nv_small(
        "units.conv.rate_per_cycle=2048",
        "memories.dram.read_bits_per_cycle=160",
        "memories.dram.write_bits_per_cycle=160",
    )
    # ResNet-50's last layer: an operation reads a weight, so 2 operations a byte or a little less.
    found = RooflineModel().analyse(product(2048, 1000), NOTHING, machine)
    assert found.ridge == 204.8
    assert found.intensity == pytest.approx(2.0, rel=0.01)
    assert found.attainable == pytest.approx(2.0 * 20, rel=0.01)


def test_a_chain_moves_nothing_between_its_links() -> None:
    chain = Chain((product(800, 100), elements("add", 2, "add"), elements("relu", 1, "max")))
    cost = RooflineModel().evaluate(chain, NOTHING, nv_small())
    # Of the two operands of the sum one comes from memory, 100 bytes; it counts with the inputs.
    assert cost.dram_bits == DramBits(weight=640_000, ifmap=6_400 + 800, ofmap=800, bias=1_600)
    # 649,600 bits at 64 a cycle.
    assert cost.cycles.total == 10_150
    found = RooflineModel().analyse(chain, NOTHING, nv_small())
    # 100 elements pass the sum and the ReLU in one stream, one a cycle; 80,000 MACs at 64.
    assert [tuple(term) for term in found.terms] == [("dram", 10_150), ("conv", 1_250), ("sdp", 100)]


def test_units_of_a_chain_may_bind_it() -> None:
    chain = Chain((product(2, 100), elements("relu", 1, "max")))
    cost = RooflineModel().evaluate(chain, NOTHING, nv_small("memories.dram.read_bits_per_cycle=64000"))
    assert cost.cycles == Cycles(100, 0)
    assert dict(cost.ops) == {"mac": 200, "mac_executed": 200, "sdp": 100}


def test_reads_and_writes_of_one_memory_add_up() -> None:
    machine = nv_small("memories.dram.read_bits_per_cycle=8", "memories.dram.write_bits_per_cycle=16")
    # 100 bytes read at 8 bits a cycle, 100 written at 16: 100 + 50 cycles.
    assert RooflineModel().evaluate(elements("relu", 1, "max"), NOTHING, machine).cycles == Cycles(100, 50)


def test_what_no_unit_runs_has_no_price() -> None:
    with pytest.raises(Uncosted, match="no unit of nv_small runs 'softmax'"):
        RooflineModel().greedy(elements("softmax", 1, "exp"), nv_small())
    with pytest.raises(Uncosted, match="nv_small has no schedules"):
        RooflineModel(bytes="schedule").default(product(4, 4), nv_small())
    with pytest.raises(Uncosted, match="no model of this machine prices"):
        RooflineModel().evaluate(Chain((product(4, 4),)), NOTHING, simdc.load_hardware("HI1"))


def test_a_machine_of_arrays_is_seen_as_units_and_ports() -> None:
    hardware = simdc.load_hardware("HI1", ["simd.lanes=24", "systolic.bandwidths.psum_bits_per_cycle=100"])
    seen = as_machine(hardware)
    assert [(name, unit.rate_per_cycle) for name, unit in seen.units] == [("conv", 256), ("simd", 24)]
    ports = {name: (memory.read_bits_per_cycle, memory.carries) for name, memory in seen.memories}
    assert ports["psum_port"] == (100, ("psum", "ofmap"))
    assert ports["weight_port"][1] == ("weight", "bias")
    assert ports["simd_port"][1] == ("ifmap", "ofmap")


def test_lanes_take_the_latency_of_each_instruction() -> None:
    hardware = simdc.load_hardware("HI1", ["simd.lanes=16", "simd.bandwidth_bits_per_cycle=1000"])
    # 100 elements, an addition of 1 cycle and a division of 9: 1,000 cycles of a lane, 62.5 of 16.
    kernel = elements("both", 1, "add", "div")
    cost = RooflineModel().evaluate(kernel, NOTHING, hardware)
    assert cost.cycles == Cycles(63, 0)
    # A byte in and a byte out for each.
    assert cost.dram_bits == DramBits(ifmap=800, ofmap=800)
    assert cost.busy.simd_port == 2
    assert RooflineModel().analyse(kernel, NOTHING, hardware).operations == 1_000


def test_units_may_have_any_name() -> None:
    machine = structure_machine(
        {
            "name": "own",
            "clock_ns": 1.0,
            "units": {
                "vec": {"runs": ["relu"], "operation": "element", "rate_per_cycle": 4},
                "mxu": {"runs": ["linear"], "operation": "mac", "rate_per_cycle": 32},
            },
            "memories": {"dram": {"read_bits_per_cycle": 64, "write_bits_per_cycle": 64}},
        }
    )
    cost = RooflineModel().evaluate(Chain((product(8, 100), elements("relu", 1, "max"))), NOTHING, machine)
    assert cost.ops == (("mac", 800), ("mac_executed", 800), ("vec", 100))
    # 8 + 800 + 200 + 100 bytes at 8 a cycle, 25 cycles of either unit.
    assert cost.cycles == Cycles(25, 139 - 25)


def test_ports_of_an_array_make_one_roof() -> None:
    hardware = simdc.load_hardware("HI1", ["simd.lanes=16"])
    ports = hardware.systolic.bandwidths
    found = RooflineModel().analyse(product(800, 500), NOTHING, hardware)
    total = ports.weight_bits_per_cycle + ports.ifmap_bits_per_cycle + ports.psum_bits_per_cycle
    # One port may bind a layer below that roof: here nearly all are weights.
    assert found.ridge == pytest.approx(512 / (total / 8))
    assert found.binding == "weight_port"
    assert found.achieved < found.attainable


def test_it_takes_either_kind() -> None:
    for name in ("HI1", "nv_small"):
        check_machine(RooflineModel(), simdc.load_machine(name))


KERNELS = st.one_of(strategies.contractions(), strategies.vector_programs())


@given(kernel=KERNELS, hardware=strategies.machines(), data=st.data())
@settings(max_examples=150)
def test_no_schedule_is_faster(kernel: Kernel, hardware: Hardware, data: st.DataObject) -> None:
    exact = ExactModel()
    tiling = data.draw(strategies.tilings(kernel))
    try:
        cost = exact.evaluate(kernel, tiling, hardware)
    except TilingError:
        return
    bound, moved = (RooflineModel(bytes=each).evaluate(kernel, tiling, hardware) for each in ("compulsory", "schedule"))
    assert bound.cycles.total <= moved.cycles.total <= cost.cycles.total
    assert moved.dram_bits == cost.dram_bits
    for least, found in zip(bound.dram_bits, cost.dram_bits, strict=True):
        assert least <= found
    assert bound.cycles.compute <= cost.cycles.compute
    guard_of(RooflineModel(), kernel)(bound, hardware)


def test_with_schedules_it_takes_those_of_exact() -> None:
    kernel, hardware = product(900, 700), simdc.load_hardware("HI1", ["systolic.buffers.weight_bits=32768"])
    model = RooflineModel(bytes="schedule")
    assert model.default(kernel, hardware) == ExactModel().default(kernel, hardware)
    assert model.greedy(kernel, hardware) == ExactModel().greedy(kernel, hardware)


@pytest.mark.parametrize("network", ["lenet5", "alexnet"])
@pytest.mark.parametrize("machine", ["HI1", "HI3"])
def test_networks_have_no_layer_above_exact(network: str, machine: str) -> None:
    net, hardware = simdc.load(network), simdc.load_hardware(machine)
    for bound, exact in zip(simdc.evaluate(net, hardware, "roofline"), simdc.evaluate(net, hardware), strict=True):
        assert bound.cost is not None
        assert exact.cost is not None
        assert 0 < bound.cost.cycles.total <= exact.cost.cycles.total


def test_results_leave_the_array_in_their_own_width() -> None:
    # 800 bytes in, 500 out, 400,000 weights and 500 biases of 2 bytes; a partial sum has 32 bits, a result 8.
    cost = RooflineModel().evaluate(product(800, 500), NOTHING, simdc.load_hardware("HI1"))
    assert cost.dram_bits == DramBits(weight=3_200_000, ifmap=6_400, ofmap=4_000, bias=8_000)
    # 3,208,000 bits at 128 a cycle.
    assert cost.busy.weight_port == 25_063
    found = RooflineModel().analyse(product(800, 500), NOTHING, simdc.load_hardware("HI1"))
    assert dict(found.memory_bytes) == {"weight_port": 401_000, "ifmap_port": 800, "psum_port": 500}


def test_without_a_schedule_nothing_is_cut() -> None:
    kernel, machine = product(6, 4), simdc.load_hardware("HI1")
    assert RooflineModel().default(kernel, machine) == Tiling(("oc", "ic", "n"), (4, 6, 1))
    scheduled = RooflineModel(bytes="schedule")
    assert scheduled.default(kernel, machine) == ExactModel().default(kernel, machine)


def test_a_unit_that_is_no_multiplier_does_an_operation_for_each_element_of_its_largest_input() -> None:
    slope = Operand("slope", 8, (1,), (affine("n"),))
    relu = elements("relu", 1, "max")
    nest = relu.nests[0]
    kernel = VectorProgram("relu", (LoopNest(nest.loops, (*nest.inputs, slope), nest.outputs, nest.blocks),))
    found = RooflineModel().analyse(kernel, NOTHING, nv_small())
    assert (found.operations, found.peak) == (100, 1)
    assert dict(RooflineModel().evaluate(kernel, NOTHING, nv_small()).ops) == {"sdp": 100}
