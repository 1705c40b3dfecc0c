"""Ops on one tensor, element by element: activations and the functions that they are made of.

A new one is a `Curve`, its attributes and two instruction sequences, and two classes that name it as an op and as the
gradient of that op (see `base`).
"""
