// RUN: simdc-split-units
// Contractions go to the systolic array, all else to the SIMD array; what costs nothing goes nowhere.
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 35 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
    %bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<4xf32>
    %bn1.inv_std = simdc.parameter "bn1.inv_std" statistic : () -> tensor<4xf32>
    %bn1.scale = simdc.parameter "bn1.scale" : () -> tensor<4xf32>
    %bn1.shift = simdc.parameter "bn1.shift" : () -> tensor<4xf32>
    %bn1 = simdc.batch_norm "bn1" %conv1, %bn1.mean, %bn1.inv_std, %bn1.scale, %bn1.shift : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %bn1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %lrn1 = simdc.local_response_norm "lrn1" %relu1 size 5 alpha 0.0001 beta 0.75 bias 1.0 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %lrn1 kernel_size [2, 2] stride [2, 2] : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    %avgpool1 = simdc.average_pool "avgpool1" %maxpool1 kernel_size [2, 2] stride [2, 2] : (tensor<1x4x4x4xf32>) -> tensor<1x4x2x2xf32>
    %dropout1 = simdc.dropout "dropout1" %avgpool1 rate 0.5 : (tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
    %add1 = simdc.add "add1" %dropout1, %dropout1 : (tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
    %global_avgpool1 = simdc.global_average_pool "global_avgpool1" %add1 kernel_size [2, 2] : (tensor<1x4x2x2xf32>) -> tensor<1x4x1x1xf32>
    %flatten1 = simdc.flatten "flatten1" %global_avgpool1 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x4xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xf32>
    %fc1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias : (tensor<1x4xf32>, tensor<3x4xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    %softmax1 = simdc.softmax "softmax1" %fc1 : (tensor<1x3xf32>) -> tensor<1x3xf32>
    simdc.return %softmax1 : tensor<1x3xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 35 {
    %conv1.weight = simdc.parameter "conv1.weight" : () -> tensor<4x3x1x1xf32>
    %conv1 = simdc.conv2d "conv1" %x, %conv1.weight {unit = #simdc.unit<conv>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
    %bn1.mean = simdc.parameter "bn1.mean" statistic : () -> tensor<4xf32>
    %bn1.inv_std = simdc.parameter "bn1.inv_std" statistic : () -> tensor<4xf32>
    %bn1.scale = simdc.parameter "bn1.scale" : () -> tensor<4xf32>
    %bn1.shift = simdc.parameter "bn1.shift" : () -> tensor<4xf32>
    %bn1 = simdc.batch_norm "bn1" %conv1, %bn1.mean, %bn1.inv_std, %bn1.scale, %bn1.shift {unit = #simdc.unit<simd>} : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    %relu1 = simdc.relu "relu1" %bn1 {unit = #simdc.unit<simd>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %lrn1 = simdc.local_response_norm "lrn1" %relu1 size 5 alpha 0.0001 beta 0.75 bias 1.0 {unit = #simdc.unit<simd>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %maxpool1 = simdc.max_pool "maxpool1" %lrn1 kernel_size [2, 2] stride [2, 2] {unit = #simdc.unit<simd>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
    %avgpool1 = simdc.average_pool "avgpool1" %maxpool1 kernel_size [2, 2] stride [2, 2] {unit = #simdc.unit<simd>} : (tensor<1x4x4x4xf32>) -> tensor<1x4x2x2xf32>
    %dropout1 = simdc.dropout "dropout1" %avgpool1 rate 0.5 : (tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
    %add1 = simdc.add "add1" %dropout1, %dropout1 {unit = #simdc.unit<simd>} : (tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
    %global_avgpool1 = simdc.global_average_pool "global_avgpool1" %add1 kernel_size [2, 2] {unit = #simdc.unit<simd>} : (tensor<1x4x2x2xf32>) -> tensor<1x4x1x1xf32>
    %flatten1 = simdc.flatten "flatten1" %global_avgpool1 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
    %fc1.weight = simdc.parameter "fc1.weight" : () -> tensor<3x4xf32>
    %fc1.bias = simdc.parameter "fc1.bias" : () -> tensor<3xf32>
    %fc1 = simdc.linear "fc1" %flatten1, %fc1.weight, %fc1.bias {unit = #simdc.unit<conv>} : (tensor<1x4xf32>, tensor<3x4xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    %softmax1 = simdc.softmax "softmax1" %fc1 {unit = #simdc.unit<simd>} : (tensor<1x3xf32>) -> tensor<1x3xf32>
    simdc.return %softmax1 : tensor<1x3xf32>
  }
}
