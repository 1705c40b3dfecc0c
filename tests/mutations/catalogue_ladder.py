"""Mistakes in the ladder of default schedules: its rungs, what fits, and the bounds that leave most rungs unpriced."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

M = Mutation

RUNGS = (
    M("ladder/__init__.py", "if found is not None:", "if found is None:", "the smallest tile where more fits"),
    M("ladder/rungs.py", "for quarters in (4, 5, 6, 7)}", "for quarters in (4, 6)}", "two sizes to each power of two"),
    M(
        "ladder/rungs.py",
        "min(bound, width * -(-arrays // count))",
        "min(bound, width * max(1, arrays // count))",
        "parts are rounded down",
    ),
    M("ladder/rungs.py", "    found = [dict(sizes)]\n", "    found: list[Sizes] = []\n", "no side stays whole"),
    M(
        "ladder/rungs.py",
        "most = max((bounds[loop] for loop in loops), default=1)",
        "most = min((bounds[loop] for loop in loops), default=1)",
        "the longer loop is not cut up",
    ),
    M(
        "ladder/rungs.py",
        "            tiles *= count\n",
        "            tiles += count\n",
        "tiles of several loops add up",
    ),
    M(
        "ladder/contraction.py",
        "self._side(moves, loops) for moves, loops in sides.items()",
        "self._side(moves, loops) for moves, loops in [*sides.items()][:1]",
        "one side beside the image",
    ),
    M("ladder/contraction.py", "if len(square) > 1:", "if len(square) > 2:", "no squares"),
    M(
        "ladder/contraction.py",
        "if moves == image], self._bounds",
        "if moves != image], self._bounds",
        "dimensions of the image and the others are mixed up",
    ),
    M(
        "ladder/contraction.py",
        "                psum.of(sizes),\n",
        "                ifmap.of(sizes),\n",
        "psums for ifmaps",
    ),
    M(
        "ladder/contraction.py",
        "            if rung.tiles > 1:\n",
        "            if rung.tiles > 2:\n",
        "a side cut in two stays",
    ),
    M("ladder/vectors.py", "for loop, _ in others])]", "for loop, _ in others][:1])]", "one loop of the others"),
    M(
        "ladder/vectors.py",
        "return self._dimensions[operand.index, operand.shape]",
        "return next(iter(self._dimensions.values()))",
        "every operand is the first",
    ),
    M(
        "ladder/vectors.py",
        "Ladder(program, dict(bounds), width, clip)",
        "Ladder(program, dict(bounds), 1, clip)",
        "lanes",
    ),
    M("ladder/vectors.py", "{self._program.lanes: self._ladder.lanes[step]}", "{}", "the lanes are never cut"),
    M("ladder/vectors.py", "                return False\n", "                return True\n", "everything fits"),
    M(
        "ladder/array.py",
        "Ladder(kernel, dict(bounds), {kernel.rows: rows, kernel.columns: columns}, clip)",
        "Ladder(kernel, dict(bounds), {kernel.rows: columns, kernel.columns: rows}, clip)",
        "rows for columns",
    ),
    M("ladder/array.py", "key=lambda loop: loop in walk.innermost", "key=lambda loop: 0", "the default order"),
    M(
        "ladder/array.py",
        "<= ifmap and psum_image[number].largest <= psum",
        "<= ifmap",
        "psums fit anyway",
    ),
)
BOUNDS = (
    M(
        "ladder/climb.py",
        "if priced is not None and priced[:2] < best:",
        "if priced is not None and chosen is None:",
        "the first rung is taken",
    ),
    M(
        "ladder/footprint.py",
        "self._bounds, self._clip = bounds, clip",
        "self._bounds, self._clip = bounds, True",
        "clips",
    ),
    M(
        "ladder/footprint.py",
        "key = tuple([sizes[loop] for loop in self.loops])",
        "key = tuple([sizes[loop] for loop in self.loops[:1]])",
        "footprints are told apart by one loop",
    ),
    M("ladder/footprint.py", "            span += step * (size - 1)\n", "            span += size - 1\n", "no strides"),
    M("ladder/footprint.py", "        return prod([self._least(", "        return 99 * prod([self._least(", "99 loads"),
    M(
        "ladder/footprint.py",
        "            return places\n",
        "            return 99 * places\n",
        "a place counts 99 times",
    ),
    M(
        "ladder/footprint.py",
        "        return max(0, min(low + reach, extent) - max(low, 0))\n",
        "        return 99 * reach\n",
        "a clipped tile counts 99 times",
    ),
    M(
        "ladder/array.py",
        "self._most_ifmap = buffers.ifmap_bits // 2",
        "self._most_ifmap = buffers.ifmap_bits",
        "the ifmap buffer counts whole",
    ),
    M(
        "ladder/array.py",
        "int(walk.image_inside and cut.tiles > 1)",
        "2 * int(walk.image_inside and cut.tiles > 1)",
        "the first way to cut the image is left out",
    ),
    M(
        "ladder/array.py",
        "rest = None if following is None else Rail(self._bound(walk, following), group, following)",
        "rest = None",
        "one rung of each walk",
    ),
    M(
        "ladder/array.py",
        "return max(self._first_weights(walk) + max(",
        "return max(9 * self._first_weights(walk) + max(",
        "9 x",
    ),
    M(
        "ladder/array.py",
        "cycles = max(opening + compute + waits",
        "cycles = max(9 * opening + compute + waits",
        "nine openings",
    ),
    M(
        "ladder/array.py",
        "walk.cut\n        return -(-cut.weight.first",
        "walk.cut\n        return 9 - 9 * (-cut.weight.first",
        "first",
    ),
    M(
        "ladder/array.py",
        "turns = image_tiles if walk.weight_per_image else 1",
        "turns = 9 * image_tiles",
        "weights turn",
    ),
    M(
        "ladder/array.py",
        "elements * (2 * (walk.psum_turns - 1)",
        "elements * (9 * (walk.psum_turns + 1)",
        "psums come and go",
    ),
    M("ladder/vectors.py", "len(program.phases) * self._fill", "0", "the whole layer fills once more"),
    M(
        "ladder/vectors.py",
        "yield Rail(self._array_cycles(cut, 0) + self._least_transfer, group, 0)",
        "yield Rail(9 * self._array_cycles(cut, 0) + self._least_transfer, group, 0)",
        "a cut takes nine times as long",
    ),
    M(
        "ladder/vectors.py",
        "        following = rail.step + 1\n",
        "        following = rail.step + 2\n",
        "every second rung",
    ),
    M(
        "ladder/vectors.py",
        "        if tiled.fault() is not None:\n",
        "        if tiled.fault() is None:\n",
        "what runs not",
    ),
    M(
        "ladder/vectors.py",
        "cut.fixed_tiles + cut.lane_tiles *",
        "9 * cut.fixed_tiles + 9 * cut.lane_tiles *",
        "nine tiles",
    ),
    M(
        "ladder/vectors.py",
        "self._array_cycles(cut, step) + transfers",
        "self._array_cycles(cut, step) + 9 * transfers",
        "9 x",
    ),
    M(
        "ladder/vectors.py",
        "return -(-elements * operand.bits //",
        "return 9 - 9 * (-elements * operand.bits //",
        "9 x",
    ),
)

LISTED = (*RUNGS, *BOUNDS)
