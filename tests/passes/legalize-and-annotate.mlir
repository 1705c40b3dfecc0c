// RUN: simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost
// 2 x 2 PEs; ports of 8, 16 and 8 bits a cycle; half of the psum buffer holds 128 bits: 2 channels x 2 columns of 32 bits.
// Weights 2 x 2 x 3 x 8 = 96 bits, 12 cycles, and bias 64 bits, 8 cycles, 20 in all, before the first tile.
// With tiles of 2 columns: for each of three tiles 2 x 4 x 8 = 64 bits of ifmap, 4 cycles, 6 steps + 2 cycles, and, as
// the relu reads 32 bits, 128 bits of ofmap, 16 cycles:
// 20, then 8 (tile 0), 16 (tile 1, store 0), 16 (tile 2, store 1), 16 (store 2): 76 cycles, of which 24 compute.
// With tiles of 1 column: for each of six tiles 2 x 3 x 8 = 48 bits of ifmap, 3 cycles, 3 steps + 2, and 64 bits of
// ofmap, 8 cycles: 20, then 5 (tile 0), 8 five times (a tile, store the one before), 8 (store): 73, of which 30 compute.
// The relu works in place; the vector memory holds 256 bits: 2 channels x 3 columns of 32 bits are 192 bits. For both
// tiles 12 cycles in, 5 + 1 + 3 compute, 12 out.
builtin.module attributes {simdc.hardware = #simdc.hardware<{name = "small", clock_ns = 1.0, stores_padding = true, systolic = {rows = 2, columns = 2, widths = {weight_bits = 8, ifmap_bits = 8, bias_bits = 32, psum_bits = 32}, buffers = {weight_bits = 10000, ifmap_bits = 10000, psum_bits = 256, bias_bits = 10000}, bandwidths = {weight_bits_per_cycle = 8, ifmap_bits_per_cycle = 16, psum_bits_per_cycle = 8}}, simd = {lanes = 2, width_bits = 32, vmem_bits = 256, bandwidth_bits_per_cycle = 16, instruction_bits = 32, instruction_memory_bits = 8192, immediate_memory_bits = 1024, pipeline_stages = 6, raw_wait_cycles = 2, array_path_bits_per_cycle = 0, latency_cycles = {add = 1, sub = 1, mul = 1, max = 1, min = 1, compare = 1, conditional_move = 1, div = 9, exp = 3, inv_sqrt = 13, log = 3, sqrt = 13}}, prices = {source = "not under test", pe_pj_per_cycle = 0.0, lane_pj_per_cycle = 0.0, dram_pj_per_bit = 0.0, sram_pj_per_bit = {wbuf = 0.0, ibuf = 0.0, obuf = 0.0, bbuf = 0.0, vmem = 0.0, imm = 0.0, insmem = 0.0}, systolic_leakage_w = 0.0, simd_leakage_w = 0.0}}>} {
  simdc.network @n(%x: tensor<1x2x1x6xf32>) inference batch 1 parameters 14 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x3xf32>
    %conv.bias = simdc.parameter "conv.bias" : () -> tensor<2xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight, %conv.bias padding [0, 1, 0, 1] : (tensor<1x2x1x6xf32>, tensor<2x2x1x3xf32>, tensor<2xf32>) -> tensor<1x2x1x6xf32>
    %relu = simdc.relu "relu" %conv : (tensor<1x2x1x6xf32>) -> tensor<1x2x1x6xf32>
    %flat = simdc.flatten "flat" %relu : (tensor<1x2x1x6xf32>) -> tensor<1x12xf32>
    simdc.return %flat : tensor<1x12xf32>
  }
}
// -----
builtin.module attributes {simdc.hardware = #simdc.hardware<{name = "small", clock_ns = 1.0, stores_padding = true, systolic = {rows = 2, columns = 2, widths = {weight_bits = 8, ifmap_bits = 8, bias_bits = 32, psum_bits = 32, cache_bits = 0}, buffers = {weight_bits = 10000, ifmap_bits = 10000, psum_bits = 256, bias_bits = 10000}, bandwidths = {weight_bits_per_cycle = 8, ifmap_bits_per_cycle = 16, psum_bits_per_cycle = 8}}, simd = {lanes = 2, width_bits = 32, vmem_bits = 256, bandwidth_bits_per_cycle = 16, instruction_bits = 32, instruction_memory_bits = 8192, immediate_memory_bits = 1024, pipeline_stages = 6, raw_wait_cycles = 2, array_path_bits_per_cycle = 0, latency_cycles = {add = 1, sub = 1, mul = 1, max = 1, min = 1, compare = 1, conditional_move = 1, move = 1, div = 9, exp = 3, inv_sqrt = 13, log = 3, sqrt = 13, mac = 1}}, prices = {source = "not under test", pe_pj_per_cycle = 0.0, lane_pj_per_cycle = 0.0, dram_pj_per_bit = 0.0, sram_pj_per_bit = {wbuf = 0.0, ibuf = 0.0, obuf = 0.0, bbuf = 0.0, vmem = 0.0, imm = 0.0, insmem = 0.0}, systolic_leakage_w = 0.0, simd_leakage_w = 0.0}}>, simdc.cost_model = "exact"} {
  simdc.network @n(%x: tensor<1x2x1x6xi8>) inference batch 1 parameters 14 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x3xi8>
    %conv.bias = simdc.parameter "conv.bias" : () -> tensor<2xi32>
    %conv = simdc.conv2d "conv" %x, %conv.weight, %conv.bias padding [0, 1, 0, 1] {accumulator = 32 : i64, unit = #simdc.unit<conv>, tiling = #simdc.tiling<oc = 2, ic = 2, kh = 1, kw = 3, n = 1, oh = 1, ow = 1>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>, cost = #simdc.cost<{cycles = {compute = 30, stall = 43}, dram_bits = {weight = 96, ifmap = 288, ofmap = 384, bias = 64}, sram_bits = {wbuf = 576, ibuf = 288, obuf = 1920, bbuf = 384}, busy = {compute = 30, weight_port = 20, ifmap_port = 18, psum_port = 48}, ops = {mac = 72, mac_executed = 72}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x2x1x6xi8>, tensor<2x2x1x3xi8>, tensor<2xi32>) -> tensor<1x2x1x6xi32>
    %relu = simdc.relu "relu" %conv {accumulator = 32 : i64, unit = #simdc.unit<simd>, tiling = #simdc.tiling<c = 2, n = 1, h = 1, w = 3>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>, cost = #simdc.cost<{cycles = {compute = 18, stall = 48}, dram_bits = {ifmap = 384, ofmap = 384}, sram_bits = {vmem = 768, imm = 192, insmem = 192}, busy = {compute = 18, simd_port = 48}, ops = {max = 12}}>, priced = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "...", answer = "..."}>} : (tensor<1x2x1x6xi32>) -> tensor<1x2x1x6xi32>
    %flat = simdc.flatten "flat" %relu : (tensor<1x2x1x6xi32>) -> tensor<1x12xi32>
    simdc.return %flat : tensor<1x12xi32>
  }
}
