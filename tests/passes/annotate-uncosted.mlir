// RUN: simdc-assign-widths{rule=program-order},simdc-legalize-tiling{model=simdit},simdc-annotate-cost{model=simdit}
// HW: HI3
// A layer that the released program does not have stays without tiling and cost and says why; the layer beside it is
// priced, by hand: 4 channels are rounded up to 64, x 6 x 32 bits = 12288 in, 24 cycles at 512 bits, and as many out.
builtin.module {
  simdc.network @n(%x: tensor<1x4x1x6xf32>) inference batch 1 parameters 0 {
    %relu = simdc.relu "relu" %x : (tensor<1x4x1x6xf32>) -> tensor<1x4x1x6xf32>
    %softmax = simdc.softmax "softmax" %relu : (tensor<1x4x1x6xf32>) -> tensor<1x4x1x6xf32>
    simdc.return %softmax : tensor<1x4x1x6xf32>
  }
}
// -----
builtin.module attributes {simdc.cost_model = "simdit"} {
  simdc.network @n(%x: tensor<1x4x1x6xi32>) inference batch 1 parameters 0 {
    %relu = simdc.relu "relu" %x {accumulator = 32 : i64, tiling = #simdc.tiling<c = 64, n = 1, h = 1, w = 6>, tiled = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", tiling = "..."}>, cost = #simdc.cost<{cycles = {compute = 74, stall = 48}, dram_bits = {ifmap = 12288, ofmap = 12288}, sram_bits = {vmem = 24576, imm = 192, insmem = 192}, busy = {compute = 74, simd_port = 48}, ops = {max = 384}}>, priced = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x4x1x6xi32>) -> tensor<1x4x1x6xi32>
    %softmax = simdc.softmax "softmax" %relu {accumulator = 32 : i64, uncosted = "the released SimDIT has no layer 'softmax'; on the SIMD array it knows relu, add, max_pool, average_pool, global_average_pool, batch_norm_statistics, batch_norm, batch_norm_grad, relu_grad, sgd, reduce_sum, max_pool_grad, average_pool_grad, global_average_pool_grad", priced = #simdc.origin<{model = "simdit", machine = "...", kernel = "...", answer = "..."}>} : (tensor<1x4x1x6xi32>) -> tensor<1x4x1x6xi32>
    simdc.return %softmax : tensor<1x4x1x6xi32>
  }
}
