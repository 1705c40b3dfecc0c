network v(a: 64x56x56) { return slice(a, axis=1, first=0, count=32) }
