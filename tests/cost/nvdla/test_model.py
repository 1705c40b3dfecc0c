"""The model `nvdla` on kernels and chains of them."""

from __future__ import annotations

import pytest

import simdc
from simdc.backends.report import make_report
from simdc.cost.guards import SOUND
from simdc.cost.hardware import Widths
from simdc.cost.kernel import (
    Chain,
    CodeBlock,
    Contraction,
    Instruction,
    Kernel,
    Loop,
    LoopNest,
    Operand,
    VectorProgram,
    affine,
)
from simdc.cost.machine import Machine
from simdc.cost.model import Uncosted
from simdc.cost.model_table import load_model
from simdc.cost.nvdla.model import NvdlaModel
from simdc.cost.result import Busy, Cost, Cycles, DramBits
from simdc.cost.tiling import TilingError
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.space_file import read_space
from simdc.frozen import evolve
from tests.cost.nvdla.measured import machine

IMAGE = ("n", "c", "h", "w")


def convolution(n: int = 1, groups: int = 1, bits: int = 8, **sizes: int) -> Contraction:
    """By default LeNet's conv2: 20 x 12 x 12 to 50 kernels of 5 x 5."""
    c, k, size, window = (sizes.get(name, usual) for name, usual in (("c", 20), ("k", 50), ("size", 12), ("window", 5)))
    out = size - window + 1
    g, more = ((affine("g"),), (groups,)) if groups > 1 else ((), ())
    bounds = {"g": groups, "oc": k, "ic": c, "kh": window, "kw": window, "n": n, "oh": out, "ow": out}
    index = (affine("n"), *g, affine("ic"), affine("oh", "kh"), affine("ow", "kw"))
    return Contraction(
        "conv2d",
        tuple(Loop(name, bound) for name, bound in bounds.items() if name != "g" or groups > 1),
        ifmap=Operand("ifmap", bits, (n, *more, c, size, size), index),
        weight=Operand("weight", 8, (*more, k, c, window, window), (*g, *map(affine, ("oc", "ic", "kh", "kw")))),
        psum=Operand("psum", 32, (n, *more, k, out, out), (affine("n"), *g, *map(affine, ("oc", "oh", "ow")))),
        ofmap_bits=8,
        bias=Operand("bias", 16, (*more, k), (*g, affine("oc"))),
    )


def image(name: str, channels: int, size: int) -> Operand:
    return Operand(name, 8, (1, channels, size, size), tuple(map(affine, IMAGE)))


def program(kind: str, opcode: str, channels: int, size: int, *more: Operand) -> VectorProgram:
    loops = tuple(Loop(name, bound) for name, bound in (("c", channels), ("n", 1), ("h", size), ("w", size)))
    inputs = (image("x", channels, size), *more)
    code = CodeBlock(
        tuple(loop.name for loop in loops), (Instruction(opcode, "y", tuple(each.name for each in inputs)),)
    )
    return VectorProgram(kind, (LoopNest(loops, inputs, (image("y", channels, size),), (code,)),))


def per_channel(name: str, channels: int) -> Operand:
    return Operand(name, 8, (channels,), (affine("c"),))


def relu(channels: int = 50, size: int = 8) -> VectorProgram:
    return program("relu", "relu", channels, size)


def pool(channels: int = 50, size: int = 8, kind: str = "max_pool") -> VectorProgram:
    """Windows of 2 x 2."""
    half = size // 2
    bounds = {"c": channels, "n": 1, "oh": half, "ow": half, "kh": 2, "kw": 2}
    index = (affine("n"), affine("c"), affine(("oh", 2), "kh"), affine(("ow", 2), "kw"))
    x = Operand("x", 8, (1, channels, size, size), index)
    y = Operand("y", 8, (1, channels, half, half), tuple(map(affine, ("n", "c", "oh", "ow"))))
    code = CodeBlock(tuple(bounds), (Instruction("max", "y", ("y", "x")),))
    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    return VectorProgram(kind, (LoopNest(loops, (x,), (y,), (code,), initial=(("y", 0.0),)),))


def priced(kernel: Kernel, level: int = 5, on: Machine | None = None) -> Cost:
    on = on or machine()
    model = NvdlaModel(level=str(level))
    cost = model.evaluate(kernel, model.greedy(kernel, on), on)
    SOUND.check(cost, on)  # pyright: ignore[reportArgumentType]
    return cost


def test_a_chain_is_one_hardware_layer() -> None:
    # LeNet's conv2 and pool2 measured: 34,908 cycles, 33,600 of them active; 432 beats of input, 3,136 of weights, 14
    # of the bias, 112 of results.
    cost = priced(Chain((convolution(), relu(), pool())))
    assert cost.cycles == Cycles(33_600, 34_903 - 33_600)
    assert cost.dram_bits == DramBits(weight=3_136 * 64, ifmap=432 * 64, psum=0, ofmap=112 * 64, bias=14 * 64)
    assert cost.sram_bits.total == 0
    # 50 * 500 * 64 products; the array makes those of 56 kernels and 24 channels. One maximum with 0 for each result,
    # 4 for each of the pool.
    assert dict(cost.ops) == {"mac": 1_600_000, "mac_executed": 33_600 * 64, "relu": 3_200, "max": 4 * 800}
    assert cost.busy == Busy(33_600, 3_150, 432, 112, 0)


def test_each_level_has_its_cycles() -> None:
    kernel = Chain((convolution(), pool()))
    found = [priced(kernel, level).cycles for level in range(6)]
    assert [each.total for each in found] == [25_000, 33_600, 33_600, 33_600, 34_532, 34_903]
    assert [each.compute for each in found] == [25_000] + [33_600] * 5


def test_the_level_is_an_option() -> None:
    model = load_model("nvdla{level=3}")
    kernel = convolution()
    assert model.evaluate(kernel, model.default(kernel, machine()), machine()).cycles.total == 33_600
    assert load_model("nvdla").evaluate(kernel, model.default(kernel, machine()), machine()).cycles.total == 34_888
    with pytest.raises(ValueError, match="level must be one of 5, 4, 3, 2, 1, 0, got 6"):
        load_model("nvdla{level=6}")


def test_what_the_sdp_reads_beside_the_convolution() -> None:
    bare = priced(convolution())
    # A residual: 7 atoms of 64 pixels more, 6 cycles.
    added = priced(Chain((convolution(), program("add", "add", 50, 8, image("b", 50, 8)))))
    assert added.dram_bits.ifmap - bare.dram_bits.ifmap == 448 * 64
    assert added.cycles.total - bare.cycles.total == 6
    # A folded norm needs no more than the bias; the slope of a PReLU is a vector more.
    norm = [per_channel(name, 50) for name in ("mean", "inv_std", "scale", "shift")]
    assert priced(Chain((convolution(), program("batch_norm", "add", 50, 8, *norm)))).dram_bits == bare.dram_bits
    bare_slope = Chain((convolution()._replace(bias=None), program("prelu", "mul", 50, 8, per_channel("slope", 50))))
    assert priced(bare_slope).dram_bits.bias == 14 * 64
    slope = priced(Chain((convolution(), program("prelu", "mul", 50, 8, per_channel("slope", 50)))))
    assert slope.dram_bits.bias == 2 * bare.dram_bits.bias == 2 * 14 * 64


def test_units_by_themselves() -> None:
    assert priced(pool()).cycles == Cycles(3_584, 174)
    assert priced(pool()).dram_bits == DramBits(ifmap=448 * 64, ofmap=112 * 64)
    assert priced(relu()).cycles == Cycles(3_584, 167)
    norm = [per_channel(name, 50) for name in ("mean", "inv_std", "scale", "shift")]
    both = Chain((program("batch_norm", "add", 50, 8, *norm), relu()))
    assert priced(both).cycles == Cycles(3_584, 167)
    assert priced(both).dram_bits == DramBits(ifmap=448 * 64, ofmap=448 * 64, bias=2 * 14 * 64)
    assert priced(program("local_response_norm", "mul", 50, 8)).cycles == Cycles(3_584, 174)


def test_the_pdp_behind_the_sdp() -> None:
    chain = Chain((program("add", "add", 50, 8, image("b", 50, 8)), relu(), pool()))
    # 56 * 64 elements; 448 beats of each operand, 112 of the result; 167 and 15 and 5 cycles.
    assert priced(chain).cycles == Cycles(3_584, 187)
    assert priced(chain).dram_bits == DramBits(ifmap=2 * 448 * 64, ofmap=112 * 64)
    # A faster SDP waits for the PDP, 3 elements a cycle.
    faster = machine("units.sdp.rate_per_cycle=8", "units.pdp.rate_per_cycle=3")
    assert priced(chain, on=faster).cycles == Cycles(1_195, 187)
    assert priced(Chain(chain.links[:-1]), on=faster).cycles == Cycles(448, 2 * 448 + 172)
    assert priced(Chain(chain.links[:-1]), 4, on=faster).cycles == Cycles(448, 2 * 448)


def test_images_and_groups_are_layers_of_their_own() -> None:
    one = priced(convolution())
    # Both inputs fit, so a second costs its 33,600 and 65.
    for many in (convolution(n=3), convolution(groups=3)):
        cost = priced(many)
        assert cost.cycles == Cycles(3 * 33_600, one.cycles.stall + 2 * 65)
        assert cost.dram_bits == DramBits(*(3 * each for each in one.dram_bits))
        assert dict(cost.ops) == {name: 3 * count for name, count in one.ops}
    behind = Chain((convolution(),), beside=Operand("x", 8, (1, 50, 8, 8), tuple(map(affine, IMAGE))))
    assert priced(behind).cycles == Cycles(33_600, 65)
    # 32 banks of 4 KiB: two groups of 4,000 bytes a group are 2, the input is 1. 30 banks are 15,360 entries.
    # A layer without an image before it: 65,536 numbers are 8,192 entries, 16 banks.
    vector = Chain((convolution(),), beside=Operand("x", 8, (1, 65_536), tuple(map(affine, ("n", "c")))))
    assert priced(vector).cycles == Cycles(33_600, 65)
    assert priced(vector._replace(beside=Operand("x", 8, (), ()))).cycles == Cycles(33_600, 65)
    for rows, stall in ((121, 34_532 - 33_600 + 65), (116, 65)):
        before = Operand("x", 8, (1, 8, rows, 127), tuple(map(affine, IMAGE)))
        assert priced(Chain((convolution(),), beside=before)).cycles == Cycles(33_600, stall)
    large = Chain(
        (convolution(),), beside=Operand("x", 8, (1, 2, 8, 121, 127), tuple(map(affine, ("n", "g", "c", "h", "w"))))
    )
    assert priced(large).cycles == Cycles(33_600, 34_532 - 33_600 + 65)
    less = large._replace(beside=Operand("x", 8, (1, 2, 8, 116, 127), tuple(map(affine, ("n", "g", "c", "h", "w")))))
    assert priced(less).cycles == Cycles(33_600, 65)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (
            program("softmax", "exp", 8, 4),
            "no unit of nv_small runs 'softmax': conv runs conv2d, linear, matmul; sdp runs",
        ),
        (Chain((pool(), relu(50, 4))), "pdp, sdp are no order in which one hardware layer runs 'max_pool+relu'"),
        (Chain((pool(), pool(50, 4))), "pdp, pdp are no order"),
        (Chain((relu(), pool(), pool(50, 4))), "sdp, pdp, pdp are no order"),
        (Chain((convolution(), pool(), relu(50, 4))), "conv, pdp, sdp are no order"),
        (Chain((convolution(), pool(), pool(50, 4))), "conv, pdp, pdp are no order"),
        (Chain((convolution(), convolution())), "conv, conv are no order"),
        (Chain((relu(), convolution())), "sdp, conv are no order"),
        (convolution(bits=16), "'ifmap' has elements of 16 bits, the unit of 8"),
    ],
)
def test_what_no_hardware_layer_runs_has_no_price(kernel: Kernel, message: str) -> None:
    with pytest.raises(Uncosted, match=message.replace("+", r"\+")):
        priced(kernel)


def test_units_run_what_they_are_made_for() -> None:
    """Whatever a machine says."""
    units = dict(machine().units)
    odd = {"conv": ("relu",), "sdp": ("conv2d", "add"), "pdp": ("linear",), "cdp": ()}
    on = evolve(machine(), units=tuple((name, evolve(units[name], runs=runs)) for name, runs in odd.items()))
    add = program("add", "add", 50, 8)
    for kernel in (relu(), convolution(), Chain((relu(), add)), Chain((convolution(), add))):
        with pytest.raises(Uncosted, match="are no order"):
            priced(kernel, on=on)
    with pytest.raises(Uncosted, match="sdp, conv are no order"):
        priced(Chain((add, relu())), on=on)


def test_a_machine_must_have_the_units() -> None:
    lacking = evolve(machine(), units=machine().units[:1], memories=machine().memories[1:], chains=())
    with pytest.raises(Uncosted, match="memories cbuf, dram; nv_small lacks sdp, pdp, cbuf"):
        priced(convolution(), on=lacking)
    with pytest.raises(Uncosted, match="nv_small lacks"):
        NvdlaModel().greedy(convolution(), lacking)


def test_operands_of_the_sdp_have_the_width_of_biases() -> None:
    wide = evolve(machine(), widths=Widths(8, 8, 32, 32))
    assert priced(convolution(), on=wide).dram_bits.bias == 7 * 4 * 64


def test_a_buffer_too_small_for_a_kernel_is_named() -> None:
    with pytest.raises(TilingError, match=r"buffer of 4,096 bits: enlarge memories\.cbuf\.capacity_bits"):
        priced(convolution(), on=machine("memories.cbuf.capacity_bits=4096"))


def remarks(kernel: Kernel, *changes: str) -> str:
    model, on = NvdlaModel(), machine(*changes)
    return "; ".join(model.artefacts(kernel, model.greedy(kernel, on), on))


def test_what_a_price_does_not_rest_on_is_said() -> None:
    assert remarks(convolution()) == remarks(pool()) == remarks(Chain((convolution(), relu()))) == ""
    assert "no measurement" in remarks(convolution(c=512, k=64, size=20))
    assert remarks(convolution(groups=2)).startswith(
        "each group of a convolution is a hardware layer of its own; images"
    )
    assert remarks(convolution(n=2)).startswith("images of a batch")
    assert remarks(Chain((relu(), pool()))).startswith("an SDP that hands on to the PDP")
    assert remarks(Chain((relu(), relu()))) == ""
    assert remarks(relu(), "memories.dram.shared=true").startswith("reads and writes share the memory")
    assert "the CDP was not measured" in remarks(program("local_response_norm", "mul", 50, 8))


def test_the_analysis_of_a_layer() -> None:
    kernel = Chain((convolution(), pool()))
    model = NvdlaModel()
    found = model.analyse(kernel, model.greedy(kernel, machine()), machine())
    # 2 * 1,600,000 operations over 432 + 3,136 + 14 + 112 beats of 8 bytes; 128 operations and 8 bytes a cycle.
    assert (found.operations, found.memory_bytes) == (3_200_000, (("dram", 29_552.0),))
    assert found.intensity == pytest.approx(108.28, abs=0.01)
    assert (found.ridge, found.attainable) == (16, 128)
    assert found.achieved == pytest.approx(3_200_000 / 34_903)
    assert found.levels == (25_000, 33_600, 33_600, 33_600, 34_532, 34_903)
    # Without the input the first group's 500 beats are in at 500, not at 932. The latencies are 371.
    assert (found.binding, found.runner_up) == ("mac", "load")
    assert dict(found.terms)["load"] == 864
    # At 128 MACs a cycle 2,400 a group, 932 + 7 * 2,400 + 371. With 16 bytes a cycle the first group is in at 466, but
    # a line of 12 beats takes 16 cycles as before, and the input is in at 36 * 16 = 576.
    assert dict(found.relieved) == {"mac": 18_103, "dram": 576 + 33_600 + 371, "port": 34_903}
    alone = model.analyse(pool(), model.greedy(pool(), machine()), machine())
    assert (alone.operations, alone.binding, alone.runner_up) == (3_200, "pdp", "latency")
    assert (alone.ridge, alone.attainable) == (0.125, min(1, 3_200 / (560 * 8) * 8))
    assert dict(alone.relieved) == {"pdp": 1_792 + 174, "dram": 3_758}


def two_nests(bits: int = 8) -> VectorProgram:
    """An average of windows of 3 x 3 and a border that does not count: the first row by itself, then 3 more."""
    bounds = {"c": 16, "n": 1, "oh": 1, "ow": 4, "kh": 3, "kw": 3}
    later = {**bounds, "below": 3}
    del later["oh"]
    nests: list[LoopNest] = []
    for row, first, sizes in (("oh", 0, bounds), ("below", 1, later)):
        index = (affine("n"), affine("c"), affine((row, 2), "kh", constant=2 * first - 1), affine(("ow", 2), "kw"))
        x = Operand("x", bits, (1, 16, 8, 9), index)
        y = Operand("y", 8, (1, 16, 4, 4), (affine("n"), affine("c"), affine(row, constant=first), affine("ow")))
        code = CodeBlock(tuple(sizes), (Instruction("add", "y", ("y", "x")),))
        loops = tuple(Loop(name, bound) for name, bound in sizes.items())
        nests.append(LoopNest(loops, (x,), (y,), (code,), initial=(("y", 0.0),)))
    return VectorProgram("average_pool", tuple(nests))


def test_a_program_of_several_nests_is_one_layer() -> None:
    cost = priced(two_nests())
    # 2 atoms of 72 elements in, of 16 out; 16 channels of 4 rows, 9 products for each place of a row.
    assert cost.dram_bits == DramBits(ifmap=144 * 64, ofmap=32 * 64)
    assert cost.cycles == Cycles(16 * 72, 174)
    assert dict(cost.ops) == {"add": 16 * 16 * 9}
    behind = convolution(c=8, k=16, size=9, window=2)
    assert priced(Chain((behind, two_nests()))).dram_bits.ofmap == 32 * 64
    wide = program("add", "add", 50, 8, image("b", 50, 8)._replace(bits=16))
    with pytest.raises(Uncosted, match="'b' has elements of 16 bits, the unit of 8"):
        priced(wide)
    with pytest.raises(Uncosted, match="'x' has elements of 16 bits, the unit of 8"):
        priced(two_nests(16))


def test_parts_of_a_broadcast_are_no_full_operands() -> None:
    # A number for each channel, and one for each pixel: 8 + 16 elements, more than there are channels.
    x = Operand("x", 8, (1, 8, 1, 1), tuple(map(affine, ("n", "c", "i", "j"))))
    b = Operand("b", 8, (1, 1, 4, 4), tuple(map(affine, ("n", "j", "h", "w"))))
    bounds = {"c": 8, "n": 1, "h": 4, "w": 4, "i": 1, "j": 1}
    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    code = CodeBlock(tuple(bounds), (Instruction("add", "y", ("x", "b")),))
    spread = VectorProgram("add", (LoopNest(loops, (x, b), (image("y", 8, 4),), (code,)),))
    more = Chain((program("add", "add", 8, 4, image("b", 8, 4)), spread))
    # The first adds an operand as large as its result, the second none.
    assert priced(more).dram_bits.ifmap == 2 * 16 * 64
    # One for all channels is a vector, as is one for each.
    one = Operand("b", 8, (1,), (affine("j"),))
    assert priced(Chain((convolution(), program("scalar_mul", "mul", 50, 8)))).dram_bits.bias == 14 * 64
    loops = tuple(Loop(name, bound) for name, bound in (("c", 8), ("n", 1), ("h", 4), ("w", 4), ("j", 1)))
    code = CodeBlock(tuple(loop.name for loop in loops), (Instruction("mul", "y", ("x", "b")),))
    single = VectorProgram("multiply", (LoopNest(loops, (image("x", 8, 4), one), (image("y", 8, 4),), (code,)),))
    assert priced(single).dram_bits.bias == 2 * 64


def test_a_pool_behind_a_convolution_is_cut_with_it() -> None:
    # 64 channels of 20 x 20: a row is 160 entries. Two groups of 64 * 9 * 8 bytes are 3 banks, of 8; 5 * 512 entries
    # are 16 rows: 14 of results, 7 of the pool, of 18 and 9.
    chain = Chain((convolution(c=64, k=16, size=20, window=3), relu(16, 18), pool(16, 18)))
    # 14 rows, then 4, from 16 and 6 of the input; all weights twice, 16 * 64 * 9 / 8 beats.
    small = machine("memories.cbuf.capacity_bits=262144", "memories.cbuf.banks=8")
    assert priced(chain, on=small).dram_bits.ifmap == 8 * 20 * (16 + 6) * 64
    assert priced(chain, on=small).dram_bits.weight == 2 * 1_152 * 64
    assert "no measurement" in "".join(NvdlaModel().artefacts(chain, NvdlaModel().greedy(chain, small), small))
    assert priced(chain).dram_bits.ifmap == 8 * 20 * 20 * 64


def test_the_tiling_is_whole() -> None:
    chain = Chain((convolution(c=3, k=4, size=6, window=3), relu(4, 4)))
    bounds = {"oc": 4, "ic": 3, "kh": 3, "kw": 3, "n": 1, "oh": 4, "ow": 4}
    assert NvdlaModel().default(chain, machine()).as_dict() == bounds


def test_busy_ports() -> None:
    slow = machine("memories.dram.read_bits_per_cycle=24", "memories.dram.write_bits_per_cycle=40")
    added = Chain((convolution(), program("add", "add", 50, 8, image("b", 50, 8))))
    # 3,150, 432 + 448 and 448 beats of 64 bits.
    assert priced(added, on=slow).busy == Busy(33_600, 8_400, 2_347, 717, 0)
    # One pixel of one channel: a block of 16 beats of weights at a bit a cycle takes longer than level 4 waits for.
    least = convolution(c=1, k=1, size=1, window=1)
    cost = priced(least, 4, on=machine("memories.dram.read_bits_per_cycle=1"))
    assert cost.busy.weight_port == cost.cycles.total < 16 * 64


def test_an_analysis_where_memory_binds() -> None:
    model, on = NvdlaModel(), machine("memories.dram.read_bits_per_cycle=16", "memories.dram.write_bits_per_cycle=8")
    kernel = convolution(c=512, k=128, size=1, window=1)
    found = model.analyse(kernel, model.greedy(kernel, on), on)
    # 64 + 8,192 + 32 + 16 beats; 2 bytes a cycle.
    assert found.intensity == 2 * 512 * 128 / (8_304 * 8)
    assert found.attainable == found.intensity * 2
    assert found.binding == "weights"
    # At 4 bytes a cycle a beat takes 2: (64 + 8,192) * 2, then the last group's 512 cycles; 8 of latency for its pixel.
    assert dict(found.relieved)["dram"] == 16_512 + 512 + 236
    writes = machine("memories.dram.write_bits_per_cycle=1")
    # 7 * 64 beats of results at a bit a cycle are 28,672 cycles, at two 14,336. The input and as many weights take
    # 2 * 64 cycles, then half of it; but a line of 8 beats 10 cycles as before, so 80.
    small = convolution(c=8, size=8, window=1)
    relieved = dict(model.analyse(small, model.greedy(small, writes), writes).relieved)
    assert priced(small, on=writes).cycles.total - relieved["dram"] == 14_336 + 128 - 80


def test_a_training_step_has_prices_forward_only() -> None:
    network, hardware = simdc.load("lenet5").training_step(), simdc.load_machine("nv_small")
    report = make_report(simdc.compile(network, hardware, "nvdla"))
    assert [layer.name for layer in report.layers] == [
        *("conv1", "maxpool1", "conv2", "maxpool2", "fc1", "relu1", "fc2")
    ]
    assert {layer.step for layer in report.layers} == {"forward"}
    why = {name: reason for name, _, reason in report.uncosted}
    assert why["conv2.grad_weight"] == "the model nvdla prices forward layers only"
    assert why["fc1.weight.update"] == "the model nvdla prices forward layers only"
    with pytest.raises(simdc.SimdcError, match="forward layers only"):
        simdc.evaluate(network, hardware, "nvdla")


def test_an_exploration_of_training_steps_is_refused() -> None:
    base = {"schema": "simdc-space/1", "base": "nv_small", "fields": {"units.conv.rate_per_cycle": [64, 128]}}
    space = read_space(base, "space.json", lambda name: simdc.load_machine(name or "nv_small")).space
    network = simdc.load("lenet5").training_step()
    choice = NetworkChoice("lenet5", "training", lambda machine: network.workload(machine, "nvdla"))
    with pytest.raises(simdc.SimdcError, match="'nvdla' prices forward layers only"):
        Exploration(space, [choice], "nvdla")


MIN = "units.conv.min_run_cycles=64"


def test_a_longest_run_below_the_shortest_is_as_long() -> None:
    low, equal = (priced(convolution(), on=machine(f"units.conv.max_run_cycles={run}", MIN)) for run in (1, 64))
    assert low == equal


def test_twice_the_most_that_a_field_holds_is_no_more() -> None:
    model, fast = NvdlaModel(), machine(f"memories.dram.read_bits_per_cycle={10**20}")
    kernel = convolution()
    assert model.analyse(kernel, model.greedy(kernel, fast), fast).relieved[1].name == "dram"
