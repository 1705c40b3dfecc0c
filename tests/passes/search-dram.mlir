// RUN: simdc-assign-widths,simdc-search-tiling{objective=dram model=exact},simdc-annotate-cost
// HW: small.json
// The fewest bits to and from DRAM, proven: every operand once, 128 + 4 x 6 x 8 + 24 x 32 = 1088 bits.
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
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 4, ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 1>, search = {objective = "dram", candidates = "483840", evaluated = "3", best = "1088", bound = "1088", proven = "all", steps = "803"}, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>, cost = #simdc.cost<{cycles = {compute = 36, stall = 82}, dram_bits = {weight = 128, ifmap = 192, ofmap = 768}, sram_bits = {wbuf = 768, ibuf = 384, obuf = 2304}, busy = {compute = 36, weight_port = 16, ifmap_port = 12, psum_port = 96}, ops = {mac = 96, mac_executed = 96}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
