"""Networks that others published, at full size, against what torch counts of their own code.

Parameters, multiply-accumulates of the forward pass and of a training step at batch 1 are those of the classes of
transformers 5.24.0 under torch 2.13.0: FlopCounterMode over tensors without data, eager attention, halved. Attention is
counted over all pairs of tokens, masked or not. Layers that come many times are alike: here they come once and twice,
from which the numbers for all of them follow.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from simdc.api import Network
from simdc.frontends.dsl import parse_dsl
from simdc.ir.network import network_of
from tests.frontends.dsl.test_transformers import macs

BLOCKS = """
block attend(y, source, d, count, causal=false, key_bias=true) {
  k = fc(source, d, bias=key_bias) -> heads(count)
  return attention(fc(y, d) -> heads(count), k, fc(source, d) -> heads(count), causal=causal) -> merge_heads -> fc(d)
}
block mlp(x, d) { return fc(x, 4 * d) -> gelu -> fc(d) }
block behind(x, d, count, causal=false) {
  x = add(x, attend(x, x, d, count, causal)) -> layer_norm
  return add(x, mlp(x, d)) -> layer_norm
}
block before(x, d, count, causal=false) {
  y = layer_norm(x)
  x = add(x, attend(y, y, d, count, causal))
  return add(x, layer_norm(x) -> mlp(d))
}
block turned(y, d, count, rotary) {
  q = fc(y, d) -> heads(count) -> rope(rotary=rotary)
  k = fc(y, d) -> heads(count) -> rope(rotary=rotary)
  return attention(q, k, fc(y, d) -> heads(count), causal=true) -> merge_heads -> fc(d)
}
block beside(x, d, count, rotary) {
  y = layer_norm(x)
  return add(add(x, turned(y, d, count, rotary)), mlp(y, d))
}
block grouped(x, d, count, groups, size, hidden, bias=false, normed=false, gelu=false) {
  y = rms_norm(x)
  q = fc(y, count * size, bias=bias) -> heads(count)
  k = fc(y, groups * size, bias=bias) -> heads(groups)
  v = fc(y, groups * size, bias=bias) -> heads(groups)
  if normed { q = rms_norm(q) k = rms_norm(k) }
  x = add(x, attention(rope(q), rope(k), v, causal=true) -> merge_heads -> fc(d, bias=false))
  y = rms_norm(x)
  gate = fc(y, hidden, bias=false)
  y = fc(y, hidden, bias=false)
  if gelu { y = geglu(gate, y) } else { y = swiglu(gate, y) }
  return add(x, fc(y, d, bias=false))
}
block plain(y, source) {
  k = fc(source, 512, bias=false) -> heads(8)
  v = fc(source, 512, bias=false) -> heads(8)
  return attention(fc(y, 512, bias=false) -> heads(8), k, v, scale=1.0) -> merge_heads -> fc(512, bias=false)
}
block near(x, offset) {
  y = rms_norm(x)
  k = fc(y, 512, bias=false) -> heads(8)
  v = fc(y, 512, bias=false) -> heads(8)
  q = fc(y, 512, bias=false) -> heads(8)
  return add(x, masked_attention(q, k, v, offset, scale=1.0) -> merge_heads -> fc(512, bias=false))
}
block rectified(x) { return add(x, rms_norm(x) -> fc(2048, bias=false) -> relu -> fc(512, bias=false)) }
block bart(x, source) {
  x = add(x, attend(x, x, 768, 12, causal=true)) -> layer_norm
  x = add(x, attend(x, source, 768, 12)) -> layer_norm
  return add(x, mlp(x, 768)) -> layer_norm
}
block listen(x) {
  y = layer_norm(x)
  x = add(x, attend(y, y, 384, 6, key_bias=false))
  return add(x, layer_norm(x) -> mlp(384))
}
block speak(x, source) {
  y = layer_norm(x)
  x = add(x, attend(y, y, 384, 6, causal=true, key_bias=false))
  x = add(x, layer_norm(x) -> attend(source, 384, 6, key_bias=false))
  return add(x, layer_norm(x) -> mlp(384))
}
"""
DECODER = """network decoder(tokens: {tokens}) {{
  x = embed(tokens, {words}, {features}, name="words"){positions}
  repeat DEPTH {{ x = {layer} }}
  return {norm}(x) -> fc({words}, {head})
}}"""
ENCODER = """network encoder(tokens: {tokens}, types: {tokens}) {{
  x = embed(tokens, {words}, {features}, name="words")
  if {types} > 0 {{ x = add(x, embed(types, {types}, {features})) }}
  x = learned_positions(x, rows={positions}) -> layer_norm
  repeat DEPTH {{ x = behind(x, {features}, {features} // 64) }}
  return {head}
}}"""
TIED, OWN = 'bias=false, weight="words"', "bias=false"
VIT = """network vit(image: 3x224x224) {{
  x = conv(image, {d}, 16, stride=16, bias=true) -> reshape([{d}, 196]) -> transpose([0, 2, 1])
  x = {tokens} -> learned_positions
  repeat DEPTH {{ x = before(x, {d}, {d} // 64) }}
  return layer_norm(x) -> slice(1, 0, 1) -> reshape([{d}]) -> fc(1000)
}}"""
T5 = """network t5_small(tokens: 128, said: 64, near: 128x128, before: 64x64) {
  words = embed(concat(tokens, said), 32128, 512, name="words")
  x = slice(words, 1, 0, 128)
  offset = embed(near, 32, 8) -> transpose([0, 3, 1, 2])
  repeat DEPTH { x = near(x, offset) -> rectified }
  x = rms_norm(x)
  y = slice(words, 1, 128, 64)
  offset = embed(before, 32, 8) -> transpose([0, 3, 1, 2])
  repeat DEPTH {
    y = near(y, offset)
    y = add(y, rms_norm(y) -> plain(x)) -> rectified
  }
  return rms_norm(y) -> fc(32128, bias=false, weight="words")
}"""
BART = """network bart_base(tokens: 128, said: 64) {
  words = embed(concat(tokens, said), 50265, 768, name="words")
  x = slice(words, 1, 0, 128) -> learned_positions(rows=1026) -> layer_norm
  repeat DEPTH { x = behind(x, 768, 12) }
  y = slice(words, 1, 128, 64) -> learned_positions(rows=1026) -> layer_norm
  repeat DEPTH { y = bart(y, x) }
  return fc(y, 50265, bias=false, weight="words")
}"""
WHISPER = """network whisper_tiny(sound: 80x3000, said: 64) {
  x = conv1d(sound, 384, 3, pad=1, bias=true) -> gelu -> conv1d(384, 3, stride=2, pad=1, bias=true) -> gelu
  x = transpose(x, [0, 2, 1]) -> learned_positions
  repeat DEPTH { x = listen(x) }
  x = layer_norm(x)
  y = embed(said, 51865, 384, name="words") -> learned_positions(rows=448)
  repeat DEPTH { y = speak(y, x) }
  return layer_norm(y) -> fc(51865, bias=false, weight="words")
}"""


class Counted(NamedTuple):
    """A text, its depth and what others count. `training_macs` are 3 x forward, less the gradient of an input that is
    no number of a word: images and sound have none."""

    text: str
    depth: int
    parameters: int
    macs: int
    training_macs: int


def decoder(tokens: int, words: int, features: int, layer: str, norm: str, head: str, positions: int = 0) -> str:
    """A network that reads words and tells the next of each."""
    learnt = f" -> learned_positions(rows={positions})" if positions else ""
    return DECODER.format(
        tokens=tokens, words=words, features=features, layer=layer, norm=norm, head=head, positions=learnt
    )


def encoder(tokens: int, words: int, features: int, types: int, positions: int, head: str) -> str:
    """A network that reads words, each with the part of the text that it is of, if there are `types` of these."""
    return ENCODER.format(tokens=tokens, words=words, features=features, types=types, positions=positions, head=head)


WORDS_AGAIN = 'fc(x, 1024) -> gelu -> layer_norm -> fc(30522, weight="words")'
CLASSES = "slice(x, 1, 0, 1) -> reshape([768]) -> fc(768) -> {} -> fc(2)"
MODELS = {
    "bert_large": Counted(
        encoder(384, 30522, 1024, 2, 512, WORDS_AGAIN), 24, 335_174_458, 135_616_266_240, 406_848_798_720
    ),
    "distilbert": Counted(
        encoder(128, 30522, 768, 0, 512, CLASSES.format("relu")), 6, 66_955_010, 5_587_404_288, 16_762_212_864
    ),
    "roberta": Counted(
        encoder(256, 50265, 768, 1, 514, CLASSES.format("tanh")), 12, 124_647_170, 22_951_822_848, 68_855_468_544
    ),
    "gpt2_medium": Counted(
        decoder(256, 50257, 1024, "before(x, 1024, 16, causal=true)", "layer_norm", TIED, 1024),
        24, 354_823_168, 93_705_207_808, 281_115_623_424,
    ),
    "opt_125m": Counted(
        decoder(128, 50272, 768, "before(x, 768, 12, causal=true)", "layer_norm", TIED, 2050),
        12, 125_239_296, 16_115_564_544, 48_346_693_632,
    ),
    "pythia_160m": Counted(
        decoder(
            128, 50304, 768, "add(add(x, layer_norm(x) -> turned(768, 12, 16)), layer_norm(x) -> mlp(768))",
            "layer_norm", OWN,
        ),
        12, 162_322_944, 16_118_710_272, 48_356_130_816,
    ),
    "tinyllama": Counted(
        decoder(256, 32000, 2048, "grouped(x, 2048, 32, 4, 64, 5632)", "rms_norm", OWN),
        22, 1_100_048_384, 270_717_157_376, 812_151_472_128,
    ),
    "mistral_7b": Counted(
        decoder(128, 32000, 4096, "grouped(x, 4096, 32, 8, 128, 14336)", "rms_norm", OWN),
        32, 7_241_732_096, 914_425_380_864, 2_743_276_142_592,
    ),
    "qwen2_0.5b": Counted(
        decoder(128, 151936, 896, "grouped(x, 896, 14, 2, 64, 4864, bias=true)", "rms_norm", TIED),
        24, 494_032_768, 63_931_678_720, 191_795_036_160,
    ),
    "qwen3_0.6b": Counted(
        decoder(128, 151936, 1024, "grouped(x, 1024, 16, 8, 128, 3072, normed=true)", "rms_norm", TIED),
        28, 596_049_920, 78_165_049_344, 234_495_148_032,
    ),
    "gemma_2b": Counted(
        decoder(128, 256000, 2048, "grouped(x, 2048, 8, 1, 256, 16384, gelu=true)", "rms_norm", TIED),
        18, 2_506_172_416, 321_988_329_472, 965_964_988_416,
    ),
    "phi_2": Counted(
        decoder(128, 51200, 2560, "beside(x, 2560, 32, 32)", "layer_norm", "bias=true"),
        32, 2_779_683_840, 341_584_117_760, 1_024_752_353_280,
    ),
    "t5_small": Counted(T5, 6, 60_506_624, 5_456_789_504, 16_370_368_512),
    "bart_base": Counted(BART, 6, 139_420_416, 12_247_547_904, 36_742_643_712),
    # 80 x 3 x 384 products at 3,000 places read the sound.
    "whisper_tiny": Counted(WHISPER, 4, 37_760_640, 22_348_947_456, 66_770_362_368),
    "vit_l16": Counted(
        VIT.format(d=1024, tokens="cls_token(x)"), 24, 304_326_632, 61_554_712_576, 184_509_997_056
    ),
    "deit_tiny": Counted(
        VIT.format(d=192, tokens="cls_token(x) -> cls_token"), 12, 5_717_800, 1_260_811_776, 3_753_533_952
    ),
}  # fmt: skip


def counts(text: str, depth: int) -> tuple[int, int, int]:
    network = Network(parse_dsl(text.replace("DEPTH", str(depth)) + BLOCKS, "n.dsl", 1))
    step = network.training_step(loss=("given",))
    return network_of(network.module).parameters.value.data, macs(network), macs(step)


@pytest.mark.parametrize("name", MODELS)
def test_a_published_network_has_the_counts_of_others(name: str) -> None:
    model = MODELS[name]
    one, two = counts(model.text, 1), counts(model.text, 2)
    every = tuple(a + (model.depth - 1) * (b - a) for a, b in zip(one, two, strict=True))
    assert every == (model.parameters, model.macs, model.training_macs)
