// RUN: simdc-derive-training{loss=mse}
// Groups stay groups in both gradients: each of 2 input channels goes to 2 of the 4 outputs, so a weight has 4 x 1 x 3 x
// 3 values. Mean of 2 x 4 x 2 x 2 = 32 squares: 2 / 32.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 40 {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x1x1xf32>
    %first = simdc.conv2d "first" %x, %first.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %grouped.weight = simdc.parameter "grouped.weight" : () -> tensor<4x1x3x3xf32>
    %grouped = simdc.conv2d "grouped" %first, %grouped.weight groups 2 : (tensor<2x2x4x4xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x2x2xf32>
    simdc.return %grouped : tensor<2x4x2x2xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x4x2x2xf32>) training batch 2 parameters 40 attributes {simdc.notes = ["loss of grouped: mean squared error along axis 1 of [2, 4, 2, 2]"]} {
    %first.weight = simdc.parameter "first.weight" : () -> tensor<2x2x1x1xf32>
    %first = simdc.conv2d "first" %x, %first.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %grouped.weight = simdc.parameter "grouped.weight" : () -> tensor<4x1x3x3xf32>
    %grouped = simdc.conv2d "grouped" %first, %grouped.weight groups 2 : (tensor<2x2x4x4xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x2x2xf32>
    %loss = simdc.mean_squared_error "loss" %grouped, %target : (tensor<2x4x2x2xf32>, tensor<2x4x2x2xf32>) -> tensor<2x2x2xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %grouped, %target scale 0.0625 {phase = "input_gradient"} : (tensor<2x4x2x2xf32>, tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
    %grouped.grad_input = simdc.conv2d_input_grad "grouped.grad_input" %loss.grad_input, %grouped.weight size [4, 4] groups 2 {phase = "input_gradient"} : (tensor<2x4x2x2xf32>, tensor<4x1x3x3xf32>) -> tensor<2x2x4x4xf32>
    %grouped.grad_weight = simdc.conv2d_weight_grad "grouped.grad_weight" %first, %loss.grad_input size [3, 3] groups 2 {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x4x2x2xf32>) -> tensor<4x1x3x3xf32>
    %first.grad_weight = simdc.conv2d_weight_grad "first.grad_weight" %x, %grouped.grad_input size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %first.weight.update = simdc.sgd "first.weight.update" %first.weight, %first.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %grouped.weight.update = simdc.sgd "grouped.weight.update" %grouped.weight, %grouped.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<4x1x3x3xf32>, tensor<4x1x3x3xf32>) -> tensor<4x1x3x3xf32>
    simdc.return %loss, %first.weight.update, %grouped.weight.update : tensor<2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<4x1x3x3xf32>
  }
}
