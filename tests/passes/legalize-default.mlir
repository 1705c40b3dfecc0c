// RUN: simdc-assign-widths,simdc-legalize-tiling
// HW: small.json
// A matrix of 4 x 4 times 6 columns on 2 x 2 PEs; half of the psum buffer holds 128 bits, 4 results of 32. Two columns
// of PEs give 2 channels at a time. The default takes single columns: by hand, 12 tiles of 2 steps + 2 cycles, which
// store 2 x 32 = 64 bits in 8 cycles: 8 (weights) + 4 + 11 x 8 + 8 = 108 cycles, two less than in legalize-greedy.mlir.
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xf32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<1x4x1x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x6xf32>
    simdc.return %conv : tensor<1x4x1x6xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xi8>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xi8>
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 2, ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 1>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
