"""Whole numbers and lists alone: what prices one tiling of a contraction, as it stands or compiled.

`compiled`, where `compile_core.py` built it, has the same functions. What is beyond 64 bits it refuses with
OverflowError; as they stand here they know no limit. `core` chooses.
"""
