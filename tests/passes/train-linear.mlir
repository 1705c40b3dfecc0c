// RUN: simdc-derive-training{loss=mse}
// [2, 2] gradients times [2, 3] weights give [2, 3]; gradients and inputs summed over the 2 images give weights,
// gradients alone the bias. A flatten whose input needs no gradient gets none.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 107 {
    %flat = simdc.flatten "flat" %x : (tensor<2x2x4x4xf32>) -> tensor<2x32xf32>
    %first.weight = simdc.parameter "first.weight" : () -> tensor<3x32xf32>
    %first.bias = simdc.parameter "first.bias" : () -> tensor<3xf32>
    %first = simdc.linear "first" %flat, %first.weight, %first.bias : (tensor<2x32xf32>, tensor<3x32xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    %second.weight = simdc.parameter "second.weight" : () -> tensor<2x3xf32>
    %second.bias = simdc.parameter "second.bias" : () -> tensor<2xf32>
    %second = simdc.linear "second" %first, %second.weight, %second.bias : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
    simdc.return %second : tensor<2x2xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2xf32>) training batch 2 parameters 107 attributes {simdc.notes = ["loss of second: mean squared error along axis 1 of [2, 2]"]} {
    %flat = simdc.flatten "flat" %x : (tensor<2x2x4x4xf32>) -> tensor<2x32xf32>
    %first.weight = simdc.parameter "first.weight" : () -> tensor<3x32xf32>
    %first.bias = simdc.parameter "first.bias" : () -> tensor<3xf32>
    %first = simdc.linear "first" %flat, %first.weight, %first.bias : (tensor<2x32xf32>, tensor<3x32xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    %second.weight = simdc.parameter "second.weight" : () -> tensor<2x3xf32>
    %second.bias = simdc.parameter "second.bias" : () -> tensor<2xf32>
    %second = simdc.linear "second" %first, %second.weight, %second.bias : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
    %loss = simdc.mean_squared_error "loss" %second, %target : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %second, %target scale 0.5 {phase = "input_gradient"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %second.grad_input = simdc.linear_input_grad "second.grad_input" %loss.grad_input, %second.weight {phase = "input_gradient"} : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %second.grad_weight = simdc.linear_weight_grad "second.grad_weight" %first, %loss.grad_input {phase = "weight_gradient"} : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
    %second.grad_bias = simdc.reduce_sum "second.grad_bias" %loss.grad_input {phase = "weight_gradient"} : (tensor<2x2xf32>) -> tensor<2xf32>
    %first.grad_weight = simdc.linear_weight_grad "first.grad_weight" %flat, %second.grad_input {phase = "weight_gradient"} : (tensor<2x32xf32>, tensor<2x3xf32>) -> tensor<3x32xf32>
    %first.grad_bias = simdc.reduce_sum "first.grad_bias" %second.grad_input {phase = "weight_gradient"} : (tensor<2x3xf32>) -> tensor<3xf32>
    %first.weight.update = simdc.sgd "first.weight.update" %first.weight, %first.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<3x32xf32>, tensor<3x32xf32>) -> tensor<3x32xf32>
    %first.bias.update = simdc.sgd "first.bias.update" %first.bias, %first.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    %second.weight.update = simdc.sgd "second.weight.update" %second.weight, %second.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %second.bias.update = simdc.sgd "second.bias.update" %second.bias, %second.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    simdc.return %loss, %first.weight.update, %first.bias.update, %second.weight.update, %second.bias.update : tensor<2xf32>, tensor<3x32xf32>, tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>
  }
}
