"""Ten layers as SCALE-Sim 3.0.0 counts them on 16 x 16 PEs, and how they come to be.

python -m venv scale-sim; scale-sim/bin/pip install scalesim==3.0.0 numpy==1.26.4
SCALE_SIM_PYTHON=scale-sim/bin/python python -m pytest tests/cost/exact/test_scale_sim_rules.py
"""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from typing import NamedTuple


class Layer(NamedTuple):
    """A convolution without a border, in SCALE-Sim's words, and the cycles of its report: one less than it takes, as it
    tells the index of the last one."""

    height: int
    width: int
    window_height: int
    window_width: int
    ic: int
    oc: int
    stride: int
    weight_stationary: int
    output_stationary: int
    input_stationary: int

    @property
    def out(self) -> tuple[int, int]:
        return (self.height - self.window_height) // self.stride + 1, (
            self.width - self.window_width
        ) // self.stride + 1


# What the package said, run once.
LAYERS = (
    Layer(10, 10, 1, 1, 16, 16, 1, 145, 321, 433),
    Layer(8, 8, 1, 1, 24, 40, 1, 659, 647, 687),
    Layer(8, 8, 3, 3, 16, 32, 1, 1475, 1043, 2105),
    Layer(10, 10, 3, 3, 8, 20, 1, 1099, 815, 1319),
    Layer(7, 7, 7, 7, 4, 48, 1, 1832, 677, 1221),
    Layer(16, 16, 1, 1, 64, 64, 1, 4831, 6015, 7039),
    Layer(9, 9, 3, 3, 16, 17, 1, 1709, 1391, 2267),
    Layer(6, 6, 2, 2, 31, 5, 1, 567, 307, 815),
    Layer(15, 15, 3, 3, 5, 9, 2, 284, 299, 659),
    Layer(1, 1, 1, 1, 100, 37, 1, 986, 389, 580),
)
DATAFLOWS = {"weight_stationary": "ws", "output_stationary": "os", "input_stationary": "is"}
CONFIGURATION = """\
[general]
run_name = run
[architecture_presets]
ArrayHeight: 16
ArrayWidth: 16
IfmapSramSzkB: 6144
FilterSramSzkB: 6144
OfmapSramSzkB: 2048
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: {dataflow}
Bandwidth: 10
ReadRequestBuffer: 512
WriteRequestBuffer: 512
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""
HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
PROGRAM = """\
from scalesim.scale_sim import scalesim
run = scalesim(save_disk_space=True, verbose=False, config="run.cfg", topology="run.csv", layout="layout.csv")
run.run_scale(top_path="out")
"""


def run_package(python: str, dataflow: str, folder: Path) -> list[int]:
    """Cycles of each layer, by the package that the interpreter `python` has. Raises CalledProcessError."""
    (folder / "run.cfg").write_text(CONFIGURATION.format(dataflow=DATAFLOWS[dataflow]))
    rows = [f"l{number}, {', '.join(map(str, layer[:7]))}," for number, layer in enumerate(LAYERS)]
    (folder / "run.csv").write_text("\n".join([HEAD, *rows, ""]))
    # It wants a layout, which it does not use here: 17 numbers a layer.
    (folder / "layout.csv").write_text(
        "\n".join(["Layer name,", *(f"l{n}," + "1," * 17 for n in range(len(rows))), ""])
    )
    subprocess.run([python, "-c", PROGRAM], cwd=folder, check=True, capture_output=True, timeout=600)
    (report,) = (folder / "out").rglob("COMPUTE_REPORT.csv")
    with report.open() as file:
        return [int(row[" Total Cycles"]) for row in csv.DictReader(file)]
