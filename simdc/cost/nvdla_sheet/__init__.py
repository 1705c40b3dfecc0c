"""NVIDIA's own estimate for NVDLA: the rules of its spreadsheet (nvdla/hw, `perf`), peculiarities included. An estimate
by its makers, not a measurement; for what was measured see the model `nvdla`.

Frozen: mirrors the sheet; do not improve.
"""

from .model import NvdlaSheetModel

__all__ = ["NvdlaSheetModel"]
