"""Options of cost models, written as those of passes: `nvdla{level=3}`."""

from __future__ import annotations

import re

from simdc.named import NamedTuple

SPEC = r"([^{}]*)(?:\{([^{}]*)\})?"


class ModelOption(NamedTuple):
    """An option with the values that it may have, the first of which is the default."""

    name: str
    values: tuple[str, ...]


def split_spec(spec: str) -> tuple[str, dict[str, str]]:
    """The model's name and its options as they were written. Raises ValueError."""
    if "{" not in spec and "}" not in spec:
        return spec.strip(), {}
    match = re.fullmatch(SPEC, spec.strip())
    if match is None:
        raise ValueError(f"'{spec[:80]}' is no model: a name, or name{{option=value}}")
    given: dict[str, str] = {}
    for setting in re.split(r"[\s,]+", (match[2] or "").strip()):
        option, equals, value = setting.partition("=")
        if setting and not (equals and option and value):
            raise ValueError(f"'{setting[:80]}' of '{spec[:80]}' must be option=value")
        if option in given:
            raise ValueError(f"'{spec[:80]}' gives {option} twice")
        if setting:
            given[option] = value
    return match[1].strip(), given


def chosen_options(model: str, options: tuple[ModelOption, ...], given: dict[str, str]) -> dict[str, str]:
    """Every option of a model with its value. Raises ValueError for one that is unknown, or a value that it may not
    have."""
    known = {option.name: option.values for option in options}
    for name, value in given.items():
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ValueError(f"the cost model '{model}' has no option '{name[:80]}'; {takes}")
        if value not in known[name]:
            raise ValueError(f"{model}: {name} must be one of {', '.join(known[name])}, got {value[:80]}")
    return {name: given.get(name, values[0]) for name, values in known.items()}
