# As Mixtral 8x7B (Jiang et al. 2024): 46,702,792,704 parameters, two of eight experts for each of 128 words.
network moe(tokens: 128) {
  x = embed(tokens, 32000, 4096, name="table")
  repeat 32 as i { x = layer(x, 4096, 32, 8, 14336, name="layer{i}") }
  return rms_norm(x, name="norm") -> fc(32000, bias=false, name="head")
}

block layer(x, features, count, groups, hidden) {
  y = rms_norm(x)
  q = fc(y, features, bias=false, name="query") -> heads(count) -> rope(base=1000000)
  k = fc(y, features * groups // count, bias=false, name="key") -> heads(groups) -> rope(base=1000000) -> cache
  v = fc(y, features * groups // count, bias=false, name="value") -> heads(groups) -> cache
  y = attention(q, k, v, causal=true, name="attention") -> merge_heads -> fc(features, bias=false, name="output")
  x = add(x, y)
  return add(x, rms_norm(x) -> moe(experts=8, active=2, hidden=hidden, name="experts"))
}
