# ViT-B/16 (Dosovitskiy et al. 2020): 86,567,656 parameters. Patches of 16x16 pixels are the tokens.
network vit_b16(image: 3x224x224) {
  x = conv(image, 768, 16, stride=16, bias=true, name="patches") -> reshape([768, 196]) -> transpose([0, 2, 1])
  x = cls_token(x) -> learned_positions
  repeat 12 as i { x = layer(x, 768, 12, name="layer{i}") }
  return layer_norm(x, epsilon=1e-6) -> slice(1, 0, 1) -> reshape([768]) -> fc(1000, name="head")
}

block layer(x, features, count) {
  y = layer_norm(x, epsilon=1e-6)
  q = fc(y, features, name="query") -> heads(count)
  k = fc(y, features, name="key") -> heads(count)
  v = fc(y, features, name="value") -> heads(count)
  x = add(x, attention(q, k, v, name="attention") -> merge_heads -> fc(features, name="output"))
  y = layer_norm(x, epsilon=1e-6) -> fc(4 * features, name="up") -> gelu -> fc(features, name="down")
  return add(x, y)
}
