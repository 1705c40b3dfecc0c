"""Picked rows: what they move, counted by hand; what is refused; how the gradient of a shared table is put together."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from xdsl.utils.exceptions import VerifyException

from simdc.backends.execute import execute
from simdc.cost import ExactModel, Tiling
from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.gather import GatherOp, ScatterAddOp
from simdc.ir.ops.update import UpdateOp
from simdc.passes.pipeline import lowering_passes, run_pipeline
from tests.backends.execute.token_networks import tied
from tests.backends.execute.training import derived
from tests.ir.ops.schedules import check_schedules
from tests.ir.tensors import stored_as, tensor

HI3 = load_hardware("HI3")


def whole(program: VectorProgram) -> Tiling:
    return Tiling(tuple(program.bounds), tuple(program.bounds.values()))


def test_an_embedding_by_hand() -> None:
    """128 rows of 768 elements. Loaded are 128 numbers of 32 bits (4,096 bits, 8 cycles at 512 bits each) and 98,304
    elements of 8 bits (1,536 cycles); stored as many of 32 bits (6,144 cycles). 64 lanes take 12 vectors a row, 1,536
    instructions of one cycle, after 5 + 63 cycles of filling. The table of 30,522 rows is not moved."""
    op = stored_as(32, GatherOp("embed", tensor(30522, 768, bits=8), tensor(1, 128)))
    cost = ExactModel().evaluate(op.kernel(), whole(op.kernel()), HI3)
    assert cost.cycles == (1536 + 5 + 63, 8 + 1536 + 6144)
    assert sum(cost.cycles) == 9284 + 8
    assert cost.dram_bits.ifmap == 128 * 32 + 128 * 768 * 8
    assert cost.dram_bits.ofmap == 128 * 768 * 32
    assert dict(cost.ops) == {"move": 128 * 768}


def test_the_gradient_by_hand() -> None:
    """4 rows of 64 into a table of 10: its 640 elements are zeroed and stored; then 4 numbers, 256 elements of the
    gradient and 256 of the table are loaded, and 256 are stored. Into a gradient that is there, nothing is zeroed."""
    ids, gradient = tensor(4), tensor(4, 64)
    alone = ScatterAddOp("g", ids, gradient, size=10).kernel()
    cost = ExactModel().evaluate(alone, whole(alone), HI3)
    assert cost.dram_bits.ifmap == (4 + 256 + 256) * 32
    assert cost.dram_bits.ofmap == (640 + 256) * 32
    assert dict(cost.ops) == {"add": 256, "move": 640}
    into = ScatterAddOp("g", ids, gradient, tensor(10, 64), size=10).kernel()
    cost = ExactModel().evaluate(into, whole(into), HI3)
    assert cost.dram_bits.ofmap == 256 * 32
    assert dict(cost.ops) == {"add": 256}


def drawn(random: Random) -> VectorProgram:
    outer, row = ([random.randint(1, 7) for _ in range(random.randint(0, 2))] for _ in range(2))
    ids, size = tensor(*(random.randint(1, 6) for _ in range(random.randint(1, 2)))), random.randint(1, 9)
    table = tensor(*outer, size, *row)
    op = GatherOp("g", table, ids, axis=len(outer))
    if random.random() < 0.4:
        return op.kernel()
    base = table if random.random() < 0.5 else None
    return ScatterAddOp("s", ids, op.result, base, axis=len(outer), size=size).kernel()


def test_random_schedules() -> None:
    check_schedules(drawn, 600)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GatherOp("g", tensor(3, 4), tensor(2), axis=2), r"no dimension 2 in shape \[3, 4\]"),
        (
            lambda: ScatterAddOp("s", tensor(2), tensor(3, 4), size=9),
            "gradient of rows .* at dimension 0 has shape",
        ),
        (lambda: ScatterAddOp("s", tensor(2), tensor(2, 4), size=0), "size must be positive, got 0"),
        (
            lambda: ScatterAddOp("s", tensor(2), tensor(2, 4), tensor(8, 4), size=9),
            r"rows of shape \[9, 4\] are added to \[8, 4\]",
        ),
    ],
)
def test_what_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        make()


@pytest.mark.parametrize(("number", "shown"), [(3.0, "3"), (-4.0, "-4"), (0.5, "0.5")])
def test_a_number_that_names_no_row(number: float, shown: str) -> None:
    module = parse_dsl('network n(x: 2) { return embed(x, 3, 2, name="table") }', "n.dsl", 1)
    table = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    (rows,) = execute(module, {"x": [[-1.0, 0.0]]}, {"table.weight": table}).returned
    assert rows.tolist() == [[table[2], table[0]]]
    with pytest.raises(SimdcError, match=f"asks for number {shown}; there are 0 to 2"):
        execute(module, {"x": [[0.0, number]]}, {"table.weight": table})


def test_widths() -> None:
    """A learnt table has the width of weights, what is gathered and the numbers that of the SIMD array; so has a table
    that is data."""
    text = 'network n(ids: 6, t: 9) { x = embed(ids, 50, 8, name="e"); return gather(t, ids, axis=1, name="g"), x }'
    module = parse_dsl(text.replace("; ", "\n"), "n.dsl", 1)
    set_hardware(module, HI3)
    run_pipeline(module, lowering_passes("exact"))
    layers = {op.layer.data: op for op in network_of(module).layers()}
    bits = {name: [str(value.type).split("x")[-1] for value in op.operands] for name, op in layers.items()}
    assert bits == {"e": ["i8>", "i32>"], "g": ["i32>", "i32>"]}
    assert str(layers["e"].results[0].type).endswith("i32>")


def test_a_shared_table_gets_rows_added_into_its_gradient() -> None:
    """The weight gradient of the last layer takes the rows: no zeros, no addition of whole tables."""
    for again, rows in ((False, ["embed"]), (True, ["embed2", "embed"])):
        module = derived(tied(again=again))
        layers = list(network_of(module).layers())
        added = [op for op in layers if isinstance(op, ScatterAddOp)]
        assert [op.layer.data for op in added] == [f"{name}.grad_table" for name in rows]
        assert all(op.phase is not None and op.phase.data == "weight_gradient" for op in added)
        before = next(op for op in layers if op.layer.data == "head.grad_weight").results[0]
        for op in added:
            assert op.base is before
            before = op.result
        (update,) = [op for op in layers if isinstance(op, UpdateOp)]
        assert update.operands[1] is before
        assert not [op for op in layers if "grad_sum" in op.layer.data and "table" in op.layer.data]


def test_two_lookups_of_one_table() -> None:
    """The first stores zeros, the second adds to what the first left."""
    text = "network n(x: 3x4) {{ ids = argmax(x, axis=1)\n return {} }}"
    module = parse_dsl(text.format("embed(ids, 3, 2)"), "n.dsl", 1)
    network = network_of(module)
    first = next(op for op in network.layers() if isinstance(op, GatherOp))
    second = GatherOp("again", first.table, first.ids)
    network.body.block.insert_op_after(second, first)
    last = network.body.block.last_op
    assert last is not None
    last.operands = [first.result, second.result]
    added = [op for op in network_of(derived(module, loss=("mse",))).layers() if isinstance(op, ScatterAddOp)]
    assert [op.base for op in added] == [None, added[0].result]


def test_a_gradient_that_others_read_is_not_written_over() -> None:
    """The table is added to as it is, too: that gradient is also the other side's."""
    text = 'network n(x: 3x4) { ids = argmax(x, axis=1)\n return fc(reshape(embed(ids, 3, 2, name="e"), [8]), 3) }'
    module = parse_dsl(text, "n.dsl", 1)
    network = network_of(module)
    gathered = next(op for op in network.layers() if isinstance(op, GatherOp))
    last = network.body.block.last_op
    assert last is not None
    last.operands = [*last.operands, gathered.table]
    step = derived(module, loss=("mse",))
    (added,) = [op for op in network_of(step).layers() if isinstance(op, ScatterAddOp)]
    assert added.base is None
    (total,) = [op for op in network_of(step).layers() if op.layer.data == "e.weight.grad_sum"]
    assert total.phase is not None
    assert total.phase.data == "weight_gradient"
