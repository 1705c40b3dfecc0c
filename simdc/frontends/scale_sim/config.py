"""SCALE-Sim configurations as machines.

SCALE-Sim describes a systolic array and three double-buffered memories, and counts words. What it does not say:

| field                     | value                                                                        |
| widths                    | a word is 8 bits of ifmap or weight, 32 of a partial sum or bias             |
| DRAM ports                | `Bandwidth` words per cycle each. Where it is to be calculated (`CALC`): what |
|                           | the array can take, a word for each row or column                            |
| bias buffer               | two biases a column                                                          |
| SIMD array                | a lane a column, 32 bits, a vector memory like the ofmap's, the psum port    |
| clock, prices             | 1 ns; those of SimDIT's machines for inference                               |
| padding                   | is not stored                                                                |

`--set` changes each of them.
"""

from __future__ import annotations

import sys
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

from simdc.cost.hardware import (
    Bandwidths,
    Buffers,
    Hardware,
    Prices,
    SimdArray,
    SramPrices,
    SystolicArray,
    Widths,
)
from simdc.errors import SimdcError
from simdc.frontends import genesys_file
from simdc.visible import to_name

ARCHITECTURE, RUN = "architecture_presets", "run_presets"
WORD_BITS, PSUM_BITS = 8, 32
BITS_PER_KB = 8192
MAX_NUMBER = 10**9
DATAFLOWS = {"ws": "weight_stationary", "os": "output_stationary", "is": "input_stationary"}
NOT_MODELLED = (("sparsity", "SparsitySupport"), (RUN, "UseRamulatorTrace"))


def parse_config(text: str, path: str) -> Hardware:
    """The machine in a configuration; `path` is for messages. Raises SimdcError for an unknown dataflow, and for what
    simdc has no model of."""
    config = _Config(text, path)
    dataflow = config.text(ARCHITECTURE, "Dataflow").lower()
    if dataflow not in DATAFLOWS:
        known = ", ".join(f"'{word}'" for word in DATAFLOWS)
        raise config.error(ARCHITECTURE, "Dataflow", f"the dataflow '{dataflow[:40]}' is not known; known are {known}")
    for section, key in NOT_MODELLED:
        if config.parser.get(section, key, fallback="false").strip().lower() == "true":
            raise config.error(section, key, "is not modelled; set it to false")
    rows, columns = (config.number(ARCHITECTURE, key) for key in ("ArrayHeight", "ArrayWidth"))
    ifmap_bits, weight_bits, psum_bits = (
        BITS_PER_KB * config.number(ARCHITECTURE, f"{memory}SramSzkB", f"{memory}SramSz")
        for memory in ("Ifmap", "Filter", "Ofmap")
    )
    ports = _ports(config, rows, columns)
    return Hardware(
        name=config.parser.get("general", "run_name", fallback="").strip().strip('"') or to_name(Path(path).stem),
        clock_ns=1.0,
        stores_padding=False,
        systolic=SystolicArray(
            rows=rows,
            columns=columns,
            widths=Widths(WORD_BITS, WORD_BITS, PSUM_BITS, PSUM_BITS),
            buffers=Buffers(weight_bits, ifmap_bits, psum_bits, bias_bits=2 * columns * PSUM_BITS),
            bandwidths=ports,
            dataflow=DATAFLOWS[dataflow],
        ),
        simd=SimdArray(
            lanes=columns,
            width_bits=PSUM_BITS,
            vmem_bits=psum_bits,
            bandwidth_bits_per_cycle=ports.psum_bits_per_cycle,
        ),
        prices=Prices(
            source=genesys_file.PRICE_SOURCE,
            pe_pj_per_cycle=genesys_file.NARROW_PE_PJ,
            lane_pj_per_cycle=genesys_file.NARROW_LANE_PJ,
            dram_pj_per_bit=genesys_file.DRAM_PJ_PER_BIT,
            sram_pj_per_bit=SramPrices(*[genesys_file.SRAM_PJ_PER_BIT] * 7),
        ),
    )


def _ports(config: _Config, rows: int, columns: int) -> Bandwidths:
    mode = config.parser.get(RUN, "InterfaceBandwidth", fallback="CALC").strip().upper()
    if mode == "USER":
        words = config.number(ARCHITECTURE, "Bandwidth")
        return Bandwidths(words * WORD_BITS, words * WORD_BITS, words * PSUM_BITS)
    if mode != "CALC":
        raise config.error(RUN, "InterfaceBandwidth", f"must be USER or CALC, got '{mode[:40]}'")
    words = f"{columns} weights, {rows} ifmap values and {columns} partial sums"
    print(f"{config.path}: no bandwidth is given: the DRAM ports move {words} per cycle", file=sys.stderr)
    return Bandwidths(columns * WORD_BITS, rows * WORD_BITS, columns * PSUM_BITS)


class _Config:
    """The text by section and key, whose case does not matter."""

    def __init__(self, text: str, path: str):
        self.path = path
        self.parser = ConfigParser(interpolation=None)
        try:
            self.parser.read_string(text, path)
        except ConfigError as error:
            raise SimdcError(f"is not a configuration: {error.message.partition(chr(10))[0]}", file=path) from None

    def error(self, section: str, key: str, message: str) -> SimdcError:
        return SimdcError(message, file=self.path, path=f"[{section}] {key}")

    def text(self, section: str, *keys: str) -> str:
        """The value of the first of `keys`, which are names of one thing, that is there."""
        for key in keys:
            if self.parser.has_option(section, key):
                return self.parser.get(section, key).strip()
        raise self.error(section, keys[0], "missing")

    def number(self, section: str, *keys: str) -> int:
        """As `text`; of a list of numbers the first."""
        value = self.text(section, *keys).partition(",")[0].strip()
        if not (value.isascii() and value.isdigit() and len(value) < 12 and 1 <= int(value) <= MAX_NUMBER):
            raise self.error(section, keys[0], f"must be a positive whole number, got '{value[:40]}'")
        return int(value)
