"""Layers of ResNet-50 on two of the paper's machines, with what the released program prints for them."""

from __future__ import annotations

import pytest

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import loop_bounds
from tests.cost.simdit.release_layers import HI3, HT3, conv2d, linear, vector

# Kernel; tile sizes in loop order; compute and stall cycles; SRAM bits (wbuf, ibuf, obuf, bbuf or vmem, imm, insmem);
# DRAM bits (weight, ifmap, psum, ofmap, bias or in, out); operations.
Numbers = tuple[float, ...]
Record = tuple[Kernel, tuple[int, ...], Numbers, Numbers, Numbers, dict[str, int]]


INFERENCE_ON_HI3: list[Record] = [
    (
        conv2d({"oc": 64, "ic": 3, "kh": 7, "kw": 7, "n": 1, "oh": 112, "ow": 112}, (2, 2)),
        (64, 64, 7, 7, 1, 19, 19),
        (619035, 4584),
        (20866793472, 314703871.99999994, 2491940863.9999995, 25690111.999999996),
        (1605632, 32895441.1966759, 0, 25690112, 2048),
        {"mac_executed": 2517630976},
    ),
    (
        vector("relu", {"n": 1, "c": 64, "h": 112, "w": 112}),
        (1, 64, 28, 28),
        (13632, 100352),
        (51380224, 401408, 401408),
        (25690112, 25690112),
        {"max": 802816},
    ),
    (
        vector("max_pool", {"n": 1, "c": 64, "kh": 3, "kw": 3, "oh": 56, "ow": 56}, 8, (2, 2)),
        (1, 64, 3, 3, 14, 14),
        (29312, 56960),
        (168591360, 0, 903168),
        (27557888, 1605632),
        {"max": 1806336},
    ),
    (
        vector("add", {"n": 1, "c": 256, "h": 56, "w": 56}),
        (1, 128, 28, 28),
        (13088, 150528),
        (77070336, 0, 401408),
        (51380224, 25690112),
        {"add": 802816},
    ),
    (
        conv2d({"oc": 256, "ic": 1024, "kh": 1, "kw": 1, "n": 1, "oh": 14, "ow": 14}),
        (256, 1024, 1, 1, 1, 7, 7),
        (13048, 4896),
        (411041792, 6422528, 49774592, 1605632),
        (2097152, 1605632, 0, 1605632, 8192),
        {"mac_executed": 51380224},
    ),
    (
        conv2d({"oc": 512, "ic": 256, "kh": 1, "kw": 1, "n": 1, "oh": 28, "ow": 28}, (2, 2)),
        (512, 256, 1, 1, 1, 7, 7),
        (27104, 3648),
        (822083584, 12845056, 89915392, 12845056),
        (1048576, 5537792, 0, 12845056, 16384),
        {"mac_executed": 102760448},
    ),
    (
        conv2d({"oc": 512, "ic": 512, "kh": 3, "kw": 3, "n": 1, "oh": 7, "ow": 7}, (2, 2)),
        (64, 448, 3, 3, 1, 7, 7),
        (29376, 10929),
        (924844032, 14450688, 201506816, 802816),
        (18874368, 7372800, 1605632, 802816, 16384),
        {"mac_executed": 115605504},
    ),
    (
        vector("global_average_pool", {"oh": 1, "ow": 1, "n": 1, "c": 2048, "kh": 7, "kw": 7}),
        (1, 1, 1, 2048, 7, 7),
        (1924, 6400),
        (9830400, 0, 51200),
        (3211264, 65536),
        {"add": 100352, "div": 2048},
    ),
    (
        linear(n=1, ic=2048, oc=1000),
        (128, 2048, 1),
        (1520, 31510),
        (16777216, 262144, 2064384, 32768),
        (16777216, 131072, 0, 32768, 32768),
        {"mac_executed": 2097152},
    ),
]

TRAINING_ON_HT3: list[Record] = [
    (
        vector("batch_norm_statistics", {"c": 64, "n": 32, "h": 112, "w": 112}),
        (64, 2, 28, 28),
        (2024480, 1605640),
        (7398785024, 4096, 38535360),
        (822083584, 4096),
        {"add": 51380288, "sub": 64, "mul": 25690176, "div": 128, "inv_sqrt": 64},
    ),
    (
        vector("batch_norm", {"c": 64, "n": 32, "h": 112, "w": 112}),
        (64, 2, 28, 28),
        (4031488, 3211280),
        (9865003008, 0, 51380224),
        (822091776, 822083584),
        {"add": 25690112, "sub": 25690112, "mul": 51380224},
    ),
    (
        conv2d({"oc": 512, "ic": 32, "kh": 55, "kw": 55, "n": 256, "oh": 2, "ow": 2}),
        (64, 64, 8, 8, 16, 2, 2),
        (25543100, 1505666.25),
        (1624034508800, 25375539200, 105209921536, 16777216),
        (1585971200, 8028979200, 1610612736, 16777216, 16384),
        {"mac_executed": 101502156800},
    ),
    (
        linear(n=32, ic=2048, oc=1000),
        (128, 2048, 32),
        (17392, 50638),
        (1073741824, 16777216, 66060288, 1048576),
        (33554432, 8388608, 0, 1048576, 32768),
        {"mac_executed": 67108864},
    ),
    (
        vector("sgd", {"n": 2048, "c": 1024}),
        (128, 1024),
        (66624, 393216),
        (402653184, 0, 2097152),
        (134217728, 67108864),
        {"common": 4194304},
    ),
    (
        vector("reduce_sum", {"n": 32, "c": 1024}),
        (32, 1024),
        (580, 2112),
        (3145728, 0, 16384),
        (1048576, 32768),
        {"common": 32768},
    ),
    (vector("sgd", {"c": 1024}), (1024,), (100, 192), (196608, 0, 1024), (65536, 32768), {"common": 2048}),
    (
        vector("global_average_pool_grad", {"oh": 1, "ow": 1, "n": 32, "c": 2048, "kh": 7, "kw": 7}),
        (1, 1, 1, 2048, 7, 7),
        (59520, 204800),
        (314572800, 0, 1638400),
        (2097152, 102760448),
        {"add": 3211264, "div": 65536},
    ),
    (
        vector("relu_grad", {"n": 32, "c": 2048, "h": 7, "w": 7}),
        (1, 2048, 7, 7),
        (52352, 602112),
        (308281344, 0, 1605632),
        (205520896, 102760448),
        {"common": 3211264},
    ),
    (
        vector("batch_norm_grad", {"c": 2048, "n": 32, "h": 7, "w": 7}),
        (64, 32, 7, 7),
        (1108480, 1204864),
        (3083206656, 0, 16058368),
        (513998848, 102891520),
        {"add": 6422528, "sub": 9633792, "mul": 16058368, "div": 2048},
    ),
    (
        vector("sgd", {"n": 2048, "c": 512, "h": 1, "w": 1}),
        (256, 512, 1, 1),
        (33312, 196608),
        (201326592, 0, 1048576),
        (67108864, 33554432),
        {"common": 2097152},
    ),
    (
        vector("max_pool_grad", {"n": 32, "c": 64, "kh": 3, "kw": 3, "oh": 56, "ow": 56}, 32, (2, 2)),
        (1, 64, 3, 3, 14, 14),
        (3647488, 2525184),
        (11098128384, 0, 57802752),
        (411041792, 881852416),
        {"add": 57802752, "conditional_move": 57802752},
    ),
    (
        conv2d({"oc": 64, "ic": 32, "kh": 223, "kw": 223, "n": 3, "oh": 7, "ow": 7}),
        (64, 64, 8, 8, 3, 7, 7),
        (7408067, 8784),
        (479078842368, 7485606912, 30211270656, 301056),
        (3259039744, 467850432, 471453696, 301056, 2048),
        {"mac_executed": 29942427648},
    ),
]


@pytest.mark.parametrize(
    ("phase", "machine", "record"),
    [
        pytest.param(phase, machine, record, id=f"{phase}-{position}-{record[0].kind}")
        for phase, machine, records in (("inference", HI3, INFERENCE_ON_HI3), ("training", HT3, TRAINING_ON_HT3))
        for position, record in enumerate(records)
    ],
)
def test_layer_equals_the_release(phase: str, machine: Hardware, record: Record):
    kernel, tile, cycles, sram_bits, dram_bits, ops = record
    model = SimditModel(phase)
    tiling = model.greedy(kernel, machine)
    assert tiling.order == tuple(loop_bounds(kernel))
    assert tiling.sizes == tile
    cost = model.evaluate(kernel, tiling, machine)
    sram, dram = cost.sram_bits, cost.dram_bits
    if isinstance(kernel, Contraction):
        found_sram = (sram.wbuf, sram.ibuf, sram.obuf, sram.bbuf)
        found_dram = (dram.weight, dram.ifmap, dram.psum, dram.ofmap, dram.bias)
    else:
        found_sram = (sram.vmem, sram.imm, sram.insmem)
        found_dram = (dram.ifmap, dram.ofmap)
    assert (cost.cycles.compute, cost.cycles.stall) == pytest.approx(cycles, rel=1e-9)
    assert found_sram == pytest.approx(sram_bits, rel=1e-9)
    assert found_dram == pytest.approx(dram_bits, rel=1e-9)
    assert {name: count for name, count in cost.ops if name != "mac"} == ops
    assert sram.total == pytest.approx(sum(sram_bits), rel=1e-9)
    assert dram.total == pytest.approx(sum(dram_bits), rel=1e-9)
