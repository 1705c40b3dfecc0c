"""Sizes of whole layers, read off kernels."""

from __future__ import annotations

import pytest

from simdc.cost.kernel import Chain, Contraction, Loop, Operand, VectorProgram, affine, links_of
from simdc.cost.layer_shape import ImageSide, convolution_shape, element_shape
from simdc.cost.nest import CodeBlock, Instruction, LoopNest
from simdc.cost.wellformed import KernelError


def convolution(names: dict[str, str], groups: int = 1) -> Contraction:
    """2 images of 4 channels a group, 12 x 10 pixels, to 8 channels a group by windows of 3 x 5, stride 2 and 1, a
    border of 1 and 2: 6 x 10 positions. `names` renames loops."""

    def call(name: str) -> str:
        return names.get(name, name)

    g = (affine(call("g")),) if groups > 1 else ()
    more = (groups,) if groups > 1 else ()
    bounds = {"g": groups, "oc": 8, "ic": 4, "kh": 3, "kw": 5, "n": 2, "oh": 6, "ow": 10}
    return Contraction(
        "conv2d",
        tuple(Loop(call(name), bound) for name, bound in bounds.items() if name != "g" or groups > 1),
        ifmap=Operand(
            "ifmap",
            8,
            (2, *more, 4, 12, 10),
            (
                affine(call("n")),
                *g,
                affine(call("ic")),
                affine((call("oh"), 2), call("kh"), constant=-1),
                affine(call("ow"), call("kw"), constant=-2),
            ),
        ),
        weight=Operand(
            "weight", 8, (*more, 8, 4, 3, 5), (*g, *(affine(call(each)) for each in ("oc", "ic", "kh", "kw")))
        ),
        psum=Operand(
            "psum", 32, (2, *more, 8, 6, 10), (affine(call("n")), *g, *(affine(call(e)) for e in ("oc", "oh", "ow")))
        ),
        ofmap_bits=8,
        rows=call("ic"),
        columns=call("oc"),
    )


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("names", [{}, {"oh": "a", "kh": "b", "ic": "oh", "oc": "n", "n": "oc", "g": "kh"}])
def test_a_convolution_is_told_by_what_its_loops_move(groups: int, names: dict[str, str]) -> None:
    shape = convolution_shape(convolution(names, groups))
    assert shape is not None
    assert (shape.images, shape.groups, shape.input_channels, shape.output_channels) == (2, groups, 4, 8)
    assert shape.rows == ImageSide(12, window=3, stride=2, positions=6)
    assert shape.columns == ImageSide(10, window=5, stride=1, positions=10)
    assert (shape.pixels, shape.taps, shape.has_bias) == (60, 15, False)
    # 2 images, 60 pixels, 8 results of 4 * 15 products each.
    assert shape.macs == 2 * groups * 60 * 8 * 60
    assert shape.rows.is_padded


def test_a_product_of_vectors_has_one_pixel() -> None:
    kernel = Contraction(
        "linear",
        (Loop("oc", 10), Loop("ic", 16), Loop("n", 3)),
        ifmap=Operand("ifmap", 8, (3, 16), (affine("n"), affine("ic"))),
        weight=Operand("weight", 8, (10, 16), (affine("oc"), affine("ic"))),
        psum=Operand("psum", 32, (3, 10), (affine("n"), affine("oc"))),
        ofmap_bits=8,
        bias=Operand("bias", 16, (10,), (affine("oc"),)),
    )
    shape = convolution_shape(kernel)
    assert shape is not None
    assert (shape.images, shape.rows, shape.columns, shape.has_bias) == (3, ImageSide(), ImageSide(), True)
    assert shape.macs == 480


def test_weights_that_change_with_the_image_are_no_convolution() -> None:
    # A product for each of 2 images with weights of its own in a second loop of columns: o[n, m, k] by w[m, k, c].
    kernel = Contraction(
        "conv2d",
        (Loop("oc", 4), Loop("m", 5), Loop("ic", 3), Loop("n", 2)),
        ifmap=Operand("ifmap", 8, (2, 3), (affine("n"), affine("ic"))),
        weight=Operand("weight", 8, (4, 5, 3), (affine("oc"), affine("m"), affine("ic"))),
        psum=Operand("psum", 32, (2, 4, 5), (affine("n"), affine("oc"), affine("m"))),
        ofmap_bits=8,
    )
    assert convolution_shape(kernel) is None


def program(kind: str, inputs: tuple[Operand, ...], result: Operand, bounds: dict[str, int]) -> VectorProgram:
    code = CodeBlock(tuple(bounds), (Instruction("max", result.name, (inputs[0].name, 0.0)),))
    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    return VectorProgram(kind, (LoopNest(loops, inputs, (result,), (code,), initial=((result.name, 0.0),)),))


IMAGE = ("n", "c", "h", "w")


def image(name: str, *shape: int) -> Operand:
    return Operand(name, 8, shape, tuple(affine(loop) for loop in IMAGE))


def test_operands_as_large_as_the_result_and_parameters() -> None:
    slope = Operand("slope", 8, (6,), (affine("c"),))
    adds = program(
        "add",
        (image("a", 2, 6, 5, 4), image("b", 2, 6, 5, 4), slope),
        image("y", 2, 6, 5, 4),
        {"c": 6, "n": 2, "h": 5, "w": 4},
    )
    shape = element_shape(adds)
    assert shape[:4] == (2, 6, ImageSide(5, positions=5), ImageSide(4, positions=4))
    assert (shape.full_operands, shape.parameters) == (2, 6)


def test_a_pool_has_windows() -> None:
    x = Operand("x", 8, (2, 6, 9, 7), (affine("n"), affine("c"), affine(("oh", 2), "kh"), affine(("ow", 3), "kw")))
    y = Operand("y", 8, (2, 6, 4, 2), tuple(affine(loop) for loop in ("n", "c", "oh", "ow")))
    shape = element_shape(program("max_pool", (x,), y, {"c": 6, "n": 2, "oh": 4, "ow": 2, "kh": 3, "kw": 2}))
    assert (shape.rows, shape.columns) == (ImageSide(9, 3, 2, 4), ImageSide(7, 2, 3, 2))
    assert (shape.images, shape.channels, shape.full_operands) == (2, 6, 1)


def test_a_chain_is_named_by_its_links() -> None:
    conv = convolution({})
    relu = program("relu", (image("x", 2, 8, 6, 10),), image("y", 2, 8, 6, 10), {"c": 8, "n": 2, "h": 6, "w": 10})
    chain = Chain((conv, relu))
    assert (chain.kind, chain.bounds, links_of(chain), links_of(relu)) == (
        "conv2d+relu",
        conv.bounds,
        (conv, relu),
        (relu,),
    )
    assert [operand.name for operand in chain.operands] == ["ifmap", "weight", "psum", "x", "y"]
    with pytest.raises(KernelError, match="must have a link"):
        Chain(())


def test_a_pool_of_a_volume_has_its_rows_one_after_the_other() -> None:
    index = (affine(("od", 2), "kd"), affine(("oh", 2), "kh"), affine(("ow", 3), "kw"))
    x = Operand("x", 8, (2, 6, 5, 9, 7), (affine("n"), affine("c"), *index))
    y = Operand("y", 8, (2, 6, 2, 4, 2), tuple(affine(loop) for loop in ("n", "c", "od", "oh", "ow")))
    bounds = {"c": 6, "n": 2, "od": 2, "oh": 4, "ow": 2, "kd": 3, "kh": 3, "kw": 2}
    shape = element_shape(program("max_pool", (x,), y, bounds))
    # 5 images of 9 rows give 2 of 4.
    assert (shape.rows.size, shape.rows.positions) == (45, 8)
    assert shape.columns == ImageSide(7, 2, 3, 2)


def test_a_side_is_padded_where_each_stride_begun_has_a_position() -> None:
    # 7 positions, every second one: 0, 2, 4, 6.
    assert ImageSide(7, 3, 2, 4).is_padded
    assert not ImageSide(7, 3, 2, 3).is_padded
