network m(x: 64x100x167) { return resize(x, size=[200, 333], mode="nearest", coordinates="asymmetric") }
