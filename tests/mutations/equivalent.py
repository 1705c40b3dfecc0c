"""Mutants that no check can notice, because they compute the same for every input, each with the reason why.

The key is (file, function, line, change) as `run.py --all` prints it. One that is killed after all, or is gone, is an
error of that command as well.
"""

# ruff: noqa: E501 - keys quote lines of code

from __future__ import annotations

Key = tuple[str, str, str, str]

BY_REASON: dict[str, list[Key]] = {
    "one more or one less beside a limit of a hundred thousand that keeps the time bounded": [
        ("axis.py", "", "MOST_SINGLE = 100_000", "100000 -> 100001"),
        ("axis.py", "", "MOST_SINGLE = 100_000", "100000 -> 99999"),
        ("grid.py", "", "MOST_KINDS = 200_000", "200000 -> 200001"),
        ("grid.py", "", "MOST_KINDS = 200_000", "200000 -> 199999"),
    ],
    "a tile of the loop's own length is the loop either way": [
        (
            "axis.py",
            "Axis.__init__",
            "self.tile = tile = tile if tile < bound else bound",
            "tile < bound -> tile <= bound",
        ),
    ],
    "sets the same tiles apart, or more than it must: the same sums in more terms": [
        ("axis.py", "Axis.set_apart", "begin, end = max(0, begin), min(end, self.count)", "0 -> 1"),
        ("axis.py", "Axis.set_apart", "begin, end = max(0, begin), min(end, self.count)", "0 -> -1"),
        (
            "axis.py",
            "Axis.set_apart",
            "low, high = (min(low, end), max(0, min(high, end))) if low < high else (end, end)",
            "low < high -> low <= high",
        ),
        (
            "axis.py",
            "Axis.set_apart",
            "low, high = (min(low, end), max(0, min(high, end))) if low < high else (end, end)",
            "0 -> 1",
        ),
        (
            "axis.py",
            "Axis.set_apart",
            "low, high = (min(low, end), max(0, min(high, end))) if low < high else (end, end)",
            "0 -> -1",
        ),
        ("axis.py", "Axis.set_apart", "for single in (range(begin, low + 1), range(high, end + 1)):", "1 -> 2"),
        (
            "axis.py",
            "Axis.set_apart",
            "if len(single) > MOST_SINGLE:",
            "len(single) > MOST_SINGLE -> len(single) >= MOST_SINGLE",
        ),
        (
            "axis.py",
            "Axis.set_apart",
            "self.cut(*(index for index in single if 0 < index < self.count))",
            "0 < index < self.count -> 0 <= index < self.count",
        ),
        (
            "axis.py",
            "Axis.set_apart",
            "self.cut(*(index for index in single if 0 < index < self.count))",
            "0 < index < self.count -> 0 < index <= self.count",
        ),
        ("axis.py", "Axis.set_apart", "self.cut(*(index for index in single if 0 < index < self.count))", "0 -> -1"),
        (
            "grid.py",
            "_cut_where_clipped",
            "top = expression.constant + sum(step * (by_loop[loop].bound - 1) for loop, step in expression.terms)",
            "by_loop[loop].bound - 1 -> by_loop[loop].bound + 1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "top = expression.constant + sum(step * (by_loop[loop].bound - 1) for loop, step in expression.terms)",
            "1 -> 0",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "if expression.constant >= 0 and top < extent:",
            "expression.constant >= 0 -> expression.constant > 0",
        ),
        ("grid.py", "_cut_where_clipped", "if expression.constant >= 0 and top < extent:", "0 -> 1"),
        (
            "grid.py",
            "_cut_where_clipped",
            "if expression.constant >= 0 and top < extent:",
            "top < extent -> top <= extent",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "low = -(expression.constant // (step * axis.tile)) if expression.constant < 0 else 0",
            "expression.constant < 0 -> expression.constant <= 0",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "low = -(expression.constant // (step * axis.tile)) if expression.constant < 0 else 0",
            "0 -> 1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "low = -(expression.constant // (step * axis.tile)) if expression.constant < 0 else 0",
            "0 -> -1",
        ),
        ("grid.py", "_cut_where_clipped", "others = top - step * (axis.bound - 1)", "1 -> 2"),
        ("grid.py", "_cut_where_clipped", "room = extent - 1 - others", "1 -> 2"),
        (
            "grid.py",
            "_cut_where_clipped",
            "high = (room // step + 1) // axis.tile if room >= 0 else 0",
            "room >= 0 -> room > 0",
        ),
        ("grid.py", "_cut_where_clipped", "high = (room // step + 1) // axis.tile if room >= 0 else 0", "0 -> 1"),
        ("grid.py", "_cut_where_clipped", "high = (room // step + 1) // axis.tile if room >= 0 else 0", "0 -> -1"),
        (
            "grid.py",
            "_cut_where_clipped",
            "high = (room // step + 1) // axis.tile if room >= 0 else 0",
            "room // step + 1 -> room // step - 1",
        ),
        ("grid.py", "_cut_where_clipped", "high = (room // step + 1) // axis.tile if room >= 0 else 0", "1 -> 0"),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "others < 0 -> others <= 0",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "0 -> 1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "0 -> -1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "(-1 - others) // step + 1 -> (-1 - others) // step - 1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "1 -> 2",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0",
            "1 -> 0",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "end = -((expression.constant - extent) // (step * axis.tile)) if expression.constant < extent else 0",
            "expression.constant < extent -> expression.constant <= extent",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "end = -((expression.constant - extent) // (step * axis.tile)) if expression.constant < extent else 0",
            "0 -> 1",
        ),
        (
            "grid.py",
            "_cut_where_clipped",
            "end = -((expression.constant - extent) // (step * axis.tile)) if expression.constant < extent else 0",
            "0 -> -1",
        ),
        (
            "axis.py",
            "Axis.set_apart",
            "self.cut(*(index for index in single if 0 < index < self.count))",
            "for index in single if 0 < index < self.count -> for index in single",
        ),
    ],
    "the key only has to tell the first tile, those between and the last apart; it does, under another name": [
        (
            "axis.py",
            "Axis.place",
            "key = index if self._clip else (index == 0, index == self.count - 1)",
            "index == 0 -> index != 0",
        ),
        ("axis.py", "Axis.place", "key = index if self._clip else (index == 0, index == self.count - 1)", "0 -> 1"),
        (
            "axis.py",
            "Axis.place",
            "key = index if self._clip else (index == 0, index == self.count - 1)",
            "index == self.count - 1 -> index != self.count - 1",
        ),
    ],
    "a cut at an end of the stretch makes an empty one, which is left out, or the same first tile twice": [
        (
            "axis.py",
            "Axis.stretches",
            "firsts = {start, *(first for cut in self._cuts for offset in window if start < (first := cut - offset) < end)}",
            "start < (first := (cut - offset)) < end -> start <= (first := (cut - offset)) < end",
        ),
        (
            "axis.py",
            "Axis.stretches",
            "firsts = {start, *(first for cut in self._cuts for offset in window if start < (first := cut - offset) < end)}",
            "start < (first := (cut - offset)) < end -> start < (first := (cut - offset)) <= end",
        ),
        ("axis.py", "Axis.stretches", "if stop > first", "stop > first -> stop >= first"),
        (
            "axis.py",
            "Axis.stretches",
            "for first, stop in pairwise((*sorted(firsts), end))",
            "for first, stop in pairwise((*sorted(firsts), end)) if stop > first -> for first, stop in pairwise((*sorted(firsts), end))",
        ),
    ],
    "which loops the message of a refusal lists": [
        (
            "grid.py",
            "Grid.cut_at_borders",
            "if prod([axis.pieces for axis in self.axes]) > MOST_KINDS:",
            "prod([axis.pieces for axis in self.axes]) > MOST_KINDS -> prod([axis.pieces for axis in self.axes]) >= MOST_KINDS",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "axis.pieces > 2 -> axis.pieces >= 2",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "axis.pieces > 2 -> axis.pieces <= 2",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "2 -> 3",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "2 -> 1",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "for axis in self.axes if axis.pieces > 2 -> for axis in self.axes",
        ),
        (
            "grid.py",
            "Grid.cut_at_borders",
            'cut = ", ".join(f"loop {axis.loop} has {axis.pieces}" for axis in self.axes if axis.pieces > 2)',
            "for axis in self.axes if axis.pieces > 2 -> for axis in self.axes if not axis.pieces > 2",
        ),
    ],
    "where padding is stored, nothing reads where a span begins and ends": [
        (
            "grid.py",
            "Footprint.__init__",
            "span = Span(reach, low, extent, tiled, grid.numbers) if grid.clip else Span(reach, 0, 0, tiled, None)",
            "0 -> 1",
        ),
        (
            "grid.py",
            "Footprint.__init__",
            "span = Span(reach, low, extent, tiled, grid.numbers) if grid.clip else Span(reach, 0, 0, tiled, None)",
            "0 -> -1",
        ),
    ],
    "dimensions that do not hang together are summed together: more terms, the same total": [
        ("grid.py", "_entangled", "if len(spans) < 2:", "len(spans) < 2 -> len(spans) <= 2"),
        ("grid.py", "_entangled", "if len(spans) < 2:", "len(spans) < 2 -> len(spans) >= 2"),
        ("grid.py", "_entangled", "if len(spans) < 2:", "2 -> 3"),
        ("grid.py", "_entangled", "if len(spans) < 2:", "2 -> 1"),
        (
            "grid.py",
            "_entangled",
            "for group in [group for group in groups if group[0] & slots]:",
            "group[0] & slots -> group[0] | slots",
        ),
        ("grid.py", "_entangled", "if len(spans) < 2:", "if len(spans) < 2: -> if not len(spans) < 2:"),
        (
            "grid.py",
            "_entangled",
            "for group in [group for group in groups if group[0] & slots]:",
            "for group in groups if group[0] & slots -> for group in groups",
        ),
    ],
    "a range that ends at zero or before is empty": [
        ("grid.py", "visits", "for slot in range(footprint.slots[-1] if footprint.slots else 0):", "0 -> -1"),
    ],
}
REASONS: dict[Key, str] = {key: reason for reason, keys in BY_REASON.items() for key in keys}
