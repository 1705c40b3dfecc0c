"""A lowered network as plain records: its layers with the kernels that they can be, and what reports say around them.

A machine decides element widths of a network and what runs as one (`key.felt_by_lowering`); all machines that agree in
these price the same records.
"""

from __future__ import annotations

from simdc.cost.forms import Forms
from simdc.cost.machines import AnyMachine
from simdc.cost.mapped_forms import split_form, with_mappings
from simdc.ir.runs import InputFile
from simdc.named import NamedTuple


class Memory(NamedTuple):
    """Bytes of DRAM.

    `weights` are parameters; `statistics` what else comes with the network, dropout masks, running statistics and
    constants; `state` the optimizer's, master weights included; `gradients` those of parameters; `kept` the results of
    forward layers that backward layers read; `peak` the most that is there at once, at layer `peak_layer`.

    Tensors count as they are, without padding of channels to the arrays.
    """

    weights: int
    statistics: int
    state: int
    gradients: int
    kept: int
    peak: int
    peak_layer: str


class Edge(NamedTuple):
    """A tensor of `bytes` that the layer `begin` makes and the layer `end` reads. `begin` is empty for an input of the
    network, `end` for a result."""

    begin: str
    end: str
    bytes: int


class LoweredLayer(NamedTuple):
    """`runs_on` is the array of its op, empty for a layer that moves and computes nothing; `forms` are what it can be,
    without the mappings of any machine, and `units` the array of each form. `first_form` is the name that a report
    leaves out. `computing` names what computes among `members`; `multiplies` tells a product, wherever it runs;
    `merged` are (node, layer that does its work); `place` is file, line and column."""

    name: str
    op: str
    runs_on: str
    forms: Forms
    units: tuple[str, ...]
    first_form: str
    step: str
    multiplies: bool
    folded: tuple[str, ...]
    merged: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, str], ...]
    computing: str
    place: tuple[str, int, int] | None

    # What a person gave stands in the IR, and such a network is not kept.
    has_given_form = False
    has_given_tiling = False

    def forms_on(self, machine: AnyMachine) -> Forms:
        """What it can be on a machine."""
        return with_mappings(self.forms, machine)

    def unit_of(self, form: str) -> str:
        """The array of a form by its name, with or without a mapping."""
        names, base = [name for name, _ in self.forms], split_form(form)[0]
        # What has one form calls it nothing, or `array` where it has mappings.
        return self.units[names.index(base) if base in names else 0]


class LanguageFacts(NamedTuple):
    """What there is of a network with attention whatever it is priced on. `causal` has useful products and all of the
    layers behind a causal mask, `roles` a role of each layer, `cache` the fields of the report's record."""

    tokens: int
    context: int
    appends: bool
    causal: tuple[tuple[str, int, int], ...]
    cache: tuple[int, int, int] | None
    roles: tuple[tuple[str, str], ...]
    recomputed_bits: int | None


class LoweredNetwork(NamedTuple):
    """`layers` in program order, with those that cost nothing. `alive` are bytes of DRAM in use while each layer runs,
    `resident` those of what is there all the time; `shapes` are those of what goes in. `inputs` are the files that it
    was read from."""

    name: str
    phase: str
    batch: int
    batch_text: str
    parameters: int
    layers: tuple[LoweredLayer, ...]
    notes: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    memory: Memory | None
    alive: tuple[tuple[str, int], ...]
    resident: int
    graph: tuple[Edge, ...]
    shapes: tuple[tuple[int, ...], ...]
    language: LanguageFacts | None

    def alive_bytes(self) -> dict[str, int]:
        return dict(self.alive)

    def resident_bytes(self) -> int:
        return self.resident

    def edges(self) -> tuple[Edge, ...]:
        return self.graph

    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        return self.shapes
