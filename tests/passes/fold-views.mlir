// RUN: simdc-fold-views
// Four query heads of 8 features, two of keys and two of values are cut out of one projection of six tokens; keys are
// turned, keys and values repeated for two query heads each. By hand: 64 features are eight heads of 8, of which
// queries have 0 to 3, keys 4 and 5, values 6 and 7. The last reshape moves nothing and stays.
builtin.module {
  simdc.network @attention(%qkv: tensor<1x6x64xf32>) inference batch 1 parameters 0 {
    %q.cut = simdc.slice "q.cut" %qkv axis 2 first 0 count 32 : (tensor<1x6x64xf32>) -> tensor<1x6x32xf32>
    %q.apart = simdc.reshape "q.apart" %q.cut : (tensor<1x6x32xf32>) -> tensor<1x6x4x8xf32>
    %q.heads = simdc.transpose "q.heads" %q.apart permutation [0, 2, 1, 3] : (tensor<1x6x4x8xf32>) -> tensor<1x4x6x8xf32>
    %k.cut = simdc.slice "k.cut" %qkv axis 2 first 32 count 16 : (tensor<1x6x64xf32>) -> tensor<1x6x16xf32>
    %k.apart = simdc.reshape "k.apart" %k.cut : (tensor<1x6x16xf32>) -> tensor<1x6x2x8xf32>
    %k.heads = simdc.transpose "k.heads" %k.apart permutation [0, 2, 1, 3] : (tensor<1x6x2x8xf32>) -> tensor<1x2x6x8xf32>
    %k.one = simdc.reshape "k.one" %k.heads : (tensor<1x2x6x8xf32>) -> tensor<1x2x1x6x8xf32>
    %k.more = simdc.expand "k.more" %k.one : (tensor<1x2x1x6x8xf32>) -> tensor<1x2x2x6x8xf32>
    %k.all = simdc.reshape "k.all" %k.more : (tensor<1x2x2x6x8xf32>) -> tensor<1x4x6x8xf32>
    %v.cut = simdc.slice "v.cut" %qkv axis 2 first 48 count 16 : (tensor<1x6x64xf32>) -> tensor<1x6x16xf32>
    %v.apart = simdc.reshape "v.apart" %v.cut : (tensor<1x6x16xf32>) -> tensor<1x6x2x8xf32>
    %v.heads = simdc.transpose "v.heads" %v.apart permutation [0, 2, 1, 3] : (tensor<1x6x2x8xf32>) -> tensor<1x2x6x8xf32>
    %v.one = simdc.reshape "v.one" %v.heads : (tensor<1x2x6x8xf32>) -> tensor<1x2x1x6x8xf32>
    %v.more = simdc.expand "v.more" %v.one : (tensor<1x2x1x6x8xf32>) -> tensor<1x2x2x6x8xf32>
    %v.all = simdc.reshape "v.all" %v.more : (tensor<1x2x2x6x8xf32>) -> tensor<1x4x6x8xf32>
    %k.turned = simdc.transpose "k.turned" %k.all permutation [0, 1, 3, 2] : (tensor<1x4x6x8xf32>) -> tensor<1x4x8x6xf32>
    %scores = simdc.matmul "scores" %q.heads, %k.turned : (tensor<1x4x6x8xf32>, tensor<1x4x8x6xf32>) -> tensor<1x4x6x6xf32>
    %context = simdc.matmul "context" %scores, %v.all : (tensor<1x4x6x6xf32>, tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
    %back = simdc.transpose "back" %context permutation [0, 2, 1, 3] : (tensor<1x4x6x8xf32>) -> tensor<1x6x4x8xf32>
    %merged = simdc.reshape "merged" %back : (tensor<1x6x4x8xf32>) -> tensor<1x6x32xf32>
    simdc.return %merged : tensor<1x6x32xf32>
  }
}
// -----
builtin.module {
  simdc.network @attention(%qkv: tensor<1x6x64xf32>) inference batch 1 parameters 0 {
    %scores = simdc.matmul "scores" %qkv, %qkv index "1:0 6:a 4:b 2:c 8:d, 1:0 6:e 8:b+4 1:0 8:d -> 1:0 2:b 2:c 6:a 6:e" {folded = ["q.heads", "q.apart", "q.cut", "k.turned", "k.all", "k.more", "k.one", "k.heads", "k.apart", "k.cut"]} : (tensor<1x6x64xf32>, tensor<1x6x64xf32>) -> tensor<1x4x6x6xf32>
    %back = simdc.matmul "context" %scores, %qkv index "1:0 2:a 2:b 6:c 6:d, 1:0 6:d 8:a+6 1:0 8:e -> 1:0 6:c 2:a 2:b 8:e" {folded = ["back", "v.all", "v.more", "v.one", "v.heads", "v.apart", "v.cut"]} : (tensor<1x4x6x6xf32>, tensor<1x6x64xf32>) -> tensor<1x6x4x8xf32>
    %merged = simdc.reshape "merged" %back : (tensor<1x6x4x8xf32>) -> tensor<1x6x32xf32>
    simdc.return %merged : tensor<1x6x32xf32>
  }
}
