# GoogLeNet, Inception v1 (Szegedy et al. 2014), without the auxiliary heads of training: 6,998,552 parameters.
# Layers are named as in the BVLC model zoo: inception_3a.3x3_reduce is its inception_3a/3x3_reduce.
network googlenet(x: 3x224x224) {
  x = conv(x, 64, 7, stride=2, pad=3, bias=true, name="conv1.7x7_s2") -> relu(name="conv1.relu_7x7")
    -> maxpool(3, stride=2, ceil_mode=true, name="pool1.3x3_s2") -> lrn(name="pool1.norm1")
  x = conv(x, 64, 1, bias=true, name="conv2.3x3_reduce") -> relu(name="conv2.relu_3x3_reduce")
    -> conv(192, 3, pad=1, bias=true, name="conv2.3x3") -> relu(name="conv2.relu_3x3")
    -> lrn(name="conv2.norm2") -> maxpool(3, stride=2, ceil_mode=true, name="pool2.3x3_s2")
  x = inception(x, 64, 96, 128, 16, 32, 32, name="inception_3a")
    -> inception(128, 128, 192, 32, 96, 64, name="inception_3b")
    -> maxpool(3, stride=2, ceil_mode=true, name="pool3.3x3_s2")
    -> inception(192, 96, 208, 16, 48, 64, name="inception_4a")
    -> inception(160, 112, 224, 24, 64, 64, name="inception_4b")
    -> inception(128, 128, 256, 24, 64, 64, name="inception_4c")
    -> inception(112, 144, 288, 32, 64, 64, name="inception_4d")
    -> inception(256, 160, 320, 32, 128, 128, name="inception_4e")
    -> maxpool(3, stride=2, ceil_mode=true, name="pool4.3x3_s2")
    -> inception(256, 160, 320, 32, 128, 128, name="inception_5a")
    -> inception(384, 192, 384, 48, 128, 128, name="inception_5b")
  return x -> global_avgpool(name="pool5.7x7_s1") -> dropout(0.4, name="pool5.drop_7x7_s1") -> flatten
    -> fc(1000, name="loss3.classifier") -> softmax(name="prob")
}

# Four branches side by side: of 1x1, 3x3 and 5x5, and of a pool.
block inception(x, one, reduce3, three, reduce5, five, projected) {
  a = conv(x, one, 1, bias=true, name="1x1") -> relu(name="relu_1x1")
  b = conv(x, reduce3, 1, bias=true, name="3x3_reduce") -> relu(name="relu_3x3_reduce")
    -> conv(three, 3, pad=1, bias=true, name="3x3") -> relu(name="relu_3x3")
  c = conv(x, reduce5, 1, bias=true, name="5x5_reduce") -> relu(name="relu_5x5_reduce")
    -> conv(five, 5, pad=2, bias=true, name="5x5") -> relu(name="relu_5x5")
  d = maxpool(x, 3, stride=1, pad=1, name="pool") -> conv(projected, 1, bias=true, name="pool_proj")
    -> relu(name="relu_pool_proj")
  return concat(a, b, c, d, name="output")
}
