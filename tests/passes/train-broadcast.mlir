// RUN: simdc-derive-training{loss=mse}
// What was repeated is summed: the gate, [2, 2, 1, 1], from [2, 2, 4, 4] in one layer with the product or quotient. An
// add hands its gradient on: %div.grad_input is used for both of its sides. Three readers of %conv make two sums.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %gate = simdc.global_average_pool "gate" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %mul = simdc.multiply "mul" %conv, %gate : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %add = simdc.add "add" %mul, %conv : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %div = simdc.divide "div" %add, %gate : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    simdc.return %div : tensor<2x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x4x4xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of div: mean squared error along axis 1 of [2, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %gate = simdc.global_average_pool "gate" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %mul = simdc.multiply "mul" %conv, %gate : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %add = simdc.add "add" %mul, %conv : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %div = simdc.divide "div" %add, %gate : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %loss = simdc.mean_squared_error "loss" %div, %target : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %div, %target scale 0.03125 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %div.grad_input = simdc.divide "div.grad_input" %loss.grad_input, %gate {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %div.grad_other = simdc.broadcast_grad "div.grad_other" %loss.grad_input, %add, %gate function "divide" side "rhs" {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %mul.grad_input = simdc.multiply "mul.grad_input" %div.grad_input, %gate {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %mul.grad_other = simdc.broadcast_grad "mul.grad_other" %div.grad_input, %conv function "multiply" side "rhs" {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %gate.grad_sum = simdc.add "gate.grad_sum" %div.grad_other, %mul.grad_other {phase = "input_gradient"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %gate.grad_input = simdc.global_average_pool_grad "gate.grad_input" %gate.grad_sum size [4, 4] kernel_size [4, 4] {phase = "input_gradient"} : (tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum = simdc.add "conv.grad_sum" %div.grad_input, %mul.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum2 = simdc.add "conv.grad_sum2" %conv.grad_sum, %gate.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %conv.grad_sum2 size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %conv.weight.update : tensor<2x4x4xf32>, tensor<2x2x1x1xf32>
  }
}
