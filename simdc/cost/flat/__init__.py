"""Whole numbers and lists alone: what prices one tiling of a contraction, as it stands or compiled.

`plain` and `compiled` have the same functions. What is beyond 64 bits the compiled ones refuse with OverflowError; the
plain ones know no limit.
"""
