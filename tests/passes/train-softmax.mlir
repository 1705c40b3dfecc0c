// RUN: simdc-derive-training{loss=mse}
// A softmax in the middle needs its result only. Dropout multiplies by a mask, which comes with the batch, forward and
// backward.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %softmax = simdc.softmax "softmax" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %drop = simdc.dropout "drop" %softmax rate 0.5 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    simdc.return %drop : tensor<2x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x4x4xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of drop: mean squared error along axis 1 of [2, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %softmax = simdc.softmax "softmax" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %drop.mask = simdc.parameter "drop.mask" statistic : () -> tensor<2x2x4x4xf32>
    %drop = simdc.multiply "drop" %softmax, %drop.mask {rate = 5.000000e-01 : f64} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %loss = simdc.mean_squared_error "loss" %drop, %target : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %drop, %target scale 0.03125 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %drop.grad_input = simdc.multiply "drop.grad_input" %loss.grad_input, %drop.mask {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %softmax.grad_input = simdc.softmax_grad "softmax.grad_input" %drop.grad_input, %softmax {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %softmax.grad_input size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %conv.weight.update : tensor<2x4x4xf32>, tensor<2x2x1x1xf32>
  }
}
