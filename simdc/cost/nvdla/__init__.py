"""The cost model `nvdla`: NVIDIA's open accelerator, a hardware layer at a time, at six levels of one formula.

The formula was fitted to, and then tested on, cycles of NVIDIA's own RTL in the configuration nv_small; all other
machines share its structure and assume its constants.
"""

from .model import NvdlaModel

__all__ = ["NvdlaModel"]
