// RUN: simdc-assign-widths{rule=program-order},simdc-legalize-tiling{model=simdit}
// HW: HI3
// The rules of the released program: channels are rounded up to whole passes of the 64 x 64 PEs, 4 to 64, and the layer
// is one tile, as its 64 x 64 weights, 64 x 6 inputs and 64 x 6 results fit.
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xf32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<1x4x1x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x6xf32>
    simdc.return %conv : tensor<1x4x1x6xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xi32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xi8>
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 64, ic = 64, kh = 1, kw = 1, n = 1, oh = 1, ow = 6>, tiled = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", tiling = "..."}>} : (tensor<1x4x1x6xi32>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
