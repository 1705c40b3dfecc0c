"""Draw the pictures of docs/architecture.md, the machine and its example with a pencil over time, and that of
docs/performance.md, from its tables.

python docs/draw.py
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from simdc.backends.simulate.trace import trace
from simdc.backends.simulate.transfer import Transfer
from simdc.cost import Contraction, Hardware, Tiling

FOLDER = Path(__file__).parent
PAGE = FOLDER / "architecture.md"
MEASURED = FOLDER / "performance.md"
GROWTH = re.compile(r"<!-- written by benchmarks/growth.py -->\n(.*?)<!-- end", re.DOTALL)
CELL = re.compile(r"([0-9.]+) (ms|s), ([0-9]+) MiB")
EXAMPLE = re.compile(r"^```python\n(.*?\bsimulate\(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #57606a }
.field { font: 10px ui-monospace, monospace; fill: #57606a }
.title { font-weight: 600 }
.on { fill: #1f2328 }
.paper { fill: #ffffff }
.frame { fill: none; stroke: #8c959f; stroke-dasharray: 5 4 }
.box { fill: #eef1f4; stroke: #57606a }
.half { stroke: #57606a; stroke-dasharray: 2 2 }
.memory { fill: #cfe3fa; stroke: #33689e }
.cell { fill: #dff0d8; stroke: #4c7a3d }
.wire { fill: none; stroke: #57606a; stroke-width: 1.6 }
.head { fill: #57606a }
.grid { stroke: #8c959f; stroke-dasharray: 3 3 }
.idle { fill: #d8dce1 }
.curve { fill: none; stroke-width: 2 }
.curve0 { stroke: #33689e } .curve1 { stroke: #b45f06 } .curve2 { stroke: #4c7a3d }
.tile0 { fill: #8ecae6 } .tile1 { fill: #ffd166 } .tile2 { fill: #95d5b2 } .tile3 { fill: #f4a6b8 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small, .field { fill: #a5afb9 }
  .on { fill: #1f2328 }
  .paper { fill: #161b22 }
  .box { fill: #2a313a; stroke: #a5afb9 }
  .half { stroke: #a5afb9 }
  .memory { fill: #1d3a5a; stroke: #79b0ea }
  .cell { fill: #25402a; stroke: #83bd74 }
  .wire { stroke: #a5afb9 }
  .head { fill: #a5afb9 }
  .idle { fill: #39414b }
  .curve0 { stroke: #79b0ea } .curve1 { stroke: #f0a35e } .curve2 { stroke: #83bd74 }
}
"""


class Drawing:
    """Shapes in the order in which they are put down; sizes and places are in pixels, from the top left."""

    def __init__(self, width: int, height: int, title: str):
        self.size, self.title, self.shapes = (width, height), title, list[str]()
        self.box(0, 0, width, height, "paper", corner=8)

    def box(self, x: float, y: float, width: float, height: float, kind: str, corner: int = 3) -> None:
        self.shapes.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{corner}"/>'
        )

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
        self.shapes.append(f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, *points: tuple[float, float], kind: str = "wire", ends: str = "") -> None:
        """Through `points`, with an arrow at its `start`, its `end`, or both."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        arrows = "".join(f' marker-{end}="url(#arrow)"' for end in ends.split())
        self.shapes.append(f'<polyline class="{kind}" points="{path}"{arrows}/>')

    def svg(self) -> str:
        width, height = self.size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
            f"<title>{escape(self.title)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>',
        )
        return "\n".join([*head, *self.shapes, "</svg>"]) + "\n"


def machine() -> str:
    """The two arrays, their memories, and the ports to DRAM."""
    drawing = Drawing(860, 470, "The machine: a systolic and a SIMD array, their memories and their ports to DRAM")
    drawing.box(20, 16, 820, 40, "box")
    drawing.text(430, 41, "DRAM", "title")
    drawing.box(20, 100, 570, 354, "frame", corner=8)
    drawing.text(34, 444, "systolic array with its double buffers", "small", "start")
    drawing.box(610, 100, 230, 354, "frame", corner=8)
    drawing.text(624, 444, "SIMD array", "small", "start")
    _ports(drawing)
    for x, width, name, field in (
        (34, 130, "ifmap buffer", "ifmap_bits"),
        (190, 130, "weight buffer", "weight_bits"),
        (334, 90, "bias buffer", "bias_bits"),
        (446, 130, "psum buffer", "psum_bits"),
    ):
        _double_buffer(drawing, x, width, name, field)
    _systolic_array(drawing, 210, 290)
    _simd_array(drawing, 624)
    return drawing.svg()


def _ports(drawing: Drawing) -> None:
    for x, ends, name, field in (
        (99, "end", "ifmap port", "ifmap_bits_per_cycle"),
        (255, "end", "weight port", "weight_bits_per_cycle"),
        (511, "start end", "psum port", "psum_bits_per_cycle"),
        (680, "start end", "SIMD port", "bandwidth_bits_per_cycle"),
    ):
        drawing.line((x, 56), (x, 140), ends=ends)
        drawing.text(x + 7, 74, name, anchor="start")
        drawing.text(x + 7, 88, field, "field", "start")
    # Weights and bias share a port.
    drawing.line((255, 116), (379, 116), (379, 140), ends="end")


def _double_buffer(drawing: Drawing, x: float, width: float, name: str, field: str) -> None:
    """One half holds the tile in use, the other the next."""
    drawing.box(x, 142, width, 66, "memory")
    drawing.text(x + width / 2, 160, name, "title")
    drawing.text(x + width / 2, 174, field, "field")
    drawing.line((x, 181), (x + width, 181), kind="half")
    drawing.line((x + width / 2, 181), (x + width / 2, 208), kind="half")
    drawing.text(x + width / 4, 199, "in use", "small")
    drawing.text(x + width * 3 / 4, 199, "next", "small")


def _systolic_array(drawing: Drawing, left: float, top: float) -> None:
    pitch, count = 27, 4
    side = pitch * count
    for row in range(count):
        for column in range(count):
            drawing.box(left + pitch * column, top + pitch * row, pitch - 4, pitch - 4, "cell")
    middle = left + side / 2 - 2
    drawing.line((255, 208), (255, top - 6), ends="end")
    drawing.text(248, 232, "a weight stays", "small", "end")
    drawing.text(248, 246, "in each PE", "small", "end")
    drawing.line((99, 208), (99, top + side / 2), (left - 6, top + side / 2), ends="end")
    drawing.text(104, top + side / 2 + 17, "a value per", "small", "start")
    drawing.text(104, top + side / 2 + 31, "row and step", "small", "start")
    drawing.line((middle, top + side), (middle, top + side + 20), (511, top + side + 20), (511, 208), ends="start end")
    drawing.text(400, top + side + 34, "a psum per column and step", "small")
    drawing.line((379, 208), (379, top + side + 20), ends="end")
    drawing.text(385, 240, "begins a sum", "small", "start")
    drawing.text(262, top - 10, "rows x columns PEs", "field", "start")


def _simd_array(drawing: Drawing, left: float) -> None:
    lanes, width = 6, 202
    drawing.box(left, 142, width, 66, "memory")
    drawing.text(left + width / 2, 162, "vector memory", "title")
    drawing.text(left + width / 2, 176, "vmem_bits", "field")
    drawing.text(left + width / 2, 196, "not doubled: moves or computes", "small")
    drawing.line((left + width / 2, 208), (left + width / 2, 284), ends="start end")
    pitch = width / lanes
    for lane in range(lanes):
        drawing.box(left + pitch * lane, 290, pitch - 4, 40, "cell")
    drawing.text(left + width / 2, 348, "lanes: no path between them", "small")
    for x, width, name in ((left, 118, "instruction memory"), (left + 126, 76, "immediates")):
        drawing.box(x, 380, width, 36, "memory")
        drawing.text(x + width / 2, 402, name, "small")
        drawing.line((x + width / 2, 380), (x + width / 2, 355), ends="end")


class Segment(NamedTuple):
    """Cycles in which one tile computes (None: none does) while others move: `stores` of the tile before, `loads` for
    the next, each with the number of its tile."""

    tile: int | None
    compute: int
    moves: Sequence[tuple[int, str, Transfer]]

    @property
    def cycles(self) -> int:
        return max([self.compute, *(self.busy(port) for port in PORTS)])

    def busy(self, port: str) -> int:
        return sum(move.cycles for _, _, move in self.moves if move.port == port)


PORTS = {"weight_port": "weight port", "ifmap_port": "ifmap port", "psum_port": "psum port"}


def example() -> tuple[Contraction, Tiling, Hardware]:
    """What the page works out with a pencil, from the page's own program."""
    found = EXAMPLE.search(PAGE.read_text(encoding="utf-8"))
    assert found, f"{PAGE} has no program that simulates"
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(found[1], str(PAGE), "exec", dont_inherit=True), names)
    kernel, tiling, hardware = names["kernel"], names["tiling"], names["machine"]
    assert isinstance(kernel, Contraction)
    assert isinstance(tiling, Tiling)
    assert isinstance(hardware, Hardware)
    return kernel, tiling, hardware


def segments(kernel: Contraction, tiling: Tiling, hardware: Hardware) -> list[Segment]:
    """From the first load to the last store, as the tile simulator has them. Raises ValueError if their lengths do not
    add up to its cycles."""
    shares = [*trace(kernel, tiling, hardware)]
    found = [
        Segment(
            number if 0 <= number < len(shares) else None,
            shares[number].adds["cycles.compute"] if 0 <= number < len(shares) else 0,
            [
                *((number - 1, "store", move) for move in (shares[number - 1].stores if number > 0 else ())),
                *(
                    (number + 1, "load", move)
                    for move in (shares[number + 1].loads if number + 1 < len(shares) else ())
                ),
            ],
        )
        for number in range(-1, len(shares) + 1)
    ]
    cycles = sum(share.adds["cycles.compute"] + share.adds["cycles.stall"] for share in shares)
    if sum(segment.cycles for segment in found) != cycles:
        raise ValueError(f"segments of {[segment.cycles for segment in found]} cycles, the simulator has {cycles}")
    return found


def tiles() -> str:
    """The example over time: a row for the array and each port, a column for each segment."""
    left, top, scale, row, bar = 104, 64, 23, 50, 36
    found = segments(*example())
    cycles = sum(segment.cycles for segment in found)
    drawing = Drawing(
        left + scale * cycles + 26, top + row * 4 + 66, f"Four tiles over {cycles} cycles: array and ports by segment"
    )
    for number, name in enumerate(("array", *PORTS.values())):
        drawing.text(left - 14, top + row * number + 23, name, "title", "end")
    drawing.text(left - 14, top - 14, "cycles", "small", "end")
    begin = 0
    starts = [begin := begin + length for length in (0, *(segment.cycles for segment in found))]
    for segment, (begin, end) in zip(found, pairwise(starts), strict=True):
        drawing.text(left + scale * (begin + end) / 2, top - 14, str(end - begin), "title")
        _bar(drawing, left + scale * begin, top, scale * (end - begin), bar, "idle", "")
        if segment.tile is not None:
            text = f"tile {segment.tile + 1}"
            _bar(drawing, left + scale * begin, top, scale * segment.compute, bar, f"tile{segment.tile}", text)
        for number, port in enumerate(PORTS, 1):
            at = begin
            for tile, way, move in segment.moves:
                if move.port == port:
                    x, text = left + scale * at, f"{way} {tile + 1}"
                    _bar(drawing, x, top + row * number, scale * move.cycles, bar, f"tile{tile}", text)
                    at += move.cycles
    for at in starts:
        x = left + scale * at
        drawing.line((x, top - 6), (x, top + row * 4), kind="grid")
        drawing.text(x, top + row * 4 + 14, str(at), "small")
    drawing.text(left, 22, "length of each segment: the longest of array and ports", "small", "start")
    foot = "colour and number are the tile's; grey: the array waits (stall). Results leave by the psum port."
    drawing.text(left, top + row * 4 + 42, foot, "small", "start")
    return drawing.svg()


def _bar(drawing: Drawing, x: float, y: float, width: float, height: float, kind: str, text: str) -> None:
    drawing.box(x + 1, y, width - 2, height, kind)
    drawing.text(x + width / 2, y + height / 2 + 4, text, "on" if text else "")


class Measured(NamedTuple):
    """A row of a table of docs/performance.md: by size, seconds and the peak of memory in MiB."""

    title: str
    seconds: list[tuple[float, float]]
    peak_mib: list[tuple[float, float]]


def measured() -> dict[str, list[Measured]]:
    """The tables by what grows in them: layers, tiles, machines."""
    found = GROWTH.search(MEASURED.read_text(encoding="utf-8"))
    assert found, f"{MEASURED} has no tables of growth"
    tables: dict[str, list[Measured]] = {}
    for table in found[1].strip().split("\n\n"):
        head, _, *rows = ([cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines())
        sizes = [int(size.replace(",", "")) for size in head[1:]]
        tables[head[0]] = [_measured(title, sizes, cells) for title, *cells in rows]
    return tables


def _measured(title: str, sizes: Sequence[int], cells: Sequence[str]) -> Measured:
    points = [(size, found) for size, cell in zip(sizes, cells, strict=False) if (found := CELL.match(cell))]
    return Measured(
        title.replace("`", ""),
        [(size, float(found[1]) / (1e3 if found[2] == "ms" else 1)) for size, found in points],
        [(size, float(found[3])) for size, found in points],
    )


def growth() -> str:
    """Time and memory against layers, time against tiles and machines; both axes of each are logarithmic."""
    tables = measured()
    drawing = Drawing(860, 640, "How time and memory grow with layers, tiles and machines")
    _panel(drawing, 80, 70, "seconds by layers", [(row.title, row.seconds) for row in tables["layers"]])
    _panel(drawing, 510, 70, "MiB by layers", [(row.title, row.peak_mib) for row in tables["layers"]])
    _panel(drawing, 80, 390, "seconds by tiles", [(row.title, row.seconds) for row in tables["tiles"]])
    _panel(drawing, 510, 390, "seconds by machines", [(row.title, row.seconds) for row in tables["machines"]])
    return drawing.svg()


Points = list[tuple[float, float]]


def _panel(drawing: Drawing, left: float, top: float, title: str, curves: Sequence[tuple[str, Points]]) -> None:
    width, height = 320, 170
    every = [point for _, points in curves for point in points]
    (first, last), (low, high) = (_decades([point[axis] for point in every]) for axis in (0, 1))
    drawing.text(left, top - 50, title, "title", "start")

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = left + width * (log10(point[0]) - first) / (last - first)
        return round(x, 1), round(top + height * (high - log10(point[1])) / (high - low), 1)

    for decade in range(first, last + 1):
        x, y = place((10.0**decade, 10.0**low))
        drawing.line((x, top), (x, y), kind="grid")
        drawing.text(x, y + 16, f"{10**decade:,}" if decade < 5 else f"10^{decade}", "small")
    for decade in range(low, high + 1):
        x, y = place((10.0**first, 10.0**decade))
        drawing.line((x, y), (left + width, y), kind="grid")
        drawing.text(x - 6, y + 4, f"{10.0**decade:g}", "small", "end")
    for number, (name, points) in enumerate(curves):
        y = top - 36 + 12 * number
        drawing.line((left, y), (left + 22, y), kind=f"curve curve{number}")
        drawing.text(left + 28, y + 4, name, "small", "start")
        drawing.line(*map(place, points), kind=f"curve curve{number}")


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around all values, at least one apart."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


DRAWINGS = {"machine.svg": machine, "tiles.svg": tiles, "growth.svg": growth}


if __name__ == "__main__":
    (FOLDER / "drawings").mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        (FOLDER / "drawings" / name).write_text(draw(), encoding="utf-8")
