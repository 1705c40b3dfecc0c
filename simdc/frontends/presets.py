"""Files that come with simdc and are addressed by name: `--hw HI3`, `simdc resnet50`."""

from __future__ import annotations

from pathlib import Path

from simdc.errors import SimdcError, suggestion

SUFFIXES = {"hardware": (".json",), "networks": (".dsl", ".json")}
"""By kind of preset. Where two files share a name, the suffix that stands first wins."""


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
    """The path that `source` means: itself if it looks like a path or is a file, else a preset's. Raises SimdcError."""
    path = Path(source)
    if "/" in source or "\\" in source or _is_there(path):
        return source
    known = presets(kind)
    if path.suffix:
        preset = f"; the preset is called '{path.stem}'" if path.stem in known else ""
        raise SimdcError(f"there is no such file{preset}", file=source)
    if source in known:
        return str(known[source])
    close = next((f"; did you mean '{name}'?" for name in known if name.lower() == source.lower()), "")
    close = close or suggestion(source, list(known))
    raise SimdcError(f"there is no file or preset '{source[:80]}'{close}; presets are {', '.join(known)}")


def _is_there(path: Path) -> bool:
    """Whether there is something to read. A directory does not hide the preset of its name."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False
