"""A window whose maximum stands in it several times hands its gradient out once, to the first, however it is cut."""

from itertools import product

import numpy as np
import pytest

from simdc.api import Network, compile
from simdc.backends.execute import execute
from simdc.backends.execute.tiled import run_tiled
from simdc.cost import ExactModel, Tiling, TilingError
from simdc.cost.exact.code import sequence_cycles
from simdc.cost.kernel import VectorProgram
from simdc.cost.tiling import loop_bounds
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolGradOp
from tests.backends.execute.training import derived, random_parameters
from tests.cost.machines import small_machine
from tests.ir.tensors import tensor


def test_first_place_of_each_window_receives() -> None:
    text = "network n(x: 1x2x3) { return maxpool(x, 2, stride=1) -> flatten -> fc(2) }"
    module = derived(parse_dsl(text, "n.dsl", 1), input_grad=True)
    # Two windows over three columns; all six values are equal.
    run = execute(module, {"x": np.full((1, 1, 2, 3), 7.0), "target": [0]}, random_parameters(module, 1))
    name = next(op.layer.data for op in network_of(module).layers() if isinstance(op, MaxPoolGradOp))
    (upstream,) = run.results["flatten1.grad_input"]
    (received,) = run.results[name]
    left, right = upstream[0, 0, 0]
    np.testing.assert_allclose(received[0, 0], [[left, right, 0.0], [0.0, 0.0, 0.0]])


def test_program_takes_five_cycles_a_place() -> None:
    text = "network n(x: 1x4x4) { return maxpool(x, 2) -> flatten -> fc(2) }"
    module = derived(parse_dsl(text, "n.dsl", 1), input_grad=True)
    op = next(op for op in network_of(module).layers() if isinstance(op, MaxPoolGradOp))
    kernel = op.kernel()
    assert isinstance(kernel, VectorProgram)
    begin, place = kernel.nests[0].blocks
    simd = load_hardware("HT1").simd
    # conditional_move 1; add waits for it, 1 + 2; sub needs nothing of the one before it, 1.
    assert sequence_cycles(place, simd) == 1 + 3 + 1
    assert sequence_cycles(begin, simd) == 1


def gradient_of_one_window(rows: int, columns: int) -> VectorProgram:
    pool = GlobalMaxPoolOp("pool", tensor(1, 2, rows, columns))
    kernel = MaxPoolGradOp.of("back", pool, tensor(1, 2, 1, 1)).kernel()
    assert isinstance(kernel, VectorProgram)
    return kernel


def test_rows_may_be_cut_and_columns_not() -> None:
    """In tiles of 2 x 2 the second row of the first tile would come before the third column of the first row."""
    kernel = gradient_of_one_window(4, 3)
    for order in (("c", "n", "oh", "ow", "kh", "kw"), ("kw", "ow", "oh", "n", "c", "kh")):
        for rows, columns in product((1, 2, 3, 4), (1, 2, 3)):
            sizes = loop_bounds(kernel) | {"kh": rows, "kw": columns}
            tiling = Tiling(order, tuple(sizes[loop] for loop in order))
            if columns < 3:
                with pytest.raises(TilingError, match=r"'left' is updated row by row, .* so loop 'kw' cannot be cut"):
                    ExactModel().evaluate(kernel, tiling, small_machine())
                continue
            ExactModel().evaluate(kernel, tiling, small_machine())
            # The maximum stands at [0, 2] and [1, 0], in this order.
            x = np.zeros((1, 2, 4, 3))
            x[:, :, 0, 2] = x[:, :, 1, 0] = 5.0
            given = {"x": x, "y": np.full((1, 2, 1, 1), 5.0), "gradient": np.ones((1, 2, 1, 1))}
            dx = run_tiled(kernel, tiling, small_machine(), given).arrays["dx"]
            assert np.argwhere(dx[0, 0]).tolist() == [[0, 2]]


def test_a_window_of_one_row_may_be_cut_along_it() -> None:
    kernel = gradient_of_one_window(1, 6)
    bounds = loop_bounds(kernel) | {"kw": 2}
    ExactModel().evaluate(kernel, Tiling(tuple(bounds), tuple(bounds.values())), small_machine())


def test_greedy_leaves_columns_whole() -> None:
    """A row of the window for one vector is 2 lanes x 5 columns of x and of dx; y, gradient, left, part: 4 vectors."""
    kernel = gradient_of_one_window(9, 5)
    machine = small_machine(vmem_bits=(2 * 5 + 4) * 2 * 32)
    tiling = ExactModel().greedy(kernel, machine)
    assert (tiling.as_dict()["kh"], tiling.as_dict()["kw"]) == (1, 5)
    ExactModel().evaluate(kernel, tiling, machine)
    too_small = small_machine(vmem_bits=(2 * 5 + 4) * 2 * 32 - 1)
    with pytest.raises(TilingError, match=r"the vector memory needs 896 bits .*kh = 1, kw = 5; it can hold"):
        ExactModel().evaluate(kernel, ExactModel().greedy(kernel, too_small), too_small)


def test_a_view_keeps_its_window_whole_and_says_how_much_it_needs() -> None:
    text = "network n(x: 8x4x6) { return lrn(x, size=5) }"
    network = Network(parse_dsl(text, "n.dsl", 1))
    with pytest.raises(
        SimdcError, match=r"the vector memory needs [\d,]+ bits for a tile of .*k = 5.*; it can hold 96"
    ):
        compile(network, small_machine(vmem_bits=96))
