// RUN: simdc-assign-widths{rule=program-order},simdc-legalize-tiling{model=simdit},simdc-annotate-cost{model=simdit}
// HW: HI3
// The released program's numbers, with what is wrong in them named. By hand: 64 x 64 weights of 8 bits are 32768, a bias
// is loaded though there is none, 64 x 32 = 2048, inputs 64 x 6 x 8 = 3072, results 64 x 6 x 32 = 12288 bits; at 512
// bits a cycle 64 + 4, 6 and 24 cycles. 6 + 63 + 63 = 132 cycles compute.
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xf32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<1x4x1x6xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x1x6xf32>
    simdc.return %conv : tensor<1x4x1x6xf32>
  }
}
// -----
builtin.module attributes {simdc.cost_model = "simdit"} {
  simdc.network @n(%x: tensor<1x4x1x6xi32>) inference batch 1 parameters 16 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<4x4x1x1xi8>
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 64, ic = 64, kh = 1, kw = 1, n = 1, oh = 1, ow = 6>, tiled = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", tiling = "..."}>, cost = #simdc.cost<{cycles = {compute = 132, stall = 92}, dram_bits = {weight = 32768, ifmap = 3072, ofmap = 12288, bias = 2048}, sram_bits = {wbuf = 196608, ibuf = 3072, obuf = 12288, bbuf = 12288}, busy = {compute = 132, weight_port = 68, ifmap_port = 6, psum_port = 24}, ops = {mac = 96, mac_executed = 24576}}>, artefacts = ["tiles of one of the stall's cases are fewer than none and subtract from it"], priced = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi32>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
