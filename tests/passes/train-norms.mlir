// RUN: simdc-derive-training{loss=mse}
// A batch norm takes the statistics of the batch and returns the running ones, changed by 1 - 0.9. Each norm has one
// layer for all its gradients: of input, scale and shift; the local response norm has no parameters.
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>) inference batch 2 parameters 12 {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %bn.mean = simdc.parameter "bn.mean" statistic : () -> tensor<2xf32>
    %bn.inv_std = simdc.parameter "bn.inv_std" statistic : () -> tensor<2xf32>
    %bn.scale = simdc.parameter "bn.scale" : () -> tensor<2xf32>
    %bn.shift = simdc.parameter "bn.shift" : () -> tensor<2xf32>
    %bn = simdc.batch_norm "bn" %conv, %bn.mean, %bn.inv_std, %bn.scale, %bn.shift : (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %lrn = simdc.local_response_norm "lrn" %bn size 3 alpha 0.0001 beta 0.75 bias 1.0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %each.scale = simdc.parameter "each.scale" : () -> tensor<2xf32>
    %each.shift = simdc.parameter "each.shift" : () -> tensor<2xf32>
    %each = simdc.instance_norm "each" %lrn, %each.scale, %each.shift epsilon 1.0e-05 : (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    simdc.return %each : tensor<2x2x4x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<2x2x4x4xf32>, %target: tensor<2x2x4x4xf32>) training batch 2 parameters 12 attributes {simdc.notes = ["loss of each: mean squared error along axis 1 of [2, 2, 4, 4]"]} {
    %conv.weight = simdc.parameter "conv.weight" : () -> tensor<2x2x1x1xf32>
    %conv = simdc.conv2d "conv" %x, %conv.weight : (tensor<2x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x4x4xf32>
    %bn.mean = simdc.parameter "bn.mean" statistic : () -> tensor<2xf32>
    %bn.inv_std = simdc.parameter "bn.inv_std" statistic : () -> tensor<2xf32>
    %bn.scale = simdc.parameter "bn.scale" : () -> tensor<2xf32>
    %bn.shift = simdc.parameter "bn.shift" : () -> tensor<2xf32>
    %bn.batch_mean, %bn.batch_inv_std = simdc.batch_norm_statistics "bn.statistics" %conv epsilon 1.0e-05 : (tensor<2x2x4x4xf32>) -> (tensor<2xf32>, tensor<2xf32>)
    %bn = simdc.batch_norm "bn" %conv, %bn.batch_mean, %bn.batch_inv_std, %bn.scale, %bn.shift : (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %lrn = simdc.local_response_norm "lrn" %bn size 3 alpha 0.0001 beta 0.75 bias 1.0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %each.scale = simdc.parameter "each.scale" : () -> tensor<2xf32>
    %each.shift = simdc.parameter "each.shift" : () -> tensor<2xf32>
    %each = simdc.instance_norm "each" %lrn, %each.scale, %each.shift epsilon 1.0e-05 : (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x4x4xf32>
    %loss = simdc.mean_squared_error "loss" %each, %target : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4xf32>
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %each, %target scale 0.03125 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %each.grad, %each.grad.1, %each.grad.2 = simdc.instance_norm_grad "each.grad" %lrn, %loss.grad_input, %each.scale epsilon 1.0e-05 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2xf32>) -> (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>)
    %lrn.grad_input = simdc.local_response_norm_grad "lrn.grad_input" %bn, %each.grad size 3 alpha 0.0001 beta 0.75 bias 1.0 {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
    %bn.grad, %bn.grad.1, %bn.grad.2 = simdc.batch_norm_grad "bn.grad" %conv, %lrn.grad_input, %bn.batch_mean, %bn.batch_inv_std, %bn.scale {phase = "input_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>)
    %conv.grad_weight = simdc.conv2d_weight_grad "conv.grad_weight" %x, %bn.grad size [1, 1] {phase = "weight_gradient"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x1x1xf32>
    %conv.weight.update = simdc.sgd "conv.weight.update" %conv.weight, %conv.grad_weight rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<2x2x1x1xf32>
    %bn.scale.update = simdc.sgd "bn.scale.update" %bn.scale, %bn.grad.1 rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %bn.shift.update = simdc.sgd "bn.shift.update" %bn.shift, %bn.grad.2 rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %each.scale.update = simdc.sgd "each.scale.update" %each.scale, %each.grad.1 rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %each.shift.update = simdc.sgd "each.shift.update" %each.shift, %each.grad.2 rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %bn.running_mean = simdc.running_average "bn.running_mean" %bn.mean, %bn.batch_mean momentum 0.1 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %bn.running_inv_std = simdc.running_average "bn.running_inv_std" %bn.inv_std, %bn.batch_inv_std momentum 0.1 {phase = "update"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    simdc.return %loss, %conv.weight.update, %bn.scale.update, %bn.shift.update, %each.scale.update, %each.shift.update, %bn.running_mean, %bn.running_inv_std : tensor<2x4x4xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
}
