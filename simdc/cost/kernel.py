"""What a layer is to the cost models: a contraction for the systolic array, a vector program for the SIMD array, a
chain of these, or two products with a program between them that run as one.

These are tuples because models use them as dictionary keys: identical layers are priced once.
"""

from __future__ import annotations

from typing import TypeAlias

from simdc.named import NamedTuple

from .array_kernel import OUR_NAMES, ArrayKernel, Contraction, LoopRoles, VectorProgram
from .fused_products import Diagonal, FusedProducts
from .nest import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, affine, shared_loops, viewed
from .wellformed import KernelError

# The whole vocabulary of kernels is had from here; what they are made of stands by itself, as their check reads it too.
__all__ = [
    "OUR_NAMES",
    "Affine",
    "ArrayKernel",
    "Chain",
    "CodeBlock",
    "Contraction",
    "Diagonal",
    "FusedProducts",
    "Instruction",
    "Kernel",
    "Loop",
    "LoopNest",
    "LoopRoles",
    "Operand",
    "TiledKernel",
    "VectorProgram",
    "affine",
    "links_of",
    "shared_loops",
    "viewed",
]


class _Chain(NamedTuple):
    links: tuple[ArrayKernel, ...]
    beside: Operand | None = None


class Chain(_Chain):
    """Kernels in the order in which data runs through them: `conv2d`, `relu`, `max_pool` are one hardware layer of
    NVDLA. What is between two links is on no memory.

    `beside` is the ifmap of the contraction that runs just before and does not lead to this one, if there is such: a
    machine that has room for both may load this one's while the other still computes. Raises KernelError for a chain
    without links.
    """

    __slots__ = ()

    def __new__(cls, links: tuple[ArrayKernel, ...], beside: Operand | None = None) -> Chain:
        if not links:
            raise KernelError("a chain must have a link")
        return super().__new__(cls, links, beside)

    @property
    def kind(self) -> str:
        """What its links are, `conv2d+relu+max_pool`."""
        return "+".join(link.kind for link in self.links)

    @property
    def bounds(self) -> dict[str, int]:
        """The loops of the first link, which is where the work is."""
        return self.links[0].bounds

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Those of all links, in order, intermediate results with them."""
        return tuple(operand for link in self.links for operand in link.operands)


TiledKernel: TypeAlias = ArrayKernel | FusedProducts
"""What a machine of two arrays runs, tile by tile."""
Kernel: TypeAlias = TiledKernel | Chain


def links_of(kernel: Kernel) -> tuple[ArrayKernel, ...]:
    """A kernel that is no chain is the only link of one."""
    return kernel.links if isinstance(kernel, (Chain, FusedProducts)) else (kernel,)
