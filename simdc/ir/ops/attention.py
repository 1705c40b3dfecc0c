"""Attention as layers: heads cut out of features and put side by side again."""

from __future__ import annotations

from typing import Annotated

from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import Positive

from .free import ReshapeOp
from .transpose import TransposeOp

SWAP = (0, 2, 1, 3)
"""Tokens and heads change places."""


@layer
def heads(net: ModuleBuilder, name: str, x: SSAValue, *, count: Annotated[Positive, "of heads"]) -> SSAValue:
    """Cuts `[n, tokens, features]` into heads: `[n, heads, tokens, features / heads]`."""
    shape = shape_of(x)
    if len(shape) != 3:
        raise LayerError(f"heads needs [n, tokens, features], its input has shape {list(shape)}")
    n, tokens, features = shape
    if features % count:
        raise LayerError(f"{features} features cannot be cut into {count} heads", "count")
    split = f"{name}.split"
    apart = net.append(ReshapeOp(split, x, shape=(n, tokens, count, features // count)), split)
    return net.append(TransposeOp(name, apart, permutation=SWAP), name)


@layer
def merge_heads(net: ModuleBuilder, name: str, x: SSAValue) -> SSAValue:
    """Puts heads `[n, heads, tokens, features]` side by side: `[n, tokens, heads * features]`."""
    shape = shape_of(x)
    if len(shape) != 4:
        raise LayerError(f"merge_heads needs [n, heads, tokens, features], its input has shape {list(shape)}")
    n, count, tokens, features = shape
    swapped = net.append(TransposeOp(name, x, permutation=SWAP), name)
    joined = f"{name}.features"
    return net.append(ReshapeOp(joined, swapped, shape=(n, tokens, count * features)), joined)
