// RUN: simdc-assign-widths
// HW: HI3
// Weights and what the systolic array reads have 8 bits, biases, partial sums and SIMD results 32. The network's input
// and the residual %relu1 are read by a convolution (and the residual by an add as well): 8 bits, as a tensor has one
// width in DRAM. %conv2 and %conv3 go from convolution to convolution, %relu2 through flatten and dropout to a fully
// connected layer. What leaves the systolic array for the SIMD array (%conv1, %conv4, %conv5) has 32 bits.
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 1361 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xf32>
    %conv1.bias = simdc.parameter "conv1.bias" : () -> tensor<4xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight, %conv1.bias : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %conv1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x4x1x1xf32>
    %conv2 = simdc.conv2d "conv2" %relu1, %conv2.weight : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %conv3.weight = simdc.parameter "conv3.weight" : () -> tensor<4x4x1x1xf32>
    %conv3 = simdc.conv2d "conv3" %conv2, %conv3.weight : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %conv4.weight = simdc.parameter "conv4.weight" : () -> tensor<4x4x1x1xf32>
    %conv4 = simdc.conv2d "conv4" %conv3, %conv4.weight : (tensor<1x4x8x8xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x8x8xf32>
    %add1 = simdc.add "add1" %relu1, %conv4 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %relu2 = simdc.relu "relu2" %add1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %flatten1 = simdc.flatten "flatten1" %relu2 : (tensor<1x4x8x8xf32>) -> tensor<1x256xf32>
    %dropout1 = simdc.dropout "dropout1" %flatten1 rate 0.5 : (tensor<1x256xf32>) -> tensor<1x256xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<5x256xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<5xf32>
    %fc1 = simdc.linear "fc1" %dropout1, %fc1.weight, %fc1.bias : (tensor<1x256xf32>, tensor<5x256xf32>, tensor<5xf32>) -> tensor<1x5xf32>
    %relu3 = simdc.relu "relu3" %fc1 : (tensor<1x5xf32>) -> tensor<1x5xf32>
    %conv5.weight = simdc.parameter "conv5.weight" : () -> tensor<2x4x1x1xf32>
    %conv5 = simdc.conv2d "conv5" %relu2, %conv5.weight : (tensor<1x4x8x8xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x8x8xf32>
    %bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<2xf32>
    %bn1.inv_std = simdc.parameter "bn1.inv_std" statistic : () -> tensor<2xf32>
    %bn1.scale = simdc.parameter "bn1.scale" : () -> tensor<2xf32>
    %bn1.shift = simdc.parameter "bn1.shift" : () -> tensor<2xf32>
    %bn1 = simdc.batch_norm "bn1" %conv5, %bn1.mean, %bn1.inv_std, %bn1.scale, %bn1.shift : (tensor<1x2x8x8xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x8x8xf32>
    simdc.return %relu3, %bn1 : tensor<1x5xf32>, tensor<1x2x8x8xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xi8>) inference batch 1 parameters 1361 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xi8>
    %conv1.bias = simdc.parameter "conv1.bias" : () -> tensor<4xi32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight, %conv1.bias {accumulator = 32 : i64} : (tensor<1x3x8x8xi8>, tensor<4x3x1x1xi8>, tensor<4xi32>) -> tensor<1x4x8x8xi32>
    %relu1 = simdc.relu "relu1" %conv1 {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi8>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x4x1x1xi8>
    %conv2 = simdc.conv2d "conv2" %relu1, %conv2.weight {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x8x8xi8>
    %conv3.weight = simdc.parameter "conv3.weight" : () -> tensor<4x4x1x1xi8>
    %conv3 = simdc.conv2d "conv3" %conv2, %conv3.weight {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x8x8xi8>
    %conv4.weight = simdc.parameter "conv4.weight" : () -> tensor<4x4x1x1xi8>
    %conv4 = simdc.conv2d "conv4" %conv3, %conv4.weight {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x8x8xi32>
    %add1 = simdc.add "add1" %relu1, %conv4 {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>, tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi32>
    %relu2 = simdc.relu "relu2" %add1 {accumulator = 32 : i64} : (tensor<1x4x8x8xi32>) -> tensor<1x4x8x8xi8>
    %flatten1 = simdc.flatten "flatten1" %relu2 : (tensor<1x4x8x8xi8>) -> tensor<1x256xi8>
    %dropout1 = simdc.dropout "dropout1" %flatten1 rate 0.5 : (tensor<1x256xi8>) -> tensor<1x256xi8>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<5x256xi8>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<5xi32>
    %fc1 = simdc.linear "fc1" %dropout1, %fc1.weight, %fc1.bias {accumulator = 32 : i64} : (tensor<1x256xi8>, tensor<5x256xi8>, tensor<5xi32>) -> tensor<1x5xi32>
    %relu3 = simdc.relu "relu3" %fc1 {accumulator = 32 : i64} : (tensor<1x5xi32>) -> tensor<1x5xi32>
    %conv5.weight = simdc.parameter "conv5.weight" : () -> tensor<2x4x1x1xi8>
    %conv5 = simdc.conv2d "conv5" %relu2, %conv5.weight {accumulator = 32 : i64} : (tensor<1x4x8x8xi8>, tensor<2x4x1x1xi8>) -> tensor<1x2x8x8xi32>
    %bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<2xi32>
    %bn1.inv_std = simdc.parameter "bn1.inv_std" statistic : () -> tensor<2xi32>
    %bn1.scale = simdc.parameter "bn1.scale" : () -> tensor<2xi32>
    %bn1.shift = simdc.parameter "bn1.shift" : () -> tensor<2xi32>
    %bn1 = simdc.batch_norm "bn1" %conv5, %bn1.mean, %bn1.inv_std, %bn1.scale, %bn1.shift {accumulator = 32 : i64} : (tensor<1x2x8x8xi32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<1x2x8x8xi32>
    simdc.return %relu3, %bn1 : tensor<1x5xi32>, tensor<1x2x8x8xi32>
  }
}
