# AlexNet as NVIDIA's sheet for NVDLA has it, in two groups and without normalization: 60,965,224 parameters.
# The sheet's 224 pixels give 55x55, which takes a border of 2.
network alexnet_sheet(x: 3x224x224) {
  x = conv(x, 96, 11, stride=4, pad=2, bias=true) -> relu -> maxpool(3, stride=2, name="pool1")
  x = conv(x, 256, 5, pad=2, groups=2, bias=true) -> relu -> maxpool(3, stride=2, name="pool2")
  x = conv(x, 384, 3, pad=1, bias=true) -> relu
  x = conv(x, 384, 3, pad=1, groups=2, bias=true) -> relu
  x = conv(x, 256, 3, pad=1, groups=2, bias=true) -> relu -> maxpool(3, stride=2, name="pool5") -> flatten
  return x -> fc(4096, name="fc6") -> relu -> fc(4096, name="fc7") -> relu -> fc(1000, name="fc8")
}
