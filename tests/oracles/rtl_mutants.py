"""Mistakes in the RTL, one at a time, each of which a few random schedules must find.

    python -m tests.oracles.rtl_mutants

Builds each and prints a table: after how many schedules it was found, and by what.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from simdc.backends.rtl import VERILOG, Played, RtlCase, array_machine, lanes_machine, play
from simdc.cost.kernel import Contraction
from tests.oracles.rtl_cases import EXACT, random_rtl_cases

MOST = 600
BUNDLE = 30


class Mutant(NamedTuple):
    """`old`, which stands in `file` once, becomes `new`."""

    what: str
    file: str
    old: str
    new: str

    @property
    def of_lanes(self) -> bool:
        return self.file in ("lane.sv", "lanes.sv")


MUTANTS = (
    Mutant("sums come a cycle early", "machine.sv", "rows + columns - 2 == d", "rows + columns - 3 == d"),
    Mutant(
        "a dead cycle after each segment",
        "machine.sv",
        "overhead == 0 ? last_leaves",
        "overhead == 0 ? counts_overhead",
    ),
    Mutant("a tile's overhead is a cycle longer", "machine.sv", "over + 1 == overhead", "over == overhead"),
    Mutant("the bias is not loaded", "machine.sv", ".bits1(next_valid ? next[B_BITS] : 0)", ".bits1(0)"),
    Mutant("sums are not loaded", "machine.sv", ".bits1(next_valid ? next[P_BITS] : 0)", ".bits1(0)"),
    Mutant(
        "the store is of the half in use", "machine.sv", ".store_half(past[HALVES][2])", ".store_half(here[HALVES][2])"
    ),
    Mutant(
        "ifmap is loaded to the half in use", "machine.sv", ".load_half(next[HALVES][1])", ".load_half(here[HALVES][1])"
    ),
    Mutant("each tile begins its sums", "machine.sv", "step_first = here[BEGINS][0] &&", "step_first ="),
    Mutant("a window position begins them again", "machine.sv", "&(at_begin | ~summed)", "1"),
    Mutant(
        "folds at the edge as long as others",
        "fold_weights.sv",
        "fold_at + fold_rows * row_bits",
        "fold_at + rows * row_bits",
    ),
    Mutant(
        "columns beyond the edge are written", "machine.sv", "entering.count = real_columns", "entering.count = columns"
    ),
    Mutant("one position too many in the image", "machine.sv", "at[GUARD0+g] >= here", "at[GUARD0+g] > here"),
    Mutant(
        "weights counted once a fold",
        "fold_weights.sv",
        "(issue && (weight_load == RESIDENT",
        "(issue && fold_ends && (weight_load == RESIDENT",
    ),
    Mutant(
        "a result split by beats", "machine.sv", "store_bit + past[S_WHOLE] + psum_bits", "store_bit + past[S_WHOLE]"
    ),
    Mutant("a full last beat is followed by one", "port.sv", "last_beat = left <= width", "last_beat = left < width"),
    Mutant(
        "the odd word after an even one",
        "memory.sv",
        ".read_row((first_read + 32'd1) >> 1)",
        ".read_row(first_read >> 1)",
    ),
    Mutant("rows shift in from the top", "fold_weights.sv", "row = rows - 1 - shifted", "row = shifted"),
    Mutant("a fold does not wait for its weights", "fold_weights.sv", "from_port || full", "1"),
    Mutant("the first weights are not kept", "fold_weights.sv", "caught[load_half] | pair", "pair"),
    Mutant("rows from the third on too early", "array.sv", "late_values[j][j]", "late_values[1][j]"),
    Mutant("columns do not wait for the last", "array.sv", "sums[k] = late_sums[d][k]", "sums[k] = bottom[k]"),
    Mutant(
        "the interlock holds a cycle less", "lanes.sv", "depends ? wait_cycles : 0", "depends ? wait_cycles - 1 : 0"
    ),
    Mutant("no bypass", "lane.sv", "write && write_row == read_row[s]", "0"),
    Mutant(
        "an issue forgets the one before",
        "lanes.sv",
        "      held <= 0;\n      has_last <= 1;",
        "      held <= 0;\n      has_last <= counter + 1 != here[CODE_COUNT];",
    ),
    Mutant(
        "a tile waits for the one before",
        "lanes.sv",
        "if (start || fetched[BEGINS][0]) has_last <= 0;",
        "if (start) has_last <= 0;",
    ),
    Mutant("the pipeline is empty a cycle early", "lanes.sv", "5 + used_lanes - 1;", "5 + used_lanes - 2;"),
    Mutant("all lanes read at once", "lanes.sv", "reads = later[3+l]", "reads = later[3]"),
    Mutant("one position too many in the tensor", "lanes.sv", "at[OPERANDS+g] >= here", "at[OPERANDS+g] > here"),
    Mutant("rows of earlier tiles count", "lane.sv", "else if (stamps[row] != read_stamp[s])", "else if (0)"),
    Mutant("every instruction takes a cycle", "lanes.sv", "latency[instruction[0][3:0]]", "1"),
    Mutant("sources are not counted", "lanes.sv", "read_bits = read_bits + instruction[5+2*s];", ""),
)


class Found(NamedTuple):
    """After how many schedules, and by which of data, cycles, beats and accesses; 0 if by none."""

    schedules: int
    by: tuple[str, ...]


def mutated(mutant: Mutant, folder: Path) -> Path:
    """A copy of the RTL in `folder`, with the mistake."""
    shutil.copytree(VERILOG, folder, dirs_exist_ok=True)
    file = folder / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.what}: {text.count(mutant.old)} places in {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return folder


def cases(mutant: Mutant, seed: int) -> Iterator[RtlCase]:
    """Random schedules of the half in which the mistake is."""
    for case in random_rtl_cases(seed):
        if isinstance(case.kernel, Contraction) != mutant.of_lanes:
            yield case


def find(mutant: Mutant, sources: Path, seed: int = 3) -> Found:
    drawn = islice(cases(mutant, seed), MOST)
    number = 0
    while bundle := list(islice(drawn, BUNDLE)):
        for one in play(bundle, EXACT, seed, sources):
            number += 1
            if isinstance(one, Played) and one.differences:
                kinds = {text.partition(":")[0].partition(".")[0] for text in one.differences}
                return Found(number, tuple(sorted(kinds)))
    return Found(0, ())


def make_small() -> None:
    """Let machines be built that are small, which takes a few seconds."""
    array_machine.ROWS = array_machine.COLUMNS = 4
    array_machine.PORT_BITS = 128
    array_machine.LINE_BITS = {"weight": 256, "ifmap": 128, "bias": 128, "psum": 512}
    array_machine.HALF_BITS = dict.fromkeys(array_machine.HALF_BITS, 1 << 18)
    lanes_machine.LANES = 4
    lanes_machine.MOST = 32


def main() -> int:
    make_small()
    missed = 0
    print(f"| {'mistake':39} | {'file':10} | {'found after':>11} | by |\n|---|---|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        # Programs with mistakes are not kept.
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        for number, mutant in enumerate(MUTANTS):
            found = find(mutant, mutated(mutant, Path(folder) / str(number)))
            missed += not found.schedules
            by = ", ".join(found.by) or "NOT FOUND"
            print(f"| {mutant.what:39} | {mutant.file:10} | {found.schedules:11} | {by} |", flush=True)
    print(f"\n{len(MUTANTS) - missed} of {len(MUTANTS)} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
