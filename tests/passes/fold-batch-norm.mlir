// RUN: simdc-fold-batch-norm
// A batch norm goes into the convolution or fully connected layer before it, which gets a bias if it had none. It stays
// when somebody else reads what it normalizes (%fork), and when there is no layer with weights before it (%late).
// Five go, with 2 x 4 trained values each, and two get a bias of 4: 40 - 8 = 32 of the 1264 are elsewhere.
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 1264 {
    %plain.weight = simdc.parameter "plain.weight" : () -> tensor<4x3x3x3xf32>
    %plain = simdc.conv2d "plain" %x, %plain.weight : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %plain.bn.mean = simdc.parameter "plain.bn.mean" statistic : () -> tensor<4xf32>
    %plain.bn.inv_std = simdc.parameter "plain.bn.inv_std" statistic : () -> tensor<4xf32>
    %plain.bn.scale = simdc.parameter "plain.bn.scale" : () -> tensor<4xf32>
    %plain.bn.shift = simdc.parameter "plain.bn.shift" : () -> tensor<4xf32>
    %plain.bn = simdc.batch_norm "plain.bn" %plain, %plain.bn.mean, %plain.bn.inv_std, %plain.bn.scale, %plain.bn.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %relu = simdc.relu "relu" %plain.bn : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %biased.weight = simdc.parameter "biased.weight" : () -> tensor<4x3x3x3xf32>
    %biased.bias = simdc.parameter "biased.bias" : () -> tensor<4xf32>
    %biased = simdc.conv2d "biased" %x, %biased.weight, %biased.bias : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %biased.bn.mean = simdc.parameter "biased.bn.mean" statistic : () -> tensor<4xf32>
    %biased.bn.inv_std = simdc.parameter "biased.bn.inv_std" statistic : () -> tensor<4xf32>
    %biased.bn.scale = simdc.parameter "biased.bn.scale" : () -> tensor<4xf32>
    %biased.bn.shift = simdc.parameter "biased.bn.shift" : () -> tensor<4xf32>
    %biased.bn = simdc.batch_norm "biased.bn" %biased, %biased.bn.mean, %biased.bn.inv_std, %biased.bn.scale, %biased.bn.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %twice.weight = simdc.parameter "twice.weight" : () -> tensor<4x3x3x3xf32>
    %twice = simdc.conv2d "twice" %x, %twice.weight : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %first.mean = simdc.parameter "first.mean" statistic : () -> tensor<4xf32>
    %first.inv_std = simdc.parameter "first.inv_std" statistic : () -> tensor<4xf32>
    %first.scale = simdc.parameter "first.scale" : () -> tensor<4xf32>
    %first.shift = simdc.parameter "first.shift" : () -> tensor<4xf32>
    %first = simdc.batch_norm "first" %twice, %first.mean, %first.inv_std, %first.scale, %first.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %second.mean = simdc.parameter "second.mean" statistic : () -> tensor<4xf32>
    %second.inv_std = simdc.parameter "second.inv_std" statistic : () -> tensor<4xf32>
    %second.scale = simdc.parameter "second.scale" : () -> tensor<4xf32>
    %second.shift = simdc.parameter "second.shift" : () -> tensor<4xf32>
    %second = simdc.batch_norm "second" %first, %second.mean, %second.inv_std, %second.scale, %second.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %fork.weight = simdc.parameter "fork.weight" : () -> tensor<4x3x3x3xf32>
    %fork = simdc.conv2d "fork" %x, %fork.weight : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %fork.bn.mean = simdc.parameter "fork.bn.mean" statistic : () -> tensor<4xf32>
    %fork.bn.inv_std = simdc.parameter "fork.bn.inv_std" statistic : () -> tensor<4xf32>
    %fork.bn.scale = simdc.parameter "fork.bn.scale" : () -> tensor<4xf32>
    %fork.bn.shift = simdc.parameter "fork.bn.shift" : () -> tensor<4xf32>
    %fork.bn = simdc.batch_norm "fork.bn" %fork, %fork.bn.mean, %fork.bn.inv_std, %fork.bn.scale, %fork.bn.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %late.mean = simdc.parameter "late.mean" statistic : () -> tensor<4xf32>
    %late.inv_std = simdc.parameter "late.inv_std" statistic : () -> tensor<4xf32>
    %late.scale = simdc.parameter "late.scale" : () -> tensor<4xf32>
    %late.shift = simdc.parameter "late.shift" : () -> tensor<4xf32>
    %late = simdc.batch_norm "late" %relu, %late.mean, %late.inv_std, %late.scale, %late.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %flat = simdc.flatten "flat" %x : (tensor<1x3x8x8xf32>) -> tensor<1x192xf32>
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<4x192xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<4xf32>
    %fc = simdc.linear "fc" %flat, %fc.weight, %fc.bias : (tensor<1x192xf32>, tensor<4x192xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    %fc.bn.mean = simdc.parameter "fc.bn.mean" statistic : () -> tensor<4xf32>
    %fc.bn.inv_std = simdc.parameter "fc.bn.inv_std" statistic : () -> tensor<4xf32>
    %fc.bn.scale = simdc.parameter "fc.bn.scale" : () -> tensor<4xf32>
    %fc.bn.shift = simdc.parameter "fc.bn.shift" : () -> tensor<4xf32>
    %fc.bn = simdc.batch_norm "fc.bn" %fc, %fc.bn.mean, %fc.bn.inv_std, %fc.bn.scale, %fc.bn.shift : (tensor<1x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    %add1 = simdc.add "add1" %biased.bn, %fork : (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %add2 = simdc.add "add2" %second, %fork.bn : (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    simdc.return %add1, %add2, %late, %fc.bn : tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x3x8x8xf32>) inference batch 1 parameters 1264 elsewhere 32 {
    %plain.weight = simdc.parameter "plain.weight" : () -> tensor<4x3x3x3xf32>
    %plain.bias = simdc.parameter "plain.bias" : () -> tensor<4xf32>
    %plain = simdc.conv2d "plain" %x, %plain.weight, %plain.bias {folded = ["plain.bn"]} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %relu = simdc.relu "relu" %plain : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %biased.weight = simdc.parameter "biased.weight" : () -> tensor<4x3x3x3xf32>
    %biased.bias = simdc.parameter "biased.bias" : () -> tensor<4xf32>
    %biased = simdc.conv2d "biased" %x, %biased.weight, %biased.bias {folded = ["biased.bn"]} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %twice.weight = simdc.parameter "twice.weight" : () -> tensor<4x3x3x3xf32>
    %twice.bias = simdc.parameter "twice.bias" : () -> tensor<4xf32>
    %twice = simdc.conv2d "twice" %x, %twice.weight, %twice.bias {folded = ["first", "second"]} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %fork.weight = simdc.parameter "fork.weight" : () -> tensor<4x3x3x3xf32>
    %fork = simdc.conv2d "fork" %x, %fork.weight : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
    %fork.bn.mean = simdc.parameter "fork.bn.mean" statistic : () -> tensor<4xf32>
    %fork.bn.inv_std = simdc.parameter "fork.bn.inv_std" statistic : () -> tensor<4xf32>
    %fork.bn.scale = simdc.parameter "fork.bn.scale" : () -> tensor<4xf32>
    %fork.bn.shift = simdc.parameter "fork.bn.shift" : () -> tensor<4xf32>
    %fork.bn = simdc.batch_norm "fork.bn" %fork, %fork.bn.mean, %fork.bn.inv_std, %fork.bn.scale, %fork.bn.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %late.mean = simdc.parameter "late.mean" statistic : () -> tensor<4xf32>
    %late.inv_std = simdc.parameter "late.inv_std" statistic : () -> tensor<4xf32>
    %late.scale = simdc.parameter "late.scale" : () -> tensor<4xf32>
    %late.shift = simdc.parameter "late.shift" : () -> tensor<4xf32>
    %late = simdc.batch_norm "late" %relu, %late.mean, %late.inv_std, %late.scale, %late.shift : (tensor<1x4x6x6xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
    %flat = simdc.flatten "flat" %x : (tensor<1x3x8x8xf32>) -> tensor<1x192xf32>
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<4x192xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<4xf32>
    %fc = simdc.linear "fc" %flat, %fc.weight, %fc.bias {folded = ["fc.bn"]} : (tensor<1x192xf32>, tensor<4x192xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    %add1 = simdc.add "add1" %biased, %fork : (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    %add2 = simdc.add "add2" %twice, %fork.bn : (tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    simdc.return %add1, %add2, %late, %fc : tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4x6x6xf32>, tensor<1x4xf32>
  }
}
