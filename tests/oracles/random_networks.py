"""The kernels of random small networks in training: every layer of the dialect, forward, backward and update."""

from __future__ import annotations

from random import Random

from simdc.cost.kernel import Kernel
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from simdc.passes.pipeline import lowering_passes, run_pipeline, training_passes

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")


def random_kernels(random: Random) -> list[Kernel]:
    """Between ten and sixty layers, named after nothing; half of the networks are inference only."""
    module = parse_dsl(random_network(random), "random.dsl", random.randint(1, 3))
    passes = lowering_passes("exact")[:1]  # batch norm folds in inference only
    if random.random() < 0.7:
        decay = random.choice((0.0, 0.01))
        passes = training_passes(
            random.choice(OPTIMIZERS), decay, master_weights=random.random() < 0.3, input_grad=random.random() < 0.5
        )
    elif random.random() < 0.5:
        passes = ()
    run_pipeline(module, passes, verify=False)
    kernels = (op.kernel() for op in network_of(module).layers())
    return [kernel for kernel in kernels if kernel is not None]


def random_network(random: Random) -> str:
    """In the network language: two branches of random layers that meet, a head of one or two layers."""
    channels = random.randint(1, 6)
    width = random.choice((2, 3, 4, 6))
    lines = [f"network random(x: {channels}x{random.randint(9, 12)}x{random.randint(9, 12)}) {{"]
    lines.append(f"  x = {_conv(random, width)} -> bn -> relu")
    lines.append(f"  a = {_unary(random)}")
    lines.append(f"  b = {_conv(random, width, same=True)}{random.choice((' -> relu', ' -> bn', ''))}")
    lines.append(f"  y = {random.choice(('add(b, x)', 'concat(b, x)', 'concat(x, b, x)'))}")
    lines.append(f"  y = y -> {_pool(random)} -> {random.choice(('global_avgpool', 'dropout(0.5)'))} -> flatten")
    lines.append("  a = flatten(a)")
    lines.append(f"  z = concat(a, y) -> fc({random.randint(1, 9)}) -> relu -> fc({random.randint(2, 7)}, bias=false)")
    lines.append("  return z -> softmax\n}")
    return "\n".join(lines)


def _conv(random: Random, channels: int, *, same: bool = False) -> str:
    if same:
        kernel = random.choice((1, 3, 5))
        groups = random.choice([group for group in (1, 2, 3, channels) if channels % group == 0])
        return f"conv(x, {channels}, {kernel}, pad={kernel // 2}, groups={groups}, bias=true)"
    kernel, stride, pad = [random.randint(1, 3) for _ in "hw"], [random.randint(1, 2) for _ in "hw"], [1, 0, 2, 1]
    random.shuffle(pad)
    dilation = [random.randint(1, 2) for _ in "hw"]
    bias = random.choice(("true", "false"))
    return f"conv(x, {channels}, {kernel}, stride={stride}, pad={pad}, dilation={dilation}, bias={bias})"


def _pool(random: Random) -> str:
    kind = random.choice(("maxpool", "avgpool"))
    stride = [random.randint(1, 2) for _ in "hw"]
    return f"{kind}([{random.randint(1, 2)}, {random.randint(1, 2)}], stride={stride}, pad=[0, 1, 0, 0])"


def _unary(random: Random) -> str:
    return random.choice(
        (
            "maxpool(x, 2, stride=1) -> relu",
            "maxpool(x, [2, 3], stride=[2, 1], pad=1)",
            "avgpool(x, [3, 2], stride=1, pad=[1, 0, 1, 1])",
            f"lrn(x, size={random.randint(1, 5)}) -> avgpool(2)",
            "lrn(x) -> maxpool(2)",
            "global_avgpool(x)",
        )
    )
