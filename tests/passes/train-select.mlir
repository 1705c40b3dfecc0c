// RUN: simdc-derive-training{loss=mse}
// A gradient goes where the choice was, and zeros elsewhere. A comparison has no gradient, and %twice, which depends on
// the input alone, needs none. Mean of 64 squares: 2 / 64.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %less = simdc.less "less" %conv, %x : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %twice = simdc.scalar "twice" %x function "mul" value 2.0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %where = simdc.select "where" %less, %conv, %twice : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    simdc.return %where : tensor<2x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x4x4xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of where: mean squared error along axis 1 of [2, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %less = simdc.less "less" %conv, %x : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %twice = simdc.scalar "twice" %x function "mul" value 2.0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %where = simdc.select "where" %less, %conv, %twice : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %loss = simdc.mean_squared_error "loss" %where, %target : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %where, %target scale 0.03125 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %where.grad_input = simdc.select "where.grad_input" %less, %loss.grad_input rhs_value 0.0 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %where.grad_input size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %conv.weight.update : tensor<2x4x4xf32>, tensor<2x2x1x1xf32>
  }
}
