// RUN: simdc-fold-padding
// Borders of zeros become the padding of the window behind them: a before a convolution, d before a mean that counts its
// padding, and b before a maximum behind a relu, where nothing is below the zeros. A maximum over values below zero
// would not see them (c), ones are no zeros (e), and f is read by others as well. By hand: 6 + 1 + 1 rows less 3 + 1 of
// the window leave 6, before and after.
builtin.module {
  simdc.network @n(%x: tensor<1x2x6x6xf32>) inference batch 1 parameters 108 {
    %a = simdc.pad "a" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x3x3xf32>
    %conv = simdc.conv2d "conv" %a, %conv.weight : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    %r = simdc.relu "r" %x : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
    %b = simdc.pad "b" %r before [0, 0, 0, 0] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x7x7xf32>
    %max = simdc.max_pool "max" %b kernel_size [2, 2] stride [2, 2] : (tensor<1x2x7x7xf32>) -> tensor<1x2x3x3xf32>
    %c = simdc.pad "c" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %below_zero = simdc.max_pool "below_zero" %c kernel_size [2, 2] stride [2, 2] : (tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xf32>
    %d = simdc.pad "d" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %mean = simdc.average_pool "mean" %d kernel_size [2, 2] stride [2, 2] : (tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xf32>
    %e = simdc.pad "e" %x before [0, 0, 1, 1] after [0, 0, 1, 1] value 1.0 : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %ones.weight = simdc.parameter "ones.weight" : () -> tensor<2x2x3x3xf32>
    %ones = simdc.conv2d "ones" %e, %ones.weight : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    %f = simdc.pad "f" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %shared.weight = simdc.parameter "shared.weight" : () -> tensor<2x2x3x3xf32>
    %shared = simdc.conv2d "shared" %f, %shared.weight : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    simdc.return %conv, %max, %below_zero, %mean, %ones, %f, %shared : tensor<1x2x6x6xf32>, tensor<1x2x3x3xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x6x6xf32>, tensor<1x2x8x8xf32>, tensor<1x2x6x6xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x2x6x6xf32>) inference batch 1 parameters 108 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x3x3xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight padding [1, 1, 1, 1] {merged = ["a"]} : (tensor<1x2x6x6xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    %r = simdc.relu "r" %x : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
    %max = simdc.max_pool "max" %r kernel_size [2, 2] stride [2, 2] padding [0, 0, 1, 1] {merged = ["b"]} : (tensor<1x2x6x6xf32>) -> tensor<1x2x3x3xf32>
    %c = simdc.pad "c" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %below_zero = simdc.max_pool "below_zero" %c kernel_size [2, 2] stride [2, 2] : (tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xf32>
    %mean = simdc.average_pool "mean" %x kernel_size [2, 2] stride [2, 2] padding [1, 1, 1, 1] {merged = ["d"]} : (tensor<1x2x6x6xf32>) -> tensor<1x2x4x4xf32>
    %e = simdc.pad "e" %x before [0, 0, 1, 1] after [0, 0, 1, 1] value 1.0 : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %ones.weight = simdc.parameter "ones.weight" : () -> tensor<2x2x3x3xf32>
    %ones = simdc.conv2d "ones" %e, %ones.weight : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    %f = simdc.pad "f" %x before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
    %shared.weight = simdc.parameter "shared.weight" : () -> tensor<2x2x3x3xf32>
    %shared = simdc.conv2d "shared" %f, %shared.weight : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
    simdc.return %conv, %max, %below_zero, %mean, %ones, %f, %shared : tensor<1x2x6x6xf32>, tensor<1x2x3x3xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x6x6xf32>, tensor<1x2x8x8xf32>, tensor<1x2x6x6xf32>
  }
}
