"""How input and weights come in, against a loop over the groups as the rule has it."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from random import Random

from simdc.cost.nvdla.load import Load


def test_terms_are_whole_cycles() -> None:
    # 3 beats a line at 24 of 64 bits a cycle: 8 cycles; with idle ones 5. A cycle is 3 * 24 units of time.
    load = Load(cycle=72, beat=192, alone=192, ifmap_beats=3, weight_beats=1, group_beats=1, kernels=1, granule=1)
    # One beat beside the weight's, 2 * 192, and two alone: 768 / 72 = 10.7. All four beats are in then.
    assert (load.start, load.start_cycles, load.weights_left_cycles, load.port_cycles) == (768, 11, 0, 11)
    # 5 of weights: 3 * 384 = 1,152 for the input, 16 cycles; 8 * 192 - 1,152 = 384 are left, 5.3 cycles.
    more = load._replace(weight_beats=5)
    assert (more.start_cycles, more.weights_left_cycles, more.port_cycles) == (16, 6, 22)
    # The idle cycles take longer than the weights: nothing of them is left over, nothing is owed.
    idle = load._replace(alone=1_000)
    assert (idle.start, idle.weights_left_cycles) == (3_000, 0)
    assert idle._replace(cycle=1).weights_left_cycles == 0


def by_group(load: Load, groups: int, body: int) -> int:
    """The rule: a group begins when its weights are in and the one before is done, none before the input is in."""
    per, alone = (Fraction(each, load.cycle) for each in (load.beat, load.alone))
    both = min(load.ifmap_beats, load.weight_beats)
    end = 2 * both * max(per, alone / 2) + (load.ifmap_beats - both) * alone
    for group in range(groups):
        kernels = min((group + 1) * load.granule, load.kernels)
        needed = min(Fraction(load.weight_beats), Fraction(load.group_beats * kernels, load.granule))
        arrive = per * (2 * needed if needed <= load.ifmap_beats else load.ifmap_beats + needed)
        end = max(end, arrive) + body
    return ceil(end)


def test_the_end_is_that_of_a_walk_over_the_groups() -> None:
    random = Random(3)
    waited = 0
    for _ in range(3_000):
        granule, groups = random.randint(1, 5), random.randint(1, 8)
        kernels = (groups - 1) * granule + random.randint(1, granule)
        beat = random.randint(1, 9) * granule
        load = Load(
            cycle=random.randint(1, 9),
            beat=beat,
            alone=random.randint(beat, 4 * beat),
            ifmap_beats=random.randint(0, 30),
            weight_beats=random.randint(0, 60),
            group_beats=random.randint(1, 20),
            kernels=kernels,
            granule=granule,
        )
        body = random.choice((0, 1, 10, 100))
        found = load.end(groups, body)
        assert found == by_group(load, groups, body), (load, groups, body)
        waited += found > load.start_cycles + groups * body
    assert waited > 500
