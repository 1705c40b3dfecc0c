// RUN: simdc-fuse-chains,simdc-split-units
// HW: nv_small
// A rectifier, a sum and a pool run with the convolution before them; the product keeps the image that was flattened.
builtin.module {
  simdc.network @n(%x: tensor<1x8x6x6xf32>) inference batch 1 parameters 859 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<8x8x1x1xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight : (tensor<1x8x6x6xf32>, tensor<8x8x1x1xf32>) -> tensor<1x8x6x6xf32>
    %relu1 = simdc.relu "relu1" %conv1 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<8x8x3x3xf32>
    %conv2 = simdc.conv2d "conv2" %relu1, %conv2.weight padding [1, 1, 1, 1] : (tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x6x6xf32>
    %add1 = simdc.add "add1" %conv2, %x : (tensor<1x8x6x6xf32>, tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
    %relu2 = simdc.relu "relu2" %add1 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %relu2 kernel_size [2, 2] stride [2, 2] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
    %flatten1 = simdc.flatten "flatten1" %maxpool1 : (tensor<1x8x3x3xf32>) -> tensor<1x72xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x72xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xf32>
    %fc1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias : (tensor<1x72xf32>, tensor<3x72xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    simdc.return %fc1 : tensor<1x3xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x8x6x6xf32>) inference batch 1 parameters 859 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<8x8x1x1xf32>
    %relu1 = simdc.fused "conv1+relu1" attributes {unit = #simdc.unit<conv>} {
      %conv1 = simdc.conv2d "conv1" %x, %conv1.weight : (tensor<1x8x6x6xf32>, tensor<8x8x1x1xf32>) -> tensor<1x8x6x6xf32>
      %relu1_1 = simdc.relu "relu1" %conv1 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
      simdc.yield %relu1_1 : tensor<1x8x6x6xf32>
    } : tensor<1x8x6x6xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<8x8x3x3xf32>
    %maxpool1 = simdc.fused "conv2+add1+relu2+maxpool1" attributes {unit = #simdc.unit<conv>} {
      %conv2 = simdc.conv2d "conv2" %relu1, %conv2.weight padding [1, 1, 1, 1] : (tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x6x6xf32>
      %add1 = simdc.add "add1" %conv2, %x : (tensor<1x8x6x6xf32>, tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
      %relu2 = simdc.relu "relu2" %add1 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
      %maxpool1_1 = simdc.max_pool "maxpool1" %relu2 kernel_size [2, 2] stride [2, 2] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
      simdc.yield %maxpool1_1 : tensor<1x8x3x3xf32>
    } : tensor<1x8x3x3xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x72xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xf32>
    %fc1 = simdc.fused "fc1" attributes {unit = #simdc.unit<conv>} {
      %flatten1 = simdc.flatten "flatten1" %maxpool1 : (tensor<1x8x3x3xf32>) -> tensor<1x72xf32>
      %fc1_1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias : (tensor<1x72xf32>, tensor<3x72xf32>, tensor<3xf32>) -> tensor<1x3xf32>
      simdc.yield %fc1_1 : tensor<1x3xf32>
    } : tensor<1x3xf32>
    simdc.return %fc1 : tensor<1x3xf32>
  }
}
