// RUN: simdc-derive-training{loss=mse}
// Four readers of %conv, whose gradients are added one by one. A maximum needs input and result to find its place again,
// a mean only the sizes. A result of 1 x 1 pixels is flattened for its loss, and the gradient goes back as a view. 2 /
// 16 and 2 / 4 of the differences.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %max = simdc.max_pool "max" %conv kernel_size [2, 2] stride [2, 2] : (tensor<2x2x4x4xf32>) -> tensor<2x2x2x2xf32>
    %mean = simdc.average_pool "mean" %conv kernel_size [2, 2] stride [2, 2] : (tensor<2x2x4x4xf32>) -> tensor<2x2x2x2xf32>
    %top = simdc.global_max_pool "top" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %all = simdc.global_average_pool "all" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %max, %mean, %top, %all : tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>, tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x2x2xf32>, %target2: tensor<2x2x2x2xf32>, %target3: tensor<2x2xf32>, %target4: tensor<2x2xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of max: mean squared error along axis 1 of [2, 2, 2, 2]", "loss of mean: mean squared error along axis 1 of [2, 2, 2, 2]", "loss of top: mean squared error along axis 1 of [2, 2]", "loss of all: mean squared error along axis 1 of [2, 2]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %max = simdc.max_pool "max" %conv kernel_size [2, 2] stride [2, 2] : (tensor<2x2x4x4xf32>) -> tensor<2x2x2x2xf32>
    %mean = simdc.average_pool "mean" %conv kernel_size [2, 2] stride [2, 2] : (tensor<2x2x4x4xf32>) -> tensor<2x2x2x2xf32>
    %top = simdc.global_max_pool "top" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %all = simdc.global_average_pool "all" %conv kernel_size [4, 4] : (tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %loss = simdc.mean_squared_error "loss" %max, %target : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2xf32>
    %loss2 = simdc.mean_squared_error "loss2" %mean, %target2 : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2xf32>
    %top.flatten = simdc.flatten "top.flatten" %top : (tensor<2x2x1x1xf32>) -> tensor<2x2xf32>
    %loss3 = simdc.mean_squared_error "loss3" %top.flatten, %target3 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
    %all.flatten = simdc.flatten "all.flatten" %all : (tensor<2x2x1x1xf32>) -> tensor<2x2xf32>
    %loss4 = simdc.mean_squared_error "loss4" %all.flatten, %target4 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
    %loss4.grad_input = simdc.loss_grad "loss4.grad_input" %all.flatten, %target4 scale 0.5 {phase = "input_gradient"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %all.flatten.grad_input = simdc.reshape "all.flatten.grad_input" %loss4.grad_input {phase = "input_gradient"} : (tensor<2x2xf32>) -> tensor<2x2x1x1xf32>
    %loss3.grad_input = simdc.loss_grad "loss3.grad_input" %top.flatten, %target3 scale 0.5 {phase = "input_gradient"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    %top.flatten.grad_input = simdc.reshape "top.flatten.grad_input" %loss3.grad_input {phase = "input_gradient"} : (tensor<2x2xf32>) -> tensor<2x2x1x1xf32>
    %loss2.grad_input = simdc.loss_grad "loss2.grad_input" %mean, %target2 scale 0.125 {phase = "input_gradient"} : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %max, %target scale 0.125 {phase = "input_gradient"} : (tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x2x2xf32>
    %all.grad_input = simdc.global_average_pool_grad "all.grad_input" %all.flatten.grad_input size [4, 4] kernel_size [4, 4] {phase = "input_gradient"} : (tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %top.grad_input = simdc.max_pool_grad "top.grad_input" %top.flatten.grad_input, %conv, %top size [4, 4] kernel_size [4, 4] {phase = "input_gradient"} : (tensor<2x2x1x1xf32>, tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %mean.grad_input = simdc.average_pool_grad "mean.grad_input" %loss2.grad_input size [4, 4] kernel_size [2, 2] stride [2, 2] {phase = "input_gradient"} : (tensor<2x2x2x2xf32>) -> tensor<2x2x4x4xf32>
    %max.grad_input = simdc.max_pool_grad "max.grad_input" %loss.grad_input, %conv, %max size [4, 4] kernel_size [2, 2] stride [2, 2] {phase = "input_gradient"} : (tensor<2x2x2x2xf32>, tensor<2x2x4x4xf32>, tensor<2x2x2x2xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum = simdc.add "conv.grad_sum" %all.grad_input, %top.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum2 = simdc.add "conv.grad_sum2" %conv.grad_sum, %mean.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum3 = simdc.add "conv.grad_sum3" %conv.grad_sum2, %max.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %conv.grad_sum3 size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %loss2, %loss3, %loss4, %conv.weight.update : tensor<2x2x2xf32>, tensor<2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x2x1x1xf32>
  }
}
