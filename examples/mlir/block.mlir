// A convolution with a border, batch norm and a ReLU, and a matrix product with an operation of its own behind it: what
// lowering to linalg on tensors leaves. Weights are resources whose data nobody needs.
#image = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channel = affine_map<(d0, d1, d2, d3) -> (d1)>
#rows = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @block(%image: tensor<1x16x32x32xf32>, %scores: tensor<64x32xf32>)
      -> (tensor<1x32x32x32xf32>, tensor<64x48xf32>) {
    %zero = arith.constant 0.0 : f32
    %weight = arith.constant dense_resource<conv_weight> : tensor<32x16x3x3xf32>
    %mean = arith.constant dense_resource<bn_mean> : tensor<32xf32>
    %variance = arith.constant dense_resource<bn_variance> : tensor<32xf32>
    %table = arith.constant dense_resource<table> : tensor<32x48xf32>
    %padded = tensor.pad %image low[0, 0, 1, 1] high[0, 0, 1, 1] {
    ^bb0(%i: index, %j: index, %k: index, %l: index):
      tensor.yield %zero : f32
    } : tensor<1x16x32x32xf32> to tensor<1x16x34x34xf32>
    %empty = tensor.empty() : tensor<1x32x32x32xf32>
    %begin = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x32x32x32xf32>) -> tensor<1x32x32x32xf32>
    %conv = linalg.conv_2d_nchw_fchw {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%padded, %weight : tensor<1x16x34x34xf32>, tensor<32x16x3x3xf32>)
      outs(%begin : tensor<1x32x32x32xf32>) -> tensor<1x32x32x32xf32>
    %normal = linalg.generic {indexing_maps = [#image, #channel, #channel, #image],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%conv, %mean, %variance : tensor<1x32x32x32xf32>, tensor<32xf32>, tensor<32xf32>)
      outs(%empty : tensor<1x32x32x32xf32>) {
    ^bb0(%x: f32, %m: f32, %v: f32, %out: f32):
      %small = arith.constant 1.0e-05 : f32
      %sum = arith.addf %v, %small : f32
      %factor = math.rsqrt %sum : f32
      %centred = arith.subf %x, %m : f32
      %scaled = arith.mulf %centred, %factor : f32
      linalg.yield %scaled : f32
    } -> tensor<1x32x32x32xf32>
    %relu = linalg.generic {indexing_maps = [#image, #image],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%normal : tensor<1x32x32x32xf32>) outs(%empty : tensor<1x32x32x32xf32>) {
    ^bb0(%x: f32, %out: f32):
      %above = arith.cmpf ugt, %x, %zero : f32
      %kept = arith.select %above, %x, %zero : f32
      linalg.yield %kept : f32
    } -> tensor<1x32x32x32xf32>
    %room = tensor.empty() : tensor<64x48xf32>
    %start = linalg.fill ins(%zero : f32) outs(%room : tensor<64x48xf32>) -> tensor<64x48xf32>
    %product = linalg.matmul ins(%scores, %table : tensor<64x32xf32>, tensor<32x48xf32>)
      outs(%start : tensor<64x48xf32>) -> tensor<64x48xf32>
    %own = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%product : tensor<64x48xf32>) outs(%room : tensor<64x48xf32>) {
    ^bb0(%x: f32, %out: f32):
      %square = arith.mulf %x, %x : f32
      %power = math.exp %square : f32
      %shared = arith.divf %x, %power : f32
      linalg.yield %shared : f32
    } -> tensor<64x48xf32>
    return %relu, %own : tensor<1x32x32x32xf32>, tensor<64x48xf32>
  }
}
