# GPT-2 (Radford et al. 2019), the smallest: 124,439,808 parameters. The head is the table of words. 128 words at once.
network gpt2(tokens: 128) {
  x = embed(tokens, 50257, 768, name="words") -> learned_positions(rows=1024)
  repeat 12 as i { x = layer(x, 768, 12, name="layer{i}") }
  return layer_norm(x) -> fc(50257, bias=false, weight="words", name="head")
}

block layer(x, features, count) {
  qkv = layer_norm(x) -> fc(3 * features, name="qkv")
  q = slice(qkv, 2, 0, features) -> heads(count)
  k = slice(qkv, 2, features, features) -> heads(count) -> cache
  v = slice(qkv, 2, 2 * features, features) -> heads(count) -> cache
  y = attention(q, k, v, causal=true, name="attention") -> merge_heads -> fc(features, name="output")
  x = add(x, y)
  y = layer_norm(x) -> fc(4 * features, name="up") -> gelu("tanh") -> fc(features, name="down")
  return add(x, y)
}
