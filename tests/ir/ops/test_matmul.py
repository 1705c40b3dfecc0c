"""Products of stacks: what they compute, by einsum; their kernels in both forms, against simulator and untiled run."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.execute.contraction import run_contraction
from simdc.backends.execute.layer import contraction_operands
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel
from simdc.cost.kernel import Contraction
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.product import ONE, Place, StackProduct, matrix_product, merged, without_units
from simdc.ir.product_text import parse_product, product_text
from tests.ir.tensors import tensor
from tests.oracles.random_layers import random_machine, random_tiling

LETTERS = "abcdefgh"


def random_product(random: Random) -> StackProduct:
    """Loops of each kind, in any order on each side; dimensions of which a part is read, and unread ones."""
    sides: dict[str, list[int]] = {"lhs": [], "rhs": [], "result": []}
    bounds: dict[int, int] = {}
    for kind, most in (("lhs rhs result", 3), ("lhs result", 2), ("rhs result", 2), ("lhs rhs", 2)):
        for _ in range(random.randint(0, most)):
            loop = len(bounds)
            bounds[loop] = random.choice((1, 2, 3, 4))
            for side in kind.split():
                sides[side].append(loop)
    if not bounds:
        return random_product(random)
    # A loop's bound is the smallest dimension that it runs along: the lhs, or the result, has it whole.
    whole = {loop: "lhs" if loop in sides["lhs"] else "result" for loop in bounds}
    made: dict[str, tuple[Place, ...]] = {}
    for side, loops in sides.items():
        random.shuffle(loops)
        places = list[Place]()
        for loop in loops:
            spare = random.choice((0, 0, 1, 2)) if side != "result" and whole[loop] != side else 0
            places.append(Place(loop, bounds[loop] + spare, random.randint(0, spare)))
            if side != "result" and random.random() < 0.2:
                size = random.randint(1, 3)
                places.append(Place(ONE, size, random.randrange(size)))
        made[side] = tuple(places) or (Place(ONE, 1),)
    return StackProduct(made["lhs"], made["rhs"], made["result"])


def computed(product: StackProduct, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Point by point, from the rule."""
    bounds = product.bounds
    result = np.zeros([place.size for place in product.result])
    for point in np.ndindex(*bounds.values()):
        at = dict(zip(bounds, point, strict=True))
        where = [tuple(p.first + (0 if p.loop == ONE else at[p.loop]) for p in side) for side in product]
        result[where[2]] += lhs[where[0]] * rhs[where[1]]
    return result


def shapes(product: StackProduct) -> list[tuple[int, ...]]:
    return [tuple(place.size for place in side) for side in product]


def matmul_of(product: StackProduct) -> MatMulOp:
    lhs, rhs, result = shapes(product)
    return MatMulOp("m", tensor(*lhs), tensor(*rhs), index=product_text(product), result=TensorType(f32, result))


@pytest.mark.parametrize("seed", range(60))
def test_both_forms_compute_the_product(seed: int) -> None:
    random = Random(seed)
    product = random_product(random)
    numbers = np.random.default_rng(seed)
    arrays = [numbers.integers(-3, 4, shape).astype(float) for shape in shapes(product)[:2]]
    expected = computed(product, arrays[0], arrays[1])
    op = matmul_of(product)
    for form in op.forms():
        op.form = StringAttr(form)
        kernel = op.kernel()
        assert isinstance(kernel, Contraction)
        run = run_contraction(kernel, *contraction_operands(op, arrays))
        assert (run.psum.reshape(expected.shape) == expected).all()
        assert run.macs == kernel.useful_macs == np.prod(list(product.bounds.values()))


def _text(form: str):
    from xdsl.dialects.builtin import StringAttr

    return StringAttr(form)


@pytest.mark.parametrize("seed", range(150))
def test_closed_form_simulator_and_untiled_run_agree(seed: int) -> None:
    random = Random(seed)
    op = matmul_of(random_product(random))
    kernel = random.choice(list(op.forms().values())).kernel(random.choice((8, 32)))
    machine = random_machine(random)
    tiling = random_tiling(random, kernel, 300)
    assert ExactModel().evaluate(kernel, tiling, machine) == simulate(kernel, tiling, machine)
    if seed % 5 == 0:
        assert compare_with_untiled(kernel, tiling, machine, seed=seed).wrong is None


@pytest.mark.parametrize("seed", range(40))
def test_text_is_read_back(seed: int) -> None:
    product = random_product(Random(seed))
    again = parse_product(product_text(product))
    # Loops are numbered as they turn up.
    assert product_text(again) == product_text(product)
    arrays = [np.random.default_rng(seed).integers(-3, 4, shape).astype(float) for shape in shapes(product)[:2]]
    assert (computed(again, arrays[0], arrays[1]) == computed(product, arrays[0], arrays[1])).all()


@pytest.mark.parametrize("seed", range(60))
def test_merging_loops_changes_no_result(seed: int) -> None:
    product = random_product(Random(seed))
    fewer = merged(without_units(product))
    assert len(fewer.bounds) <= len(product.bounds)
    lhs, rhs = (np.random.default_rng(seed).integers(-3, 4, shape).astype(float) for shape in shapes(product)[:2])
    small = [array.reshape(shape) for array, shape in zip((lhs, rhs), shapes(fewer), strict=False)]
    assert (computed(fewer, small[0], small[1]).ravel() == computed(product, lhs, rhs).ravel()).all()


def test_shared_keys_by_hand() -> None:
    """32 query heads, 8 heads of keys for 2,048 positions of 128: K is no larger than 8 heads, and the four query heads
    that share one pass while it stays."""
    index = "8:a 4:b 1:c 128:d, 8:a 2048:e 128:d -> 8:a 4:b 1:c 2048:e"
    op = MatMulOp("scores", tensor(8, 4, 1, 128), tensor(8, 2048, 128), index=index)
    kernel = op.kernel()
    assert isinstance(kernel, Contraction)
    assert kernel.bounds == {"g": 8, "oc": 2048, "ic": 128, "n": 4}
    assert kernel.weight.shape == (8, 2048, 128)
    assert kernel.useful_macs == 8 * 4 * 2048 * 128
    assert op.forms()["lhs_stationary"].kernel(32).bounds == {"g": 8, "oc": 4, "ic": 128, "n": 2048}


def test_heads_of_several_images_are_one_loop() -> None:
    kernel = MatMulOp("m", tensor(2, 12, 128, 64), tensor(2, 12, 64, 100)).kernel()
    assert isinstance(kernel, Contraction)
    assert kernel.bounds == {"g": 24, "oc": 100, "ic": 64, "n": 128}
    assert kernel.ifmap.shape == (24, 128, 64)
    assert kernel.weight.shape == (24, 64, 100)


@pytest.mark.parametrize(
    ("lhs", "rhs", "result"),
    [
        ((2, 3, 4), (4, 5), (2, 3, 5)),
        ((3, 4), (2, 4, 5), (2, 3, 5)),
        ((2, 1, 3, 4), (7, 4, 5), (2, 7, 3, 5)),
        ((1, 3, 4), (1, 4, 5), (1, 3, 5)),
    ],
)
def test_shapes_as_numpy_has_them(lhs: tuple[int, ...], rhs: tuple[int, ...], result: tuple[int, ...]) -> None:
    a, b = (np.random.default_rng(1).integers(-3, 4, shape).astype(float) for shape in (lhs, rhs))
    assert matrix_product(lhs, rhs).shape == result == (a @ b).shape
    assert (computed(matrix_product(lhs, rhs), a, b) == a @ b).all()


def value(shape: tuple[int, ...]) -> SSAValue:
    return create_ssa_value(TensorType(f32, shape))


@pytest.mark.parametrize(
    ("lhs", "rhs", "index", "message"),
    [
        ((2, 3, 4), (3, 4, 5), None, r"stacks of \[2\] and \[3\] matrices do not broadcast"),
        ((2, 3), (4, 5), None, r"expected matrices \[m, k\] and \[k, n\], got shapes \[2, 3\] and \[4, 5\]"),
        ((2, 3), (3, 5), "2:a 3:b -> 2:a", "a product reads"),
        ((2, 3), (3, 5), "2:a 3:?, 3:b 5:c -> 2:a 5:c", r"a dimension of a product reads .* got '3:\?'"),
        ((2, 3), (3, 5), "2:a 3:a, 3:b 5:c -> 2:a 5:c", "a loop runs along two dimensions of the lhs"),
        ((2, 3), (3, 5), "2:a 3:b+1, 3:b 5:c -> 2:a 5:c", "leaves the 3 positions of a dimension of the lhs"),
        ((2, 3), (3, 5), "2:a 3:b, 3:b 5:c -> 4:a 5:c", "do not reach every element of the result"),
        ((2, 3), (3, 5), "2:a 3:b, 3:c 5:d -> 2:a 5:d", "runs along one of lhs, rhs and result only"),
        ((2, 4), (3, 5), "2:a 3:b, 3:b 5:c -> 2:a 5:c", r"the lhs has shape \[2, 4\]; 'index' reads it as \[2, 3\]"),
    ],
)
def test_what_is_no_product_is_refused(
    lhs: tuple[int, ...], rhs: tuple[int, ...], index: str | None, message: str
) -> None:
    with pytest.raises(VerifyException, match=message):
        MatMulOp("m", value(lhs), value(rhs), index=index).verify()
