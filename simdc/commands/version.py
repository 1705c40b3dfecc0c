"""`simdc --version`."""

from simdc import __version__
from simdc.cost.flat.core import COMPILED


def version_text() -> str:
    """`simdc 0.1.0 (compiled core)`: what runs, and whether it is compiled (`simdc.cost.flat`), which changes nothing
    but how long it takes. A core that was built of other sources, or does not load here, does not run."""
    return f"simdc {__version__} ({'core in plain Python' if COMPILED is None else 'compiled core'})"
