"""Files that come with simdc and are addressed by name: `--hw HI3`, `simdc resnet50`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from simdc.errors import SimdcError, suggestion

SUFFIXES = {"hardware": (".json",), "networks": (".dsl", ".json")}
"""By kind of preset. Where two files share a name, the suffix that stands first wins."""
NEIGHBOURS = 1000
"""Files of a folder that are looked at for one that may have been meant."""


def presets(kind: str) -> dict[str, Path]:
    """Name to file. An installed wheel holds them inside the package, a checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    folders = [folder for folder in (package / "presets" / kind, package.parent / "examples" / kind) if folder.is_dir()]
    found: dict[str, Path] = {}
    for folder in folders[:1]:
        for suffix in SUFFIXES[kind]:
            for path in sorted(folder.glob(f"*{suffix}")):
                found.setdefault(path.stem, path)
    return found


def find_file(source: str, kind: str) -> str:
    """The path that `source` means: itself if it is standard input, looks like a path or is a file, else a preset's.
    Raises SimdcError."""
    path = Path(source)
    if is_stream(source) or _is_there(path):
        return source
    known = presets(kind)
    if "/" in source or "\\" in source or path.suffix:
        if _is_missing(path):
            is_preset = path.name == source and path.stem in known
            hint = f"; the preset is called '{path.stem}'" if is_preset else _beside(path)
            raise SimdcError(f"there is no such file{hint}", file=source)
        return source
    if source in known:
        return str(known[source])
    close = next((f"; did you mean '{name}'?" for name in known if name.lower() == source.lower()), "")
    close = close or suggestion(source, list(known))
    raise SimdcError(f"there is no file or preset '{source[:80]}'{close}; presets are {', '.join(known)}")


def is_stream(source: str) -> bool:
    """Whether this is standard input, or a pipe of the shell such as /dev/fd/63: without a suffix, and read once."""
    return source == "-" or source.startswith("/dev/")


def _is_missing(path: Path) -> bool:
    """Whether nothing has this name; what cannot be looked at has another fault, which reading it tells."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _beside(path: Path) -> str:
    """`"; did you mean 'net.dsl'?"` where a file in the same folder is called almost so."""
    try:
        names = [each.name for each in islice(path.parent.iterdir(), NEIGHBOURS)]
    except OSError:
        return ""
    return suggestion(path.name, names)


def _is_there(path: Path) -> bool:
    """Whether there is something to read. A directory does not hide the preset of its name."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False
