"""Explanations of layers: what each change makes of a layer is what pricing it on that machine gives."""

from __future__ import annotations

import pytest

import simdc
from simdc.cost import ExactModel, Hardware, Kernel, Tiling, TilingError
from simdc.cost.account import CyclePart
from simdc.cost.forms import only
from simdc.cost.machines import AnyMachine
from simdc.cost.model_table import load_model
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.diagnosis import Explanation, Remedy, explain
from simdc.diagnosis.engine import tiles_of
from simdc.diagnosis.growth import able, growable, is_memory
from simdc.frontends.hardware_file import change_hardware
from simdc.frozen import evolve
from tests.cost.exact.test_fused import machine as fusing
from tests.cost.exact.test_fused import small_attention
from tests.cost.machines import row_convolution, schedule, small_machine

EXACT = ExactModel()
MACHINE = small_machine(buffers=(256, 256, 512, 64), ports=(8, 8, 4))


def whole(kernel: Kernel, hardware: AnyMachine) -> Tiling:
    """All loops in one tile, of a machine that has the room; else along the image in tiles of 2."""
    assert isinstance(hardware, Hardware)
    for size in (8, 4, 2):
        tiling = schedule("oc kw ic ow", oc=2, ic=4, ow=size)
        try:
            EXACT.evaluate(kernel, tiling, hardware)
        except TilingError:
            continue
        return tiling
    raise AssertionError("too small")


def explained(hardware: Hardware = MACHINE) -> Explanation:
    kernel = row_convolution(ic=4, oc=2, ow=8)
    return explain(lambda _: only(kernel), "", whole(kernel, hardware), EXACT, hardware, whole)


def by_setting(explanation: Explanation) -> dict[str, Remedy]:
    return {remedy.setting: remedy for remedy in explanation.remedies if remedy.kind == "machine"}


def test_by_hand() -> None:
    """4 input and 2 output channels, 8 pixels, 2 x 2 PEs. The ifmap buffer takes 128 bits at a time, 4 pixels of 4
    bytes; the psum buffer 256, 4 pixels of 2 sums. Two tiles with 8 steps and 2 of fill. Loads of 16, twice, the second
    beside the first tile: 6 of wait; results of 16, the first beside the second tile: 6 of wait. Together
    16 + 16 + 16 + 16 = 64."""
    found = explained()
    assert found.tiling.as_dict()["ow"] == 4
    assert found.cost.cycles == (20, 44)
    waits = CyclePart("wait", 6, "ifmap_port"), CyclePart("wait", 6, "psum_port")
    assert found.parts == (
        CyclePart("steps", 16),
        CyclePart("fill", 4),
        CyclePart("first load", 16),
        *waits,
        CyclePart("last store", 16),
    )
    tried = by_setting(found)
    # Ports twice as wide: 8 for 16. Ifmap: 8 of weights are as long: 8 + 10 + 16 + 16. Results: 16 + 16 + 10 + 8.
    assert tried["systolic.bandwidths.ifmap_bits_per_cycle=16"].cost.cycles.total == 8 + 10 + 16 + 16
    assert tried["systolic.bandwidths.psum_bits_per_cycle=8"].cost.cycles.total == 16 + 16 + 10 + 8
    assert tried["systolic.bandwidths.weight_bits_per_cycle=16"].cost.cycles == found.cost.cycles
    # One tile needs both buffers twice as large: one by itself changes nothing, however large it is.
    assert tried["systolic.buffers.ifmap_bits=512"].cost == found.cost
    assert "systolic.buffers.bias_bits=128" not in tried


def test_every_claim_is_what_the_model_says_of_that_machine() -> None:
    found = explained()
    kernel = row_convolution(ic=4, oc=2, ow=8)
    assert len(by_setting(found)) > 5
    for setting, remedy in by_setting(found).items():
        changed = change_hardware(MACHINE, [setting])
        assert EXACT.evaluate(kernel, remedy.tiling, changed) == remedy.cost, setting
        assert remedy.tiling == whole(kernel, changed)
        assert found.saved(remedy) == 64 - remedy.cost.cycles.total
    totals = [remedy.cost.cycles.total for remedy in found.remedies]
    assert totals == sorted(totals)
    assert all(found.saved(remedy) > 0 for remedy in found.helpful)
    (search,) = [remedy for remedy in found.remedies if remedy.kind == "search"]
    assert search.cost == EXACT.evaluate(kernel, search.tiling, MACHINE)
    assert search.note == "no schedule takes fewer"
    assert found.least <= search.cost.cycles.total


def test_a_larger_memory_is_tried_until_it_helps() -> None:
    """The ifmap buffer of 64 bits takes a pixel's 32 at a time; with 128 bits the tile has 2 pixels, with 256 4."""
    hardware = evolve(
        MACHINE, systolic=evolve(MACHINE.systolic, buffers=evolve(MACHINE.systolic.buffers, ifmap_bits=128))
    )
    tried = by_setting(explained(hardware))
    assert tried["systolic.buffers.ifmap_bits=256"].cost == explained().cost
    assert tried["systolic.buffers.psum_bits=1024"].cost == explained(hardware).cost


def test_a_given_tiling_is_beside_the_models_own() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=8)
    given = schedule("oc kw ic ow", oc=1, ic=1, ow=1)
    found = explain(lambda _: only(kernel), "", given, EXACT, MACHINE, whole)
    (own,) = [remedy for remedy in found.remedies if remedy.kind == "tiling"]
    assert own.cost == EXACT.evaluate(kernel, whole(kernel, MACHINE), MACHINE)


def test_a_searched_layer_is_not_searched_again() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=8)
    found = explain(lambda _: only(kernel), "", whole(kernel, MACHINE), EXACT, MACHINE, whole, searched=True)
    assert {remedy.kind for remedy in found.remedies} == {"machine"}


class Opaque(ExactModel):
    """Takes nothing apart."""

    name = "opaque"

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        return Cost(Cycles(30, 12), DramBits(), SramBits(), (), Busy(30))


def test_a_model_that_knows_no_more_says_so() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=8)
    found = explain(lambda _: only(kernel), "", whole(kernel, MACHINE), Opaque(), MACHINE, whole)
    assert found.parts == (CyclePart("compute", 30), CyclePart("stall", 12))
    assert found.remarks == ("the model opaque tells compute and stall, and no more",)
    assert (found.fills, found.rooms, found.least) == ((), (), 0)


def test_levels_of_a_model_are_its_parts() -> None:
    network, machine = simdc.load("lenet5"), simdc.load_machine("nv_small")
    for spec in ("nvdla", "nvdla{level=3}"):
        found = simdc.explain(network, "fc1+relu1", machine, spec)
        assert sum(part.cycles for part in found.parts) == found.cost.cycles.total
        assert found.parts[0] == CyclePart("level 0: roofline: products and bytes of the layer", 50288)
        assert "level by level" in found.remarks[0]
    assert (
        simdc.explain(network, "fc1+relu1", machine, "nvdla").helpful[0].setting
        == "memories.dram.read_bits_per_cycle=128"
    )
    last = "level 3: the shortest run of pixels"
    assert [part.name for part in found.parts][-1] == last


def test_forms_stand_beside_the_one_that_was_taken() -> None:
    network, machine = simdc.load("mobilenet_v2"), simdc.load_hardware("HI1")
    layer = next(one for one in simdc.evaluate(network, machine) if one.form == "lanes")
    found = simdc.explain(network, layer.name, machine)
    (array,) = [remedy for remedy in found.remedies if remedy.kind == "form"]
    assert (found.form, array.what) == ("lanes", "array")
    assert found.saved(array) < 0
    assert found.cost == layer.cost
    # An array that takes groups side by side has a form more.
    assert by_setting(found)["systolic.group_mapping=packed"].form in ("lanes", "array+packed")


def test_what_is_played_is_left_out_for_many_tiles() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=8)
    tiling = whole(kernel, MACHINE)
    # 8 pixels in tiles of 4, all channels in each: 2 tiles.
    assert tiles_of(kernel, tiling) == 2
    found = {
        most: explain(lambda _: only(kernel), "", tiling, EXACT, MACHINE, whole, most_played=most)
        for most in (None, 2, 1)
    }
    played = {remedy.what for remedy in found[None].remedies} - {remedy.what for remedy in found[1].remedies}
    assert played == {"systolic.buffer_release"}
    assert found[2] == found[None]


def test_fields_that_a_layer_has_to_do_with() -> None:
    (linear, _), (relu, _) = [
        next((one.kernel, one) for one in simdc.evaluate(simdc.load("lenet5"), MACHINE_3) if one.kernel.kind == kind)
        for kind in ("linear", "relu")
    ]
    array, lanes = growable([linear], MACHINE_3, EXACT.rule), growable([relu], MACHINE_3, EXACT.rule)
    assert "systolic.buffers.bias_bits" in array
    assert array["systolic.rows"] == 64
    assert not any(path.startswith("simd.") for path in array)
    assert set(lanes) == {"simd.vmem_bits", "simd.bandwidth_bits_per_cycle", "simd.lanes"}
    assert able([relu], MACHINE_3, EXACT) == {}
    assert able([linear], MACHINE_3, EXACT)["systolic.row_mapping"] == ("channels", "window")
    assert able([linear], MACHINE_3, load_model("simdit")) == {}
    assert (is_memory("simd.vmem_bits"), is_memory("simd.bandwidth_bits_per_cycle"), is_memory("simd.lanes")) == (
        True,
        False,
        False,
    )


MACHINE_3 = simdc.load_hardware("HI3")


def test_products_on_chip_have_both_arrays_and_the_path() -> None:
    kernel, hardware = small_attention(), fusing()
    found = explain(lambda _: only(kernel), "", EXACT.default(kernel, hardware), EXACT, hardware, default)
    assert sum(part.cycles for part in found.parts) == found.cost.cycles.total
    tried = by_setting(found)
    assert found.saved(tried["simd.array_path_bits_per_cycle=32"]) > 0
    assert {"simd.lanes=4", "systolic.rows=4", "systolic.bandwidths.weight_bits_per_cycle=16"} <= set(tried)
    assert "systolic.buffers.bias_bits" not in growable([kernel], hardware, EXACT.rule)


def default(kernel: Kernel, hardware: AnyMachine) -> Tiling:
    assert isinstance(hardware, Hardware)
    return EXACT.default(kernel, hardware)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("conv9", "no layer 'conv9' in lenet5; did you mean 'conv2'?"),
        ("flatten1", "costs nothing"),
    ],
)
def test_layers_without_a_cost_are_refused(name: str, message: str) -> None:
    with pytest.raises(simdc.SimdcError, match=message.replace("?", r"\?")):
        simdc.explain(simdc.load("lenet5"), name, MACHINE_3)
