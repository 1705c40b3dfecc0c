network m(x: 23x14x5) { return x -> global_maxpool -> flatten -> fc(2) }
