# VGG-16 (Simonyan and Zisserman 2014, configuration D): 138,357,544 parameters.
network vgg16(x: 3x224x224) {
  x = stage(x, 64, 2) -> stage(128, 2) -> stage(256, 3) -> stage(512, 3) -> stage(512, 3) -> flatten
  x = fc(x, 4096) -> relu -> dropout
  x = fc(x, 4096) -> relu -> dropout
  return fc(x, 1000)
}

block stage(x, c, count) {
  repeat count { x = conv(x, c, 3, pad=1, bias=true) -> relu }
  return maxpool(x, 2)
}
