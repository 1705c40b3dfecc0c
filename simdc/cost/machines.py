"""Names for either kind of machine, which load neither: most commands know one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .hardware import Hardware
    from .machine import Machine

    AnyMachine: TypeAlias = Hardware | Machine
    SomeMachine = TypeVar("SomeMachine", bound=AnyMachine)
else:
    # `typing` compiles what stands in quotes, and the first `compile` of a process takes as long as importing 20 files.
    AnyMachine, SomeMachine = object, TypeVar("SomeMachine")
