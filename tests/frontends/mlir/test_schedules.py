"""Tile sizes of other compilers: which loops of which layer they are of, and what is no tiling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.frontends.mlir import parse_foreign_module
from simdc.frontends.mlir.schedules import module_schedules
from simdc.frontends.schedules_file import Schedule
from simdc.ir.context import kernel_of
from simdc.ir.network import network_of
from tests.frontends.mlir.hlo_text import module

BLOCK = Path(__file__).resolve().parents[3] / "examples/mlir/block.mlir"
H = "!transform.any_op"


def loops_of(text: str) -> dict[str, Mapping[str, int]]:
    found = {each.layer.data: kernel_of(each) for each in network_of(parse_foreign_module(text, "m", None)).layers()}
    return {name: kernel.bounds for name, kernel in found.items() if kernel is not None}


def schedules(text: str, script: str | None = None, level: str | None = None) -> list[Schedule]:
    given = (text, "m.mlir") if script is None else (script, "s.mlir")
    return module_schedules(text, "m.mlir", given, loops_of(text), level=level)


def linalg(name: str, a: str, b: str, c: str, config: str, fields: str = "") -> str:
    kinds = ", ".join(f"tensor<{each}xf32>" for each in (a, b, c))
    return module(f"a:{a}xf32 b:{b}xf32 c:{c}xf32", f"{c}xf32",
                  f'%y = "linalg.{name}"(%a, %b, %c) <{{operandSegmentSizes = array<i32: 2, 1>{fields}}}> ({{}}) '
                  f"{{lowering_config = {config}}} : ({kinds}) -> tensor<{c}xf32>")  # fmt: skip


# What `mlir-opt --linalg-generalize-named-ops` runs over, outermost first. All sizes differ.
ITERATIONS = [
    ("matmul", "4x5", "5x6", "4x6", (4, 6, 5)),
    ("batch_matmul", "2x4x5", "2x5x6", "2x4x6", (2, 4, 6, 5)),
    ("batch_reduce_matmul", "2x4x5", "2x5x6", "4x6", (2, 4, 6, 5)),
    ("vecmat", "4", "4x5", "5", (5, 4)),
    ("mmt4d", "2x3x4x5", "6x3x7x5", "2x6x4x7", (2, 6, 3, 4, 7, 5)),
    ("conv_1d_ncw_fcw", "2x3x12", "4x3x6", "2x4x7", (2, 4, 7, 3, 6)),
    ("conv_1d_nwc_wcf", "2x12x3", "6x3x4", "2x7x4", (2, 7, 4, 6, 3)),
    ("conv_2d_nchw_fchw", "2x3x11x13", "4x3x5x7", "2x4x7x7", (2, 4, 7, 7, 3, 5, 7)),
    ("conv_2d_nhwc_hwcf", "2x11x13x3", "5x6x3x4", "2x7x8x4", (2, 7, 8, 4, 5, 6, 3)),
    ("conv_2d_nhwc_fhwc", "2x11x13x3", "4x5x6x3", "2x7x8x4", (2, 7, 8, 4, 5, 6, 3)),
    ("conv_2d_ngchw_gfchw", "2x3x4x11x13", "3x9x4x5x6", "2x3x9x7x8", (2, 3, 9, 7, 8, 4, 5, 6)),
    ("conv_3d_ndhwc_dhwcf", "2x6x11x13x3", "2x5x6x3x4", "2x5x7x8x4", (2, 5, 7, 8, 4, 2, 5, 6, 3)),
    ("depthwise_conv_2d_nchw_chw", "2x3x11x13", "3x5x6", "2x3x7x8", (2, 7, 8, 3, 5, 6)),
    ("depthwise_conv_1d_ncw_cw", "2x3x12", "3x6", "2x3x7", (2, 7, 3, 6)),
    ("depthwise_conv_2d_nhwc_hwcm", "2x11x13x3", "5x6x3x4", "2x7x8x3x4", (2, 7, 8, 3, 4, 5, 6)),
    ("pooling_nchw_max", "2x3x11x13", "5x6", "2x3x7x8", (2, 3, 7, 8, 5, 6)),
    ("pooling_nhwc_sum", "2x11x13x3", "5x6", "2x7x8x3", (2, 7, 8, 3, 5, 6)),
]


@pytest.mark.parametrize(("name", "a", "b", "c", "bounds"), ITERATIONS)
def test_a_tile_size_is_of_the_loop_that_has_its_place(
    name: str, a: str, b: str, c: str, bounds: tuple[int, ...]
) -> None:
    """Each loop alone, tiled by one less than it has: the layer's loop of as many iterations, or a run of a loop that
    it is part of."""
    for place, bound in enumerate(bounds):
        sizes = [0] * len(bounds)
        sizes[place] = bound - 1
        text = linalg(name, a, b, c, f"{{tile_sizes = {sizes}}}")
        (given,) = schedules(text)
        (loops,) = loops_of(text).values()
        if given.why:
            assert "run as one here" in given.why
            continue
        ((loop, size),) = given.sizes.items()
        assert prod(loops.values()) == prod(bounds)
        assert size % (bound - 1) == 0
        assert loops[loop] % bound == 0
        if loops[loop] == bound:
            assert size == bound - 1


def test_loops_are_ordered_by_the_interchange() -> None:
    config = "{tile_sizes = [[2, 3, 1]], interchange = [2, 0, 1]}"
    (given,) = schedules(linalg("matmul", "4x5", "5x6", "4x6", config))
    # m 4, n 6, k 5; by what brings them in turn d0 is m, d1 k and d2 n.
    assert given == Schedule("y", ("d1", "d0", "d2"), {"d1": 1, "d0": 2, "d2": 3})


@pytest.mark.parametrize(
    ("config", "level", "sizes"),
    [
        ("#iree_codegen.lowering_config<tile_sizes = [[2, 3, 0]]>", None, {"d0": 2, "d2": 3}),
        ("#iree_codegen.lowering_config<tile_sizes = [[2, 3, 0], [0, 0, 4]]>", "0", {"d0": 2, "d2": 3}),
        ("#iree_codegen.lowering_config<tile_sizes = [[2, 3, 0], [0, 0, 4]]>", "1", {"d0": 2, "d2": 3, "d1": 4}),
        ("#iree_gpu.lowering_config<{workgroup = [2, 0, 0], reduction = [0, 0, 1]}>", "workgroup", {"d0": 2}),
        ("#iree_gpu.lowering_config<{workgroup = [2, 0, 0], reduction = [0, 0, 1]}>", "reduction", {"d0": 2, "d1": 1}),
        ("{tile_sizes = [2 : i64, 9 : i64]}", None, {"d0": 2}),
    ],
)
def test_levels_down_to_one_are_those_of_dram(config: str, level: str | None, sizes: dict[str, int]) -> None:
    (given,) = schedules(linalg("matmul", "4x5", "5x6", "4x6", config), level=level)
    assert (given.order, given.sizes) == (tuple(sizes), sizes)


@pytest.mark.parametrize(
    ("config", "level", "reason"),
    [
        ("{tile_sizes = [[2, 3, 0], [0, 0, 4]]}", None, "has tile sizes at 2 levels: --level 0 or 1 says"),
        ("{tile_sizes = [[2, 3, 0], [1, 0, 4]]}", "1", "tiles loop 0 at level 1 once more"),
        ("{tile_sizes = [[2, 3, 0]]}", "2", "has no level '2' of tile sizes: it has 0"),
        ("{tile_sizes = [[2, 3, -1]]}", None, "a tile size is not known"),
        ("{tile_sizes = [[2, 3]], interchange = [1, 1]}", None, "has each of 0 to 1 once, got \\[1, 1\\]"),
        ("{tiles = 3}", None, "has no tile sizes that are read: tile_sizes = \\[\\["),
        ('{tile_sizes = ["a"]}', None, "has a list that is none of numbers|has no tile sizes that are read"),
    ],
)
def test_what_is_no_tiling_is_refused_at_its_op(config: str, level: str | None, reason: str) -> None:
    with pytest.raises(SimdcError, match=reason) as refused:
        schedules(linalg("matmul", "4x5", "5x6", "4x6", config), level=level)
    assert (refused.value.file, refused.value.line) == ("m.mlir", 2)


def elementwise(rank: int, shape: str, tiles: list[int]) -> str:
    every = ", ".join(f"d{axis}" for axis in range(rank))
    alike = f"affine_map<({every}) -> ({every})>"
    kinds = ", ".join(["#linalg.iterator_type<parallel>"] * rank)
    return module(f"a:{shape}xf32 b:{shape}xf32", f"{shape}xf32", f"""
        %y = "linalg.generic"(%a, %b) <{{indexing_maps = [{alike}, {alike}], iterator_types = [{kinds}],
           operandSegmentSizes = array<i32: 1, 1>}}> ({{
             ^bb0(%x: f32, %o: f32):
               %e = "math.exp"(%x) : (f32) -> f32
               %s = "arith.mulf"(%e, %x) : (f32, f32) -> f32
               "linalg.yield"(%s) : (f32) -> ()
           }}) {{lowering_config = {{tile_sizes = {tiles}}}}}
           : (tensor<{shape}xf32>, tensor<{shape}xf32>) -> tensor<{shape}xf32>""")  # fmt: skip


@pytest.mark.parametrize(
    ("tiles", "size"),
    [([1, 3, 0], 15), ([2, 0, 0], 60), ([1, 1, 2], None), ([1, 1, 5], 5), ([2, 3, 0], None), ([1, 4, 0], None),
     ([0, 6, 0], None), ([4, 6, 5], None), ([0, 0, 0], None)],
)  # fmt: skip
def test_tiles_of_loops_that_run_as_one_are_runs_of_it(tiles: list[int], size: int | None) -> None:
    """4 * 6 * 5 elements lie in a row: [1, 3, 5] of them are 15 in a row, [2, 3, 5] are not, nor are 4 of 6."""
    (given,) = schedules(elementwise(3, "4x6x5", tiles))
    whole = all(tile in (0, bound) for tile, bound in zip(tiles, (4, 6, 5), strict=True))
    if size is None and not whole:
        assert "run as one here" in given.why
        return
    assert (given.why, given.sizes) == ("", {} if whole else {"d0": size})


SEQUENCE = f"""module attributes {{transform.with_named_sequence}} {{
  transform.named_sequence @__transform_main(%root: {H} {{transform.readonly}}) {{
    LINES
    transform.yield
  }}
}}"""
MATCH = f'%op = transform.structured.match ops{{["linalg.matmul"]}} in %root : ({H}) -> {H}'


def script(*lines: str) -> str:
    return SEQUENCE.replace("LINES", "\n    ".join(lines))


def tile(sizes: str, target: str = "%op", loops: int = 2, made: str = "%t", end: str = "") -> str:
    several = ", ".join([H] * loops)
    return f"{made}, {made}_l:{loops} = transform.structured.tile_using_for {target} tile_sizes {sizes}{end} : ({H}) -> ({H}, {several})"  # noqa: E501


def test_a_sequence_tiles_what_it_matches() -> None:
    text = BLOCK.read_text()
    every = f"%all = transform.structured.match interface{{LinalgOp}} in %root : ({H}) -> {H}"
    split = f"%a:7 = transform.split_handle %all : ({H}) -> ({', '.join([H] * 7)})"
    forall = (f"%u, %g = transform.structured.tile_using_forall %a#1 tile_sizes [0, 8] (mapping = [#gpu.block<y>]) "
              f": ({H}) -> ({H}, {H})")  # fmt: skip
    lines = (MATCH, tile("[8, 16, 32]", loops=3, end=" interchange = [1, 0, 2]"), every, split, forall,
             tile("[0, 4]", "%a#0", 1, "%f"), tile("[0, 0, 8]", "%a#3", 1, "%r"))  # fmt: skip
    product, conv, start, relu = schedules(text, script(*lines))
    # k of 32 is whole.
    assert product == Schedule("product", ("d1", "d0"), {"d1": 16, "d0": 8})
    assert conv == Schedule("conv", ("oc",), {"oc": 8})
    assert relu == Schedule("relu", ("h",), {"h": 8})
    assert "linalg.fill costs nothing" in start.why


def test_levels_of_a_sequence_are_in_its_order() -> None:
    lines = (MATCH, tile("[8, 16]"), tile("[0, 0, 4]", "%t", 1, "%u"))
    assert schedules(BLOCK.read_text(), script(*lines), "1")[0].sizes == {"d0": 8, "d1": 16, "d2": 4}
    assert schedules(BLOCK.read_text(), script(*lines), "0")[0].sizes == {"d0": 8, "d1": 16}


GENERIC = '"transform.structured.{}"(%op) : (!transform.any_op) -> ()'


@pytest.mark.parametrize(
    ("lines", "reason", "line"),
    [
        ((MATCH, GENERIC.format("vectorize")), "'transform.structured.vectorize' says something else than tiles", 4),
        ((MATCH, GENERIC.format("fuse")), "'transform.structured.fuse' says something else than tiles", 4),
        ((MATCH,), "has no schedules", None),
        ((MATCH, f"%a:2 = transform.split_handle %op : ({H}) -> ({H}, {H})"), "a handle to 1 ops into 2", 4),
        ((MATCH.replace("linalg.matmul", "linalg.mat"), tile("[8, 8]")), "has no schedules", None),
        (
            (MATCH, f'"transform.structured.match"() : () -> {H}'),
            "'transform.structured.match': it has no operand, and one is read",
            4,
        ),
        (
            (MATCH, f'"transform.sequence"(%op) ({{}}) : ({H}) -> ()'),
            "'transform.sequence': its region 1 has 0 blocks",
            4,
        ),
        ((MATCH, f'"transform.include"(%op) <{{target = @nobody}}> : ({H}) -> ()'), "no named sequence 'nobody'", 4),
        ((MATCH, GENERIC.format("tile_using_for")), "'transform.structured.tile_using_for' gives no tile sizes", 4),
        ((MATCH, "%u, %g = transform.structured.tile_using_forall %op num_threads [4]"), "generic form", 4),
    ],
)
def test_what_a_sequence_says_beside_tiles_is_refused(lines: tuple[str, ...], reason: str, line: int | None) -> None:
    with pytest.raises(SimdcError, match=reason) as refused:
        schedules(BLOCK.read_text(), script(*lines))
    assert (refused.value.file, refused.value.line) == ("s.mlir", line)


def test_what_became_part_of_another_layer_says_so(tmp_path: Path) -> None:
    """The batch norm is in the convolution's weights."""
    every = f'%all = transform.structured.match ops{{["linalg.generic"]}} in %root : ({H}) -> {H}'
    split = f"%a:3 = transform.split_handle %all : ({H}) -> ({', '.join([H] * 3)})"
    given, out = tmp_path / "s.mlir", tmp_path / "judged.json"
    given.write_text(script(every, split, tile("[0, 4]", "%a#0", 1), tile("[0, 4]", "%a#1", 1, "%u")))
    assert main(["judge", str(BLOCK), "--hw", "HI3", "--schedules", str(given), "-o", str(out)]) == 0
    normal, relu = json.loads(out.read_text())["schedules"]
    assert (normal["runs"], normal["why"]) == (False, "it became part of 'conv'")
    assert (relu["runs"], relu["sizes"]["c"]) == (True, 4)


def test_judge_prices_what_a_script_says(tmp_path: Path) -> None:
    """The same numbers as of the same tiling in JSON."""
    given, same, out = tmp_path / "s.mlir", tmp_path / "s.json", tmp_path / "judged.json"
    given.write_text(script(MATCH, tile("[8, 16, 32]", loops=3, end=" interchange = [1, 0, 2]")))
    same.write_text('[{"layer": "product", "order": ["d1", "d0"], "sizes": {"d1": 16, "d0": 8}}]')
    found: list[object] = []
    for path in (given, same):
        assert main(["judge", str(BLOCK), "--hw", "HI3", "--schedules", str(path), "-o", str(out)]) == 0
        (entry,) = json.loads(out.read_text())["schedules"]
        assert entry["runs"]
        found.append(entry)
    assert found[0] == found[1]


def test_judge_asks_for_a_level_of_mlir_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "s.json"
    given.write_text('[{"layer": "product", "sizes": {}}]')
    assert main(["judge", str(BLOCK), "--hw", "HI3", "--schedules", str(given), "--level", "0"]) == 1
    assert "--level is for schedules in an .mlir file" in capsys.readouterr().err
    text = tmp_path / "s.mlir"
    text.write_text(script(MATCH, tile("[8, 16]")))
    assert main(["judge", "lenet5", "--hw", "HI3", "--schedules", str(text)]) == 1
    assert "the network must be an .mlir file" in capsys.readouterr().err
