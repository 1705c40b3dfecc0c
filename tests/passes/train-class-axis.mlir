// RUN: simdc-derive-training{class_axis=1}
// Classes along axis 1 of [4, 3, 4], not along the last as of tokens: 3 classes, 4 x 4 positions, a target for each,
// scale 1 / 16.
builtin.module {
  simdc.network @n(%x: tensor<4x3x4xf32>) inference batch 4 parameters 3 {
    %relu = simdc.relu "relu" %x : (tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
    %slope.slope = simdc.parameter "slope.slope" : () -> tensor<3xf32>
    %slope = simdc.prelu "slope" %relu, %slope.slope : (tensor<4x3x4xf32>, tensor<3xf32>) -> tensor<4x3x4xf32>
    simdc.return %slope : tensor<4x3x4xf32>
  }
}
// -----
builtin.module {
  simdc.network @n(%x: tensor<4x3x4xf32>, %target: tensor<4x4xf32>) training batch 4 parameters 3 attributes {simdc.notes = ["loss of slope: softmax cross entropy along axis 1 of [4, 3, 4], a target is the number of a class; chosen by its shape, --loss chooses another"]} {
    %relu = simdc.relu "relu" %x : (tensor<4x3x4xf32>) -> tensor<4x3x4xf32>
    %slope.slope = simdc.parameter "slope.slope" : () -> tensor<3xf32>
    %slope = simdc.prelu "slope" %relu, %slope.slope : (tensor<4x3x4xf32>, tensor<3xf32>) -> tensor<4x3x4xf32>
    %loss.classes = simdc.parameter "loss.classes" constant : () -> tensor<3xf32>
    %loss, %loss.1 = simdc.softmax_cross_entropy "loss" %slope, %target, %loss.classes : (tensor<4x3x4xf32>, tensor<4x4xf32>, tensor<3xf32>) -> (tensor<4x3x4xf32>, tensor<4x4xf32>)
    %loss.grad_input = simdc.loss_grad "loss.grad_input" %loss, %target, %loss.classes scale 0.0625 {phase = "input_gradient"} : (tensor<4x3x4xf32>, tensor<4x4xf32>, tensor<3xf32>) -> tensor<4x3x4xf32>
    %slope.grad_slope = simdc.prelu_slope_grad "slope.grad_slope" %loss.grad_input, %relu {phase = "weight_gradient"} : (tensor<4x3x4xf32>, tensor<4x3x4xf32>) -> tensor<3xf32>
    %slope.slope.update = simdc.sgd "slope.slope.update" %slope.slope, %slope.grad_slope rate 0.01 weight_decay 0.0 {phase = "update"} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    simdc.return %loss.1, %slope.slope.update : tensor<4x4xf32>, tensor<3xf32>
  }
}
