"""What a cost model is: what it answers, and what it says of itself, so that nobody has to know it by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar, cast, get_args

from simdc.frozen import Frozen

from .extensions import HardwareField
from .guards import SOUND, Check
from .hardware import Hardware
from .kernel import ArrayKernel, Chain, FusedProducts, Kernel, TiledKernel
from .machines import AnyMachine, SomeMachine
from .model_options import ModelOption
from .ratio import as_number
from .result import Cost, Number
from .rule import GENESYS, MachineRule
from .structure import fractions_of, options_of
from .tiling import Tiling

WidthRule = Literal["dataflow", "program-order"]
WIDTH_RULES: tuple[WidthRule, ...] = get_args(WidthRule)
if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultedTypeVar

    from .account import Account
    from .along import LineLayer, LinePricer
    from .analysis import Analysis
    from .batch import BatchCost
    from .chosen import Forms
    from .together import NetworkPricer

    Taken = DefaultedTypeVar("Taken", bound=AnyMachine, default=Hardware, contravariant=True)
else:
    # Defaults are for type checkers; importing typing_extensions takes as long as all machines do.
    Taken = TypeVar("Taken", bound=AnyMachine, contravariant=True)
"""The kind of machine that a model takes: a systolic and a SIMD array where a class says nothing."""


class Uncosted(Exception):
    """The model does not know this kernel. The message says what it lacks; reports name the layer with it."""


class CostModel(ABC, Generic[Taken]):
    """A cost model makes legal tilings by its own rules and prices a tiled kernel. `load_model` makes one by calling
    its class with the network's phase.

    A subclass of another model that has its own `greedy` or `evaluate` is another model: of what the class it comes
    from says of itself (`CLAIMS`) it has only what it says again. One with its own `rule` is no longer `separable`.
    """

    name: str
    options: tuple[ModelOption, ...] = ()
    """Its class is called with the phase and, by name, a value of each."""
    width_rule: WidthRule = "dataflow"
    """The rule of `simdc-assign-widths` by which tensors between layers are stored."""
    rule: MachineRule = GENESYS
    """What the machine does, for search and verification: see `searchable` and `verifiable`."""
    extension_fields: tuple[HardwareField, ...] = ()
    """Hardware fields of its own: `extensions.<name of the model>.<field>` of a machine."""
    machines: tuple[type, ...] = (Hardware,)
    """Kinds of machines that it takes."""
    searchable: bool = False
    """Whether the bounds of `simdc.cost.search` hold for it: its cost is that of the tiles that `exact` runs."""
    verifiable: bool = False
    """Whether the tile simulator and the execution of the tiles must give its numbers."""
    separable: bool = False
    """Whether it looks at no other fields of a machine than `simdc/explore/dependence.py` says for a unit and for a
    greedy tiling. Where it does not say so, an exploration prices each machine by itself."""

    levels: tuple[str, ...] = ()
    """What each level of its analyses knows beside the one before, where they have levels."""
    forward_only: bool = False
    """Whether it has no price for the backward layers and updates of a training step."""
    knows: tuple[str, ...] = ()
    """Options of machines under which its numbers mean what they say, by dotted path or the beginning of one. A machine
    that has another at a value that is not its default is not taken."""
    takes_fractions: bool = False
    """Whether ports may move fractions of a bit a cycle, as at 12.8 GB/s and 1 GHz."""
    takes_forms: bool = False
    """Whether it prices whatever form of a layer it is asked about. Otherwise a layer is what it is in its first."""

    def __init_subclass__(cls) -> None:
        # class Faster(ExactModel) with an `evaluate` of its own: `searchable` would be inherited, and the search would
        # prune by bounds that hold for `exact` only.
        if not {"greedy", "evaluate"}.isdisjoint(vars(cls)):
            for claim in CLAIMS - set(vars(cls)):
                setattr(cls, claim, vars(CostModel)[claim])
        # Ports that share a channel couple fields that `dependence.py` takes apart.
        elif "rule" in vars(cls) and "separable" not in vars(cls):
            cls.separable = False

    @abstractmethod
    def greedy(self, kernel: Kernel, hardware: Taken) -> Tiling:
        """A legal tiling. Raises TilingError when even the innermost tile does not fit, Uncosted as `evaluate`."""

    @abstractmethod
    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Taken) -> Cost:
        """Raises TilingError for a tiling that is not legal, Uncosted for a kernel that the model does not know."""

    def default(self, kernel: Kernel, hardware: Taken) -> Tiling:
        """The tiling of a kernel that comes with none. Raises as `greedy`."""
        return self.greedy(kernel, hardware)

    def least_cycles(self, kernel: Kernel, hardware: Taken) -> Number:
        """Cycles that `evaluate` gives at least, whatever the tiling: of several forms those that cannot be the fastest
        are not tiled."""
        del kernel, hardware
        return 0

    def guard(self, kernel: Kernel) -> Check:
        """The check of what `evaluate` answers for `kernel`: for `exact` that each port moves at least what is used."""
        del kernel
        return SOUND.check

    def artefacts(self, kernel: Kernel, tiling: Tiling, hardware: Taken) -> Sequence[str]:
        """What is wrong with the model's own answer, in words that do not depend on the layer: reports warn of it."""
        del kernel, tiling, hardware
        return ()

    def analyse(self, kernel: Kernel, tiling: Tiling, hardware: Taken) -> Analysis | None:
        """What the model knows of a layer beside its cost, for reports; None for a model that knows no more. Raises as
        `evaluate`."""
        del kernel, tiling, hardware
        return None

    def account(self, kernel: Kernel, tiling: Tiling, hardware: Taken) -> Account | None:
        """What the cycles of `evaluate` went to; None for a model that knows no more than compute and stall. Raises as
        `evaluate`."""
        del kernel, tiling, hardware
        return None

    def price_many(self, kernel: Kernel, machines: Taken) -> BatchCost:
        """As `greedy` and `evaluate` for each machine of a batch (`simdc.cost.batch.machines_like`). Raises Uncosted,
        and NotImplementedError where `prices_many` is false."""
        raise NotImplementedError

    def price_rates(self, kernel: Kernel, tiling: Tiling, dearest: Taken, rates: Mapping[str, object]) -> Cost:
        """As `evaluate` on machines that differ in fields that no greedy tiling looks at: `rates` has their values by
        path, an array each, of which `dearest` has the largest. Numbers of the cost are arrays. Raises TilingError, and
        NotImplementedError where `prices_rates` is false."""
        raise NotImplementedError

    def together(self, layers: Sequence[Forms], times: Sequence[int]) -> NetworkPricer | None:
        """What prices a network's distinct `layers` at once, which has each of them so many `times`: as `default` or
        `greedy` and `evaluate`, in the cheapest form. None where layers are asked for one by one."""
        del layers, times
        return None

    def along(self, layers: Sequence[LineLayer], steps: int) -> LinePricer | None:
        """What prices layers at each of so many `steps`, as `together` does. None where each step is a network of its
        own."""
        del layers, steps
        return None

    # Asked of the class: whoever overrides the method can do it, and need not say so beside it.
    @property
    def prices_many(self) -> bool:
        return type(self).price_many is not CostModel.price_many

    @property
    def prices_together(self) -> bool:
        return type(self).together is not CostModel.together

    @property
    def prices_rates(self) -> bool:
        return type(self).price_rates is not CostModel.price_rates

    @property
    def analyses(self) -> bool:
        return type(self).analyse is not CostModel.analyse

    @property
    def default_is_greedy(self) -> bool:
        return type(self).default is CostModel.default


AnyModel: TypeAlias = CostModel[AnyMachine]
"""A model whose machines `check_machine` looks at before it is asked."""


def guard_of(model: CostModel[SomeMachine], kernel: Kernel) -> Callable[[Cost, AnyMachine], None]:
    """The model's check of what it answers for `kernel`; it looks at machines that the model takes."""
    return cast("Callable[[Cost, AnyMachine], None]", model.guard(kernel))


def tiled_kernel(kernel: Kernel) -> TiledKernel:
    """For what knows no chains. Raises Uncosted for one."""
    if isinstance(kernel, Chain):
        raise Uncosted(f"no model of this machine prices {kernel.kind} as one layer")
    return kernel


def array_kernel(kernel: Kernel) -> ArrayKernel:
    """For what knows one array at a time. Raises Uncosted for a kernel on both, or a chain."""
    kernel = tiled_kernel(kernel)
    if isinstance(kernel, FusedProducts):
        raise Uncosted(f"{kernel.kind} that stays on chip runs on both arrays at once, one is all that is known here")
    return kernel


CLAIMS = frozenset(
    {"searchable", "verifiable", "separable", "takes_forms", "takes_fractions", "forward_only", "knows"}
    | {"guard", "least_cycles", "analyse", "account", "price_many", "price_rates"}
)


def check_machine(model: CostModel, machine: object, varied: Iterable[str] = ()) -> None:
    """Raise ValueError for a kind of machine, or an option of one, that the model does not take. Options that are
    `varied` have other values than the machine's, too."""
    if not isinstance(machine, model.machines):
        taken = " or ".join(getattr(kind, "KIND", kind.__name__) for kind in model.machines)
        given = f"{getattr(machine, 'name', 'it')} has {getattr(machine, 'KIND', type(machine).__name__)}"
        raise ValueError(f"the cost model '{model.name}' takes a machine with {taken}; {given}")
    for path in varied:
        if not knows(model, path):
            raise ValueError(f"the cost model '{model.name}' does not know {path}, which varies")
    check_options(model, cast("Frozen", machine))


def check_options(model: CostModel[SomeMachine], machine: Frozen) -> None:
    """Raise ValueError for an option of a machine, or a fraction of a bit a cycle, that the model does not take."""
    name = getattr(machine, "name", "the machine")
    for path, value in options_of(machine).items():
        if not knows(model, path):
            raise ValueError(f"the cost model '{model.name}' does not know {path}; {name} has {path}={value}")
    for path, rate in () if model.takes_fractions else fractions_of(machine):
        raise ValueError(
            f"the cost model '{model.name}' takes whole bits a cycle; {path} of {name} is {as_number(rate)}"
        )


def knows(model: CostModel[SomeMachine], path: str) -> bool:
    """Whether the model takes an option of a machine into account."""
    return any(f"{path}.".startswith(f"{known}.") for known in model.knows)
