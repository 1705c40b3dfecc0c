// RUN: simdc-derive-training{loss=mse}
// What each function needs again: relu, tanh, sigmoid and exp their result (exp is its own derivative, a product), gelu
// and prelu their input. prelu's slope, one for each of 2 channels, is summed as weights are.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 6 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %relu = simdc.relu "relu" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %tanh = simdc.tanh "tanh" %relu : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %sigmoid = simdc.sigmoid "sigmoid" %tanh : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %gelu = simdc.gelu "gelu" %sigmoid approximate "none" : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %prelu.slope = simdc.parameter "prelu.slope" : () -> tensor<2xf32>
    %prelu = simdc.prelu "prelu" %gelu, %prelu.slope : (tensor<2x2x4x4xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %exp = simdc.exp "exp" %prelu : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    simdc.return %exp : tensor<2x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x4x4xf32>) training batch 2 parameters 6 attributes {simdc.notes = ["loss of exp: mean squared error along axis 1 of [2, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %relu = simdc.relu "relu" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %tanh = simdc.tanh "tanh" %relu : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %sigmoid = simdc.sigmoid "sigmoid" %tanh : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %gelu = simdc.gelu "gelu" %sigmoid approximate "none" : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %prelu.slope = simdc.parameter "prelu.slope" : () -> tensor<2xf32>
    %prelu = simdc.prelu "prelu" %gelu, %prelu.slope : (tensor<2x2x4x4xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %exp = simdc.exp "exp" %prelu : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %loss = simdc.mean_squared_error "loss" %exp, %target : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %exp, %target scale 0.03125 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %exp.grad_input = simdc.multiply "exp.grad_input" %loss.grad_input, %exp {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %prelu.grad_input = simdc.prelu_grad "prelu.grad_input" %exp.grad_input, %gelu, %prelu.slope {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %prelu.grad_slope = simdc.prelu_slope_grad "prelu.grad_slope" %exp.grad_input, %gelu {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2xf32>
    %gelu.grad_input = simdc.gelu_grad "gelu.grad_input" %prelu.grad_input, %sigmoid approximate "none" {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %sigmoid.grad_input = simdc.sigmoid_grad "sigmoid.grad_input" %gelu.grad_input, %sigmoid {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %tanh.grad_input = simdc.tanh_grad "tanh.grad_input" %sigmoid.grad_input, %tanh {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %relu.grad_input = simdc.relu_grad "relu.grad_input" %tanh.grad_input, %relu {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %relu.grad_input size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %prelu.slope.update = simdc.sgd "prelu.slope.update" %prelu.slope, %prelu.grad_slope rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    simdc.return %loss, %conv.weight.update, %prelu.slope.update : tensor<2x4x4xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>
  }
}
