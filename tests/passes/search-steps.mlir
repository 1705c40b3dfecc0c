// RUN: simdc-assign-widths,simdc-search-tiling{steps=1 workers=2},simdc-annotate-cost
// HW: small.json
// One step of work ends the search at once: the default schedule is taken, 108 cycles (see legalize-default.mlir), and
// what is proven is a bound only: the psum port stores 24 x 32 bits, 96 cycles at 8 bits each. Two processes find the same.
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
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64, tiling = #simdc.tiling<oc = 2, ic = 4, kh = 1, kw = 1, n = 1, oh = 1, ow = 1>, search = {objective = "cycles", candidates = "483840", evaluated = "2", best = "108", bound = "96", proven = "none", steps = "308"}, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>, cost = #simdc.cost<{cycles = {compute = 48, stall = 60}, dram_bits = {weight = 128, ifmap = 384, ofmap = 768}, sram_bits = {wbuf = 768, ibuf = 384, obuf = 2304}, busy = {compute = 48, weight_port = 16, ifmap_port = 24, psum_port = 96}, ops = {mac = 96, mac_executed = 96}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi8>, tensor<4x4x1x1xi8>) -> tensor<1x4x1x6xi32>
    simdc.return %conv : tensor<1x4x1x6xi32>
  }
}
