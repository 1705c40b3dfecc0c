"""What a network has on the array, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from xdsl.dialects.builtin import ModuleOp

from simdc.cost.kernel import Contraction, links_of
from simdc.ir.base import LayerOp
from simdc.ir.network import network_of


class Product(NamedTuple):
    """Useful multiply-accumulates, and elements of the result, whatever its layout: they tell a weight's gradient from
    an input's."""

    macs: int
    result: int


def each_product(module: ModuleOp) -> list[Product]:
    """In program order; of a layer that runs on the lanes as well, its form on the array."""
    return [product for _, product in named_products(module)]


def named_products(module: ModuleOp) -> list[tuple[str, Product]]:
    """The same with the names of the layers."""
    layers = list(network_of(module).layers())
    found = [(layer.layer.data, each) for layer in layers for each in contractions([layer])]
    return [(name, Product(each.useful_macs, prod(each.psum.shape))) for name, each in found]


def products(module: ModuleOp) -> list[int]:
    return [each.macs for each in each_product(module)]


def contractions(layers: Iterable[LayerOp]) -> Iterable[Contraction]:
    for layer in layers:
        kernel = layer.kernel()
        yield from (each for each in (() if kernel is None else links_of(kernel)) if isinstance(each, Contraction))
