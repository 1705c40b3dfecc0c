"""Many machines at once: element by element what one machine after the other gives."""

from __future__ import annotations

import random

import numpy as np
import pytest

from simdc.cost.batch import machines_like
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.machine_fields import HardwareError
from simdc.cost.model import Uncosted
from simdc.cost.result import Cost
from simdc.cost.simdit import SimditModel, many
from simdc.cost.simdit.arithmetic import SCALARS, first_fit, first_of
from simdc.cost.simdit.arrays import Arrays
from simdc.cost.structure import with_field
from simdc.cost.tiling import TilingError
from tests.cost.simdit.release_layers import HI3, KIB, conv2d, linear, vector

SIZES = [2**exponent * KIB for exponent in range(3, 12)] + [1_000_003, 777_777]
RATES = [8, 31, 64, 100, 512, 2048]
FIELDS = {
    "systolic.rows": [16, 32, 64, 24],
    "systolic.columns": [16, 32, 64, 48],
    "systolic.buffers.weight_bits": SIZES,
    "systolic.buffers.ifmap_bits": SIZES,
    "systolic.buffers.psum_bits": SIZES,
    "systolic.buffers.bias_bits": [2 * KIB, 16 * KIB],
    "systolic.bandwidths.weight_bits_per_cycle": RATES,
    "systolic.bandwidths.ifmap_bits_per_cycle": RATES,
    "systolic.bandwidths.psum_bits_per_cycle": RATES,
    "systolic.widths.psum_bits": [32, 24],
    "simd.lanes": [16, 32, 64, 24],
    "simd.vmem_bits": SIZES,
    "simd.bandwidth_bits_per_cycle": RATES,
    "simd.raw_wait_cycles": [0, 2],
    "simd.pipeline_stages": [6, 9],
}
IMAGE = {"n": 6, "c": 100, "h": 56, "w": 28}
POOL = {"n": 6, "c": 100, "kh": 3, "kw": 3, "oh": 28, "ow": 56}
KERNELS: dict[str, Kernel] = {
    "3x3": conv2d({"oc": 128, "ic": 100, "kh": 3, "kw": 3, "n": 1, "oh": 28, "ow": 28}),
    "stem": conv2d({"oc": 64, "ic": 3, "kh": 7, "kw": 7, "n": 4, "oh": 112, "ow": 112}, (2, 2)),
    "1x1": conv2d({"oc": 2048, "ic": 1024, "kh": 1, "kw": 1, "n": 2, "oh": 7, "ow": 7}, (2, 2)),
    "weight gradient": conv2d({"oc": 64, "ic": 32, "kh": 55, "kw": 55, "n": 64, "oh": 4, "ow": 4}),
    "groups": conv2d({"g": 8, "oc": 20, "ic": 24, "kh": 5, "kw": 5, "n": 1, "oh": 27, "ow": 27}),
    "matrix": linear(n=32, ic=2048, oc=1000),
    "vector": linear(n=1, ic=2048, oc=1000),
    "long vector": linear(n=1, ic=25088, oc=70),
    **{kind: vector(kind, IMAGE) for kind in ("relu", "add", "relu_grad", "sgd", "batch_norm_grad")},
    **{kind: vector(kind, IMAGE, 8) for kind in ("batch_norm_statistics", "batch_norm")},
    "reduce_sum": vector("reduce_sum", {"n": 32, "c": 1000}),
    **{kind: vector(kind, POOL, 8, (2, 2)) for kind in ("max_pool", "average_pool", "max_pool_grad")},
    "average_pool_grad": vector("average_pool_grad", POOL, 32, (3, 3)),
}
ENORMOUS: dict[str, Kernel] = {
    "conv": conv2d({"oc": 4096, "ic": 4096, "kh": 7, "kw": 7, "n": 512, "oh": 112, "ow": 112}),
    "vector": linear(n=1, ic=2**31, oc=2**31),
    "batch_norm": vector("batch_norm", {"n": 2**20, "c": 2**14, "h": 256, "w": 128}),
    "max_pool": vector("max_pool", {"n": 2**22, "c": 2**14, "kh": 7, "kw": 7, "oh": 256, "ow": 128}),
}


def random_machines(count: int, seed: str, **fixed: list[int]) -> tuple[Hardware, list[Hardware]]:
    """The same machines as a batch and one by one."""
    pick = random.Random(seed)
    columns = {path: [pick.choice(values) for _ in range(count)] for path, values in FIELDS.items()}
    columns |= {path.replace("__", "."): values for path, values in fixed.items()}
    singles: list[Hardware] = []
    for position in range(count):
        machine = HI3
        for path, values in columns.items():
            machine = with_field(machine, path, values[position])
        singles.append(machine)
    return machines_like(HI3, {path: np.array(values, np.int64) for path, values in columns.items()}), singles


def numbers(cost: Cost) -> dict[str, object]:
    """Every number of a cost but the busy cycles of ports, which a batch leaves out."""
    parts = {"cycles": cost.cycles, "dram": cost.dram_bits, "sram": cost.sram_bits}
    out = {f"{part}.{name}": value for part, each in parts.items() for name, value in each._asdict().items()}
    return out | {"total": cost.cycles.total} | dict(cost.ops)


def differences(kernel: Kernel, model: SimditModel, batch: Hardware, machines: list[Hardware]) -> tuple[list[str], int]:
    """What is not equal to the last bit, and how many machines can run the kernel."""
    answer = model.price_many(kernel, batch)
    refused = np.broadcast_to(answer.refused, len(machines))
    found = {name: np.broadcast_to(value, len(machines)) for name, value in numbers(answer.cost).items()}
    wrong: list[str] = []
    served = 0
    for position, machine in enumerate(machines):
        try:
            cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
        except TilingError as error:
            if not str(error).startswith(answer.buffers[refused[position]] + ":"):
                wrong.append(f"{position}: {error}, not {answer.buffers[refused[position]]}")
            continue
        served += 1
        if refused[position]:
            wrong.append(f"{position}: refused")
        expected = numbers(cost)
        assert expected.keys() == found.keys()
        wrong += [
            f"{position}: {name} {found[name][position]} is not {value}"
            for name, value in expected.items()
            if float(found[name][position]) != float(value)
        ]
    return wrong, served


@pytest.mark.parametrize("phase", ["inference", "training"])
@pytest.mark.parametrize("name", KERNELS)
def test_a_batch_is_its_machines_one_by_one(name: str, phase: str) -> None:
    batch, machines = random_machines(60, f"{name} {phase}")
    wrong, served = differences(KERNELS[name], SimditModel(phase), batch, machines)
    assert not wrong
    assert served > 5


@pytest.mark.parametrize("name", ENORMOUS)
def test_numbers_beyond_64_bits_are_exact(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    widened: list[object] = []
    original = many._unbounded
    monkeypatch.setattr(many, "_unbounded", lambda sizes: widened.append(sizes) or original(sizes))
    roomy = [4096 * KIB] * 12
    fixed = {"systolic__buffers__weight_bits": roomy, "systolic__buffers__ifmap_bits": roomy}
    batch, machines = random_machines(12, name, **fixed, simd__vmem_bits=roomy)
    wrong, served = differences(ENORMOUS[name], SimditModel(), batch, machines)
    assert not wrong
    assert served
    assert widened


def test_a_batch_without_arrays_is_one_machine() -> None:
    for kernel in KERNELS.values():
        wrong, served = differences(kernel, SimditModel(), machines_like(HI3, {}), [HI3])
        assert (wrong, served) == ([], 1)


def test_arrays_that_broadcast_cross_sizes_with_bandwidths() -> None:
    kernel, sizes, rates = KERNELS["3x3"], [128 * KIB, 256 * KIB, 512 * KIB], [64, 512]
    size, rate = "systolic.buffers.ifmap_bits", "systolic.bandwidths.ifmap_bits_per_cycle"
    model = SimditModel()
    batch = machines_like(HI3, {size: np.array(sizes)[:, None], rate: np.array(rates)[None, :]})
    answer = model.price_many(kernel, batch).cost
    assert np.shape(answer.cycles.total) == (3, 2)
    assert np.shape(answer.dram_bits.ifmap) == (3, 1)
    for row, bits in enumerate(sizes):
        for column, bandwidth in enumerate(rates):
            machine = with_field(with_field(HI3, size, bits), rate, bandwidth)
            cost = model.evaluate(kernel, model.greedy(kernel, machine), machine)
            assert answer.cycles.total[row, column] == cost.cycles.total


def test_what_the_release_does_not_know_is_uncosted_and_unknown_fields_are_named() -> None:
    with pytest.raises(Uncosted, match="no layer 'softmax'"):
        SimditModel().price_many(vector("softmax", {"n": 1, "c": 10}), machines_like(HI3, {}))
    with pytest.raises(HardwareError, match=r"simd\.lane: unknown field"):
        machines_like(HI3, {"simd.lane": np.array([1])})


def test_quotients_are_rounded_once() -> None:
    pick = random.Random("quotients")
    pairs = [(pick.getrandbits(pick.randrange(1, 63)), 1 + pick.getrandbits(pick.randrange(1, 62))) for _ in range(500)]
    pairs += [(-over, under) for over, under in pairs] + [(under * 7, under) for _, under in pairs if under < 2**59]
    over, under = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    assert Arrays().ratio(over, under).tolist() == [float(SCALARS.ratio(a, b)) for a, b in pairs]
    small = [(a, b) for a, b in pairs if abs(a) < 2**53 and b < 2**53]
    over, under = (np.array(side, np.int64) for side in zip(*small, strict=True))
    assert Arrays().ratio(over, under).tolist() == [float(SCALARS.ratio(a, b)) for a, b in small]


def test_searches_find_what_scalar_searches_find() -> None:
    rooms = list(range(40))
    calc, array = Arrays(), np.array(rooms)
    assert calc.first_fit(23, lambda q: 60 // q <= array).tolist() == [
        first_fit(23, lambda q, room=room: 60 // q <= room) for room in rooms
    ]
    assert calc.first_of((1, 2, 3, 5, 30), lambda q: 60 // q <= array, 77).tolist() == [
        first_of((1, 2, 3, 5, 30), lambda q, room=room: 60 // q <= room, 77) for room in rooms
    ]
