"""Networks packed into rows once, so that `cost/flat` prices all layers of one on a machine in one call.

Nothing of a machine is in there but what decides how rows look: the dataflow, what instructions take. A machine is a
row of numbers, and costs are rows until somebody looks at them.
"""
