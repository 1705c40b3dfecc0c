// RUN: simdc-derive-training{optimizer=momentum loss=mse},simdc-assign-widths
// HW: HT1
// A training machine of 16 bits. Inputs, weights and gradients that the systolic array reads have 16 bits, its results
// 32. %relu is read by two of its layers and by %relu.grad_input; a tensor has one width: 16. The loss and what only
// updates read stay at 32; an updated weight is as wide as the weight. The gradient of the mean of 32 squares is 2 / 32
// = 0.0625 of the difference.
builtin.module {
  simdc.network @n(%x: tensor<1x2x4x4xf32>) inference batch 1 parameters 8 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
    %relu = simdc.relu "relu" %conv : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
    %last.weight = simdc.parameter "last.weight" : () -> tensor<2x2x1x1xf32>
    %last = simdc.conv2d "last" %relu, %last.weight : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
    simdc.return %last : tensor<1x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<1x2x4x4xi16>, %target: tensor<1x2x4x4xi32>) training batch 1 parameters 8 attributes {simdc.notes = ["loss of last: mean squared error along axis 1 of [1, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xi16>
    %conv = simdc.conv2d "conv" %x, %conv.weight {accumulator = 32 : i64} : (tensor<1x2x4x4xi16>, tensor<2x2x1x1xi16>) -> tensor<1x2x4x4xi32>
    %relu = simdc.relu "relu" %conv {accumulator = 32 : i64} : (tensor<1x2x4x4xi32>) -> tensor<1x2x4x4xi16>
    %last.weight = simdc.parameter "last.weight" : () -> tensor<2x2x1x1xi16>
    %last = simdc.conv2d "last" %relu, %last.weight {accumulator = 32 : i64} : (tensor<1x2x4x4xi16>, tensor<2x2x1x1xi16>) -> tensor<1x2x4x4xi32>
    %loss = simdc.mean_squared_error "loss" %last, %target {accumulator = 32 : i64} : (tensor<1x2x4x4xi32>, tensor<1x2x4x4xi32>) -> tensor<1x4x4xi32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %last, %target scale 0.0625 {phase = "input_gradient", accumulator = 32 : i64} : (tensor<1x2x4x4xi32>, tensor<1x2x4x4xi32>) -> tensor<1x2x4x4xi16>
    %last.grad_input = simdc.conv2d_input_grad "last.grad_input" %loss.grad_input, %last.weight size [4, 4] {phase = "input_gradient", accumulator = 32 : i64} : (tensor<1x2x4x4xi16>, tensor<2x2x1x1xi16>) -> tensor<1x2x4x4xi32>
    %last.grad_weight = simdc.conv2d_weight_grad "last.grad_weight" %relu, %loss.grad_input size [1, 1] {phase = "weight_gradient", accumulator = 32 : i64} : (tensor<1x2x4x4xi16>, tensor<1x2x4x4xi16>) -> tensor<2x2x1x1xi32>
    %relu.grad_input = simdc.relu_grad "relu.grad_input" %last.grad_input, %relu {phase = "input_gradient", accumulator = 32 : i64} : (tensor<1x2x4x4xi32>, tensor<1x2x4x4xi16>) -> tensor<1x2x4x4xi16>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %relu.grad_input size [1, 1] {phase = "weight_gradient", accumulator = 32 : i64} : (tensor<1x2x4x4xi16>, tensor<1x2x4x4xi16>) -> tensor<2x2x1x1xi32>
    %conv.weight.velocity = simdc.parameter "conv.weight.velocity" statistic : () -> tensor<2x2x1x1xi32>
    %conv.weight.update, %conv.weight.update.1 = simdc.momentum "conv.weight.update" %conv.weight, %conv.grad_weight, %conv.weight.velocity rate 0.01 momentum 0.9 weight_decay 0.0 {phase = "update", accumulator = 32 : i64} : (tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>, tensor<2x2x1x1xi32>) -> (tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>)
    %last.weight.velocity = simdc.parameter "last.weight.velocity" statistic : () -> tensor<2x2x1x1xi32>
    %last.weight.update, %last.weight.update.1 = simdc.momentum "last.weight.update" %last.weight, %last.grad_weight, %last.weight.velocity rate 0.01 momentum 0.9 weight_decay 0.0 {phase = "update", accumulator = 32 : i64} : (tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>, tensor<2x2x1x1xi32>) -> (tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>)
    simdc.return %loss, %conv.weight.update, %conv.weight.update.1, %last.weight.update, %last.weight.update.1 : tensor<1x4x4xi32>, tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>, tensor<2x2x1x1xi16>, tensor<2x2x1x1xi32>
  }
}
