# ResNet-50 v1 (He et al. 2015), with the stride in the first 1x1 convolution: 25,557,032 parameters.
# Blocks and convolutions are named as in the authors' Caffe model: res2a.branch2a is its res2a_branch2a.
network resnet50_v1(x: 3x224x224) {
  x = conv(x, 64, 7, stride=2, pad=3, name="conv1") -> bn(name="bn_conv1") -> relu(name="conv1_relu")
  x = maxpool(x, 3, stride=2, ceil_mode=true, name="pool1")
  x = bottleneck(x, 64, name="res2a") -> bottleneck(64, name="res2b") -> bottleneck(64, name="res2c")
  x = bottleneck(x, 128, 2, name="res3a") -> bottleneck(128, name="res3b") -> bottleneck(128, name="res3c")
    -> bottleneck(128, name="res3d")
  x = bottleneck(x, 256, 2, name="res4a") -> bottleneck(256, name="res4b") -> bottleneck(256, name="res4c")
    -> bottleneck(256, name="res4d") -> bottleneck(256, name="res4e") -> bottleneck(256, name="res4f")
  x = bottleneck(x, 512, 2, name="res5a") -> bottleneck(512, name="res5b") -> bottleneck(512, name="res5c")
  return x -> global_avgpool(name="pool5") -> flatten -> fc(1000, name="fc1000")
}

block bottleneck(x, c, stride=1) {
  shortcut = x
  if channels(x) != 4 * c {
    shortcut = conv(x, 4 * c, 1, stride=stride, name="branch1") -> bn(name="bn_branch1")
  }
  y = conv(x, c, 1, stride=stride, name="branch2a") -> bn(name="bn_branch2a") -> relu(name="branch2a_relu")
  y = conv(y, c, 3, pad=1, name="branch2b") -> bn(name="bn_branch2b") -> relu(name="branch2b_relu")
  y = conv(y, 4 * c, 1, name="branch2c") -> bn(name="bn_branch2c")
  return add(shortcut, y, name="sum") -> relu(name="relu")
}
