"""Inputs of SCALE-Sim: a topology (.csv) is a list of layers, a configuration (.cfg) a machine."""
