"""Good modules with one thing taken away or put in another's place: each is read, or refused at its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

import pytest
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IntegerAttr,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    i1,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, Region

from simdc.errors import SimdcError
from simdc.frontends.mlir.importer import import_module
from simdc.frontends.mlir.module_text import parse_foreign
from tests.frontends.mlir.hlo_text import module
from tests.frontends.mlir.hlo_text import op as op_text

X = "x:2x5x5x4xf32"
ZERO = '%z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>'
POOL = "kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 1, 0, 1>"
CONV = "pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>"


def shape(name: str, *numbers: int) -> str:
    held = f"values = dense<{list(numbers)}> : tensor<{len(numbers)}xindex>"
    return op_text("tosa.const_shape", "", "", f"!tosa.shape<{len(numbers)}>", held, name)


TOSA = {
    "conv2d": module(
        f"{X} w:6x3x3x4xf32 b:6xf32",
        "2x3x3x6xf32",
        ZERO,
        op_text("tosa.conv2d", "%x, %w, %b, %z, %z", "2x5x5x4xf32 6x3x3x4xf32 6xf32 1xf32 1xf32", "2x3x3x6xf32", CONV),
    ),
    "max_pool2d": module(X, "2x3x3x4xf32", op_text("tosa.max_pool2d", "%x", "2x5x5x4xf32", "2x3x3x4xf32", POOL)),
    "matmul": module(
        "x:2x3x4xf32 w:2x4x5xf32",
        "2x3x5xf32",
        ZERO,
        op_text("tosa.matmul", "%x, %w, %z, %z", "2x3x4xf32 2x4x5xf32 1xf32 1xf32", "2x3x5xf32"),
    ),
    "moves": module(
        X,
        "2x8x2x8xf32",
        shape("%first", 0, 1, 2, 0),
        shape("%sizes", 2, 4, 2, 4),
        shape("%times", 1, 2, 1, 1),
        op_text(
            "tosa.slice", "%x, %first, %sizes", "2x5x5x4xf32 !tosa.shape<4> !tosa.shape<4>", "2x4x2x4xf32", to="%a"
        ),
        op_text("tosa.tile", "%a, %times", "2x4x2x4xf32 !tosa.shape<4>", "2x8x2x4xf32", to="%b"),
        op_text("tosa.concat", "%b, %b", "2x8x2x4xf32 2x8x2x4xf32", "2x8x2x8xf32", "axis = 3 : i32"),
    ),
    "sums": module(
        X,
        "2x5x4xi32",
        op_text("tosa.transpose", "%x", "2x5x5x4xf32", "2x4x5x5xf32", "perms = array<i32: 0, 3, 1, 2>", "%a"),
        op_text("tosa.reduce_sum", "%a", "2x4x5x5xf32", "2x1x5x5xf32", "axis = 1 : i32", "%b"),
        op_text("tosa.add", "%a, %b", "2x4x5x5xf32 2x1x5x5xf32", "2x4x5x5xf32", to="%c"),
        op_text("tosa.argmax", "%c", "2x4x5x5xf32", "2x4x5xi32", "axis = 3 : i32", "%d"),
        op_text("tosa.transpose", "%d", "2x4x5xi32", "2x5x4xi32", "perms = array<i32: 0, 2, 1>"),
    ),
}
PROGRAMS = sorted(
    path for path in (Path(__file__).parent / "programs").iterdir() if path.suffix in (".linalg", ".stablehlo", ".tosa")
)


def operand_lost(op: Operation, draw: Random) -> None:
    left = [*op.operands]
    if left:
        left.pop(draw.randrange(len(left)))
        op.operands = left


def operand_swapped(op: Operation, draw: Random) -> None:
    block = op.parent
    if op.operands and block is not None:
        known = [*block.args, *(value for each in block.ops for value in each.results if each.is_before_in_block(op))]
        if known:
            op.operands[draw.randrange(len(op.operands))] = draw.choice(known)


def attribute_lost(op: Operation, draw: Random) -> None:
    names = [(kept, name) for kept in (op.properties, op.attributes) for name in kept if name != "op_name__"]
    if names:
        kept, name = draw.choice(names)
        del kept[name]


def attribute_changed(op: Operation, draw: Random) -> None:
    names = [(kept, name) for kept in (op.properties, op.attributes) for name in kept if name != "op_name__"]
    if names:
        numbers = [draw.randint(-2, 9) for _ in range(draw.randint(0, 4))]
        others: list[Attribute] = [
            StringAttr("x"),
            UnitAttr(),
            IntegerAttr(draw.randint(-3, 9), i64),
            ArrayAttr([]),
            DenseArrayBase.from_list(i64, numbers),
        ]
        kept, name = draw.choice(names)
        kept[name] = draw.choice(others)


def region_lost(op: Operation, draw: Random) -> None:
    if op.regions:
        region = draw.choice(op.regions)
        if draw.random() < 0.5:
            op.detach_region(region)
        else:
            others = [each for each in op.regions if each is not region]
            _ = [op.detach_region(each) for each in [*op.regions]]
            _ = [op.add_region(each) for each in [Region(), *others]]


def argument_lost(op: Operation, draw: Random) -> None:
    blocks = [block for region in op.regions for block in region.blocks if block.args]
    if blocks:
        block = draw.choice(blocks)
        argument = draw.choice(block.args)
        if argument.first_use is None:
            block.erase_arg(argument)


def inner_lost(op: Operation, draw: Random) -> None:
    inner = [each for region in op.regions for block in region.blocks for each in block.ops]
    unread = [each for each in inner if all(result.first_use is None for result in each.results)]
    if unread and not isinstance(op, FuncOp):
        draw.choice(unread).detach()


def type_changed(op: Operation, draw: Random) -> None:
    if op.results:
        shape = [draw.randint(1, 4) for _ in range(draw.randint(0, 4))]
        kind = draw.choice((TensorType(draw.choice((f32, i1, i64)), shape), f32, i64))
        draw.choice(op.results)._type = cast("Attribute", kind)  # pyright: ignore[reportPrivateUsage]


CHANGES: tuple[Callable[[Operation, Random], None], ...] = (
    operand_lost, operand_swapped, attribute_lost, attribute_changed, region_lost, argument_lost, inner_lost,
    type_changed,
)  # fmt: skip


def mutated(text: str, seed: int) -> tuple[str, str]:
    """What was changed, and what came of it."""
    draw = Random(seed)
    damaged = parse_foreign(text, "m.mlir")
    ops = [op for op in damaged.walk() if op is not damaged and not isinstance(op, FuncOp)]
    notes: list[str] = []
    for _ in range(draw.choice((1, 1, 2))):
        op, change = draw.choice(ops), draw.choice(CHANGES)
        notes.append(f"{change.__name__} of {getattr(op, 'op_name', op.name)}")
        change(op, draw)
    try:
        import_module(damaged, "m.mlir", None, None, {})
    except SimdcError as error:
        return "; ".join(notes), str(error)
    return "; ".join(notes), ""


TEXTS = {path.name: path.read_text() for path in PROGRAMS} | TOSA


@pytest.mark.parametrize("name", TEXTS)
def test_a_module_that_is_damaged_is_read_or_refused(name: str) -> None:
    for seed in range(12 if len(TEXTS[name]) < 10_000 else 2):
        notes, error = mutated(TEXTS[name], seed)
        assert "bug in simdc" not in error, f"seed {seed}: {notes}: {error}"


@pytest.mark.parametrize("name", TOSA)
def test_without_damage_it_is_read(name: str) -> None:
    assert import_module(parse_foreign(TOSA[name], "m.mlir"), "m.mlir", None, None, {}).made
