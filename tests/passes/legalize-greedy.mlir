// RUN: simdc-assign-widths,simdc-legalize-tiling{rule=greedy}
// HW: small.json
// As in legalize-default.mlir, but tiles as large as fit: 2 channels x 2 columns x 32 bits fill the 128 bits of half the
// psum buffer. By hand: 6 tiles of 2 x 2 steps + 2 cycles, which store 128 bits in 16 cycles: 8 (weights) + 6 + 5 x 16 +
// 16 = 110 cycles.
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
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 2, ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 2>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
