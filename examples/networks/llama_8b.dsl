# Llama 3 8B (Grattafiori et al. 2024): 8,030,261,248 parameters. Four query heads share one of keys. 128 words at once.
network llama_8b(tokens: 128) {
  x = embed(tokens, 128256, 4096, name="table")
  repeat 32 as i { x = layer(x, 4096, 32, 8, 14336, name="layer{i}") }
  return rms_norm(x, name="norm") -> fc(128256, bias=false, name="head")
}

block layer(x, features, count, groups, hidden) {
  y = rms_norm(x)
  q = fc(y, features, bias=false, name="query") -> heads(count) -> rope(base=500000)
  k = fc(y, features * groups // count, bias=false, name="key") -> heads(groups) -> rope(base=500000) -> cache
  v = fc(y, features * groups // count, bias=false, name="value") -> heads(groups) -> cache
  y = attention(q, k, v, causal=true, name="attention") -> merge_heads -> fc(features, bias=false, name="output")
  x = add(x, y)
  y = rms_norm(x)
  y = swiglu(fc(y, hidden, bias=false, name="gate"), fc(y, hidden, bias=false, name="up"))
  return add(x, fc(y, features, bias=false, name="down"))
}
