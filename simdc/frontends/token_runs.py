"""Networks that are run for another number of tokens, or one token at a time: whether they can be."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.ir.network import NetworkOp, network_of
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.gather import GatherOp
from simdc.ir.token_run import TokenRun

MAX_TOKENS = 2**24


def check_run(run: TokenRun, file: str) -> None:
    """Raise SimdcError for a length that no run has."""
    tokens = 1 if run.tokens is None else run.tokens
    if tokens < 1 or run.past < 0 or tokens + run.past > MAX_TOKENS:
        raise SimdcError(f"the context must be 1 to {MAX_TOKENS} tokens, got {tokens + run.past}", file=file)


def check_taken(module: ModuleOp, run: TokenRun, file: str) -> None:
    """Raise SimdcError unless the network could follow `run`: it reads tokens, and where some are past it has a
    cache."""
    network = network_of(module)
    if run.tokens is not None and not any(is_tokens(each) for each in network.body.block.args):
        what = "has no input of tokens, one dimension of numbers that embed reads"
        raise SimdcError(f"the network {what}: its length cannot be chosen", file=file)
    if run.past and not has_cache(network):
        raise SimdcError("the network has no cache: put '-> cache' behind the keys and the values", file=file)


def is_tokens(value: SSAValue) -> bool:
    """Whether it is what some layer picks rows by."""
    return any(isinstance(use.operation, GatherOp) and use.operation.ids is value for use in value.uses)


def has_cache(network: NetworkOp) -> bool:
    return any(isinstance(op, CacheAppendOp) for op in network.layers())
