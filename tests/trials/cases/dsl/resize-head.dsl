network m(x: 21x33x33) { return resize(x, size=[513, 513], mode="linear", coordinates="half_pixel") }
