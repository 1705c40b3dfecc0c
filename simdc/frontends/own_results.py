"""What simdc wrote of runs, given in the place of a network or a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simdc.errors import SimdcError

RESULTS = r"simdc-(cost|comparison|diff|judged|growth)/\d+"


def refuse_results(data: Mapping[str, object], file: str, wanted: str) -> None:
    """Raise SimdcError where `data` is a result and not what is `wanted`."""
    schema = data.get("schema")
    if isinstance(schema, str) and (found := re.fullmatch(RESULTS, schema)):
        remedy = "; `simdc diff` sets two of them side by side" if found[1] == "cost" else ""
        raise SimdcError(f"is {schema}, what simdc wrote of a run, and no {wanted}{remedy}", file=file)
