"""The accelerator as data: a systolic array, a SIMD array, their memories, ports and energy prices.

Every field says its unit and where its meaning comes from in its metadata, and whether any cost depends on it.
`structure.py` builds these classes from plain data and reports the path of whatever is wrong.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simdc.frozen import Frozen

from .dram import Dram
from .extensions import Extensions
from .machine_fields import choice, name_text, number, option, optional_part, part, price, rate, remark, switch, word
from .marks import Basis, marks
from .ratio import Rate

MACHINE = "GeneSys machine, SimDIT section III"
RELEASE = "released SimDIT program, inference mode"
ASSUMED = "assumption: the release has no such instruction"
CACHE = "assumption: the array multiplies elements of any width"
IM2COL = "im2col machines, such as SCALE-Sim's and Gemmini"
DATAFLOW = "SCALE-Sim's three dataflows"
SIDE_BY_SIDE = "assumption: arrays whose rows take inputs of several groups at once"
RELEASED = "segment: SimDIT section III; joint: RTL of GeneSys; separate: decoupled access and execute, as Gemmini"
LOADS = "resident: GeneSys; hidden: TPU v1, Gemmini; exposed: SCALE-Sim"
SET_UP = "RTL of GeneSys: 40 to 60 instructions set the loops up, again for each tile"
DRAINS = "overlapped: GeneSys and others; serial: SCALE-Sim"
OVERHEAD = "RTL of GeneSys, where it is 5: three register stages, two cycles of handshake"
LATENCY = "RTL of GeneSys, where it is 3"
HAZARD = "wait: an interlock; refuse: RTL of GeneSys, which adds to sums that are not written yet"
ONE_EACH = "interleaved: SimDIT section III; fission: RTL of GeneSys, whose nested loops hold one instruction"
HALVES = "false: SimDIT section III, RTL of GeneSys; true: assumption, as the systolic array's buffers have two halves"
PATH = "assumption: GeneSys hands results of the array to the lanes on chip; the way back is assumed"


def _int(unit: str, source: str = MACHINE, **options: Any) -> Any:
    return number(unit, source, **options)


class Widths(Frozen):
    """Bits of one element on the systolic array. `cache_bits` are those of keys and values that a decoder keeps; 0: as
    many as the ifmap has."""

    weight_bits: int = _int("bit")
    ifmap_bits: int = _int("bit")
    bias_bits: int = _int("bit")
    psum_bits: int = _int("bit")
    cache_bits: int = _int("bit", CACHE, minimum=0, default=0)


class Buffers(Frozen):
    """Total capacities of the systolic array's buffers. Each is double-buffered: half of it holds the tile in use."""

    # 32 KiB are 262,144 bits and take tiles of 131,072 bits: 128 x 128 weights of 8 bits.

    weight_bits: int = _int("bit")
    ifmap_bits: int = _int("bit")
    psum_bits: int = _int("bit")
    bias_bits: int = _int("bit")


class Bandwidths(Frozen):
    """The three DRAM ports of the systolic array: weights and bias share one, psum loads and all stores another. What
    takes a fraction of a cycle longer takes all of it: 1,025 bits at 102.4 bits a cycle take 11 cycles."""

    weight_bits_per_cycle: Rate = rate(MACHINE)
    ifmap_bits_per_cycle: Rate = rate(MACHINE)
    psum_bits_per_cycle: Rate = rate(MACHINE)


class SystolicArray(Frozen):
    """Array of `rows` x `columns` PEs, weight-stationary if `dataflow` says nothing else: input channels along the
    rows, output channels along the columns. A tile costs `rows + columns - 2` cycles to fill. With `output_stationary`
    positions of the result lie along the rows, output channels along the columns, and a PE adds up one result; with
    `input_stationary` input channels along the rows, positions along the columns, and weights pass.

    `row_mapping` and `group_mapping` say what else the array can do; each layer is run as is cheapest. With `window`
    rows may take a window's places beside the channels, im2col: 3 channels and a window of 7x7 are 147 rows. With
    `packed` groups may lie side by side, each on rows and columns of its own.

    `buffer_release` says when the halves of buffers change hands: all at once, when a tile is computed and all that
    moved beside it is through (`segment`); for the next tile when all the halves that it takes are free (`joint`); each
    by itself (`separate`).

    `weight_load` is how the weights of a fold, those of one pass over one block of rows and columns, get into the PEs:
    each has all of a tile's at hand (`resident`); they shift in row by row while the fold before computes, which lasts
    `rows` cycles at least (`hidden`), or before their own fold, for `rows` cycles (`exposed`). `fold_drain` says
    whether a fold begins right behind the one before (`overlapped`) or when the last sum of that one has left the array
    (`serial`). `tile_overhead_cycles` come on top of the fill of each tile: register stages, what starts a tile.
    `accumulate_latency_cycles` after a sum is read it can be read anew. A fold that another one follows which adds to
    the same outputs lasts at least that long (`hazard` is `wait`); or, where the array does not look, a tile with such
    folds is refused if they have fewer positions, but for one, which is forwarded (`refuse`).
    """

    rows: int = _int("PE")
    columns: int = _int("PE")
    widths: Widths = part(Widths)
    buffers: Buffers = part(Buffers)
    bandwidths: Bandwidths = part(Bandwidths)
    buffer_release: str = choice(RELEASED, "segment", "joint", "separate")
    dataflow: str = choice(DATAFLOW, "weight_stationary", "output_stationary", "input_stationary")
    row_mapping: str = choice(IM2COL, "channels", "window")
    group_mapping: str = choice(SIDE_BY_SIDE, "one", "packed")
    weight_load: str = choice(LOADS, "resident", "hidden", "exposed")
    fold_drain: str = choice(DRAINS, "overlapped", "serial")
    tile_overhead_cycles: int = option("cycle", OVERHEAD, 0)
    accumulate_latency_cycles: int = option("cycle", LATENCY, 1, minimum=1)
    hazard: str = choice(HAZARD, "wait", "refuse")

    @property
    def mappings(self) -> tuple[str, ...]:
        """Beside channels along rows and columns, one group at a time: `window`, `packed` (`array_kernel.MAPPINGS`)."""
        # Rows with positions of results add nothing up, so no window fits there; groups of one row and many columns, or
        # of one column and many rows, are as many PEs however they lie.
        window = self.row_mapping == "window" and self.dataflow != "output_stationary"
        packed = self.group_mapping == "packed" and self.dataflow == "weight_stationary"
        return ("window",) * window + ("packed",) * packed


class Latencies(Frozen):
    """Cycles of one SIMD instruction, by opcode."""

    add: int = _int("cycle", RELEASE, default=1)
    sub: int = _int("cycle", RELEASE, default=1)
    mul: int = _int("cycle", RELEASE, default=1)
    max: int = _int("cycle", RELEASE, default=1)
    min: int = _int("cycle", RELEASE, default=1)
    compare: int = _int("cycle", RELEASE, default=1)
    conditional_move: int = _int("cycle", RELEASE, default=1)
    move: int = _int("cycle", ASSUMED + ", taken as conditional_move", default=1)
    div: int = _int("cycle", RELEASE, default=9)
    exp: int = _int("cycle", RELEASE, default=3)
    inv_sqrt: int = _int("cycle", RELEASE, default=13)
    log: int = _int("cycle", ASSUMED + ", taken as exp", default=3)
    sqrt: int = _int("cycle", ASSUMED + ", taken as inv_sqrt", default=13)
    mac: int = _int("cycle", ASSUMED + "; GeneSys has it (MACC), taken as mul", default=1)


class SimdArray(Frozen):
    """`lanes` ALUs on a vector memory whose loads, compute and stores take turns. A tile costs
    `pipeline_stages - 1 + lanes - 1` cycles to fill; an instruction that reads what the one before it
    wrote waits `raw_wait_cycles`, from one issue to the next, too. `array_path_bits_per_cycle` is how fast data goes
    between vector memory and the systolic array's psum and ifmap buffers, one way at a time; 0: there is no path. For
    `tile_overhead_cycles` each tile of a program sets its loops up, beside the fill. By `issue` each point of a
    tile's loops runs all of a block (`interleaved`), or each instruction has loops of its own (`fission`): none waits,
    each loop is set up by itself, and vector memory holds a temporary for all points at once.
    If it is `double_buffered` half of it holds a tile, and the next one is loaded while this one computes."""

    lanes: int = _int("lane")
    width_bits: int = _int("bit")
    vmem_bits: int = _int("bit")
    bandwidth_bits_per_cycle: Rate = rate(MACHINE)
    instruction_bits: int = _int("bit", RELEASE, default=32)
    instruction_memory_bits: int = _int("bit", default=8192, modelled=False)
    immediate_memory_bits: int = _int("bit", RELEASE, default=1024, modelled=False)
    pipeline_stages: int = _int("stage", default=6)
    raw_wait_cycles: int = _int("cycle", MACHINE, minimum=0, default=2)
    array_path_bits_per_cycle: Rate = rate(PATH, minimum=0, default=0)
    tile_overhead_cycles: int = option("cycle", SET_UP, 0)
    issue: str = choice(ONE_EACH, "interleaved", "fission")
    double_buffered: bool = switch(HALVES)
    latency_cycles: Latencies = part(Latencies, factory=Latencies)


class SramPrices(Frozen):
    """Energy of one bit read from or written to each on-chip memory."""

    wbuf: float = price("pJ/bit", "SimDIT Eq. 31")
    ibuf: float = price("pJ/bit", "SimDIT Eq. 31")
    obuf: float = price("pJ/bit", "SimDIT Eq. 31")
    bbuf: float = price("pJ/bit", "SimDIT Eq. 31")
    vmem: float = price("pJ/bit", "SimDIT Eq. 31")
    imm: float = price("pJ/bit", "SimDIT Eq. 31")
    insmem: float = price("pJ/bit", "SimDIT Eq. 31")


class Prices(Frozen):
    """Energy prices (SimDIT Eqs. 29-32). `source` says where the numbers come from."""

    source: str = name_text()
    pe_pj_per_cycle: float = price("pJ/(PE cycle)", "dynamic power of the systolic array, SimDIT Eq. 29")
    lane_pj_per_cycle: float = price("pJ/(lane cycle)", "dynamic power of the SIMD array, SimDIT Eq. 30")
    dram_pj_per_bit: float = price("pJ/bit", "SimDIT Eq. 32")
    sram_pj_per_bit: SramPrices = part(SramPrices)
    systolic_leakage_w: float = price("W", "leakage power of the systolic array, SimDIT Eq. 29", default=0.0)
    simd_leakage_w: float = price("W", "leakage power of the SIMD array, SimDIT Eq. 30", default=0.0)


NO_PRICES = Prices("none known, so no energies", 0.0, 0.0, 0.0, SramPrices(*[0.0] * 7))
"""Of a machine whose prices nobody gave: no report of it has energies."""


class Hardware(Frozen):
    """One machine. `changed` lists what was changed since it had its name, as `field=value, field=value`. `basis` is as
    in `Machine`; where there is none nothing is said of what numbers rest on.

    `stores_padding` tells whether zeros that pad channels up to the array and images at their border are stored in
    DRAM, and so moved like data. GeneSys machines store them; a machine that does not moves only what exists.
    """

    # 20 channels on 16 rows: 32 are moved if padding is stored, else 20; both take two passes of the array.

    KIND: ClassVar = "a systolic and a SIMD array"

    name: str = name_text()
    clock_ns: float = price("ns", "effective clock period, SimDIT Eq. 28", positive=True)
    stores_padding: bool = word(bool, "true or false", MACHINE)
    systolic: SystolicArray = part(SystolicArray)
    simd: SimdArray = part(SimdArray)
    prices: Prices = optional_part(Prices, NO_PRICES)
    dram: Dram = part(Dram, factory=Dram)
    basis: Basis = marks(absent=())
    changed: str = remark()
    extensions: Extensions = word(Extensions, "an object", "plug-ins, by name", default=Extensions())

    @property
    def psum_bits(self) -> int:
        """Of a partial sum of a contraction."""
        return self.systolic.widths.psum_bits

    @property
    def temporary_bits(self) -> int:
        """Of a temporary of a vector program."""
        return self.simd.width_bits

    @property
    def stored_widths(self) -> tuple[Widths, int]:
        """What decides how wide tensors are in DRAM."""
        return self.systolic.widths, self.simd.width_bits

    @property
    def peak_macs_per_cycle(self) -> int:
        return self.systolic.rows * self.systolic.columns

    @property
    def has_prices(self) -> bool:
        return self.prices != NO_PRICES

    @property
    def price_source(self) -> str:
        return self.prices.source

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Of its arrays, as reports call them."""
        return ("conv", "simd")

    @property
    def fusing(self) -> tuple[object, ...]:
        """What decides which layers run as one, which none do, and beside the widths which forms they have."""
        return self.systolic.mappings

    @property
    def in_short(self) -> str:
        """Its sizes, for a list of machines."""
        return f"{self.systolic.rows} x {self.systolic.columns} PEs, {self.simd.lanes} lanes, {self.clock_ns} ns"

    @property
    def title(self) -> str:
        """The name, and what makes this machine another one: `HI3 with simd.lanes=128`."""
        return f"{self.name} with {self.changed}" if self.changed else self.name
