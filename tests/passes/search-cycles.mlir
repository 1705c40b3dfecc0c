// RUN: simdc-assign-widths,simdc-search-tiling{objective=cycles},simdc-annotate-cost
// HW: small.json
// The schedule of fewest cycles, proven. The walk over single channels inside each column loads 4 weights (32 bits, 4
// cycles) for each result, stores it in 4 cycles and computes it in 2 steps + 2: all ports and the array are busy alike.
// By hand: 4 before the first tile, 24 x 4, 4 to store the last: 104. The weights come 6 times: 6 x 128 = 768 bits.
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
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 1, oc = 1>, search = {objective = "cycles", candidates = "483840", evaluated = "3", best = "104", bound = "104", proven = "all", steps = "2700"}, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>, cost = #simdc.cost<{cycles = {compute = 96, stall = 8}, dram_bits = {weight = 768, ifmap = 192, ofmap = 768}, sram_bits = {wbuf = 1536, ibuf = 768, obuf = 4608}, busy = {compute = 96, weight_port = 96, ifmap_port = 12, psum_port = 96}, ops = {mac = 96, mac_executed = 192}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
