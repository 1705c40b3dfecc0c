"""What a lowered network depends on, as one digest: two runs of one key lower to the same records.

The network's bytes and the options of the command; what of the machine decides widths, forms and what runs as one; and
the code that lowers, which counts as the same where the files are, by name, size and times, as Python itself tells its
compiled files from those that changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import PathFinder

from simdc import __version__
from simdc.cost.hardware import Hardware
from simdc.cost.machines import AnyMachine
from simdc.cost.structure import unstructure
from simdc.digests import sha256_digits

LIBRARIES = ("xdsl", "numpy", "onnx", "torch")
"""What front ends read and build networks with."""
PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def key_of(network: bytes, options: Mapping[str, object], hardware: AnyMachine) -> str:
    """The key of a network of these bytes, read and lowered as `options` say, for machines like this one. Values of
    options are texts, numbers and lists of them."""
    told = (__version__, sys.version, options, felt_by_lowering(hardware), list(_code()))
    return sha256_digits(repr(told).encode(errors="backslashreplace") + b"\n" + sha256_digits(network).encode())


def felt_by_lowering(hardware: AnyMachine) -> tuple[object, ...]:
    """What of a machine passes look at before forms are chosen."""
    if not isinstance(hardware, Hardware):
        return hardware.stored_widths, hardware.fusing
    if not hardware.simd.array_path_bits_per_cycle:
        return (hardware.stored_widths,)
    # Where layers run as one, prices and capacities decide which.
    return (unstructure(hardware),)


def _code() -> Iterator[tuple[object, ...]]:
    """The files of the program, and those by which other versions of libraries are told."""
    yield from sorted(_files(PACKAGE))
    for name in LIBRARIES:
        found = PathFinder.find_spec(name)
        yield name, *(() if found is None or not found.origin else _file(os.stat(found.origin)))


def _files(folder: str) -> Iterator[tuple[object, ...]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry.path, *_file(entry.stat())


def _file(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
