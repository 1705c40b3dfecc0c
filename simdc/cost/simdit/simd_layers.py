"""The layers that the released program knows on the SIMD array."""

from __future__ import annotations

from collections.abc import Callable

from simdc.frozen import Frozen

from ..kernel import VectorProgram
from ..model import Uncosted
from ..result import Cost
from . import simd_backward, simd_forward, simd_tiling
from .simd_tiling import MemoryRule
from .simd_work import SimdWork


class SimdLayer(Frozen):
    """How the release tiles a kind of SIMD layer and what it costs."""

    memory: MemoryRule
    cost: Callable[[SimdWork], Cost]


# A formula and a memory rule for each layer of the release; softmax and local response normalization it has not.
SIMD_LAYERS = {
    "relu": SimdLayer(simd_tiling.ELEMENT_WISE, simd_forward.relu),
    "add": SimdLayer(simd_tiling.ELEMENT_WISE, simd_forward.add),
    "max_pool": SimdLayer(simd_tiling.POOL, simd_forward.max_pool),
    "average_pool": SimdLayer(simd_tiling.POOL, simd_forward.average_pool),
    # The release has one average pool; a global one is it with the image as the window.
    "global_average_pool": SimdLayer(simd_tiling.POOL, simd_forward.average_pool),
    "batch_norm_statistics": SimdLayer(simd_tiling.MEAN_VAR, simd_forward.batch_norm_statistics),
    "batch_norm": SimdLayer(simd_tiling.BATCH_NORM, simd_forward.batch_norm),
    "batch_norm_grad": SimdLayer(simd_tiling.BATCH_NORM_GRAD, simd_backward.batch_norm_grad),
    "relu_grad": SimdLayer(simd_tiling.ELEMENT_WISE, simd_backward.relu_grad),
    "sgd": SimdLayer(simd_tiling.ELEMENT_WISE, simd_backward.sgd),
    "reduce_sum": SimdLayer(simd_tiling.ELEMENT_WISE, simd_backward.reduce_sum),
    "max_pool_grad": SimdLayer(simd_tiling.MAX_POOL_GRAD, simd_backward.max_pool_grad),
    "average_pool_grad": SimdLayer(simd_tiling.POOL, simd_backward.average_pool_grad),
    "global_average_pool_grad": SimdLayer(simd_tiling.POOL, simd_backward.average_pool_grad),
}


def simd_layer(program: VectorProgram) -> SimdLayer:
    """Raises Uncosted for a layer that the release has not."""
    layer = SIMD_LAYERS.get(program.kind)
    if layer is None:
        raise Uncosted(
            f"the released SimDIT has no layer '{program.kind}'; on the SIMD array it knows {', '.join(SIMD_LAYERS)}"
        )
    return layer
