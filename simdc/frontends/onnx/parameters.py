"""The values of a model's weights, for running the network that was read from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike, fspath

import numpy as np
from numpy.typing import NDArray

from simdc.errors import SimdcError

from .importer import import_network
from .problems import Unsupported


def load_parameters(
    path: str | PathLike[str],
    batch: int | None = None,
    bind: Mapping[str, int] | None = None,
    weights: Collection[str] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Arrays by the labels of the network's parameters, as `backends.execute.execute` takes them.

    `batch`, `bind` and `weights` are what the network is loaded with. Weights are as the layers read them: transposed
    to [oc, ic] for a fully connected layer, `inv_std` for a variance. Raises SimdcError where the file has no values.
    """
    imported = import_network(fspath(path), batch, bind or {}, weights, allow_uncosted=True)
    values: dict[str, NDArray[np.float64]] = {}
    for label, constant in imported.constants.items():
        try:
            values[label] = np.asarray(constant.array(), np.float64).reshape(constant.shape)
        except (Unsupported, ValueError) as error:
            raise SimdcError(f"the values of '{label}': {error}", file=fspath(path)) from None
    return values
