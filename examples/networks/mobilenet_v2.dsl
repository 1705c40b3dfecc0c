# MobileNetV2, width 1.0 (Sandler et al. 2018, table 2): 3,504,872 parameters, as torchvision has it.
network mobilenet_v2(x: 3x224x224) {
  x = conv(x, 32, 3, stride=2, pad=1) -> bn -> relu6
  x = stage(x, 1, 16, 1, 1) -> stage(6, 24, 2, 2) -> stage(6, 32, 3, 2) -> stage(6, 64, 4, 2)
  x = stage(x, 6, 96, 3, 1) -> stage(6, 160, 3, 2) -> stage(6, 320, 1, 1)
  return conv(x, 1280, 1) -> bn -> relu6 -> global_avgpool -> flatten -> dropout(0.2) -> fc(1000)
}

# t, c, n and s of the table: expansion, channels, how often, stride of the first.
block stage(x, expansion, c, count, stride) {
  repeat count as i {
    x = inverted_residual(x, expansion, c, stride, name="{i}")
    stride = 1
  }
  return x
}

block inverted_residual(x, expansion, c, stride) {
  y = x
  wide = expansion * channels(x)
  if expansion != 1 {
    y = conv(y, wide, 1) -> bn -> relu6
  }
  y = conv(y, wide, 3, stride=stride, pad=1, groups=wide) -> bn -> relu6 -> conv(c, 1) -> bn
  if stride == 1 and channels(x) == c {
    y = add(x, y)
  }
  return y
}
