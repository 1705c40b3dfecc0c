"""Four networks with plain torch, of any size: as published with the sizes that `PUBLISHED` gives.

ResNet-18 and MobileNetV2 are those of torchvision, BERT and Llama those of transformers, as far as their layers go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
Module: Any = nn.Module


def normed(inputs: int, outputs: int, window: int, stride: int = 1, groups: int = 1) -> list[Any]:
    """A convolution that keeps the size, but for its stride, and its batch norm."""
    conv = nn.Conv2d(inputs, outputs, window, stride, window // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


class Basic(Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.inner = nn.Sequential(*normed(inputs, outputs, 3, stride), nn.ReLU(), *normed(outputs, outputs, 3))
        self.short = nn.Sequential(*normed(inputs, outputs, 1, stride) if inputs != outputs else ())

    def forward(self, x: Any) -> Any:
        return functional.relu(self.inner(x) + self.short(x))


def resnet18(width: int, classes: int) -> Any:
    layers: list[Any] = [*normed(3, width, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = width
    for number in range(8):
        outputs = width << number // 2
        layers.append(Basic(inputs, outputs, 2 if number in (2, 4, 6) else 1))
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class Inverted(Module):
    """An inverted residual: channels are made `expand` times as many, filtered one by one, and made few again."""

    def __init__(self, inputs: int, outputs: int, stride: int, expand: int):
        super().__init__()
        hidden = inputs * expand
        first = [*normed(inputs, hidden, 1), nn.ReLU6()] if expand != 1 else []
        each = [*normed(hidden, hidden, 3, stride, hidden), nn.ReLU6()]
        self.inner = nn.Sequential(*first, *each, *normed(hidden, outputs, 1))
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Any) -> Any:
        return x + self.inner(x) if self.is_residual else self.inner(x)


# Of Table 2: expansion, channels of width 8, repetitions, stride.
STAGES = ((1, 4, 1, 1), (6, 6, 2, 2), (6, 8, 3, 2), (6, 16, 4, 2), (6, 24, 3, 1), (6, 40, 3, 2), (6, 80, 1, 1))


def mobilenet_v2(width: int, classes: int, most: int = 4) -> Any:
    """`width` of 8 is the published one; no stage is repeated more than `most` times."""
    inputs, last = 4 * width, 160 * width
    layers: list[Any] = [*normed(3, inputs, 3, 2), nn.ReLU6()]
    for expand, channels, times, stride in STAGES:
        outputs = channels * width // 2
        for number in range(min(times, most)):
            layers.append(Inverted(inputs, outputs, stride if number == 0 else 1, expand))
            inputs = outputs
    layers += [*normed(inputs, last, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(last, classes))


class Attention(Module):
    """Query heads share key-value heads where these are fewer; `turn` gives queries and keys their positions."""

    def __init__(self, width: int, heads: int, shared: int, bias: bool):
        super().__init__()
        self.heads, self.shared, self.depth = heads, shared, width // heads
        self.q, self.o = nn.Linear(width, width, bias), nn.Linear(width, width, bias)
        self.k, self.v = (nn.Linear(width, shared * self.depth, bias) for _ in range(2))

    def split(self, x: Any, heads: int) -> Any:
        return x.view(x.shape[0], x.shape[1], heads, self.depth).transpose(1, 2)

    def forward(self, x: Any, mask: Any = None, turn: Callable[[Any], Any] = lambda x: x) -> Any:
        q, k = turn(self.split(self.q(x), self.heads)), turn(self.split(self.k(x), self.shared))
        v = self.split(self.v(x), self.shared)
        k, v = (each.repeat_interleave(self.heads // self.shared, 1) for each in (k, v))
        scores = q @ k.transpose(-1, -2) * self.depth**-0.5
        scores = scores if mask is None else scores + mask
        return self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))


class BertLayer(Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.attention = Attention(width, heads, heads, bias=True)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inner = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Any) -> Any:
        x = self.first(x + self.attention(x))
        return self.second(x + self.inner(x))


class Bert(Module):
    """The encoder without its pooler."""

    def __init__(self, words: int, places: int, width: int, heads: int, hidden: int, layers: int):
        super().__init__()
        self.words, self.types = nn.Embedding(words, width), nn.Embedding(2, width)
        self.places, self.norm = nn.Embedding(places, width), nn.LayerNorm(width)
        self.layers = nn.Sequential(*(BertLayer(width, heads, hidden) for _ in range(layers)))

    def forward(self, tokens: Any, types: Any) -> Any:
        places = self.places(torch.arange(tokens.shape[1]))
        return self.layers(self.norm(self.words(tokens) + self.types(types) + places))


class RmsNorm(Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Any) -> Any:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class LlamaLayer(Module):
    def __init__(self, width: int, heads: int, shared: int, hidden: int):
        super().__init__()
        self.attention = Attention(width, heads, shared, bias=False)
        self.first, self.second = RmsNorm(width), RmsNorm(width)
        self.gate, self.up = nn.Linear(width, hidden, False), nn.Linear(width, hidden, False)
        self.down = nn.Linear(hidden, width, False)

    def forward(self, x: Any, mask: Any, turn: Callable[[Any], Any]) -> Any:
        x = x + self.attention(self.first(x), mask, turn)
        y = self.second(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


def positions(length: int, depth: int) -> tuple[Any, Any, Any]:
    """Cosines and sines of the angles that each half of a head is turned by, and the mask."""
    steps = torch.arange(0, depth, 2, dtype=torch.float32) / depth
    angles = torch.outer(torch.arange(length, dtype=torch.float32), 10000.0**-steps).repeat(1, 2)
    return angles.cos(), angles.sin(), torch.full((length, length), -1e9).triu(1)


class Llama(Module):
    """The mask and the angles of its positions are made while it runs, of numbers that are known before."""

    def __init__(self, words: int, width: int, heads: int, shared: int, hidden: int, layers: int):
        super().__init__()
        self.depth = width // heads
        self.words, self.head = nn.Embedding(words, width), nn.Linear(width, words, False)
        self.layers = nn.ModuleList(LlamaLayer(width, heads, shared, hidden) for _ in range(layers))
        self.norm = RmsNorm(width)

    def forward(self, tokens: Any) -> Any:
        cosines, sines, mask = positions(tokens.shape[1], self.depth)

        def turn(x: Any) -> Any:
            low, high = x.chunk(2, -1)
            return x * cosines + torch.cat((-high, low), -1) * sines

        x = self.words(tokens)
        for layer in self.layers:
            x = layer(x, mask, turn)
        return self.head(self.norm(x))


class Case(NamedTuple):
    """A network and inputs for it."""

    network: Any
    inputs: tuple[Any, ...]


def images(size: int, batch: int = 1) -> Any:
    return torch.randn(batch, 3, size, size)


def tokens(words: int, length: int, batch: int = 1) -> Any:
    return torch.randint(words, (batch, length))


PUBLISHED: dict[str, Callable[[], Case]] = {
    "resnet18": lambda: Case(resnet18(64, 1000), (images(224),)),
    "mobilenet_v2": lambda: Case(mobilenet_v2(8, 1000), (images(224),)),
    "bert_base": lambda: Case(Bert(30522, 512, 768, 12, 3072, 12), (tokens(30522, 128), tokens(2, 128))),
    "llama": lambda: Case(Llama(32000, 256, 8, 2, 688, 4), (tokens(32000, 64),)),
}
SMALL: dict[str, Callable[[], Case]] = {
    "resnet18": lambda: Case(resnet18(4, 10), (images(32, 2),)),
    "mobilenet_v2": lambda: Case(mobilenet_v2(1, 10, 2), (images(32),)),
    "bert": lambda: Case(Bert(11, 7, 12, 3, 20, 2), (tokens(11, 5, 2), tokens(2, 5, 2))),
    "llama": lambda: Case(Llama(11, 16, 4, 2, 20, 2), (tokens(11, 5, 2),)),
}


def made(case: Callable[[], Case]) -> Case:
    """In evaluation mode, with numbers of a seed, and statistics that are none of 0 and 1."""
    torch.manual_seed(1)
    network, inputs = case()
    network = network.eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return Case(network, inputs)
