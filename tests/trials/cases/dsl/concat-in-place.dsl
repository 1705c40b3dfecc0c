network v(a: 64x56x56, b: 64x56x56) { return concat(a, b) }
