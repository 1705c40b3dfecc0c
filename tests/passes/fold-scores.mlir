// RUN: simdc-fold-scores
// What scales and masks scores becomes part of the softmax: a quotient behind a mask that is known to be causal, which
// needs the numbers of the keys only (causal); a choice by truth values of that kind, before which another mask is added
// (both). A bias that is scaled with the scores stays (biased), and so does what somebody else reads, too (twice), or what goes into a softmax that
// the network gives (given): in training a loss takes its place.
builtin.module {
  simdc.network @n(%x: tensor<1x2x3x4xf32>, %y: tensor<1x2x3x4xf32>, %z: tensor<1x1x3x4xf32>) inference batch 1 parameters 4 {
    %scaled = simdc.scalar "scaled" %x function "div" value 8.0 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %mask = simdc.parameter "mask" constant {causal = "added"} : () -> tensor<1x1x3x4xf32>
    %masked = simdc.add "masked" %scaled, %mask : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
    %causal = simdc.softmax "causal" %masked axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %bias = simdc.parameter "bias" : () -> tensor<4xf32>
    %biased = simdc.add "biased" %bias, %y : (tensor<4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %half = simdc.scalar "half" %biased function "mul" value 0.5 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %late = simdc.softmax "late" %half axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %seen = simdc.parameter "seen" constant {causal = "seen"} : () -> tensor<3x4xf32>
    %chosen = simdc.select "chosen" %seen, %x rhs_value -1.0e+30 : (tensor<3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %data = simdc.add "data" %chosen, %z : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
    %both = simdc.softmax "both" %data axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %twice = simdc.scalar "twice" %y function "mul" value 2.0 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %shared = simdc.softmax "shared" %twice axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rcausal = simdc.relu "rcausal" %causal : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rlate = simdc.relu "rlate" %late : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rboth = simdc.relu "rboth" %both : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rshared = simdc.relu "rshared" %shared : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %given = simdc.scalar "given" %y function "mul" value 2.0 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %result = simdc.softmax "result" %given axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    simdc.return %rcausal, %rlate, %rboth, %rshared, %twice, %result : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x2x3x4xf32>, %y: tensor<1x2x3x4xf32>, %z: tensor<1x1x3x4xf32>) inference batch 1 parameters 4 {
    %0 = simdc.parameter "causal.key_numbers" constant : () -> tensor<4xf32>
    %causal = simdc.softmax "causal" %x, %0 axis 3 scale 0.125 causal {merged = ["masked", "scaled"]} : (tensor<1x2x3x4xf32>, tensor<4xf32>) -> tensor<1x2x3x4xf32>
    %bias = simdc.parameter "bias" : () -> tensor<4xf32>
    %biased = simdc.add "biased" %bias, %y : (tensor<4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %late = simdc.softmax "late" %biased axis 3 scale 0.5 {merged = ["half"]} : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %1 = simdc.parameter "both.key_numbers" constant : () -> tensor<4xf32>
    %both = simdc.softmax "both" %x, %z, %1 axis 3 causal {merged = ["data", "chosen"]} : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>, tensor<4xf32>) -> tensor<1x2x3x4xf32>
    %twice = simdc.scalar "twice" %y function "mul" value 2.0 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %shared = simdc.softmax "shared" %twice axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rcausal = simdc.relu "rcausal" %causal : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rlate = simdc.relu "rlate" %late : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rboth = simdc.relu "rboth" %both : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %rshared = simdc.relu "rshared" %shared : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %given = simdc.scalar "given" %y function "mul" value 2.0 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %result = simdc.softmax "result" %given axis 3 : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    simdc.return %rcausal, %rlate, %rboth, %rshared, %twice, %result : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>
  }
}
