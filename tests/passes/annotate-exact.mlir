// RUN: simdc-assign-widths,simdc-legalize-tiling{rule=greedy},simdc-annotate-cost
// HW: small.json
// The greedy tiling of legalize-greedy.mlir priced: 6 tiles of 6 cycles compute 36 of 110. By hand: weights 4 x 4 x 8 =
// 128 bits; the inputs, 192 bits, come once for each of two groups of channels: 384; results 24 x 32 = 768 bits. 24
// steps read 4 weights and 2 inputs of 8 bits: 768 and 384 bits of SRAM.
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xf32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<1x4x1x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x6xf32>
    simdc.return %conv : tensor<1x4x1x6xf32>
  }
}
// -----
builtin.module attributes {simdc.cost_model = "exact"} {
  simdc.network @n(%x: tensor<1x4x1x6xi8>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xi8>
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 2, ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 2>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>, cost = #simdc.cost<{cycles = {compute = 36, stall = 74}, dram_bits = {weight = 128, ifmap = 384, ofmap = 768}, sram_bits = {wbuf = 768, ibuf = 384, obuf = 2304}, busy = {compute = 36, weight_port = 16, ifmap_port = 24, psum_port = 96}, ops = {mac = 96, mac_executed = 96}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
