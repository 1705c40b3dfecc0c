# EfficientNet-B0 (Tan and Le 2019, table 1): 5,288,548 parameters, as torchvision has it.
network efficientnet_b0(x: 3x224x224) {
  x = conv(x, 32, 3, stride=2, pad=1) -> bn -> silu
  x = stage(x, 1, 16, 1, 1, 3) -> stage(6, 24, 2, 2, 3) -> stage(6, 40, 2, 2, 5) -> stage(6, 80, 3, 2, 3)
  x = stage(x, 6, 112, 3, 1, 5) -> stage(6, 192, 4, 2, 5) -> stage(6, 320, 1, 1, 3)
  return conv(x, 1280, 1) -> bn -> silu -> global_avgpool -> flatten -> dropout(0.2) -> fc(1000)
}

# Expansion, channels, how often, stride of the first and window of the table.
block stage(x, expansion, c, count, stride, window) {
  repeat count as i {
    x = mbconv(x, expansion, c, stride, window, name="{i}")
    stride = 1
  }
  return x
}

block mbconv(x, expansion, c, stride, window) {
  y = x
  wide = expansion * channels(x)
  if expansion != 1 {
    y = conv(y, wide, 1) -> bn -> silu
  }
  y = conv(y, wide, window, stride=stride, pad=window // 2, groups=wide) -> bn -> silu
  y = excite(y, channels(x) // 4) -> conv(c, 1) -> bn
  if stride == 1 and channels(x) == c {
    y = add(x, y)
  }
  return y
}

# Squeeze and excite, with a quarter of the block's input channels.
block excite(x, narrow) {
  s = x -> global_avgpool -> conv(narrow, 1, bias=true) -> silu -> conv(channels(x), 1, bias=true) -> sigmoid
  return mul(x, s)
}
