# ResNet-101 v1.5, with the stride in the 3x3 convolution: 44,549,160 parameters. Layers are named as in torchvision.
network resnet101(x: 3x224x224) {
  x = conv(x, 64, 7, stride=2, pad=3) -> bn -> relu(name="relu") -> maxpool(3, stride=2, pad=1, name="maxpool")
  x = layer(x, 64, 3) -> layer(128, 4, stride=2) -> layer(256, 23, stride=2) -> layer(512, 3, stride=2)
  return x -> global_avgpool(name="avgpool") -> flatten(name="flatten") -> fc(1000, name="fc")
}

block layer(x, c, count, stride=1) {
  repeat count as i {
    x = bottleneck(x, c, stride, name="{i}")
    stride = 1
  }
  return x
}

block bottleneck(x, c, stride) {
  y = conv(x, c, 1) -> bn -> relu -> conv(c, 3, stride=stride, pad=1) -> bn -> relu -> conv(4 * c, 1) -> bn
  shortcut = x
  if stride != 1 or channels(x) != channels(y) {
    shortcut = conv(x, 4 * c, 1, stride=stride, name="downsample.0") -> bn(name="downsample.1")
  }
  return add(y, shortcut) -> relu
}
