"""One op of each kind is asked for all, and none for one of another kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import pytest
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, f32, i8, i16
from xdsl.ir import Attribute, Block, Operation
from xdsl.irdl import irdl_op_definition, operand_def, result_def, traits_def
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from simdc.backends.report import make_report
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir import once_per_kind
from simdc.ir.base import OF_PRICES, TENSOR, LayerOp, make_tensor_type, shape_of
from simdc.ir.context import first_invalid, forms_of, kernel_of, kernels_of, set_hardware
from simdc.ir.fields import whole, whole_list, word
from simdc.ir.network import network_of
from simdc.ir.once_per_kind import LooksAround, OncePerKind
from simdc.ir.ops.activation.piecewise import LeakyReluOp
from simdc.ir.ops.fused import FusedOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp
from simdc.ir.stretch import DERIVED
from simdc.passes.pipeline import default_passes, lowering_passes, run_pipeline, training_passes
from tests.ir.networks import every_op, short_example


@irdl_op_definition
class NeighbourlyOp(LayerOp):
    """Its kernel could follow from the layer before it."""

    name = "test.neighbourly"
    traits = traits_def(LooksAround())

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return shape_of(self.input)

    def kernel(self) -> None:
        return None


def pool(name: str = "p", kind: Attribute | None = None, **given: Sequence[int]) -> MaxPoolOp:
    value = create_ssa_value(kind or make_tensor_type(f32, (2, 4, 9, 9)))
    return MaxPoolOp(name, value, **{"kernel_size": (3, 3), **given})


def with_attribute(name: str, attribute: Attribute) -> MaxPoolOp:
    op = pool()
    op.attributes[name] = attribute
    return op


def in_block(op: MaxPoolOp) -> MaxPoolOp:
    Block().add_op(op)
    return op


def with_result(op: MaxPoolOp) -> MaxPoolOp:
    op.result._type = make_tensor_type(i8, (2, 4, 7, 7))  # pyright: ignore[reportPrivateUsage]
    return op


def asked(*ops: Operation, apart: Collection[str] = ()) -> int:
    """How many of `ops` are asked."""
    seen: list[Operation] = []
    ask = OncePerKind[Operation, None](seen.append, apart=apart)
    for op in ops:
        ask(op)
    return len(seen)


@pytest.mark.parametrize(
    "make",
    [
        pool,
        lambda: with_attribute("folded", ArrayAttr([StringAttr("bn1")])),
        lambda: with_attribute("merged", ArrayAttr([StringAttr("Conv_0")])),
    ],
)
def test_ops_that_differ_in_names_are_asked_once(make: Callable[[], MaxPoolOp]) -> None:
    changed = make()
    changed.properties["layer"] = StringAttr("q")
    assert asked(make(), changed) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: ReluOp("p", create_ssa_value(make_tensor_type(f32, (2, 4, 9, 9)))),
        lambda: pool(kind=make_tensor_type(i8, (2, 4, 9, 9))),
        lambda: pool(kind=make_tensor_type(f32, (2, 5, 9, 9))),
        lambda: pool(kernel_size=(3, 2)),
        lambda: pool(stride=(2, 1)),
        lambda: with_attribute("accumulator", whole(16)),
        lambda: with_attribute("kernel_size", whole(3)),
        lambda: in_block(pool()),
        lambda: with_result(pool()),
    ],
)
def test_ops_of_other_kinds_are_asked_each(make: Callable[[], Operation]) -> None:
    assert asked(pool(), make()) == 2
    assert asked(pool(), make(), pool(), pool("q")) == 2


def test_what_stands_apart_may_be_anything() -> None:
    other = with_attribute("search", StringAttr("a"))
    assert asked(pool(), other, with_attribute("search", StringAttr("b")), apart=("search",)) == 1
    assert asked(pool(), other, with_attribute("form", StringAttr("a")), apart=("search",)) == 2


def test_what_holds_other_layers_or_looks_at_them_is_asked_itself() -> None:
    value = create_ssa_value(make_tensor_type(f32, (2, 4)))
    assert asked(ReluOp("a", value), ReluOp("b", value)) == 1
    assert asked(NeighbourlyOp("a", value), NeighbourlyOp("b", value)) == 2
    relu = ReluOp("r", value)
    Block().add_op(relu)
    fused = FusedOp("f", [relu])
    assert asked(fused, fused) == 2


def test_what_has_gone_is_not_taken_for_what_came_in_its_place() -> None:
    """Attributes are told apart by their identity, and Python gives that of one that is gone to the next."""
    answer = OncePerKind[MaxPoolOp, Attribute](lambda op: op.attributes["form"])
    for number in range(500):
        op = with_attribute("form", StringAttr(str(number)))
        assert answer(op) == StringAttr(str(number))
        op.attributes.clear()


def test_only_so_many_kinds_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_per_kind, "MOST_KINDS", 2)
    ops = [with_attribute("accumulator", whole(bits)) for bits in (8, 16, 32)]
    # 8, 16, then 32 in their place.
    assert asked(*ops[:2], *ops[:2]) == 2
    assert asked(*ops, *ops[:2]) == 5


def test_errors_are_each_ones_own() -> None:
    def refuse(op: MaxPoolOp) -> None:
        raise VerifyException(op.layer.data)

    ask = OncePerKind(refuse)
    for name in ("p", "q"):
        with pytest.raises(VerifyException, match=f"^{name}$"):
            ask(pool(name))


def test_a_zero_with_a_sign_stays_one() -> None:
    value = create_ssa_value(make_tensor_type(f32, (2, 4)))
    alphas = [LeakyReluOp("l", value, alpha=alpha).alpha.value.data for alpha in (0.0, -0.0, 0.0, 0, -0.0)]
    assert [str(alpha) for alpha in alphas] == ["0.0", "-0.0", "0.0", "0.0", "-0.0"]


TEN = "network n(x: 4x9x9) { repeat 10 { x = maxpool(x, 3, pad=1, stride=1) } return x }"


def broken(module: ModuleOp, change: Callable[[LayerOp], object]) -> str:
    """What is wrong once `change` was done to the seventh of ten layers alike."""
    layers = list(network_of(module).layers())
    assert first_invalid(module) is None
    change(layers[6])
    error = first_invalid(module)
    assert error is not None
    return error.message


def test_the_one_that_is_wrong_among_many_alike_is_found() -> None:
    def changed(change: Callable[[LayerOp], object]) -> str:
        return broken(parse_dsl(TEN, "ten.dsl", 2), change)

    named = "simdc.max_pool 'maxpool7': "
    assert changed(lambda op: op.properties.update(kernel_size=word("x"))).startswith(named)
    assert changed(lambda op: op.properties.update(layer=whole(7))).startswith("simdc.max_pool: ")
    assert changed(lambda op: op.attributes.update(folded=whole(7))).startswith(named)
    assert changed(lambda op: op.attributes.update(form=word("lanes"))).startswith(f"{named}has no form 'lanes'")
    wrong = make_tensor_type(f32, (2, 4, 9, 8))
    # The next layer, which reads it, comes later.
    retype = changed(lambda op: setattr(op.results[0], "_type", wrong))
    assert retype.startswith(f"{named}result has shape [2, 4, 9, 8], expected [2, 4, 9, 9]")


@pytest.mark.parametrize("machine", ["HI1", "HT3"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "bert_base", "every op"])
def test_networks_are_what_each_of_their_layers_is(name: str, training: bool, machine: str) -> None:
    module = every_op() if name == "every op" else short_example(name, 2)
    if training and name == "every op":
        pytest.skip("not everything can be trained")
    hardware = load_hardware(machine)
    set_hardware(module, hardware)
    run_pipeline(module, (*(training_passes("sgd") if training else ()), *lowering_passes("exact")), verify=False)
    forms, kernels = OncePerKind[LayerOp, object](lambda op: forms_of(op, hardware)), OncePerKind(kernel_of)
    layers = list(network_of(module).layers())
    assert [forms(op) for op in layers] == [forms_of(op, hardware) for op in layers]
    assert [kernels(op) for op in layers] == [kernel_of(op) for op in layers]
    assert len({id(forms(op)) for op in layers}) < len(layers)


def priced_ten(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleOp, list[MaxPoolOp]]:
    """Ten layers alike with their prices, and those of them whose kernel was asked for, and will be."""
    module, seen, kernel = parse_dsl(TEN, "ten.dsl", 2), list[MaxPoolOp](), MaxPoolOp.kernel

    def counted(op: MaxPoolOp) -> object:
        seen.append(op)
        return kernel(op)

    monkeypatch.setattr(MaxPoolOp, "kernel", counted)
    set_hardware(module, load_hardware("HI1"))
    run_pipeline(module, default_passes("exact"), verify=False)
    return module, seen


def test_kernels_are_kept_from_pass_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    module, seen = priced_ten(monkeypatch)
    network = network_of(module)
    # The first input has no one who made it. One of two kinds when it is tiled; priced and reported, no other.
    tiled = [op for op in seen if op.accumulator is not None]
    assert len(tiled) == 2
    make_report(module)
    kernels = kernels_of(network)
    assert [kernels(op) for op in network.layers()] == [kernels(tiled[0])] + [kernels(tiled[1])] * 9
    assert len(seen) == 2
    # What prices say may go: no kernel follows from it.
    for op in network.layers():
        for name in OF_PRICES:
            op.attributes.pop(name, None)
    assert [kernels(op) for op in network.layers()] == [kernel_of(op) for op in network.layers()]
    assert len(seen) == 2 + 10


@pytest.mark.parametrize(
    "change",
    [
        lambda op: op.properties.update(padding=whole_list((0, 0, 0, 0))),
        lambda op: op.attributes.update(channels=whole(-1)),
        lambda op: setattr(op.operands[0], "_type", make_tensor_type(f32, (3, 4, 9, 9))),
        lambda op: setattr(op.results[0], "_type", make_tensor_type(i16, (2, 4, 9, 9))),
    ],
)
def test_a_layer_that_changed_has_a_kernel_of_its_own(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[LayerOp], object]
) -> None:
    module, _ = priced_ten(monkeypatch)
    op = list(network_of(module).layers())[6]
    before = kernels_of(network_of(module))(op)
    change(op)
    after = kernels_of(network_of(module))(op)
    assert after == kernel_of(op)
    assert after != before


def test_what_stands_apart_are_attributes_of_layers() -> None:
    assert set(OF_PRICES) < set(DERIVED) < set(ReluOp.get_irdl_definition().attributes)


def test_kernels_are_of_one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = priced_ten(monkeypatch)
    network = network_of(module)
    assert kernels_of(network) is kernels_of(network) is not kernels_of(network_of(module.clone()))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["mobilenet_v2", "bert_base"])
def test_kept_kernels_are_those_of_the_layers(name: str, training: bool) -> None:
    module = short_example(name, 2)
    set_hardware(module, load_hardware("HT3"))
    passes = (*(training_passes("sgd") if training else ()), *default_passes("exact"))
    compared: list[str] = []

    def compare(done: ModulePass) -> None:
        network = network_of(module)
        kernels = kernels_of(network)
        assert [kernels(op) for op in network.layers()] == [kernel_of(op) for op in network.layers()]
        compared.append(done.name)

    run_pipeline(module, passes, verify=False, after=compare)
    assert compared == [each.name for each in passes]
