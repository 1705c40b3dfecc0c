# ResNet-34 (He et al. 2015): 21,797,672 parameters. Layers are named as in torchvision.
network resnet34(x: 3x224x224) {
  x = conv(x, 64, 7, stride=2, pad=3) -> bn -> relu(name="relu") -> maxpool(3, stride=2, pad=1, name="maxpool")
  x = layer(x, 64, 3) -> layer(128, 4, stride=2) -> layer(256, 6, stride=2) -> layer(512, 3, stride=2)
  return x -> global_avgpool(name="avgpool") -> flatten(name="flatten") -> fc(1000, name="fc")
}

block layer(x, c, count, stride=1) {
  repeat count as i {
    x = basic(x, c, stride, name="{i}")
    stride = 1
  }
  return x
}

block basic(x, c, stride) {
  y = conv(x, c, 3, stride=stride, pad=1) -> bn -> relu -> conv(c, 3, pad=1) -> bn
  shortcut = x
  if stride != 1 or channels(x) != c {
    shortcut = conv(x, c, 1, stride=stride, name="downsample.0") -> bn(name="downsample.1")
  }
  return add(y, shortcut) -> relu
}
