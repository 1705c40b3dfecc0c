// RUN: simdc-assign-widths{rule=program-order}
// HW: HI3
// The release's rule: a SIMD result has 8 bits if the next entry of the program convolves, whoever reads it. %relu1 is
// followed by a convolution, %relu2 by a pool, although a convolution reads it; %maxpool1 has a dropout in between,
// which release programs do not have; a flatten in between counts. Convolutions give 32 bits.
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 811 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %conv1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x3x1x1xf32>
    %conv2 = simdc.conv2d "conv2" %x, %conv2.weight : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
    %relu2 = simdc.relu "relu2" %conv2 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %relu1 kernel_size [2, 2] stride [2, 2] : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    %dropout1 = simdc.dropout "dropout1" %maxpool1 rate 0.5 : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
    %conv3.weight = simdc.parameter "conv3.weight" : () -> tensor<4x4x1x1xf32>
    %conv3 = simdc.conv2d "conv3" %relu2, %conv3.weight : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %relu3 = simdc.relu "relu3" %conv3 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %flatten1 = simdc.flatten "flatten1" %relu3 : (tensor<1x4x8x8xf32>) -> tensor<1x256xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x256xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xf32>
    %fc1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias : (tensor<1x256xf32>, tensor<3x256xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    simdc.return %dropout1, %fc1 : tensor<1x4x4x4xf32>, tensor<1x3xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xi32>) inference batch 1 parameters 811 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xi8>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight {accumulator = 32 : i64} : (tensor<1x3x8x8xi32>, tensor<4x3x1x1xi8>) -> tensor<1x4x8x8xi32>
    %relu1 = simdc.relu "relu1" %conv1 {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi8>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x3x1x1xi8>
    %conv2 = simdc.conv2d "conv2" %x, %conv2.weight {accumulator = 32 : i64} : (tensor<1x3x8x8xi32>, tensor<4x3x1x1xi8>) -> tensor<1x4x8x8xi32>
    %relu2 = simdc.relu "relu2" %conv2 {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi32>
    %maxpool1 = simdc.max_pool "maxpool1" %relu1 kernel_size [2, 2] stride [2, 2] {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>) -> tensor<1x4x4x4xi8>
    %dropout1 = simdc.dropout "dropout1" %maxpool1 rate 0.5 : (tensor<1x4x4x4xi8>) -> tensor<1x4x4x4xi8>
    %conv3.weight = simdc.parameter "conv3.weight" : () -> tensor<4x4x1x1xi8>
    %conv3 = simdc.conv2d "conv3" %relu2, %conv3.weight {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>, tensor<4x4x1x1xi8>) -> tensor<1x4x8x8xi32>
    %relu3 = simdc.relu "relu3" %conv3 {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi32>
    %flatten1 = simdc.flatten "flatten1" %relu3 : (tensor<1x4x8x8xi32>) -> tensor<1x256xi32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x256xi8>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xi32>
    %fc1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias {accumulator = 32 : i64} : (tensor<1x256xi32>, tensor<3x256xi8>, tensor<3xi32>) -> tensor<1x3xi32>
    simdc.return %dropout1, %fc1 : tensor<1x4x4x4xi8>, tensor<1x3xi32>
  }
}
