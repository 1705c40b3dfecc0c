"""A kernel that is a chain of kernels: layers that run as one unit of work, each handing its result to the next."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from .kernel import Contraction, Operand, VectorProgram
from .wellformed import KernelError

Link: TypeAlias = Contraction | VectorProgram


class _Chain(NamedTuple):
    links: tuple[Link, ...]
    beside: Operand | None = None


class Chain(_Chain):
    """Kernels in the order in which data runs through them: `conv2d`, `relu`, `max_pool` are one hardware layer of
    NVDLA. What is between two links is on no memory.

    `beside` is the input of the layer that runs just before and does not lead to this one, if there is such: a machine
    that has room for both inputs may load this one's while the other still computes. Raises KernelError for a chain
    without links.
    """

    __slots__ = ()

    def __new__(cls, links: tuple[Link, ...], beside: Operand | None = None) -> Chain:
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


def links_of(kernel: Link | Chain) -> tuple[Link, ...]:
    """A kernel that is no chain is the only link of one."""
    return kernel.links if isinstance(kernel, Chain) else (kernel,)
