// RUN: simdc-tidy
// A border of zeros becomes the padding of the window behind it, of a maximum where nothing is below zero. What scales and
// shifts channels goes into the weights and the bias before it: of a transposed convolution, and through a view.
// Batch norms take 2 x (4 + 2 + 4) trained values along, the biases they leave have 4 + 2 + 4: 10 are elsewhere.
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 176 {
    %pad1 = simdc.pad "pad1" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x3x8x8xf32>) -> tensor<1x3x10x10xf32>
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x3x3xf32>
    %conv1 = simdc.conv2d "conv1" %pad1, %conv1.weight : (tensor<1x3x10x10xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
    %bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<4xf32>
    %bn1.inv_std = simdc.parameter "bn1.inv_std" statistic : () -> tensor<4xf32>
    %bn1.scale = simdc.parameter "bn1.scale" : () -> tensor<4xf32>
    %bn1.shift = simdc.parameter "bn1.shift" : () -> tensor<4xf32>
    %bn1 = simdc.batch_norm "bn1" %conv1, %bn1.mean, %bn1.inv_std, %bn1.scale, %bn1.shift : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %bn1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %conv_transpose1.weight = simdc.parameter "conv_transpose1.weight" : () -> tensor<4x2x2x2xf32>
    %conv_transpose1 = simdc.conv_transpose2d "conv_transpose1" %relu1, %conv_transpose1.weight stride [2, 2] : (tensor<1x4x8x8xf32>, tensor<4x2x2x2xf32>) -> tensor<1x2x16x16xf32>
    %bn2.mean = simdc.parameter "bn2.mean" statistic : () -> tensor<2xf32>
    %bn2.inv_std = simdc.parameter "bn2.inv_std" statistic : () -> tensor<2xf32>
    %bn2.scale = simdc.parameter "bn2.scale" : () -> tensor<2xf32>
    %bn2.shift = simdc.parameter "bn2.shift" : () -> tensor<2xf32>
    %bn2 = simdc.batch_norm "bn2" %conv_transpose1, %bn2.mean, %bn2.inv_std, %bn2.scale, %bn2.shift : (tensor<1x2x16x16xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x16x16xf32>
    %relu2 = simdc.relu "relu2" %relu1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %pad2 = simdc.pad "pad2" %relu2 before [0, 0, 0, 1] after [0, 0, 1, 0] : (tensor<1x4x8x8xf32>) -> tensor<1x4x9x9xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %pad2 kernel_size [2, 2] stride [2, 2] : (tensor<1x4x9x9xf32>) -> tensor<1x4x4x4xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x4x1x1xf32>
    %conv2 = simdc.conv2d "conv2" %maxpool1, %conv2.weight : (tensor<1x4x4x4xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x4x4xf32>
    %scalar1 = simdc.scalar "scalar1" %conv2 function "mul" value 0.5 : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
    %reshape1 = simdc.reshape "reshape1" %scalar1 : (tensor<1x4x4x4xf32>) -> tensor<1x4x16xf32>
    %bn3.mean = simdc.parameter "bn3.mean" statistic : () -> tensor<4xf32>
    %bn3.inv_std = simdc.parameter "bn3.inv_std" statistic : () -> tensor<4xf32>
    %bn3.scale = simdc.parameter "bn3.scale" : () -> tensor<4xf32>
    %bn3.shift = simdc.parameter "bn3.shift" : () -> tensor<4xf32>
    %bn3 = simdc.batch_norm "bn3" %reshape1, %bn3.mean, %bn3.inv_std, %bn3.scale, %bn3.shift : (tensor<1x4x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x16xf32>
    simdc.return %bn2, %bn3 : tensor<1x2x16x16xf32>, tensor<1x4x16xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 176 elsewhere 10 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x3x3xf32>
    %conv1.bias = simdc.parameter "conv1.bias" : () -> tensor<4xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight, %conv1.bias padding [1, 1, 1, 1] {merged = ["pad1"], folded = ["bn1"]} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %conv1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %conv_transpose1.weight = simdc.parameter "conv_transpose1.weight" : () -> tensor<4x2x2x2xf32>
    %conv_transpose1.bias = simdc.parameter "conv_transpose1.bias" : () -> tensor<2xf32>
    %conv_transpose1 = simdc.conv_transpose2d "conv_transpose1" %relu1, %conv_transpose1.weight, %conv_transpose1.bias stride [2, 2] {folded = ["bn2"]} : (tensor<1x4x8x8xf32>, tensor<4x2x2x2xf32>, tensor<2xf32>) -> tensor<1x2x16x16xf32>
    %relu2 = simdc.relu "relu2" %relu1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %relu2 kernel_size [2, 2] stride [2, 2] padding [0, 1, 1, 0] {merged = ["pad2"]} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    %conv2.weight = simdc.parameter "conv2.weight" : () -> tensor<4x4x1x1xf32>
    %conv2.bias = simdc.parameter "conv2.bias" : () -> tensor<4xf32>
    %conv2 = simdc.conv2d "conv2" %maxpool1, %conv2.weight, %conv2.bias {folded = ["scalar1", "bn3"]} : (tensor<1x4x4x4xf32>, tensor<4x4x1x1xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
    %reshape1 = simdc.reshape "reshape1" %conv2 : (tensor<1x4x4x4xf32>) -> tensor<1x4x16xf32>
    simdc.return %conv_transpose1, %reshape1 : tensor<1x2x16x16xf32>, tensor<1x4x16xf32>
  }
}
