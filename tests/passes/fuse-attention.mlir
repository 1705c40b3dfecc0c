// RUN: simdc-fuse-attention{model=exact},simdc-split-units
// HW: path.json
// Four query heads on two of keys and values run as one with their causal softmax (a, b, c). A product whose scores
// somebody else reads, too, stays by itself (d, e, f), and so does a softmax along the queries (g, h, i).
builtin.module {
  simdc.network @n(%q: tensor<1x4x3x8xi8>, %k: tensor<1x2x5x8xi8>, %v: tensor<1x2x5x6xi8>, %t: tensor<1x4x8x5xi8>, %u: tensor<1x4x5x6xi8>) inference batch 1 parameters 0 {
    %a = simdc.matmul "a" %q, %k index "1:a 2:b 2:c 3:d 8:e, 1:a 2:b 5:f 8:e -> 1:a 2:b 2:c 3:d 5:f" {accumulator = 32 : i64} : (tensor<1x4x3x8xi8>, tensor<1x2x5x8xi8>) -> tensor<1x4x3x5xi32>
    %numbers = simdc.parameter "numbers" constant : () -> tensor<5xi32>
    %b = simdc.softmax "b" %a, %numbers axis 3 scale 0.5 causal {accumulator = 32 : i64} : (tensor<1x4x3x5xi32>, tensor<5xi32>) -> tensor<1x4x3x5xi8>
    %c = simdc.matmul "c" %b, %v index "1:a 2:b 2:c 3:d 5:e, 1:a 2:b 5:e 6:f -> 1:a 2:b 2:c 3:d 6:f" {accumulator = 32 : i64} : (tensor<1x4x3x5xi8>, tensor<1x2x5x6xi8>) -> tensor<1x4x3x6xi8>
    %d = simdc.matmul "d" %q, %t {accumulator = 32 : i64} : (tensor<1x4x3x8xi8>, tensor<1x4x8x5xi8>) -> tensor<1x4x3x5xi32>
    %e = simdc.softmax "e" %d axis 3 {accumulator = 32 : i64} : (tensor<1x4x3x5xi32>) -> tensor<1x4x3x5xi8>
    %f = simdc.matmul "f" %e, %u {accumulator = 32 : i64} : (tensor<1x4x3x5xi8>, tensor<1x4x5x6xi8>) -> tensor<1x4x3x6xi8>
    %g = simdc.matmul "g" %q, %t {accumulator = 32 : i64} : (tensor<1x4x3x8xi8>, tensor<1x4x8x5xi8>) -> tensor<1x4x3x5xi32>
    %h = simdc.softmax "h" %g axis 2 {accumulator = 32 : i64} : (tensor<1x4x3x5xi32>) -> tensor<1x4x3x5xi8>
    %i = simdc.matmul "i" %h, %u {accumulator = 32 : i64} : (tensor<1x4x3x5xi8>, tensor<1x4x5x6xi8>) -> tensor<1x4x3x6xi8>
    simdc.return %c, %d, %f, %i : tensor<1x4x3x6xi8>, tensor<1x4x3x5xi32>, tensor<1x4x3x6xi8>, tensor<1x4x3x6xi8>
  }
}
// -----
builtin.module {
  simdc.network @n(%q: tensor<1x4x3x8xi8>, %k: tensor<1x2x5x8xi8>, %v: tensor<1x2x5x6xi8>, %t: tensor<1x4x8x5xi8>, %u: tensor<1x4x5x6xi8>) inference batch 1 parameters 0 {
    %numbers = simdc.parameter "numbers" constant : () -> tensor<5xi32>
    %c = simdc.fused "a+b+c" attributes {unit = #simdc.unit<conv>} {
      %a = simdc.matmul "a" %q, %k index "1:a 2:b 2:c 3:d 8:e, 1:a 2:b 5:f 8:e -> 1:a 2:b 2:c 3:d 5:f" {accumulator = 32 : i64} : (tensor<1x4x3x8xi8>, tensor<1x2x5x8xi8>) -> tensor<1x4x3x5xi32>
      %b = simdc.softmax "b" %a, %numbers axis 3 scale 0.5 causal {accumulator = 32 : i64} : (tensor<1x4x3x5xi32>, tensor<5xi32>) -> tensor<1x4x3x5xi8>
      %c_1 = simdc.matmul "c" %b, %v index "1:a 2:b 2:c 3:d 5:e, 1:a 2:b 5:e 6:f -> 1:a 2:b 2:c 3:d 6:f" {accumulator = 32 : i64} : (tensor<1x4x3x5xi8>, tensor<1x2x5x6xi8>) -> tensor<1x4x3x6xi8>
      simdc.yield %c_1 : tensor<1x4x3x6xi8>
    } : tensor<1x4x3x6xi8>
    %d = simdc.matmul "d" %q, %t {accumulator = 32 : i64, unit = #simdc.unit<conv>} : (tensor<1x4x3x8xi8>, tensor<1x4x8x5xi8>) -> tensor<1x4x3x5xi32>
    %e = simdc.softmax "e" %d axis 3 {accumulator = 32 : i64, unit = #simdc.unit<simd>} : (tensor<1x4x3x5xi32>) -> tensor<1x4x3x5xi8>
    %f = simdc.matmul "f" %e, %u {accumulator = 32 : i64, unit = #simdc.unit<conv>} : (tensor<1x4x3x5xi8>, tensor<1x4x5x6xi8>) -> tensor<1x4x3x6xi8>
    %g = simdc.matmul "g" %q, %t {accumulator = 32 : i64, unit = #simdc.unit<conv>} : (tensor<1x4x3x8xi8>, tensor<1x4x8x5xi8>) -> tensor<1x4x3x5xi32>
    %h = simdc.softmax "h" %g axis 2 {accumulator = 32 : i64, unit = #simdc.unit<simd>} : (tensor<1x4x3x5xi32>) -> tensor<1x4x3x5xi8>
    %i = simdc.matmul "i" %h, %u {accumulator = 32 : i64, unit = #simdc.unit<conv>} : (tensor<1x4x3x5xi8>, tensor<1x4x5x6xi8>) -> tensor<1x4x3x6xi8>
    simdc.return %c, %d, %f, %i : tensor<1x4x3x6xi8>, tensor<1x4x3x5xi32>, tensor<1x4x3x6xi8>, tensor<1x4x3x6xi8>
  }
}
