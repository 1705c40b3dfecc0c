"""Good transform scripts with one thing taken away or put in another's place: each is carried out, or refused at its
line."""

from __future__ import annotations

import contextlib
from random import Random

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from simdc.errors import SimdcError
from simdc.frontends.mlir.module_text import name_of, parse_foreign
from simdc.frontends.mlir.schedules.transform import carried_out
from tests.frontends.mlir.test_mutated import CHANGES
from tests.frontends.mlir.test_schedules import BLOCK, MATCH, H, script, tile

ALL = f"%all = transform.structured.match interface{{LinalgOp}} in %root : ({H}) -> {H}"
SPLIT = f"%a:7 = transform.split_handle %all : ({H}) -> ({', '.join([H] * 7)})"
FORALL = (
    f"%u, %g = transform.structured.tile_using_forall %a#1 tile_sizes [0, 8] (mapping = [#gpu.block<y>]) "
    f": ({H}) -> ({H}, {H})"
)
MERGE = f'%m = "transform.merge_handles"(%op, %all) : ({H}, {H}) -> {H}'
INNER = (
    f'"transform.sequence"(%op) ({{\n^bb0(%x: {H}):\n{tile("[4]", "%x", 1, "%v")}\ntransform.yield\n}}) : ({H}) -> ()'
)
GOOD = script(MATCH, tile("[8, 16, 32]", loops=3, end=" interchange = [1, 0, 2]"), ALL, SPLIT, FORALL, MERGE, INNER)


def transforms(module: ModuleOp) -> list[Operation]:
    return [op for op in module.walk() if name_of(op).startswith("transform.")]


def test_it_is_carried_out() -> None:
    payload = parse_foreign(BLOCK.read_text(), "m.mlir")
    assert len(carried_out(parse_foreign(GOOD, "s.mlir"), payload, GOOD, "s.mlir")) == 2


@pytest.mark.parametrize("seed", range(120))
def test_a_damaged_one_is_carried_out_or_refused(seed: int) -> None:
    draw = Random(seed)
    payload, damaged = parse_foreign(BLOCK.read_text(), "m.mlir"), parse_foreign(GOOD, "s.mlir")
    for _ in range(draw.choice((1, 1, 2))):
        draw.choice(CHANGES)(draw.choice(transforms(damaged)), draw)
    with contextlib.suppress(SimdcError):
        carried_out(damaged, payload, GOOD, "s.mlir")
