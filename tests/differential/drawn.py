"""A layer of every kind, drawn at random, with the shape of its result and its multiplications counted anew.

A draw takes `Random` and the shapes that are there, without the batch, by name. It gives None where none of them will
do or where the sizes drawn make no sense. Every size and option is drawn on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from random import Random
from typing import NamedTuple

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


class Layer(NamedTuple):
    """`macs` an image, None for a layer that the systolic array does not run; `parameters` counts trained values."""

    op: str
    inputs: tuple[str, ...]
    options: dict[str, object]
    shape: Shape
    macs: int | None = None
    parameters: int = 0


Draw = Callable[[Random, Shapes], Layer | None]
MOST_ELEMENTS = 20_000
COORDINATES = ("asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel")


def _one(random: Random, shapes: Shapes, *ranks: int) -> tuple[str, Shape] | None:
    """A tensor of one of these ranks; any where none is given."""
    fitting = [(name, shape) for name, shape in shapes.items() if not ranks or len(shape) in ranks]
    return random.choice(fitting) if fitting else None


def _sides(random: Random, rank: int, low: int, high: int) -> list[int]:
    return [random.randint(low, high) for _ in range(rank)]


def _divisor(random: Random, number: int) -> int:
    return random.choice([part for part in range(1, number + 1) if number % part == 0])


def _axes(random: Random, shape: Shape) -> list[int]:
    return sorted(random.sample(range(1, len(shape) + 1), random.randint(1, len(shape))))


def unary(op: str, *ranks: int, options: Callable[[Random, Shape], dict[str, object]] | None = None) -> Draw:
    """One tensor in, one of the same shape out."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, *ranks)
        if chosen is None:
            return None
        name, shape = chosen
        return Layer(op, (name,), options(random, shape) if options else {}, shape)

    return draw


def with_channel_parameters(op: str, count: int, *ranks: int) -> Draw:
    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, *ranks)
        if chosen is None:
            return None
        name, shape = chosen
        return Layer(op, (name,), {}, shape, parameters=count * shape[0])

    return draw


def layer_norm(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 1, 2, 3)
    if chosen is None:
        return None
    name, shape = chosen
    axis, bias = random.randint(1, len(shape)), random.random() < 0.5
    options = {"axis": random.choice((axis, axis - 1 - len(shape))), "bias": bias}
    return Layer("layer_norm", (name,), options, shape, parameters=(1 + bias) * prod(shape[axis - 1 :]))


def rms_norm(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    axis, scale = random.randint(1, len(shape)), random.random() < 0.5
    return Layer("rms_norm", (name,), {"axis": axis, "scale": scale}, shape, parameters=scale * prod(shape[axis - 1 :]))


def group_norm(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    return Layer("group_norm", (name,), {"groups": _divisor(random, shape[0])}, shape, parameters=2 * shape[0])


def broadcast(op: str, inputs: int = 2) -> Draw:
    """Tensors whose last dimensions are alike or 1."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes)
        if chosen is None:
            return None
        names, whole = [chosen[0]], chosen[1]
        for _ in range(inputs - 1):
            fitting = [(name, made) for name in shapes if (made := broadcast_to(whole, shapes[name])) is not None]
            name, whole = random.choice(fitting)
            names.append(name)
        random.shuffle(names)
        return Layer(op, tuple(names), {}, whole)

    return draw


def broadcast_onto(op: str, options: Callable[[Random, Shape], dict[str, object]]) -> Draw:
    """A tensor, and one that is broadcast to it."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes)
        if chosen is None:
            return None
        name, shape = chosen
        other = random.choice([each for each in shapes if broadcast_to(shape, shapes[each]) == shape])
        return Layer(op, (name, other), options(random, shape), shape)

    return draw


def _softmax(random: Random, shape: Shape) -> dict[str, object]:
    """Causal where there are queries behind the batch, no more than keys."""
    options: dict[str, object] = {"axis": random.randint(1, len(shape)), "scale": random.choice((1.0, 0.5, -2.0))}
    if len(shape) > 1 and shape[-2] <= shape[-1] and random.random() < 0.5:
        options |= {"axis": -1, "causal": True}
    return options


def broadcast_to(one: Shape, other: Shape) -> Shape | None:
    if len(one) != len(other) or any(a != b and 1 not in (a, b) for a, b in zip(one, other, strict=True)):
        return None
    return tuple(map(max, one, other))


def conv(op: str, rank: int) -> Draw:
    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 1 + rank)
        if chosen is None:
            return None
        name, (channels, *size) = chosen
        groups = random.choice((1, 1, _divisor(random, channels), channels))
        made = groups * random.randint(1, max(1, 12 // groups))
        kernel, stride = _sides(random, rank, 1, 4 if rank < 3 else 2), _sides(random, rank, 1, 3)
        dilation = _sides(random, rank, 1, random.choice((1, 1, 2)))
        pad = [random.randint(0, 3)] * 2 if rank == 1 else _sides(random, 2 * rank, 0, 3 if rank < 3 else 1)
        result = _windows(size, kernel, stride, pad, dilation)
        bias = random.random() < 0.5
        window: dict[str, object] = {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation}
        # Of a sequence each is one number.
        options = {key: value[0] if rank == 1 else value for key, value in window.items() if isinstance(value, list)}
        options |= {"channels": made, "groups": groups, "bias": bias}
        weights = made * (channels // groups) * prod(kernel)
        return Layer(op, (name,), options, (made, *result), weights * prod(result), weights + made * bias)

    return draw


def _windows(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    pad: Sequence[int],
    dilation: Sequence[int],
) -> list[int]:
    """Positions of a window; none above 0 where it does not fit."""
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    return [(n + pad[i] + pad[i + len(size)] - spans[i]) // stride[i] + 1 for i, n in enumerate(size)]


def conv_transpose(op: str, rank: int) -> Draw:
    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 1 + rank)
        if chosen is None:
            return None
        name, (channels, *size) = chosen
        groups = random.choice((1, _divisor(random, channels)))
        made = groups * random.randint(1, max(1, 8 // groups))
        kernel, stride = _sides(random, rank, 1, 4 if rank < 3 else 2), _sides(random, rank, 1, 3)
        dilation = _sides(random, rank, 1, random.choice((1, 2)))
        pad = _sides(random, 2 * rank, 0, 1)
        beyond = [random.randint(0, side - 1) for side in stride]
        result = [
            (n - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - pad[i] - pad[i + rank] + beyond[i]
            for i, n in enumerate(size)
        ]
        bias = random.random() < 0.5
        options: dict[str, object] = {"channels": made, "kernel": kernel, "stride": stride, "pad": pad}
        options |= {"output_pad": beyond, "dilation": dilation, "groups": groups, "bias": bias}
        weights = channels * (made // groups) * prod(kernel)
        return Layer(op, (name,), options, (made, *result), weights * prod(size), weights + made * bias)

    return draw


def fc(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 1)
    if chosen is None:
        return None
    name, (features,) = chosen
    made, bias = random.randint(1, 40), random.random() < 0.5
    return Layer(
        "fc", (name,), {"features": made, "bias": bias}, (made,), made * features, made * features + made * bias
    )


def recurrent(op: str, gates: int) -> Draw:
    """Each gate has weights for the input and for the state, and a bias for either."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 2)
        if chosen is None:
            return None
        name, (steps, given) = chosen
        features, both = random.randint(1, 6), random.random() < 0.4
        last, bias = random.random() < 0.4, random.random() < 0.6
        options: dict[str, object] = {"features": features, "bidirectional": both, "last": last, "bias": bias}
        if op == "rnn":
            options["function"] = random.choice(("tanh", "relu"))
        weights = (1 + both) * gates * features * (given + features)
        shape = ((1 + both) * features,) if last else (steps, (1 + both) * features)
        return Layer(op, (name,), options, shape, steps * weights, weights + (1 + both) * gates * 2 * features * bias)

    return draw


def matmul(random: Random, shapes: Shapes) -> Layer | None:
    """The batch is the rows of both: `left` is as wide as there are images."""
    if "left" not in shapes:
        return None
    name, (columns,) = _one(random, shapes, 1) or ("left", shapes["left"])
    return Layer("matmul", ("left", name), {}, (columns,), shapes["left"][0] * columns)


def pool(op: str, rank: int) -> Draw:
    maximum = op.startswith("max")

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 1 + rank)
        if chosen is None:
            return None
        name, (channels, *size) = chosen
        kernel, stride = _sides(random, rank, 1, random.choice((3, 3, 6))), _sides(random, rank, 1, 3)
        # Less than a window, so that none lies in the border altogether.
        pad = [random.randint(0, kernel[i % rank] // 2) for i in range(2 * rank)]
        ceil = random.random() < 0.35
        dilation = _sides(random, rank, 1, 2) if maximum and random.random() < 0.3 else [1] * rank
        floored = _windows(size, kernel, stride, pad, dilation)
        result = floored
        if ceil:
            further = [side + step - 1 for side, step in zip(pad[rank:], stride, strict=True)]
            result = _windows(size, kernel, stride, [*pad[:rank], *further], dilation)
            # The last window begins in the image or its first border.
            result = [n - ((n - 1) * stride[i] >= size[i] + pad[i]) for i, n in enumerate(result)]
        if min(floored) < 1:
            return None
        options: dict[str, object] = {"kernel": kernel, "stride": stride, "pad": pad, "ceil_mode": ceil}
        options |= {"dilation": dilation} if maximum else {"count_include_pad": random.random() < 0.5}
        return Layer(op, (name,), options, (channels, *result))

    return draw


def to_one_pixel(op: str) -> Draw:
    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 3)
        return None if chosen is None else Layer(op, (chosen[0],), {}, (chosen[1][0], 1, 1))

    return draw


def reduced(op: str, *, axis: bool = False) -> Draw:
    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes)
        if chosen is None:
            return None
        name, shape = chosen
        axes = [random.randint(1, len(shape))] if axis else _axes(random, shape)
        keep = len(axes) == len(shape) or random.random() < 0.6
        ones = tuple(1 if number + 1 in axes else side for number, side in enumerate(shape))
        left = tuple(side for number, side in enumerate(shape) if number + 1 not in axes)
        options: dict[str, object] = {"axis": axes[0]} if axis else {"axes": axes}
        return Layer(op, (name,), options | {"keepdims": keep}, ones if keep else left)

    return draw


def concat(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    axis = random.randint(1, len(shape))

    def others(of: Shape) -> Shape:
        return (*of[: axis - 1], *of[axis:])

    fitting = [one for one, of in shapes.items() if len(of) == len(shape) and others(of) == others(shape)]
    names = [name, *(random.choice(fitting) for _ in range(random.randint(1, 3)))]
    random.shuffle(names)
    length = sum(shapes[one][axis - 1] for one in names)
    return Layer("concat", tuple(names), {"axis": axis}, (*shape[: axis - 1], length, *shape[axis:]))


def cut(random: Random, shapes: Shapes) -> Layer | None:
    """Half of them from the beginning."""
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    axis = random.randint(1, len(shape))
    length, step = shape[axis - 1], random.choice((1, 1, 2, 3))
    first = random.choice((0, random.randrange(length)))
    count = random.randint(1, (length - 1 - first) // step + 1)
    options: dict[str, object] = {"axis": axis, "first": first, "count": count, "step": step}
    return Layer("slice", (name,), options, (*shape[: axis - 1], count, *shape[axis:]))


def pad(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 3)
    if chosen is None:
        return None
    name, (channels, height, width) = chosen
    sides = [random.choice((0, random.randint(0, 4))) for _ in range(4)]
    result = (channels, height + sides[0] + sides[2], width + sides[1] + sides[3])
    return Layer("pad", (name,), {"pad": sides, "value": random.choice((0.0, 1.5))}, result)


def transpose(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    order = [*range(1, len(shape) + 1)]
    random.shuffle(order)
    return Layer("transpose", (name,), {"permutation": [0, *order]}, tuple(shape[number - 1] for number in order))


def reshape(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    part = _divisor(random, prod(chosen[1]))
    shape = (part, prod(chosen[1]) // part)
    return Layer("reshape", (chosen[0],), {"shape": list(shape)}, shape)


def flatten(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    return None if chosen is None else Layer("flatten", (chosen[0],), {}, (prod(chosen[1]),))


def expand(random: Random, shapes: Shapes) -> Layer | None:
    ones = {name: shape for name, shape in shapes.items() if 1 in shape}
    chosen = _one(random, ones)
    if chosen is None:
        return None
    name, shape = chosen
    wide = tuple(random.randint(1, 6) if side == 1 else side for side in shape)
    return Layer("expand", (name,), {"shape": list(wide)}, wide)


def gather(random: Random, shapes: Shapes) -> Layer | None:
    """Of as many rows as there are images: the numbers are not looked at."""
    table, ids = _one(random, shapes, 1, 2, 3), _one(random, shapes, 1, 2)
    if table is None or ids is None or len(table[1]) + len(ids[1]) > 3:
        return None
    return Layer("gather", (table[0], ids[0]), {"axis": 0}, (*ids[1], *table[1]))


def embed(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 1, 2)
    if chosen is None:
        return None
    vocabulary, features = random.randint(1, 50), random.choice((1, random.randint(1, 40)))
    options: dict[str, object] = {"vocabulary": vocabulary, "features": features}
    return Layer("embed", (chosen[0],), options, (*chosen[1], features), parameters=vocabulary * features)


def learned_positions(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, (tokens, *rest) = chosen
    rows = tokens + random.randint(0, 5)
    options: dict[str, object] = {} if rows == tokens and random.random() < 0.5 else {"rows": rows}
    return Layer("learned_positions", (name,), options, chosen[1], parameters=rows * prod(rest))


def cls_token(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 2)
    if chosen is None:
        return None
    name, (tokens, features) = chosen
    return Layer("cls_token", (name,), {}, (tokens + 1, features), parameters=features)


def heads(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 2)
    if chosen is None:
        return None
    name, (tokens, features) = chosen
    count = _divisor(random, features)
    return Layer("heads", (name,), {"count": count}, (count, tokens, features // count))


def merge_heads(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 3)
    if chosen is None:
        return None
    name, (count, tokens, features) = chosen
    return Layer("merge_heads", (name,), {}, (tokens, count * features))


def attention(op: str) -> Draw:
    """Queries, and keys and values of as many features; half the time there are fewer heads of the latter."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes, 3)
        if chosen is None:
            return None
        name, (heads, tokens, depth) = chosen
        keys = [one for one, of in shapes.items() if len(of) == 3 and heads % of[0] == 0 and of[2] == depth]
        key = random.choice(keys)
        values = [one for one, of in shapes.items() if len(of) == 3 and of[:2] == shapes[key][:2]]
        value = random.choice(values)
        length, value_depth = shapes[key][1], shapes[value][2]
        options: dict[str, object] = {"causal": tokens <= length and random.random() < 0.5}
        if random.random() < 0.5:
            options["scale"] = random.choice((0.5, 1.0, 2.0))
        inputs = [name, key, value]
        if op == "masked_attention":
            scores = (heads, tokens, length)
            masks = [one for one, of in shapes.items() if broadcast_to(of, scores) == scores]
            if not masks:
                return None
            inputs.append(random.choice(masks))
        macs = heads * tokens * length * (depth + value_depth)
        return Layer(op, tuple(inputs), options, (heads, tokens, value_depth), macs)

    return draw


def moe(random: Random, shapes: Shapes) -> Layer | None:
    """MACs and parameters: three products of the experts, and the router."""
    chosen = _one(random, shapes, 2)
    if chosen is None:
        return None
    name, (tokens, features) = chosen
    experts, hidden = random.randint(1, 5), random.randint(1, 9)
    active = random.randint(1, experts)
    options: dict[str, object] = {"experts": experts, "active": active, "hidden": hidden}
    if random.random() < 0.5:
        options["routing"] = random.choice(("balanced", "best", "worst"))
    parameters = experts * features * (1 + 3 * hidden)
    macs = tokens * features * (experts + 3 * hidden * active)
    return Layer("moe", (name,), options, (tokens, features), macs, parameters)


def rope(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, {name: shape for name, shape in shapes.items() if shape[-1] > 1}, 2, 3)
    if chosen is None:
        return None
    name, shape = chosen
    options: dict[str, object] = {"interleaved": shape[-1] % 2 == 0 and random.random() < 0.5, "base": 500.0}
    if shape[-1] % 2 or random.random() < 0.5:
        options["rotary"] = 2 * random.randint(1, shape[-1] // 2)
    return Layer("rope", (name,), options, shape)


def cache_append(random: Random, shapes: Shapes) -> Layer | None:
    """As a concatenation of two."""
    joined = concat(random, {name: shape for name, shape in shapes.items() if len(shape) > 1})
    if joined is None or len(joined.inputs) != 2:
        return None
    return joined._replace(op="cache_append")


def top_k(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes)
    if chosen is None:
        return None
    name, shape = chosen
    axis = random.randrange(len(shape))
    count = random.randint(1, min(4, shape[axis]))
    options: dict[str, object] = {"count": count, "axis": axis + 1, "smallest": random.random() < 0.5}
    options["result"] = random.choice(("values", "indices"))
    return Layer("top_k", (name,), options, (*shape[:axis], count, *shape[axis + 1 :]))


def gated(op: str, options: Callable[[Random, Shape], dict[str, object]] | None = None) -> Draw:
    """Two tensors of one shape."""

    def draw(random: Random, shapes: Shapes) -> Layer | None:
        chosen = _one(random, shapes)
        if chosen is None:
            return None
        name, shape = chosen
        others = [one for one, of in shapes.items() if of == shape]
        return Layer(op, (name, random.choice(others)), options(random, shape) if options else {}, shape)

    return draw


def resize(random: Random, shapes: Shapes) -> Layer | None:
    """Some so large that rows come first and columns after."""
    chosen = _one(random, shapes, 3)
    if chosen is None:
        return None
    name, (channels, *size) = chosen
    made = [random.randint(1, random.choice((side, 2 * side + 1, 40))) for side in size]
    options: dict[str, object] = {"size": made, "mode": random.choice(("nearest", "linear"))}
    return Layer("resize", (name,), options | {"coordinates": random.choice(COORDINATES)}, (channels, *made))


def upsample(random: Random, shapes: Shapes) -> Layer | None:
    chosen = _one(random, shapes, 3)
    if chosen is None:
        return None
    name, (channels, *size) = chosen
    factor = random.randint(1, 3)
    options: dict[str, object] = {"factor": factor, "mode": random.choice(("nearest", "linear"))}
    options["coordinates"] = random.choice(COORDINATES)
    return Layer("upsample", (name,), options, (channels, *(factor * side for side in size)))


def _clip(random: Random, _: Shape) -> dict[str, object]:
    return random.choice(({"minimum": -1.0}, {"maximum": 2.0}, {"minimum": -1.0, "maximum": 2.0}))


SCALARS = ("add", "sub", "rsub", "mul", "div", "rdiv", "pow", "max", "min", "equal", "less", "greater_or_equal")


def _scalar(random: Random, _: Shape) -> dict[str, object]:
    return {"function": random.choice(SCALARS), "value": random.choice((2.0, 3.0, 0.5))}


PLAIN = (
    *("relu", "relu6", "leaky_relu", "elu", "sigmoid", "hardsigmoid", "hardswish", "tanh", "silu", "mish", "softplus"),
    *(
        "erf",
        "exp",
        "sin",
        "cos",
        "round",
        "floor",
        "ceil",
        "sign",
        "log",
        "sqrt",
        "abs",
        "neg",
        "reciprocal",
        "dropout",
    ),
)
JOINS = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "equal", "less", "less_or_equal")
DRAWS: dict[str, Draw] = {
    "conv": conv("conv", 2),
    "conv1d": conv("conv1d", 1),
    "conv3d": conv("conv3d", 3),
    "conv_transpose": conv_transpose("conv_transpose", 2),
    "conv_transpose3d": conv_transpose("conv_transpose3d", 3),
    "fc": fc,
    "lstm": recurrent("lstm", 4),
    "gru": recurrent("gru", 3),
    "rnn": recurrent("rnn", 1),
    "matmul": matmul,
    **{op: unary(op) for op in PLAIN},
    "gelu": unary("gelu", options=lambda random, _: {"approximate": random.choice(("none", "tanh"))}),
    "clip": unary("clip", options=_clip),
    "scalar": unary("scalar", options=_scalar),
    "softmax": unary("softmax", options=_softmax),
    "masked_softmax": broadcast_onto("masked_softmax", _softmax),
    "lrn": unary("lrn", 3, options=lambda random, _: {"size": random.randint(1, 7)}),
    "channel_shuffle": unary(
        "channel_shuffle", 3, options=lambda random, shape: {"groups": _divisor(random, shape[0])}
    ),
    "bn": with_channel_parameters("bn", 2, 1, 3),
    "instance_norm": with_channel_parameters("instance_norm", 2, 3),
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "log_softmax": unary("log_softmax", options=lambda random, shape: {"axis": random.randint(1, len(shape))}),
    "prelu": with_channel_parameters("prelu", 1),
    **{op: broadcast(op) for op in JOINS},
    "where": broadcast("where", 3),
    "maxpool": pool("maxpool", 2),
    "avgpool": pool("avgpool", 2),
    "maxpool3d": pool("maxpool3d", 3),
    "avgpool3d": pool("avgpool3d", 3),
    "global_avgpool": to_one_pixel("global_avgpool"),
    "global_maxpool": to_one_pixel("global_maxpool"),
    **{f"reduce_{what}": reduced(f"reduce_{what}") for what in ("mean", "sum", "max", "min", "product")},
    "argmax": reduced("argmax", axis=True),
    "argmin": reduced("argmin", axis=True),
    "concat": concat,
    "slice": cut,
    "pad": pad,
    "transpose": transpose,
    "reshape": reshape,
    "flatten": flatten,
    "expand": expand,
    "gather": gather,
    "embed": embed,
    "learned_positions": learned_positions,
    "cls_token": cls_token,
    "heads": heads,
    "moe": moe,
    "attention": attention("attention"),
    "masked_attention": attention("masked_attention"),
    "merge_heads": merge_heads,
    "cache": unary("cache", 3),
    "rope": rope,
    "cache_append": cache_append,
    "top_k": top_k,
    "cumulative_sum": unary(
        "cumulative_sum",
        options=lambda random, shape: {"axis": random.randint(1, len(shape)), "exclusive": random.random() < 0.5},
    ),
    "swiglu": gated("swiglu"),
    "geglu": gated("geglu", lambda random, _: {"approximate": random.choice(("none", "tanh"))}),
    "resize": resize,
    "upsample": upsample,
}


def drawn(random: Random, shapes: Shapes, op: str) -> Layer | None:
    """A layer of this kind with a result of bounded size."""
    layer = DRAWS[op](random, shapes)
    return layer if layer is not None and min(layer.shape) >= 1 and prod(layer.shape) <= MOST_ELEMENTS else None
