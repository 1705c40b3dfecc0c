// RUN: simdc-derive-training{loss=mse}
// A transposed convolution turns back into a convolution: its input's gradient is one, of the same weight and stride;
// its weight's gradient is a convolution's with input and gradient exchanged. (4 - 1) x 2 + 2 = 8 rows, mean of 2 x 8 x
// 8 squares: 2 / 128.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 12 {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x1x1xf32>
    %first = simdc.conv2d "first" %x, %first.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %up.weight = simdc.parameter "up.weight" : () -> tensor<2x1x2x2xf32>
    %up = simdc.conv_transpose2d "up" %first, %up.weight stride [2, 2] : (tensor<2x2x4x4xf32>, tensor<2x1x2x2xf32>) -> tensor<2x1x8x8xf32>
    simdc.return %up : tensor<2x1x8x8xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x1x8x8xf32>) training batch 2 parameters 12 attributes {simdc.notes = ["loss of up: mean squared error along axis 1 of [2, 1, 8, 8]"]} {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x1x1xf32>
    %first = simdc.conv2d "first" %x, %first.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %up.weight = simdc.parameter "up.weight" : () -> tensor<2x1x2x2xf32>
    %up = simdc.conv_transpose2d "up" %first, %up.weight stride [2, 2] : (tensor<2x2x4x4xf32>, tensor<2x1x2x2xf32>) -> tensor<2x1x8x8xf32>
    %loss = simdc.mean_squared_error "loss" %up, %target : (tensor<2x1x8x8xf32>, tensor<2x1x8x8xf32>) -> tensor<2x8x8xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %up, %target scale 0.015625 {phase = "input_gradient"} : (tensor<2x1x8x8xf32>, tensor<2x1x8x8xf32>) -> tensor<2x1x8x8xf32>
    %up.grad_input = simdc.conv2d "up.grad_input" %loss.grad_input, %up.weight stride [2, 2] {phase = "input_gradient"} : (tensor<2x1x8x8xf32>, tensor<2x1x2x2xf32>) -> tensor<2x2x4x4xf32>
    %up.grad_weight = simdc.conv2d_weight_grad "up.grad_weight" %loss.grad_input, %first size [2, 2] stride [2, 2] {phase = "weight_gradient"} : (tensor<2x1x8x8xf32>, tensor<2x2x4x4xf32>) -> tensor<2x1x2x2xf32>
    %first.grad_weight = simdc.conv2d_weight_grad "first.grad_weight" %x, %up.grad_input size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %first.weight.update = simdc.sgd "first.weight.update" %first.weight, %first.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %up.weight.update = simdc.sgd "up.weight.update" %up.weight, %up.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x1x2x2xf32>, tensor<2x1x2x2xf32>) -> tensor<2x1x2x2xf32>
    simdc.return %loss, %first.weight.update, %up.weight.update : tensor<2x8x8xf32>, tensor<2x2x1x1xf32>, tensor<2x1x2x2xf32>
  }
}
