# AlexNet as in the BVLC model zoo (Krizhevsky et al. 2012, its two halves as groups): 60,965,224 parameters.
network alexnet(x: 3x227x227) {
  x = conv(x, 96, 11, stride=4, bias=true) -> relu -> lrn(name="norm1") -> maxpool(3, stride=2, name="pool1")
  x = conv(x, 256, 5, pad=2, groups=2, bias=true) -> relu -> lrn(name="norm2") -> maxpool(3, stride=2, name="pool2")
  x = conv(x, 384, 3, pad=1, bias=true) -> relu
  x = conv(x, 384, 3, pad=1, groups=2, bias=true) -> relu
  x = conv(x, 256, 3, pad=1, groups=2, bias=true) -> relu -> maxpool(3, stride=2, name="pool5")
  x = flatten(x)
  x = fc(x, 4096, name="fc6") -> relu -> dropout(0.5, name="drop6")
  x = fc(x, 4096, name="fc7") -> relu -> dropout(0.5, name="drop7")
  return x -> fc(1000, name="fc8") -> softmax(name="prob")
}
