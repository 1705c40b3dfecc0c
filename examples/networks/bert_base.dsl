# BERT-base (Devlin et al. 2018) with a classifier of two classes: 109,483,778 parameters. One sequence of 128 words.
network bert_base(tokens: 128, types: 128) {
  x = add(embed(tokens, 30522, 768), embed(types, 2, 768)) -> learned_positions(rows=512)
  x = layer_norm(x, epsilon=1e-12)
  repeat 12 as i { x = layer(x, 768, 12, name="layer{i}") }
  x = slice(x, 1, 0, 1) -> reshape([768])
  return fc(x, 768, name="pooler") -> tanh -> fc(2, name="classifier")
}

block layer(x, features, count) {
  q = fc(x, features, name="query") -> heads(count)
  k = fc(x, features, name="key") -> heads(count)
  v = fc(x, features, name="value") -> heads(count)
  y = attention(q, k, v, name="attention") -> merge_heads -> fc(features, name="output")
  x = add(x, y) -> layer_norm(epsilon=1e-12)
  y = fc(x, 4 * features, name="up") -> gelu -> fc(features, name="down")
  return add(x, y) -> layer_norm(epsilon=1e-12)
}
