// RUN: simdc-split-units
// What multiplies and adds along its loops goes to the systolic array, groups, transposed convolutions and matrix
// products too; softmax, pools and what moves data to the SIMD array. A flatten moves nothing and goes nowhere.
builtin.module {
  simdc.network @n(%x: tensor<1x2x4x4xf32>) inference batch 1 parameters 27 {
    %grouped.weight = simdc.parameter "grouped.weight" : () -> tensor<2x1x1x1xf32>
    %grouped = simdc.conv2d "grouped" %x, %grouped.weight groups 2 : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
    %transposed.weight = simdc.parameter "transposed.weight" : () -> tensor<2x2x2x2xf32>
    %transposed = simdc.conv_transpose2d "transposed" %grouped, %transposed.weight stride [2, 2] : (tensor<1x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<1x2x8x8xf32>
    %softmax = simdc.softmax "softmax" %transposed : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
    %mean = simdc.global_average_pool "mean" %softmax kernel_size [8, 8] : (tensor<1x2x8x8xf32>) -> tensor<1x2x1x1xf32>
    %flat = simdc.flatten "flat" %mean : (tensor<1x2x1x1xf32>) -> tensor<1x2xf32>
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<3x2xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<3xf32>
    %fc = simdc.linear "fc" %flat, %fc.weight, %fc.bias : (tensor<1x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    %turn = simdc.transpose "turn" %flat permutation [1, 0] : (tensor<1x2xf32>) -> tensor<2x1xf32>
    %product = simdc.matmul "product" %flat, %turn : (tensor<1x2xf32>, tensor<2x1xf32>) -> tensor<1x1xf32>
    %concat = simdc.concat "concat" %x, %x : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
    simdc.return %fc, %product, %concat : tensor<1x3xf32>, tensor<1x1xf32>, tensor<1x4x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x2x4x4xf32>) inference batch 1 parameters 27 {
    %grouped.weight = simdc.parameter "grouped.weight" : () -> tensor<2x1x1x1xf32>
    %grouped = simdc.conv2d "grouped" %x, %grouped.weight groups 2 {unit = #simdc.unit<conv>} : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
    %transposed.weight = simdc.parameter "transposed.weight" : () -> tensor<2x2x2x2xf32>
    %transposed = simdc.conv_transpose2d "transposed" %grouped, %transposed.weight stride [2, 2] {unit = #simdc.unit<conv>} : (tensor<1x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<1x2x8x8xf32>
    %softmax = simdc.softmax "softmax" %transposed {unit = #simdc.unit<simd>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
    %mean = simdc.global_average_pool "mean" %softmax kernel_size [8, 8] {unit = #simdc.unit<simd>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x1x1xf32>
    %flat = simdc.flatten "flat" %mean : (tensor<1x2x1x1xf32>) -> tensor<1x2xf32>
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<3x2xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<3xf32>
    %fc = simdc.linear "fc" %flat, %fc.weight, %fc.bias {unit = #simdc.unit<conv>} : (tensor<1x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<1x3xf32>
    %turn = simdc.transpose "turn" %flat permutation [1, 0] {unit = #simdc.unit<simd>} : (tensor<1x2xf32>) -> tensor<2x1xf32>
    %product = simdc.matmul "product" %flat, %turn {unit = #simdc.unit<conv>} : (tensor<1x2xf32>, tensor<2x1xf32>) -> tensor<1x1xf32>
    %concat = simdc.concat "concat" %x, %x {unit = #simdc.unit<simd>} : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
    simdc.return %fc, %product, %concat : tensor<1x3xf32>, tensor<1x1xf32>, tensor<1x4x4x4xf32>
  }
}
