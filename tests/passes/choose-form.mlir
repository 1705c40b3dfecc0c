// RUN: simdc-choose-form,simdc-split-units
// 2 x 2 PEs and 2 lanes; ports of 8, 16 and 4 bits a cycle for weights, ifmap and psums, 16 for the lanes.
// "wide": 2 channels of 1 x 4 pixels, a window of 1 x 3. On the array 256 bits of ofmap take 64 cycles, however it is tiled.
// On the lanes, in one tile: 6 cycles to fill, 12 multiply-accumulates, 4 moves; 64 bits of ifmap, 48 of weights and 256 of
// result, 4 + 3 + 16 cycles: 45.
// "given": the same, but somebody wants the array.
// "full": a convolution that is not depthwise has no other form, and nothing is chosen.
builtin.module attributes {simdc.hardware = #simdc.hardware<{name = "small", clock_ns = 1.0, stores_padding = false, systolic = {rows = 2, columns = 2, widths = {weight_bits = 8, ifmap_bits = 8, bias_bits = 32, psum_bits = 32}, buffers = {weight_bits = 10000, ifmap_bits = 10000, psum_bits = 10000, bias_bits = 10000}, bandwidths = {weight_bits_per_cycle = 8, ifmap_bits_per_cycle = 16, psum_bits_per_cycle = 4}}, simd = {lanes = 2, width_bits = 32, vmem_bits = 10000, bandwidth_bits_per_cycle = 16}, prices = {source = "not under test", pe_pj_per_cycle = 0.0, lane_pj_per_cycle = 0.0, dram_pj_per_bit = 0.0, sram_pj_per_bit = {wbuf = 0.0, ibuf = 0.0, obuf = 0.0, bbuf = 0.0, vmem = 0.0, imm = 0.0, insmem = 0.0}}}>} {
  simdc.network @n(%x: tensor<1x2x1x4xi8>) inference batch 1 parameters 24 {
    %wide.weight = simdc.parameter "wide.weight" : () -> tensor<2x1x1x3xi8>
    %given.weight = simdc.parameter "given.weight" : () -> tensor<2x1x1x3xi8>
    %full.weight = simdc.parameter "full.weight" : () -> tensor<2x2x1x3xi8>
    %wide = simdc.conv2d "wide" %x, %wide.weight padding [0, 1, 0, 1] groups 2 {accumulator = 32 : i64} : (tensor<1x2x1x4xi8>, tensor<2x1x1x3xi8>) -> tensor<1x2x1x4xi32>
    %given = simdc.conv2d "given" %x, %given.weight padding [0, 1, 0, 1] groups 2 {accumulator = 32 : i64, form = "array"} : (tensor<1x2x1x4xi8>, tensor<2x1x1x3xi8>) -> tensor<1x2x1x4xi32>
    %full = simdc.conv2d "full" %x, %full.weight padding [0, 1, 0, 1] {accumulator = 32 : i64} : (tensor<1x2x1x4xi8>, tensor<2x2x1x3xi8>) -> tensor<1x2x1x4xi32>
    simdc.return %wide, %given, %full : tensor<1x2x1x4xi32>, tensor<1x2x1x4xi32>, tensor<1x2x1x4xi32>
  }
}
// -----
builtin.module attributes {simdc.hardware = #simdc.hardware<{name = "small", clock_ns = 1.0, stores_padding = false, systolic = {rows = 2, columns = 2, widths = {weight_bits = 8, ifmap_bits = 8, bias_bits = 32, psum_bits = 32, cache_bits = 0}, buffers = {weight_bits = 10000, ifmap_bits = 10000, psum_bits = 10000, bias_bits = 10000}, bandwidths = {weight_bits_per_cycle = 8, ifmap_bits_per_cycle = 16, psum_bits_per_cycle = 4}}, simd = {lanes = 2, width_bits = 32, vmem_bits = 10000, bandwidth_bits_per_cycle = 16, instruction_bits = 32, instruction_memory_bits = 8192, immediate_memory_bits = 1024, pipeline_stages = 6, raw_wait_cycles = 2, array_path_bits_per_cycle = 0, latency_cycles = {add = 1, sub = 1, mul = 1, max = 1, min = 1, compare = 1, conditional_move = 1, move = 1, div = 9, exp = 3, inv_sqrt = 13, log = 3, sqrt = 13, mac = 1}}, prices = {source = "not under test", pe_pj_per_cycle = 0.0, lane_pj_per_cycle = 0.0, dram_pj_per_bit = 0.0, sram_pj_per_bit = {wbuf = 0.0, ibuf = 0.0, obuf = 0.0, bbuf = 0.0, vmem = 0.0, imm = 0.0, insmem = 0.0}, systolic_leakage_w = 0.0, simd_leakage_w = 0.0}}>} {
  simdc.network @n(%x: tensor<1x2x1x4xi8>) inference batch 1 parameters 24 {
    %wide.weight = simdc.parameter "wide.weight" : () -> tensor<2x1x1x3xi8>
    %given.weight = simdc.parameter "given.weight" : () -> tensor<2x1x1x3xi8>
    %full.weight = simdc.parameter "full.weight" : () -> tensor<2x2x1x3xi8>
    %wide = simdc.conv2d "wide" %x, %wide.weight padding [0, 1, 0, 1] groups 2 {accumulator = 32 : i64, form = "lanes", formed = #simdc.origin<{model = "exact", machine = "...", kernel = "...", answer = "..."}>, tiling = #simdc.tiling<c = 2, n = 1, oh = 1, ow = 4, kh = 1, kw = 3>, tiled = #simdc.origin<{model = "exact", machine = "...", kernel = "...", tiling = "..."}>, unit = #simdc.unit<simd>} : (tensor<1x2x1x4xi8>, tensor<2x1x1x3xi8>) -> tensor<1x2x1x4xi32>
    %given = simdc.conv2d "given" %x, %given.weight padding [0, 1, 0, 1] groups 2 {accumulator = 32 : i64, form = "array", unit = #simdc.unit<conv>} : (tensor<1x2x1x4xi8>, tensor<2x1x1x3xi8>) -> tensor<1x2x1x4xi32>
    %full = simdc.conv2d "full" %x, %full.weight padding [0, 1, 0, 1] {accumulator = 32 : i64, unit = #simdc.unit<conv>} : (tensor<1x2x1x4xi8>, tensor<2x2x1x3xi8>) -> tensor<1x2x1x4xi32>
    simdc.return %wide, %given, %full : tensor<1x2x1x4xi32>, tensor<1x2x1x4xi32>, tensor<1x2x1x4xi32>
  }
}
