# LeNet-5 as Caffe trains it on MNIST: 431,080 parameters.
network lenet5(x: 1x28x28) {
  x = conv(x, 20, 5, bias=true) -> maxpool(2)
    -> conv(50, 5, bias=true) -> maxpool(2)
    -> flatten -> fc(500) -> relu -> fc(10) -> softmax
  return x
}
