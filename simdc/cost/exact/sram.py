"""What a contraction reads and writes in the buffers of the systolic array."""

from __future__ import annotations

from simdc.cost.folds import Stays
from simdc.cost.hardware import SystolicArray
from simdc.cost.kernel import Contraction
from simdc.cost.result import SramBits


def sram_bits(
    kernel: Contraction, array: SystolicArray, stays: Stays, steps: int, reads: int, visits: int, outputs: int
) -> SramBits:
    """Every step reads `rows` ifmap values and `rows` x `columns` weights, and reads and writes `columns` psums; an
    output's first visit reads its bias in place of psums. Inputs that stay are read in the place of weights, and
    weights in theirs; where sums stay a step reads `columns` weights, and all PEs' sums are written once a pass. What
    stays is read `reads` times, where it is shifted in once a fold."""
    # 8 steps, 4 of them first visits: weights 8 * 4 * 8 bits = 256, ifmap 8 * 2 * 8 = 128, psums 8 * 2 writes and 4 * 2
    # reads of 32 bits = 768.
    weights, inputs, sums, biases = step_elements(array, stays)
    return SramBits(
        wbuf=(reads if stays == "weight" else steps) * weights * kernel.weight.bits,
        ibuf=(reads if stays == "ifmap" else steps) * inputs * kernel.ifmap.bits,
        obuf=(2 * visits - outputs) * sums * kernel.psum.bits,
        bbuf=0 if kernel.bias is None else outputs * biases * kernel.bias.bits,
    )


def step_elements(array: SystolicArray, stays: Stays) -> tuple[int, int, int, int]:
    """Elements of weight and ifmap that a step reads, of sums that a visit writes or reads, of bias that the first
    visit reads, by what stays in the PEs."""
    pes = array.rows * array.columns
    if stays == "weight":
        return pes, array.rows, array.columns, array.columns
    if stays == "psum":
        return array.columns, array.rows, pes, array.columns
    # One output channel passes all positions.
    return array.rows, pes, array.columns, 1
