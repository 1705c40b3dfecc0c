"""A cost model that is wrong is found out, and the words say where."""

from __future__ import annotations

import pytest

from simdc.backends.verify import Difference, Verdict, distinct, verify_layer, verify_layers
from simdc.backends.verify import layer as limits
from simdc.cost import ExactModel
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.model import CostModel
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.frozen import evolve
from tests.backends.execute.test_tiled import TINY, row_sums, window_sum
from tests.backends.verify.wrong_models import Careless, Lenient, NoEdges, OffBy
from tests.cost.machines import pencil_layer

NUMBERS = {
    "conv2d": [
        "dram_bits.weight",
        "dram_bits.ifmap",
        "dram_bits.psum",
        "dram_bits.ofmap",
        "dram_bits.bias",
        "sram_bits.wbuf",
        "sram_bits.ibuf",
        "sram_bits.obuf",
        "sram_bits.bbuf",
        "sram_bits.vmem",
        "ops.mac",
        "ops.mac_executed",
        "busy.compute",
        "busy.weight_port",
        "busy.ifmap_port",
        "busy.psum_port",
        "cycles.compute",
        "cycles.stall",
    ],
    "row_sums": [
        "dram_bits.ifmap",
        "dram_bits.ofmap",
        "sram_bits.vmem",
        "sram_bits.imm",
        "sram_bits.insmem",
        "ops.add",
        "ops.mul",
        "busy.compute",
        "busy.simd_port",
        "cycles.compute",
        "cycles.stall",
    ],
}
CASES = {"conv2d": pencil_layer(), "row_sums": (row_sums(), Tiling(("c", "w"), (1, 2)))}


def difference(kind: str, model: CostModel, hardware: Hardware = TINY) -> Difference:
    found = verify_layer(*CASES[kind], hardware, model).difference
    assert found is not None
    return found


@pytest.mark.parametrize("kind", CASES)
def test_the_exact_model_agrees(kind: str) -> None:
    found = verify_layer(*CASES[kind], TINY, ExactModel())
    assert found.difference is None
    assert (found.tiles, found.simulated, found.executed) == (4, 4, 4)
    assert not found.counts_scaled
    assert not found.data_scaled
    assert found.elements == {"conv2d": 8, "row_sums": 2}[kind]


@pytest.mark.parametrize(("kind", "what"), [(kind, what) for kind, names in NUMBERS.items() for what in names])
@pytest.mark.parametrize("by", [1, -1])
def test_every_number_is_compared(kind: str, what: str, by: int) -> None:
    found = difference(kind, OffBy(what, by, kind))
    assert found.what == what
    assert found.kind == ("cycles" if what.startswith(("cycles", "busy")) else "counts")
    assert int(found.got.replace(",", "")) == int(found.expected.replace(",", "")) + by


def test_a_wrong_count_names_operand_tile_and_numbers() -> None:
    found = difference("conv2d", OffBy("dram_bits.psum", -128, "conv2d"))
    # By hand (docs/architecture.md): 4 tiles of 2 pixels, psums of 128 bits stored twice and loaded twice. The smallest
    # part that differs has one tile: it stores ofmap only, and the model makes its psums 0 - 128.
    assert found == Difference(
        kind="counts",
        what="dram_bits.psum",
        operand="psum",
        tile="",
        expected="0",
        got="-128",
        schedule="the first oc = 2, ic = 2, oh = 2 of it, where the model already differs by itself",
        detail="no tile adds to dram_bits.psum",
    )
    assert str(found).startswith("counts: dram_bits.psum, operand psum: expected 0, got -128\n  in: the first oc = 2")


def line(pixels: int) -> tuple[Contraction, Tiling]:
    """One channel of `pixels` in tiles of 4: weights stay, 4 bytes in and 4 words out."""
    oc, ic, oh = affine("oc"), affine("ic"), affine("oh")
    kernel = Contraction(
        "conv2d",
        (Loop("oc", 2), Loop("ic", 2), Loop("oh", pixels)),
        Operand("ifmap", 8, (2, pixels), (ic, oh)),
        Operand("weight", 8, (2, 2), (oc, ic)),
        Operand("psum", 32, (2, pixels), (oc, oh)),
        32,
    )
    return kernel, Tiling(("oc", "ic", "oh"), (2, 2, 4))


def test_a_model_that_knows_no_smaller_last_tile() -> None:
    found = verify_layer(*line(11), TINY, NoEdges("oh")).difference
    # One tile of 3 pixels shows it: 3 x 2 x 8 = 48 bits of ifmap, the model says 4 x 2 x 8 = 64.
    assert found == Difference(
        kind="counts",
        what="dram_bits.ifmap",
        operand="ifmap",
        tile="oc 0, ic 0, oh 0",
        expected="48",
        got="64",
        schedule="the first oc = 2, ic = 2, oh = 3 of it, where the model already differs by itself",
        detail="this is the last tile that adds to it; the model counts 16 more",
    )


class Forgetful(OffBy):
    """Forgets `by` where there are at least three tiles."""

    def evaluate(self, kernel, tiling, hardware):
        few = loop_bounds(kernel)["oh"] <= 8
        return ExactModel().evaluate(kernel, tiling, hardware) if few else super().evaluate(kernel, tiling, hardware)


def test_the_tile_at_which_the_running_sum_leaves_the_model_behind() -> None:
    found = verify_layer(*line(40), TINY, Forgetful("dram_bits.ifmap", -64, "conv2d")).difference
    assert found is not None
    # Tiles of 4 pixels carry 4 x 2 x 8 = 64 bits; three of them are 192, of which the model has 128.
    assert (found.tile, found.expected, found.got) == ("oc 0, ic 0, oh 2", "192", "128")
    assert found.schedule.startswith("the first oc = 2, ic = 2, oh = 12 of it")
    assert found.detail == (
        "this tile, number 3, adds 64 and makes it 192, beyond the model's total; it loads 64 bits of ifmap, "
        "stores 256 bits of ofmap"
    )


def test_a_wrong_cycle_names_the_tile() -> None:
    found = difference("row_sums", OffBy("cycles.compute", -1, "row_sums"))
    assert (found.kind, found.what, found.tile) == ("cycles", "cycles.compute", "c 0, w 0")


def test_a_buffer_that_the_model_forgot() -> None:
    # A weight tile of 2 x 2 x 8 bits in half a buffer of 62.
    buffers = evolve(TINY.systolic.buffers, weight_bits=62)
    found = difference("conv2d", Lenient(), evolve(TINY, systolic=evolve(TINY.systolic, buffers=buffers)))
    assert (found.kind, found.operand, found.tile) == ("buffer", "weight", "oc 0, ic 0, oh 0")
    assert (found.expected, found.got) == ("at most 31 bits of its buffer at a time", "a tile of 32 bits")


def test_a_tiling_that_the_model_refuses() -> None:
    found = difference("row_sums", ExactModel(), evolve(TINY, simd=evolve(TINY.simd, vmem_bits=16)))
    assert found.kind == "refused"
    assert "the vector memory needs" in found.got


def test_wrong_data_names_element_and_tile() -> None:
    found = verify_layer(row_sums(at="start"), Tiling(("c", "w"), (2, 2)), TINY, ExactModel()).difference
    assert found is not None
    assert (found.kind, found.operand) == ("data", "y")
    assert found.what in ("element [0]", "element [1]")
    assert found.tile == "c 0, w 1, which wrote it last"


def test_data_that_is_not_on_chip_names_tile_and_element() -> None:
    found = verify_layer(window_sum(6, 3, views=True), Tiling(("c", "k"), (2, 1)), TINY, Careless()).difference
    assert found is not None
    assert (found.kind, found.operand, found.tile) == ("access", "x.center", "c 0, k 2")
    assert found.got == "an access to element 0"


def test_a_large_layer_is_scaled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, tiling = line(40_000)
    found = verify_layer(kernel, tiling, TINY, ExactModel())
    words = "scaled from oc 2, ic 2, oh 40000 in tiles of 4 to oc 2, ic 2, oh 8 in tiles of 2, on 2 x 2 PEs"
    assert found == Verdict(
        tiles=10_000,
        simulated=10_004,
        executed=4,
        elements=16,
        counts_scaled=False,
        data_scaled=True,
        scaled=words,
        difference=None,
    )
    monkeypatch.setattr(limits, "MOST_TILES_PLAYED", 9_999)
    found = verify_layer(kernel, tiling, TINY, ExactModel())
    assert found.counts_scaled
    assert (found.tiles, found.simulated) == (10_000, 4)
    wrong = verify_layer(kernel, tiling, TINY, OffBy("dram_bits.ifmap", 1, "conv2d")).difference
    assert wrong is not None
    assert wrong.schedule.startswith(words + "; the first ")


def test_layers_alike_are_checked_once() -> None:
    one, other = CASES["conv2d"], CASES["row_sums"]
    layers = [("a", *one), ("b", *other), ("c", *one)]
    assert list(distinct(layers).values()) == [("a", "c"), ("b",)]
    found = list(verify_layers(layers, OffBy("cycles.stall", 1, "row_sums"), TINY))
    assert [(layer.names, layer.verdict.difference is None) for layer in found] == [(("a", "c"), True), (("b",), False)]
