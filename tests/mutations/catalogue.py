"""All mistakes that are listed one by one."""

from __future__ import annotations

from tests.mutations import (
    catalogue_exact,
    catalogue_ladder,
    catalogue_machine,
    catalogue_order,
    catalogue_search,
    catalogue_simdit,
)

LISTED = (
    *catalogue_exact.LISTED,
    *catalogue_machine.LISTED,
    *catalogue_order.LISTED,
    *catalogue_ladder.LISTED,
    *catalogue_search.LISTED,
    *catalogue_simdit.LISTED,
)
