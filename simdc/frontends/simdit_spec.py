"""SimDIT network specifications: `{"mode": ..., "program": [...]}`, as the GeneSys compiler writes them.

A specification gives each layer's dimensions, not who reads whose result, and the dimensions of neighbours need not
agree (a pool's padded input is derived from its output). So every layer reads tensors of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Kernel
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.errors import SimdcError
from simdc.ir.attributes import TilingAttr
from simdc.ir.layer_error import LayerError
from simdc.ir.unmodelled import UnmodelledOp

from .json_node import JsonNode, hint
from .simdit_operations import (
    IGNORED,
    INPUT_GRADIENT,
    OPERATIONS,
    STRIDE,
    TILES,
    UNTILED,
    WEIGHT_GRADIENT,
    SpecNetwork,
    SpecOperation,
)

MODES = ("inference", "training")
MAX_LAYERS = 32_000
WITHOUT_TILINGS = "; with --tiling greedy simdc makes its own tilings"


def parse_simdit_spec(data: dict[str, object], file: str, batch: int | None, *, given_tilings: bool) -> ModuleOp:
    """The network in `data`; `file` is for messages and locations, which are all line 0. Raises SimdcError.

    Without `given_tilings` the layers take `batch` images (1 if None), by the release's rule. With it they take the
    tilings and the batch of the file, which `batch` must not contradict.
    """
    root = JsonNode(data, file)
    mode = root.need("mode")
    if mode.value not in MODES:
        raise mode.error(f"must be {' or '.join(MODES)}")
    program = root.need("program")
    entries = program.items()
    if not 1 <= len(entries) <= MAX_LAYERS:
        raise program.error(f"must hold 1 to {MAX_LAYERS} entries, got {len(entries)}")
    return _Spec(file, mode.text(), 1 if batch is None and not given_tilings else batch, given_tilings).module(entries)


class _Spec:
    def __init__(self, file: str, mode: str, batch: int | None, given_tilings: bool):
        self.name = Path(file).stem.strip("<>")
        self.mode = mode
        self.batch = batch
        self.given_tilings = given_tilings
        self.net = SpecNetwork(file)
        self.names: set[str] = set()

    def module(self, entries: list[JsonNode]) -> ModuleOp:
        for index, entry in enumerate(entries):
            self.add_entry(entry, index)
        return self.net.finish(self.name, self.mode, 1 if self.batch is None else self.batch)

    def add_entry(self, entry: JsonNode, index: int) -> None:
        operation = entry.need("operation")
        kind = operation.text()
        name = self.unique_name(entry, kind, index)
        if kind in UNTILED:
            raise operation.error(f"the released SimDIT lists '{kind}' but has no model of it, and so has none here")
        # From the gradient of the loss, or of whatever else the program begins its backward part with.
        self.net.backward |= self.mode == "training" and (kind.endswith("_grad") or kind.startswith("batchnorm_grad"))
        if kind in OPERATIONS:
            self.add_layer(entry, name, OPERATIONS[kind])
        elif kind in IGNORED or not _has_dimensions(entry):
            self.net.add(UnmodelledOp(name, operation=kind))
        else:
            raise operation.error(f"unknown operation '{kind}'{hint(kind, list(OPERATIONS), 'supported:')}")

    def unique_name(self, entry: JsonNode, kind: str, index: int) -> str:
        """`conv_bias_3` from the file's instance_id, `conv_bias3` from the place in the program where it has none."""
        instance = entry.get("instance_id")
        name = f"{kind}{index}"
        if instance is not None and isinstance(instance.value, (int, str)):
            name = f"{kind}_{JsonNode(str(instance.value), instance.file, instance.path).text()}"
        while name in self.names:
            name += f".{index}"
        self.names.add(name)
        return name

    def add_layer(self, entry: JsonNode, name: str, operation: SpecOperation) -> None:
        place = entry.need("iterable_dimensions")
        dims = {key: place.need(key).size() for key in operation.dims}
        gradient = self.mode == "training" and self.is_weight_gradient(dims, operation)
        self.set_batch(place, dims, operation.reduced if gradient else operation.images)
        if operation.stride:
            dims[STRIDE] = _stride(entry, operation)
        _check_not_fused(entry)
        try:
            op = operation.build(self.net, name, dims)
            phase = WEIGHT_GRADIENT if gradient else operation.phase
            if phase is not None or self.net.backward:
                op.phase = StringAttr(phase or INPUT_GRADIENT)
            self.net.add(op)
        except LayerError as error:
            path = place.path if error.option is None else place.child(error.option)
            raise SimdcError(error.message, file=place.file, path=path) from None
        except VerifyException as error:
            raise place.error(str(error)) from None
        kernel = op.kernel()
        if self.given_tilings and kernel is not None:
            op.tiling = TilingAttr(_given_tiling(entry, operation, kernel))

    def is_weight_gradient(self, dims: Mapping[str, int], operation: SpecOperation) -> bool:
        """The release's rule for training: a contraction whose image dimension is not 1 computes a weight gradient,
        where that dimension holds channels and the images are summed over. A file with tilings has its batch there."""
        if operation.reduced is None or operation.images is None:
            return False
        images = dims[operation.images]
        return self.net.backward and images != self.batch if self.given_tilings else images != 1

    def set_batch(self, place: JsonNode, dims: dict[str, int], images: str | None) -> None:
        if images is None:
            return
        if not self.given_tilings:
            dims[images] = 1 if self.batch is None else self.batch
        elif self.batch is None:
            self.batch = dims[images]
        elif dims[images] != self.batch:
            message = f"the file's tilings are for {dims[images]} here, not for a batch of {self.batch}"
            raise place.need(images).error(f"{message}; leave the batch out, or let simdc tile (--tiling greedy)")


def _has_dimensions(entry: JsonNode) -> bool:
    dimensions = entry.get("iterable_dimensions")
    return dimensions is not None and dimensions.value is not None and bool(dimensions.fields())


def _stride(entry: JsonNode, operation: SpecOperation) -> int:
    """One step for rows and columns: the release looks at no other, not even at a pool's `sy`."""
    parameters = entry.need("operation_parameters")
    for key in operation.stride:
        found = parameters.get(key)
        if found is not None:
            return found.size()
    return parameters.need(operation.stride[0]).size()


def _check_not_fused(entry: JsonNode) -> None:
    """Data that comes from or goes to another layer without passing DRAM has no model here."""
    for key, end, verb in (("inputs", 0, "begin"), ("outputs", -1, "end")):
        operands = entry.get(key)
        for operand in operands.items() if operands is not None else ():
            path = operand.get("data_path")
            steps = path.items() if path is not None else []
            if path is not None and steps and steps[end].value != "DRAM":
                found = steps[end].text()
                raise path.error(f"fused layers are not supported: the path must {verb} in DRAM, not in {found}")


def _given_tiling(entry: JsonNode, operation: SpecOperation, kernel: Kernel) -> Tiling:
    """In the kernel's default loop order. Compilers pad channels, so sizes may exceed the loops' bounds."""
    bounds = loop_bounds(kernel)
    sizes = [_tile_size(entry, *operation.tile[loop]) if loop in operation.tile else bounds[loop] for loop in bounds]
    return Tiling(tuple(bounds), tuple(sizes))


def _tile_size(entry: JsonNode, which: str, *names: str) -> int:
    buffer, operand, index = TILES[which]
    operands = entry.need(operand, WITHOUT_TILINGS)
    found = operands.items()
    if len(found) < max(1, index + 1):
        where = f"entry {index}" if index >= 0 else "its last entry"
        raise operands.error(f"holds the tiling of {buffer} in {where}, which is missing")
    tiling = found[index].need("tiling", WITHOUT_TILINGS)
    # The vector memory has two banks, VMEM1 and VMEM2; the result lies in either.
    bank = next((name for name in sorted(tiling.fields()) if name.startswith(buffer)), None)
    if bank is None:
        raise tiling.error(f"gives no tile for {buffer}{WITHOUT_TILINGS}")
    tile = tiling.need(bank)
    return tile.need(next((name for name in names if name in tile.fields()), names[0])).size()
