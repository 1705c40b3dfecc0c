// RUN: simdc-derive-training{loss=mse}
// Moves go backwards: a transpose by the inverse permutation, [0, 2, 3, 1] by [0, 3, 1, 2]; a border is cut off,
// dimension by dimension; a concat is cut in parts of 2 and 1 channels; a slice is put among zeros. Mean of 2 x 6 x 6 x
// 3 squares: 2 / 216 = 0.00926.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 4 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %slice = simdc.slice "slice" %conv axis 1 first 0 count 1 : (tensor<2x2x4x4xf32>) -> tensor<2x1x4x4xf32>
    %join = simdc.concat "join" %conv, %slice : (tensor<2x2x4x4xf32>, tensor<2x1x4x4xf32>) -> tensor<2x3x4x4xf32>
    %pad = simdc.pad "pad" %join before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<2x3x4x4xf32>) -> tensor<2x3x6x6xf32>
    %turn = simdc.transpose "turn" %pad permutation [0, 2, 3, 1] : (tensor<2x3x6x6xf32>) -> tensor<2x6x6x3xf32>
    %up = simdc.resize "up" %conv size [8, 8] : (tensor<2x2x4x4xf32>) -> tensor<2x2x8x8xf32>
    %view = simdc.reshape "view" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x32xf32>
    simdc.return %turn, %up, %view : tensor<2x6x6x3xf32>, tensor<2x2x8x8xf32>, tensor<2x32xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x6x6x3xf32>, %target2: tensor<2x2x8x8xf32>, %target3: tensor<2x32xf32>) training batch 2 parameters 4 attributes {simdc.notes = ["loss of turn: mean squared error along axis 1 of [2, 6, 6, 3]", "loss of up: mean squared error along axis 1 of [2, 2, 8, 8]", "loss of view: mean squared error along axis 1 of [2, 32]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %slice = simdc.slice "slice" %conv axis 1 first 0 count 1 : (tensor<2x2x4x4xf32>) -> tensor<2x1x4x4xf32>
    %join = simdc.concat "join" %conv, %slice : (tensor<2x2x4x4xf32>, tensor<2x1x4x4xf32>) -> tensor<2x3x4x4xf32>
    %pad = simdc.pad "pad" %join before [0, 0, 1, 1] after [0, 0, 1, 1] : (tensor<2x3x4x4xf32>) -> tensor<2x3x6x6xf32>
    %turn = simdc.transpose "turn" %pad permutation [0, 2, 3, 1] : (tensor<2x3x6x6xf32>) -> tensor<2x6x6x3xf32>
    %up = simdc.resize "up" %conv size [8, 8] : (tensor<2x2x4x4xf32>) -> tensor<2x2x8x8xf32>
    %view = simdc.reshape "view" %conv : (tensor<2x2x4x4xf32>) -> tensor<2x32xf32>
    %loss = simdc.mean_squared_error "loss" %turn, %target : (tensor<2x6x6x3xf32>, tensor<2x6x6x3xf32>) -> tensor<2x6x3xf32>
    %loss2 = simdc.mean_squared_error "loss2" %up, %target2 : (tensor<2x2x8x8xf32>, tensor<2x2x8x8xf32>) -> tensor<2x8x8xf32>
    %loss3 = simdc.mean_squared_error "loss3" %view, %target3 : (tensor<2x32xf32>, tensor<2x32xf32>) -> tensor<2xf32>
    %loss3.grad_input = simdc.loss_grad "loss3.grad_input" %view, %target3 scale 0.03125 {phase = "input_gradient"} : (tensor<2x32xf32>, tensor<2x32xf32>) -> tensor<2x32xf32>
    %loss2.grad_input = simdc.loss_grad "loss2.grad_input" %up, %target2 scale 0.0078125 {phase = "input_gradient"} : (tensor<2x2x8x8xf32>, tensor<2x2x8x8xf32>) -> tensor<2x2x8x8xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %turn, %target scale 0.009259259259259259 {phase = "input_gradient"} : (tensor<2x6x6x3xf32>, tensor<2x6x6x3xf32>) -> tensor<2x6x6x3xf32>
    %view.grad_input = simdc.reshape "view.grad_input" %loss3.grad_input {phase = "input_gradient"} : (tensor<2x32xf32>) -> tensor<2x2x4x4xf32>
    %up.grad_input = simdc.resize_grad "up.grad_input" %loss2.grad_input size [4, 4] {phase = "input_gradient"} : (tensor<2x2x8x8xf32>) -> tensor<2x2x4x4xf32>
    %turn.grad_input = simdc.transpose "turn.grad_input" %loss.grad_input permutation [0, 3, 1, 2] {phase = "input_gradient"} : (tensor<2x6x6x3xf32>) -> tensor<2x3x6x6xf32>
    %pad.grad_cut2 = simdc.slice "pad.grad_cut2" %turn.grad_input axis 2 first 1 count 4 {phase = "input_gradient"} : (tensor<2x3x6x6xf32>) -> tensor<2x3x4x6xf32>
    %pad.grad_input = simdc.slice "pad.grad_input" %pad.grad_cut2 axis 3 first 1 count 4 {phase = "input_gradient"} : (tensor<2x3x4x6xf32>) -> tensor<2x3x4x4xf32>
    %join.grad_input0 = simdc.slice "join.grad_input0" %pad.grad_input axis 1 first 0 count 2 {phase = "input_gradient"} : (tensor<2x3x4x4xf32>) -> tensor<2x2x4x4xf32>
    %join.grad_input1 = simdc.slice "join.grad_input1" %pad.grad_input axis 1 first 2 count 1 {phase = "input_gradient"} : (tensor<2x3x4x4xf32>) -> tensor<2x1x4x4xf32>
    %slice.grad_input = simdc.pad "slice.grad_input" %join.grad_input1 before [0, 0, 0, 0] after [0, 1, 0, 0] {phase = "input_gradient"} : (tensor<2x1x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum = simdc.add "conv.grad_sum" %view.grad_input, %up.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum2 = simdc.add "conv.grad_sum2" %conv.grad_sum, %join.grad_input0 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_sum3 = simdc.add "conv.grad_sum3" %conv.grad_sum2, %slice.grad_input {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %conv.grad_sum3 size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    simdc.return %loss, %loss2, %loss3, %conv.weight.update : tensor<2x6x3xf32>, tensor<2x8x8xf32>, tensor<2xf32>, tensor<2x2x1x1xf32>
  }
}
