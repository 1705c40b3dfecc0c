// RUN: simdc-derive-training{loss=mse}
// Gradients of convolutions. The input's has the input's size, 4 x 4, which stride 2 hides in the 2 x 2 of the result.
// The first layer's input needs none. Mean of 16 squares: scale 2 / 16. 2 x 2 x 3 x 3 + 2 + 2 x 2 x 2 x 2 = 54
// parameters.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 54 {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x3x3xf32>
    %first.bias = simdc.parameter "first.bias" : () -> tensor<2xf32>
    %first = simdc.conv2d "first" %x, %first.weight, %first.bias padding [1, 1, 1, 1] : (tensor<2x2x4x4xf32>, tensor<2x2x3x3xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %second.weight = simdc.parameter "second.weight" : () -> tensor<2x2x2x2xf32>
    %second = simdc.conv2d "second" %first, %second.weight stride [2, 2] : (tensor<2x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    simdc.return %second : tensor<2x2x2x2xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x2x2xf32>) training batch 2 parameters 54 attributes {simdc.notes = ["loss of second: mean squared error along axis 1 of [2, 2, 2, 2]"]} {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x3x3xf32>
    %first.bias = simdc.parameter "first.bias" : () -> tensor<2xf32>
    %first = simdc.conv2d "first" %x, %first.weight, %first.bias padding [1, 1, 1, 1] : (tensor<2x2x4x4xf32>, tensor<2x2x3x3xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %second.weight = simdc.parameter "second.weight" : () -> tensor<2x2x2x2xf32>
    %second = simdc.conv2d "second" %first, %second.weight stride [2, 2] : (tensor<2x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    %loss = simdc.mean_squared_error "loss" %second, %target : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %second, %target scale 0.125 {phase = "input_gradient"} : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    %second.grad_input = simdc.conv2d_input_grad "second.grad_input" %loss.grad_input, %second.weight size [4, 4] stride [2, 2] {phase = "input_gradient"} : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x4x4xf32>
    %second.grad_weight = simdc.conv2d_weight_grad "second.grad_weight" %first, %loss.grad_input size [2, 2] stride [2, 2] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    %first.grad_weight = simdc.conv2d_weight_grad "first.grad_weight" %x, %second.grad_input size [3, 3] padding [1, 1, 1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x3x3xf32>
    %first.grad_bias = simdc.reduce_sum "first.grad_bias" %second.grad_input {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>) -> tensor<2xf32>
    %first.weight.update = simdc.sgd "first.weight.update" %first.weight, %first.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x3x3xf32>, tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
    %first.bias.update = simdc.sgd "first.bias.update" %first.bias, %first.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %second.weight.update = simdc.sgd "second.weight.update" %second.weight, %second.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    simdc.return %loss, %first.weight.update, %first.bias.update, %second.weight.update : tensor<2x2x2xf32>, tensor<2x2x3x3xf32>, tensor<2xf32>, tensor<2x2x2x2xf32>
  }
}
