// RUN: simdc-derive-training{loss="softmax","mse","bce","given"}
// A loss for each of four results. A softmax or sigmoid that ends the network is part of its loss and goes; %d's
// gradient is an input of the step. By hand, of 4 x 2 results: 1 / 4 for a mean over 4 images, 2 / 8 for a mean of 8
// squares, 1 / 8 for a mean of 8 entropies.
builtin.module {
  simdc.network @n(%x: tensor<4x3xf32>) inference batch 4 parameters 32 {
    %a.weight = simdc.parameter "a.weight" : () -> tensor<2x3xf32>
    %a.bias = simdc.parameter "a.bias" : () -> tensor<2xf32>
    %a = simdc.linear "a" %x, %a.weight, %a.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %p = simdc.softmax "p" %a : (tensor<4x2xf32>) -> tensor<4x2xf32>
    %b.weight = simdc.parameter "b.weight" : () -> tensor<2x3xf32>
    %b.bias = simdc.parameter "b.bias" : () -> tensor<2xf32>
    %b = simdc.linear "b" %x, %b.weight, %b.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %c.weight = simdc.parameter "c.weight" : () -> tensor<2x3xf32>
    %c.bias = simdc.parameter "c.bias" : () -> tensor<2xf32>
    %c = simdc.linear "c" %x, %c.weight, %c.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %s = simdc.sigmoid "s" %c : (tensor<4x2xf32>) -> tensor<4x2xf32>
    %d.weight = simdc.parameter "d.weight" : () -> tensor<2x3xf32>
    %d.bias = simdc.parameter "d.bias" : () -> tensor<2xf32>
    %d = simdc.linear "d" %x, %d.weight, %d.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    simdc.return %p, %b, %s, %d : tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<4x3xf32>, %target: tensor<4xf32>, %target2: tensor<4x2xf32>, %target3: tensor<4x2xf32>, %gradient4: tensor<4x2xf32>) training batch 4 parameters 32 attributes {simdc.notes = ["loss of p: softmax cross entropy along axis 1 of [4, 2], a target is the number of a class", "loss of b: mean squared error along axis 1 of [4, 2]", "loss of s: binary cross entropy along axis 1 of [4, 2]", "loss of d: given, its gradient comes with the batch"]} {
    %a.weight = simdc.parameter "a.weight" : () -> tensor<2x3xf32>
    %a.bias = simdc.parameter "a.bias" : () -> tensor<2xf32>
    %a = simdc.linear "a" %x, %a.weight, %a.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %b.weight = simdc.parameter "b.weight" : () -> tensor<2x3xf32>
    %b.bias = simdc.parameter "b.bias" : () -> tensor<2xf32>
    %b = simdc.linear "b" %x, %b.weight, %b.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %c.weight = simdc.parameter "c.weight" : () -> tensor<2x3xf32>
    %c.bias = simdc.parameter "c.bias" : () -> tensor<2xf32>
    %c = simdc.linear "c" %x, %c.weight, %c.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %d.weight = simdc.parameter "d.weight" : () -> tensor<2x3xf32>
    %d.bias = simdc.parameter "d.bias" : () -> tensor<2xf32>
    %d = simdc.linear "d" %x, %d.weight, %d.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %loss.classes = simdc.parameter "loss.classes" constant : () -> tensor<2xf32>
    %loss, %loss.1 = simdc.softmax_cross_entropy "loss" %a, %target, %loss.classes : (tensor<4x2xf32>, tensor<4xf32>, tensor<2xf32>) -> (tensor<4x2xf32>, tensor<4xf32>)
    %loss2 = simdc.mean_squared_error "loss2" %b, %target2 : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4xf32>
    %loss3, %loss3.1 = simdc.binary_cross_entropy "loss3" %c, %target3 : (tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4xf32>)
    %loss3.grad_input = simdc.loss_grad "loss3.grad_input" %loss3, %target3 scale 0.125 {phase = "input_gradient"} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
    %loss2.grad_input = simdc.loss_grad "loss2.grad_input" %b, %target2 scale 0.25 {phase = "input_gradient"} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %loss, %target, %loss.classes scale 0.25 {phase = "input_gradient"} : (tensor<4x2xf32>, tensor<4xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %d.grad_weight = simdc.linear_weight_grad "d.grad_weight" %x, %gradient4 {phase = "weight_gradient"} : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
    %d.grad_bias = simdc.reduce_sum "d.grad_bias" %gradient4 {phase = "weight_gradient"} : (tensor<4x2xf32>) -> tensor<2xf32>
    %c.grad_weight = simdc.linear_weight_grad "c.grad_weight" %x, %loss3.grad_input {phase = "weight_gradient"} : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
    %c.grad_bias = simdc.reduce_sum "c.grad_bias" %loss3.grad_input {phase = "weight_gradient"} : (tensor<4x2xf32>) -> tensor<2xf32>
    %b.grad_weight = simdc.linear_weight_grad "b.grad_weight" %x, %loss2.grad_input {phase = "weight_gradient"} : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
    %b.grad_bias = simdc.reduce_sum "b.grad_bias" %loss2.grad_input {phase = "weight_gradient"} : (tensor<4x2xf32>) -> tensor<2xf32>
    %a.grad_weight = simdc.linear_weight_grad "a.grad_weight" %x, %loss.grad_input {phase = "weight_gradient"} : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
    %a.grad_bias = simdc.reduce_sum "a.grad_bias" %loss.grad_input {phase = "weight_gradient"} : (tensor<4x2xf32>) -> tensor<2xf32>
    %a.weight.update = simdc.sgd "a.weight.update" %a.weight, %a.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %a.bias.update = simdc.sgd "a.bias.update" %a.bias, %a.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %b.weight.update = simdc.sgd "b.weight.update" %b.weight, %b.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %b.bias.update = simdc.sgd "b.bias.update" %b.bias, %b.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %c.weight.update = simdc.sgd "c.weight.update" %c.weight, %c.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %c.bias.update = simdc.sgd "c.bias.update" %c.bias, %c.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %d.weight.update = simdc.sgd "d.weight.update" %d.weight, %d.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %d.bias.update = simdc.sgd "d.bias.update" %d.bias, %d.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    simdc.return %loss.1, %loss2, %loss3.1, %d, %a.weight.update, %a.bias.update, %b.weight.update, %b.bias.update, %c.weight.update, %c.bias.update, %d.weight.update, %d.bias.update : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x2xf32>, tensor<2x3xf32>, tensor<2xf32>, tensor<2x3xf32>, tensor<2xf32>, tensor<2x3xf32>, tensor<2xf32>, tensor<2x3xf32>, tensor<2xf32>
  }
}
