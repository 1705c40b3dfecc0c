"""One small network of each family of transformers, written with plain torch: two heads, one or two layers.

They hold what the families are known for: Llama grouped key-value heads, rotary positions, RMS norm and SwiGLU; BERT
three embeddings and GELU; T5 a learned bias by relative position and no scale; ViT patches, a class token and learned
positions; Whisper convolutions over time, sine positions and attention across.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
WIDTH, HEADS, DEPTH, HIDDEN, WORDS = 8, 2, 4, 12, 11


class Attention(nn.Module):  # type: ignore[misc]
    """Queries of `x`, keys and values of `source`; each key-value head serves HEADS / kv heads of queries."""

    def __init__(self, kv: int = HEADS, bias: bool = True, scale: float = 0.5):
        super().__init__()
        self.kv, self.scale = kv, scale
        self.q, self.o = nn.Linear(WIDTH, WIDTH, bias), nn.Linear(WIDTH, WIDTH, bias)
        self.k, self.v = nn.Linear(WIDTH, kv * DEPTH, bias), nn.Linear(WIDTH, kv * DEPTH, bias)

    def split(self, x: Any, heads: int) -> Any:
        return x.view(x.shape[0], x.shape[1], heads, DEPTH).transpose(1, 2)

    def forward(self, x: Any, source: Any, offset: Any = None, turn: Callable[[Any], Any] = lambda x: x) -> Any:
        q, k, v = self.split(self.q(x), HEADS), self.split(self.k(source), self.kv), self.split(self.v(source), self.kv)
        q, k = turn(q), turn(k)
        if self.kv < HEADS:
            k, v = (each.repeat_interleave(HEADS // self.kv, 1) for each in (k, v))
        scores = q @ k.transpose(-1, -2)
        if self.scale != 1:
            scores = scores * self.scale
        if offset is not None:
            scores = scores + offset
        return self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))


def causal(tokens: int) -> Any:
    return torch.full((tokens, tokens), -1e4).triu(1)


class RmsNorm(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: Any) -> Any:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.scale


class Llama(nn.Module):  # type: ignore[misc]
    """Its table of words is also its head."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(WORDS, WIDTH)
        self.attention, self.first, self.second, self.last = Attention(1, bias=False), RmsNorm(), RmsNorm(), RmsNorm()
        self.gate, self.up = nn.Linear(WIDTH, HIDDEN, False), nn.Linear(WIDTH, HIDDEN, False)
        self.down = nn.Linear(HIDDEN, WIDTH, False)
        angles = torch.outer(torch.arange(6.0), 1 / 100 ** (torch.arange(DEPTH // 2) / (DEPTH // 2))).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def turn(self, x: Any) -> Any:
        a, b = x.chunk(2, -1)
        tokens = x.shape[2]
        return x * self.cos[:tokens] + torch.cat((-b, a), -1) * self.sin[:tokens]

    def forward(self, tokens: Any) -> Any:
        x = self.table(tokens)
        y = self.first(x)
        x = x + self.attention(y, y, causal(5).to(x.dtype), self.turn)
        y = self.second(x)
        x = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return functional.linear(self.last(x), self.table.weight)


class Block(nn.Module):  # type: ignore[misc]
    """Norms in front, as ViT and Whisper have them, or behind, as BERT; `across` reads a second sequence, too."""

    def __init__(self, behind: bool = False, across: bool = False):
        super().__init__()
        self.behind, self.attention = behind, Attention()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3 if across else 2))
        self.across = Attention() if across else None
        self.mlp = nn.Sequential(nn.Linear(WIDTH, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, WIDTH))

    def forward(self, x: Any, source: Any = None, offset: Any = None) -> Any:
        if self.behind:
            x = self.norms[0](x + self.attention(x, x, offset))
            return self.norms[1](x + self.mlp(x))
        y = self.norms[0](x)
        x = x + self.attention(y, y, offset)
        if self.across is not None:
            x = x + self.across(self.norms[2](x), source)
        return x + self.mlp(self.norms[1](x))


class Bert(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.words, self.places, self.types = nn.Embedding(WORDS, WIDTH), nn.Embedding(5, WIDTH), nn.Embedding(2, WIDTH)
        self.norm, self.block = nn.LayerNorm(WIDTH), Block(behind=True)
        self.pooler, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 3)

    def forward(self, tokens: Any, types: Any) -> Any:
        x = self.words(tokens) + self.places(torch.arange(5)) + self.types(types)
        return self.head(torch.tanh(self.pooler(self.block(self.norm(x))[:, 0])))


class T5(nn.Module):  # type: ignore[misc]
    """Encoder layer and decoder layer, each with its bias by relative position."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(WORDS, WIDTH)
        self.near, self.before = nn.Embedding(4, HEADS), nn.Embedding(4, HEADS)
        self.attentions = nn.ModuleList(Attention(bias=False, scale=1) for _ in range(3))
        self.norms = nn.ModuleList(RmsNorm() for _ in range(5))
        self.up, self.down = nn.Linear(WIDTH, HIDDEN, False), nn.Linear(HIDDEN, WIDTH, False)

    @staticmethod
    def bias(table: Any, tokens: int) -> Any:
        places = torch.arange(tokens)
        # Distances of -2 and less, -1, 0, 1 and more.
        return table((places[None] - places[:, None]).clamp(-2, 1) + 2).permute(2, 0, 1)[None]

    def forward(self, tokens: Any, said: Any) -> Any:
        x, norms = self.table(tokens), self.norms
        z = norms[0](x)
        x = x + self.attentions[0](z, z, self.bias(self.near, 5))
        x = norms[1](x + self.down(functional.relu(self.up(x))))
        y = self.table(said)
        z = norms[2](y)
        y = y + self.attentions[1](z, z, self.bias(self.before, 3) + causal(3).to(x.dtype))
        y = y + self.attentions[2](norms[3](y), x)
        return functional.linear(norms[4](y), self.table.weight)


class Vit(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 4, 4)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, WIDTH)), nn.Parameter(torch.zeros(1, 5, WIDTH))
        self.block, self.norm, self.head = Block(), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 3)

    def forward(self, image: Any) -> Any:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), 1) + self.places
        return self.head(self.norm(self.block(x))[:, 0])


class Whisper(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(4, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        angles = torch.outer(torch.arange(4.0), 1 / 100 ** (torch.arange(WIDTH // 2) / (WIDTH // 2)))
        self.register_buffer("waves", torch.cat((angles.sin(), angles.cos()), 1))
        self.encoder, self.norm = Block(), nn.LayerNorm(WIDTH)
        self.table, self.places = nn.Embedding(WORDS, WIDTH), nn.Parameter(torch.zeros(3, WIDTH))
        self.decoder, self.last = Block(across=True), nn.LayerNorm(WIDTH)

    def forward(self, sound: Any, said: Any) -> Any:
        x = functional.gelu(self.second(functional.gelu(self.first(sound)))).transpose(1, 2) + self.waves
        x = self.norm(self.encoder(x))
        y = self.decoder(self.table(said) + self.places, x, causal(3).to(x.dtype))
        return functional.linear(self.last(y), self.table.weight)


def words(tokens: int, below: int = WORDS) -> Any:
    return torch.randint(0, below, (2, tokens), generator=torch.Generator().manual_seed(tokens))


FAMILIES: dict[str, tuple[Callable[[], Any], Callable[[], tuple[Any, ...]]]] = {
    "llama": (Llama, lambda: (words(5),)),
    "bert": (Bert, lambda: (words(5), words(5, 2))),
    "t5": (T5, lambda: (words(5), words(3))),
    "vit": (Vit, lambda: (torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)),)),
    "whisper": (Whisper, lambda: (torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(1)), words(3))),
}
"""Each with inputs: of a batch of 2, but where an exporter would store a token of its own for each image."""


def family(name: str) -> tuple[Any, tuple[Any, ...]]:
    """A network with no two weights alike, since the exporter makes one of those, and its inputs."""
    network, inputs = FAMILIES[name][0]().eval(), FAMILIES[name][1]()
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data.normal_(0.0, 0.5, generator=generator)
    return network, inputs
