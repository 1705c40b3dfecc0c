# A small network with an activation that simdc itself does not have.
network primer(x: 8x16x16) {
  return x -> conv(16, 3, pad=1) -> squared_relu -> conv(32, 3, pad=1) -> squared_relu -> global_avgpool -> fc(10)
}
