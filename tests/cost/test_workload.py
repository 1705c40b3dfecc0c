"""Layers priced together: each distinct kernel once."""

from __future__ import annotations

import pickle
from copy import deepcopy

import pytest

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling, TilingError, Uncosted, load_model, with_field
from simdc.cost.forms import only
from simdc.cost.model_table import MODELS
from simdc.cost.nvdla import NvdlaModel
from simdc.cost.nvdla_sheet import NvdlaSheetModel
from simdc.cost.roofline import RooflineModel
from simdc.cost.simdit import SimditModel
from simdc.cost.workload import LayerCost, Workload
from simdc.ir.ops.relu import ReluOp
from tests.cost.machines import row_convolution, small_machine
from tests.ir.tensors import tensor


class Recording(ExactModel):
    """Counts what it is asked; knows no relu."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Kernel] = []

    def default(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        if kernel.kind == "relu":
            raise Uncosted("no relu here")
        return super().default(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        self.asked.append(kernel)
        return super().evaluate(kernel, tiling, hardware)


def test_each_distinct_kernel_is_priced_once_and_reported_by_name() -> None:
    small, large, relu = row_convolution(ow=4), row_convolution(ow=9), ReluOp("r", tensor(1, 4)).kernel()
    names = ["a", "b", "r", "a again", "b again"]
    workload = Workload(zip(names, map(only, [small, large, relu, row_convolution(ow=4), large]), strict=True))
    assert workload.kernels == (small, large, relu)

    model, machine = Recording(), small_machine()
    layers = workload.price(model, machine)
    assert model.asked == [small, large]
    assert [layer.name for layer in layers] == names
    assert [layer.kernel for layer in layers] == [small, large, relu, small, large]
    for layer in layers:
        if layer.kernel == relu:
            assert (layer.tiling, layer.cost, layer.reason) == (None, None, "no relu here")
            continue
        assert layer.tiling == ExactModel().default(layer.kernel, machine)
        assert layer.tiling is not None
        assert (layer.cost, layer.reason) == (ExactModel().evaluate(layer.kernel, layer.tiling, machine), "")


def test_a_machine_that_is_too_small() -> None:
    workload = Workload([("c", only(row_convolution(ic=2, oc=2)))])
    with pytest.raises(TilingError, match="weight buffer") as caught:
        workload.price(ExactModel(), small_machine(buffers=(62, 1000, 1000, 1000)))
    # 2 x 2 weights of 8 bits, in half of the buffer.
    assert caught.value.need == ("weight buffer", "systolic.buffers.weight_bits", 32, 31)
    assert (caught.value.buffer, caught.value.layer) == ("weight buffer", "c")
    # The same workload is fine on the next machine.
    assert workload.price(ExactModel(), small_machine())[0].cost is not None


def test_models_by_name() -> None:
    classes = {
        "exact": ExactModel,
        "simdit": SimditModel,
        "roofline": RooflineModel,
        "nvdla": NvdlaModel,
        "nvdla-sheet": NvdlaSheetModel,
    }
    assert {name: type(load_model(name)) for name in MODELS} == classes
    assert all(load_model(name, "training").name == name for name in MODELS)
    with pytest.raises(KeyError):
        load_model("absent")


def test_a_layer_is_shown_in_short() -> None:
    kernel = row_convolution(ic=3, oc=3, ow=6)
    tiling = ExactModel().default(kernel, small_machine())
    cost = ExactModel().evaluate(kernel, tiling, small_machine())
    assert repr(LayerCost("c", kernel, tiling, cost)) == f"<c: {kernel.kind}, {cost.cycles.total:,} cycles>"
    assert repr(LayerCost("c", kernel, None, None, "too odd")) == f"<c: {kernel.kind}, not costed: too odd>"


@pytest.mark.parametrize("stores_padding", [True, False])
def test_the_cycles_of_all_layers_are_the_sum_of_theirs(stores_padding: bool) -> None:
    """Whether the core prices all of them in one call, or the classes one by one, where borders are clipped."""
    machine = with_field(small_machine(), "stores_padding", stores_padding)
    layers = [(f"conv{number}", only(row_convolution(ow=width, oc=4))) for number, width in enumerate((12, 6, 12, 12))]
    priced = Workload(layers).price(ExactModel(), machine)
    assert priced.cycles == sum(layer.cost.cycles.total for layer in priced if layer.cost is not None) > 0


def test_a_workload_that_has_been_priced_can_be_copied_and_sent() -> None:
    machine = small_machine()
    workload = Workload([("conv", only(row_convolution(ow=6, oc=4)))])
    priced = workload.price(ExactModel(), machine)
    for other in (deepcopy(workload), pickle.loads(pickle.dumps(workload))):
        assert other.price(ExactModel(), machine) == priced
