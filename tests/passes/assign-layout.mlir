// RUN: simdc-assign-layout
// A fully connected layer makes features, which are the last dimension; views that cut them leave none. An image has
// channels in dimension 1: its layers are left as they are. Keys by head have their last dimension from the product.
builtin.module {
  simdc.network @n(%x: tensor<1x8x16xf32>, %image: tensor<1x4x6x6xf32>) inference batch 1 parameters 256 {
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<16x16xf32>
    %fc = simdc.linear "fc" %x, %fc.weight : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
    %sum = simdc.add "sum" %x, %fc : (tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
    %heads = simdc.reshape "heads" %fc : (tensor<1x8x16xf32>) -> tensor<1x8x2x8xf32>
    %relu = simdc.relu "relu" %heads : (tensor<1x8x2x8xf32>) -> tensor<1x8x2x8xf32>
    %scores = simdc.matmul "scores" %relu, %relu index "1:0 8:a 2:b 8:c, 1:0 8:d 2:b 8:c -> 1:0 2:b 8:a 8:d" : (tensor<1x8x2x8xf32>, tensor<1x8x2x8xf32>) -> tensor<1x2x8x8xf32>
    %half = simdc.scalar "half" %scores function "mul" value 0.5 : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
    %plain = simdc.relu "plain" %image : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %turned = simdc.transpose "turned" %plain permutation [0, 2, 3, 1] : (tensor<1x4x6x6xf32>) -> tensor<1x6x6x4xf32>
    %more = simdc.relu "more" %turned : (tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
    simdc.return %sum, %half, %more : tensor<1x8x16xf32>, tensor<1x2x8x8xf32>, tensor<1x6x6x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x8x16xf32>, %image: tensor<1x4x6x6xf32>) inference batch 1 parameters 256 {
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<16x16xf32>
    %fc = simdc.linear "fc" %x, %fc.weight : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
    %sum = simdc.add "sum" %x, %fc : (tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
    %heads = simdc.reshape "heads" %fc : (tensor<1x8x16xf32>) -> tensor<1x8x2x8xf32>
    %relu = simdc.relu "relu" %heads {channels = -1 : i64} : (tensor<1x8x2x8xf32>) -> tensor<1x8x2x8xf32>
    %scores = simdc.matmul "scores" %relu, %relu index "1:0 8:a 2:b 8:c, 1:0 8:d 2:b 8:c -> 1:0 2:b 8:a 8:d" : (tensor<1x8x2x8xf32>, tensor<1x8x2x8xf32>) -> tensor<1x2x8x8xf32>
    %half = simdc.scalar "half" %scores function "mul" value 0.5 {channels = 3 : i64} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
    %plain = simdc.relu "plain" %image : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %turned = simdc.transpose "turned" %plain permutation [0, 2, 3, 1] {channels = 3 : i64} : (tensor<1x4x6x6xf32>) -> tensor<1x6x6x4xf32>
    %more = simdc.relu "more" %turned {channels = 3 : i64} : (tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
    simdc.return %sum, %half, %more : tensor<1x8x16xf32>, tensor<1x2x8x8xf32>, tensor<1x6x6x4xf32>
  }
}
