"""Mistakes in what both cost models share: greedy tiling, capacities, kernels, tilings, energy, networks."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

M = Mutation

SUMS = (
    M("result.py", "return reduce(add, values, 0)", "return reduce(add, values, 1)", "sums of layers begin at one"),
)
GREEDY = (
    M(
        "greedy/__init__.py",
        "program_tile(kernel, hardware) if is_program else",
        "program_tile(kernel, hardware) if not is_program else",
        "the arrays are mixed up",
    ),
    M(
        "greedy/contraction.py",
        "if loop not in psum and loop != kernel.rows)",
        "if loop not in psum)",
        "input channels count as window",
    ),
    M(
        "greedy/contraction.py",
        "tile[rows] = min(bounds[rows], array.rows * max(1, row_tiles))",
        "tile[rows] = min(bounds[rows], max(1, row_tiles))",
        "channels grow one by one",
    ),
    M(
        "greedy/contraction.py",
        "return capacity_bits // 2 // tile_bits(operand, tile, clip)",
        "return capacity_bits // tile_bits(operand, tile, clip)",
        "the double buffer counts whole",
    ),
    M(
        "greedy/contraction.py",
        "room(weight, buffers.weight_bits) > 0 and room(ifmap",
        "room(weight, buffers.weight_bits) > 0 or room(ifmap",
        "one input that fits is enough",
    ),
    M(
        "greedy/contraction.py",
        "room(psum, buffers.psum_bits) > 0 and room(ifmap",
        "room(psum, buffers.psum_bits) > 0 or room(ifmap",
        "an image that fits one buffer is enough",
    ),
    M(
        "greedy/contraction.py",
        "return inputs_fit() and image_fits() and room(bias",
        "return inputs_fit() and room(bias",
        "groups ignore the psum buffer",
    ),
    M("greedy/contraction.py", "SMALL_WINDOW = 3", "SMALL_WINDOW = 2", "a window of three is large"),
    M(
        "greedy/program.py",
        "places = {max(terms, key=lambda term: term[1])[0] for terms in sliding}",
        "places = {min(terms, key=lambda term: term[1])[0] for terms in sliding}",
        "window and place are mixed up",
    ),
    M(
        "greedy/program.py",
        "steps = (grow_others, grow_lanes) if per_channel",
        "steps = (grow_lanes, grow_others) if per_channel",
        "channels grow before the batch",
    ),
    M(
        "greedy/program.py",
        "if bits > simd.vmem_bits:",
        "if bits >= simd.vmem_bits:",
        "a full memory counts as too small",
    ),
    M(
        "greedy/program.py",
        "return lanes_fit(0) or (vectors > 1 and",
        "return lanes_fit(0) or (vectors > 2 and",
        "two vectors are never parted",
    ),
    M(
        "greedy/program.py",
        "(vectors - unused) * simd.lanes)",
        "(vectors - unused) * simd.lanes - 1)",
        "vectors with an idle lane",
    ),
    M(
        "greedy/program.py",
        'split = split_exactly if loop == "n" else split_evenly',
        "split = split_evenly",
        "the batch need not divide",
    ),
    M(
        "greedy/splitting.py",
        "if len(terms) == 1 and terms[0][1] == 1)",
        "if len(terms) == 1)",
        "strides of a single loop are lost",
    ),
    M(
        "greedy/splitting.py",
        "        bits *= extent if clip and extent < span else span\n",
        "        bits *= span\n",
        "a window is never clipped",
    ),
    M(
        "greedy/splitting.py",
        "    step //= 2\n    failed = low - step",
        "    step //= 2\n    failed = low - 1",
        "the search stops where it first fits",
    ),
    M(
        "greedy/splitting.py",
        "tile[loop] = -(-bounds[loop] // parts)",
        "tile[loop] = max(1, bounds[loop] // parts)",
        "parts are rounded down",
    ),
    M("greedy/splitting.py", "parts_fit(first(parts_fit, 2,", "parts_fit(first(parts_fit, 3,", "nothing is cut in two"),
    M(
        "greedy/splitting.py",
        "tile[loop] = bounds[loop] // parts\n",
        "tile[loop] = -(-bounds[loop] // (parts + 1))\n",
        "equal parts are one too many",
    ),
    M(
        "greedy/splitting.py",
        "range(1, isqrt(number) + 1)",
        "range(1, isqrt(number))",
        "the divisor at the root is missed",
    ),
)
CAPACITY = (
    M("capacity.py", "if need.need_bits > need.limit_bits:", "if need.need_bits >= need.limit_bits:", "what just fits"),
    M("capacity.py", "can hold {need.limit_bits:,}", "can hold {need.need_bits:,}", "the limit is the need"),
    M("capacity.py", "inputs = [max(operand, results", "inputs = [min(operand, results", "the narrower one has room"),
    M(
        "capacity.py",
        "return [Held(name, operand, capacity_bits // 2)",
        "return [Held(name, operand, capacity_bits)",
        "the double buffer counts whole",
    ),
    M(
        "capacity.py",
        "grid.footprint(operand).largest * operand.bits,",
        "grid.footprint(operand).largest * kernel.weight.bits,",
        "all buffers have the width of weights",
    ),
    M(
        "capacity.py",
        "need_bits = need_bits + grid.footprint(operand).largest * operand.bits",
        "need_bits = max(need_bits, grid.footprint(operand).largest * operand.bits)",
        "tiles in vector memory do not add up",
    ),
    M(
        "capacity.py",
        "any(slot not in slots for slot in range(slots[-1]))",
        "any(slot not in slots for slot in range(1, slots[-1]))",
        "the outermost loop may leave a sum",
    ),
    M(
        "capacity.py",
        "if reads.get(place.name, -1) <= written]",
        "if reads.get(place.name, -1) >= written]",
        "a result overwrites what is read later",
    ),
    M(
        "capacity.py",
        "if place.name not in taken:",
        "if place.name in taken or not taken:",
        "two results take one place",
    ),
    M(
        "capacity.py",
        "return one.index == other.index and all(",
        "return all(",
        "what is indexed otherwise lies in place",
    ),
)
KERNEL = (
    M(
        "kernel.py",
        "return 1 + sum(step * (tile[loop] - 1) for loop, step in self.terms)",
        "return sum(step * tile[loop] for loop, step in self.terms)",
        "a span without its last position",
    ),
    M("kernel.py", "if step == 1 else f", "if step <= 2 else f", "a stride of two is not printed"),
    M(
        "kernel.py",
        "(term, 1) if isinstance(term, str) else term",
        "(term, 2) if isinstance(term, str) else term",
        "a plain loop steps by two",
    ),
    M(
        "kernel.py",
        "return _loops_of(self.index)",
        "return _loops_of(self.index)[:1]",
        "only the first loop moves an operand",
    ),
    M(
        "kernel.py",
        "for expression in index for loop, _ in expression.terms))",
        "for expression in index for loop, _ in expression.terms[:1]))",
        "windows do not move an operand",
    ),
    M(
        "kernel.py",
        "if span <= step else [loop for loop, _ in terms]",
        "if span < step else [loop for loop, _ in terms]",
        "windows side by side overlap",
    ),
    M(
        "kernel.py",
        "if self.macs is None else self.macs",
        "if self.macs is not None else self.macs",
        "zeros of a gradient are multiplied",
    ),
    M(
        "kernel.py",
        "return (self.ifmap, self.weight, *bias, self.psum)",
        "return (self.ifmap, self.weight, self.psum)",
        "the bias is no operand",
    ),
    M(
        "tiling.py",
        "return dict(zip(self.order, self.sizes, strict=True))",
        "return dict(zip(self.order, self.sizes[::-1], strict=True))",
        "sizes stand beside other loops",
    ),
    M(
        "tiling.py",
        "for phase in kernel.phases for loop in phase.loops}",
        "for phase in kernel.phases[:1] for loop in phase.loops}",
        "loops of later phases are missing",
    ),
    M("tiling.py", "self.buffer = need.buffer if", "self.buffer = need.field if", "a field is called a buffer"),
    M(
        "tiling.py",
        "and min(sizes, default=1) >= 1:",
        "and min(sizes, default=1) >= 0:",
        "tiles of nothing are allowed",
    ),
    M("result.py", "return self.compute + self.stall", "return self.compute - self.stall", "stalls save time"),
    M(
        "result.py",
        "return self.weight + self.ifmap + self.psum + self.ofmap + self.bias",
        "return self.weight + self.ifmap + self.psum + self.ofmap",
        "the bias is left out of the sum",
    ),
    M(
        "result.py",
        "self.bbuf + self.vmem + self.imm + self.insmem",
        "self.bbuf + self.vmem + self.imm",
        "instructions are left out of the sum",
    ),
    M(
        "energy.py",
        "return self.systolic + self.simd + self.sram + self.dram",
        "return self.systolic + self.simd + self.sram",
        "DRAM is left out of the sum",
    ),
    M(
        "energy.py",
        "elements = hardware.systolic.rows * hardware.systolic.columns",
        "elements = hardware.systolic.rows",
        "one column of PEs is paid",
    ),
    M(
        "workload.py",
        "self._numbers.append(known.setdefault(kernel, len(known)))",
        "self._numbers.append(known.setdefault(kernel, 0))",
        "every layer is the first",
    ),
    M("workload.py", "self._numbers.count(number))", "1)", "layers that occur twice count once"),
    M(
        "workload.py",
        "            except Uncosted as reason:\n                priced.append((None, None, str(reason)))",
        '            except Uncosted as reason:\n                priced.append((None, None, ""))',
        "nobody says why a layer has no price",
    ),
)

LISTED = (*SUMS, *GREEDY, *CAPACITY, *KERNEL)
