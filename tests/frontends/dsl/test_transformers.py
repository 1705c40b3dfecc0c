"""Three transformers at full size against numbers that were counted by others: by torch and by formula.

Parameters, multiply-accumulates of the forward pass and of a training step at batch 1, from torch 2.13.0, transformers
5.24.0 and timm 1.0.31: FlopCounterMode with eager attention, halved. A formula from the configuration agrees with each,
and so does a count over the ONNX file that the exporter made of the network.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from simdc.api import Network, load
from simdc.cost import Kernel
from simdc.cost.kernel import Contraction, links_of
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of

BLOCK = """
block self_attention(x, heads, tokens) {
  features = heads * 64
  q = fc(x, features) -> reshape([tokens, heads, 64]) -> transpose([0, 2, 1, 3])
  k = fc(x, features) -> reshape([tokens, heads, 64]) -> transpose([0, 2, 3, 1])
  v = fc(x, features) -> reshape([tokens, heads, 64]) -> transpose([0, 2, 1, 3])
  p = matmul(q, k) -> scalar("mul", 0.125) -> softmax(axis=-1)
  return matmul(p, v) -> transpose([0, 2, 1, 3]) -> reshape([tokens, features]) -> fc(features)
}
block mlp(x, features) {
  return fc(x, 4 * features) -> gelu -> fc(features)
}
block pre(x, heads, tokens) {
  x = add(x, layer_norm(x) -> self_attention(heads, tokens))
  return add(x, layer_norm(x) -> mlp(heads * 64))
}
block post(x, heads, tokens) {
  x = add(x, self_attention(x, heads, tokens)) -> layer_norm
  return add(x, mlp(x, heads * 64)) -> layer_norm
}
"""
BERT = """
network bert(tokens: 128, types: 128) {
  x = add(embed(tokens, 30522, 768), embed(types, 2, 768)) -> learned_positions -> layer_norm
  repeat 12 { x = post(x, 12, 128) }
  return slice(x, 1, 0, 1) -> reshape([768]) -> fc(768) -> tanh -> fc(2)
}
"""
GPT2 = """
network gpt2(tokens: 128) {
  x = embed(tokens, 50257, 768) -> learned_positions
  repeat 12 { x = pre(x, 12, 128) }
  return layer_norm(x) -> fc(50257, bias=false)
}
"""
VIT = """
network vit(image: 3x224x224, token: 1x384) {
  x = conv(image, 384, 16, 16, bias=true) -> reshape([384, 196]) -> transpose([0, 2, 1])
  x = concat(token, x, axis=1) -> learned_positions
  repeat 12 { x = pre(x, 6, 197) }
  return layer_norm(x) -> slice(1, 0, 1) -> reshape([384]) -> fc(1000)
}
"""
DECODE = """
network step(tokens: 1, past: 24x12x127x64) {
  x = embed(tokens, 50257, 768) -> learned_positions
  repeat 12 as i {
    y = layer_norm(x)
    q = fc(y, 768) -> reshape([12, 1, 64])
    k = fc(y, 768) -> reshape([12, 1, 64])
    v = fc(y, 768) -> reshape([12, 1, 64])
    k = concat(slice(past, 1, 2 * i, 1) -> reshape([12, 127, 64]), k, axis=2) -> transpose([0, 1, 3, 2])
    v = concat(slice(past, 1, 2 * i + 1, 1) -> reshape([12, 127, 64]), v, axis=2)
    p = matmul(q, k) -> scalar("mul", 0.125) -> softmax(axis=-1)
    x = add(x, matmul(p, v) -> reshape([1, 768]) -> fc(768))
    x = add(x, layer_norm(x) -> mlp(768))
  }
  return layer_norm(x) -> fc(50257, bias=false)
}
"""


class Counted(NamedTuple):
    """`elsewhere` are parameters that the text has more (or fewer) than the network: positions that are not read, a
    token that is an input here, a head that is not tied to the table of words."""

    text: str
    file: str
    parameters: int
    macs: int
    training_macs: int | None
    elsewhere: int = 0


COUNTED = {
    "bert": Counted(BERT, "bert_base_cls_seq128_b1", 109_483_778, 11_174_217_216, 33_522_651_648, -(512 - 128) * 768),
    "gpt2": Counted(
        GPT2, "gpt2_lm_prefill128_b1", 124_439_808, 16_114_089_984, 48_342_269_952, 50257 * 768 - (1024 - 128) * 768
    ),
    "decode": Counted(DECODE, "gpt2_lm_decode_context128_b1", 124_439_808, 125_891_328, None, 50257 * 768 - 1023 * 768),
    # The patch embedding reads the image, which has no gradient: 13,738,844,160 is 3 x forward less its product.
    "vit": Counted(VIT, "vit_small_patch16_224_b1", 22_050_664, 4_598_882_304, 13_738_844_160, -384),
}


def macs(network: Network) -> int:
    workload = network.workload(load_hardware("HT3"), fold=False)
    return sum(
        count * link.useful_macs
        for (first, *_), _, count in workload.occurrences()
        for link in links_of(first[1])
        if isinstance(link, Contraction)
    )


@pytest.mark.parametrize("name", COUNTED)
def test_a_transformer_in_the_network_language_has_the_counts_of_others(name: str) -> None:
    counted = COUNTED[name]
    network = Network(parse_dsl(counted.text + BLOCK, f"{name}.dsl", 1))
    assert network_of(network.module).parameters.value.data == counted.parameters + counted.elsewhere
    assert macs(network) == counted.macs
    if counted.training_macs is not None:
        assert macs(network.training_step(loss=("given",))) == counted.training_macs


def example(name: str) -> str:
    return Path(f"examples/networks/{name}.dsl").read_text()


# ViT-S/16 is ViT-B/16 with half of the features in half of the heads.
TWINS = {
    "bert": example("bert_base"),
    "gpt2": example("gpt2"),
    "vit": example("vit_b16").replace("768, 12,", "384, 6,").replace("768", "384"),
}


@pytest.mark.parametrize("name", TWINS)
def test_the_examples_have_the_counts_of_others(name: str) -> None:
    """Parameters too: whole tables of positions, a learnt token, a tied head."""
    counted = COUNTED[name]
    network = Network(parse_dsl(TWINS[name], f"{name}.dsl", 1))
    assert network_of(network.module).parameters.value.data == counted.parameters
    assert macs(network) == counted.macs
    assert macs(network.training_step(loss=("given",))) == counted.training_macs


def test_decoding_costs_so_much_for_each_key_more() -> None:
    """MACs of a step = 123,532,032 + 18,432 for each key: 12 layers x 2 products x 12 heads x 64."""
    for past in (1, 500):
        text = DECODE.replace("127", str(past)) + BLOCK
        assert macs(Network(parse_dsl(text, "step.dsl", 1))) == 123_532_032 + 18_432 * (past + 1)


@pytest.mark.parametrize("name", COUNTED)
def test_the_file_of_an_exporter_has_the_counts_of_others(name: str) -> None:
    """The files themselves are not kept here: SIMDC_TRANSFORMERS names the folder that has them."""
    counted, folder = COUNTED[name], os.environ.get("SIMDC_TRANSFORMERS")
    if folder is None:
        pytest.skip("SIMDC_TRANSFORMERS names no folder with the ONNX files")
    network = load(Path(folder) / f"{counted.file}.dynamo.onnx")
    assert network_of(network.module).parameters.value.data == counted.parameters
    assert macs(network) == counted.macs
    if counted.training_macs is not None:
        assert macs(network.training_step(loss=("given",))) == counted.training_macs


SOFTMAX = {"softmax", "scalar_mul", "broadcast_add", "add"}
"""Exporters write the scale and the mask of scores as passes of their own, a mask of zeros, too; the language has them
in the softmax. Learnt positions are added in another order of sides."""


@pytest.mark.parametrize("name", TWINS)
def test_an_example_has_the_kernels_of_the_exporters_file(name: str) -> None:
    """The same products, however often each; of what else there is as many of each kind. Norms differ in their epsilon,
    which a file has as a float of 32 bits."""
    folder = os.environ.get("SIMDC_TRANSFORMERS")
    if folder is None:
        pytest.skip("SIMDC_TRANSFORMERS names no folder with the ONNX files")
    file = load(Path(folder) / f"{COUNTED[name].file}.dynamo.onnx")
    ours, theirs = kernels(Network(parse_dsl(TWINS[name], f"{name}.dsl", 1))), kernels(file)
    both = (ours, theirs)
    products = [Counter({one: count for one, count in each.items() if isinstance(one, Contraction)}) for each in both]
    assert products[0] == products[1]
    assert products[0].total() > 70
    kinds = [Counter[str]() for _ in range(2)]
    for kind, each in zip(kinds, both, strict=True):
        for one, count in each.items():
            if one.kind not in SOFTMAX:
                kind[one.kind] += count
    assert kinds[0] == kinds[1]


def kernels(network: Network) -> Counter[Kernel]:
    found = Counter[Kernel]()
    for (first, *_), _, count in network.workload(load_hardware("HT3")).occurrences():
        found[first[1]] += count
    return found
