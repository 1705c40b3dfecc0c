// RUN: simdc-derive-training{loss=mse}
// Sums and means give each element its gradient again, a mean divided by its 16 positions; a maximum gives it to the
// place that had it, so it reads input and result.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %mean = simdc.reduce_mean "mean" %conv axes [2, 3] : (tensor<2x2x4x4xf32>) -> tensor<2x2xf32>
    %sum = simdc.reduce_sum "sum" %conv axes [1] : (tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %top = simdc.reduce_max "top" %conv axes [3] : (tensor<2x2x4x4xf32>) -> tensor<2x2x4xf32>
    simdc.return %mean, %sum, %top : tensor<2x2xf32>, tensor<2x4x4xf32>, tensor<2x2x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2xf32>, %target2: tensor<2x4x4xf32>, %target3: tensor<2x2x4xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of mean: mean squared error along axis 1 of [2, 2]", "loss of sum: mean squared error along axis 2 of [2, 4, 4]", "loss of top: mean squared error along axis 2 of [2, 2, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %mean = simdc.reduce_mean "mean" %conv axes [2, 3] : (tensor<2x2x4x4xf32>) -> tensor<2x2xf32>
    %sum = simdc.reduce_sum "sum" %conv axes [1] : (tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %top = simdc.reduce_max "top" %conv axes [3] : (tensor<2x2x4x4xf32>) -> tensor<2x2x4xf32>
    %loss = simdc.mean_squared_error "loss" %mean, %target : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
    %loss2 = simdc.mean_squared_error "loss2" %sum, %target2 axis 2 : (tensor<2x4x4xf32>, tensor<2x4x4xf32>) -> tensor<2x4xf32>
    %loss3 = simdc.mean_squared_error "loss3" %top, %target3 axis 2 : (tensor<2x2x4xf32>, tensor<2x2x4xf32>) -> tensor<2x2xf32>
    %loss3.grad_input = simdc.loss_grad "loss3.grad_input" %top, %target3 axis 2 scale 0.125 {phase = "input_gradient"} : (tensor<2x2x4xf32>, tensor<2x2x4xf32>) -> tensor<2x2x4xf32>
    %loss2.grad_input = simdc.loss_grad "loss2.grad_input" %sum, %target2 axis 2 scale 0.0625 {phase = "input_gradient"} : (tensor<2x4x4xf32>, tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %mean, %target scale 0.5 {phase = "input_gradient"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %top.grad_input = simdc.reduce_extreme_grad "top.grad_input" %loss3.grad_input, %conv, %top axes [3] {phase = "input_gradient"} : (tensor<2x2x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4xf32>) -> tensor<2x2x4x4xf32>
    %sum.grad_input = simdc.reduce_grad "sum.grad_input" %loss2.grad_input shape [2, 2, 4, 4] axes [1] {phase = "input_gradient"} : (tensor<2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %mean.grad_input = simdc.reduce_grad "mean.grad_input" %loss.grad_input shape [2, 2, 4, 4] axes [2, 3] mean {phase = "input_gradient"} : (tensor<2x2xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum = simdc.add "conv.grad_sum" %top.grad_input, %sum.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum2 = simdc.add "conv.grad_sum2" %conv.grad_sum, %mean.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %conv.grad_sum2 size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %loss2, %loss3, %conv.weight.update : tensor<2xf32>, tensor<2x4xf32>, tensor<2x2xf32>, tensor<2x2x1x1xf32>
  }
}
