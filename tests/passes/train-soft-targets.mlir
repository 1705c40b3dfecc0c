// RUN: simdc-derive-training{soft_targets=true}
// The target of a softmax is a probability for each class, [4, 2] as the result; no numbers of classes are compared.
builtin.module {
  simdc.network @n(%x: tensor<4x3xf32>) inference batch 4 parameters 8 {
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<2x3xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<2xf32>
    %fc = simdc.linear "fc" %x, %fc.weight, %fc.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    simdc.return %fc : tensor<4x2xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<4x3xf32>, %target: tensor<4x2xf32>) training batch 4 parameters 8 attributes {simdc.notes = ["loss of fc: softmax cross entropy along axis 1 of [4, 2], targets are probabilities; chosen by its shape, --loss chooses another"]} {
    %fc.weight = simdc.parameter "fc.weight" : () -> tensor<2x3xf32>
    %fc.bias = simdc.parameter "fc.bias" : () -> tensor<2xf32>
    %fc = simdc.linear "fc" %x, %fc.weight, %fc.bias : (tensor<4x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x2xf32>
    %loss, %loss.1 = simdc.softmax_cross_entropy "loss" %fc, %target : (tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4xf32>)
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %loss, %target scale 0.25 {phase = "input_gradient"} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
    %fc.grad_weight = simdc.linear_weight_grad "fc.grad_weight" %x, %loss.grad_input {phase = "weight_gradient"} : (tensor<4x3xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
    %fc.grad_bias = simdc.reduce_sum "fc.grad_bias" %loss.grad_input {phase = "weight_gradient"} : (tensor<4x2xf32>) -> tensor<2xf32>
    %fc.weight.update = simdc.sgd "fc.weight.update" %fc.weight, %fc.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %fc.bias.update = simdc.sgd "fc.bias.update" %fc.bias, %fc.grad_bias rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    simdc.return %loss.1, %fc.weight.update, %fc.bias.update : tensor<4xf32>, tensor<2x3xf32>, tensor<2xf32>
  }
}
