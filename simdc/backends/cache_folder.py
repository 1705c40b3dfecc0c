"""The user's cache: where files lie that can be made again, which are trusted, and how many stay.

`$XDG_CACHE_HOME/simdc`, or `~/.cache/simdc`; whoever takes it away loses nothing but time. A file is trusted only if it
belongs to whoever reads it and nobody else may write it. Where nothing can be read or written there is no cache, and
nobody is told.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

LARGEST_BYTES = 8 * 2**20
"""Of a file: more than 20,000 different layers."""
FILES = 200
ALL_BYTES = 64 * 2**20


def cache_folder(kind: str) -> str:
    """Where files of a kind are kept, there or not."""
    # An empty or relative variable counts as none, as the specification of these folders says.
    home = os.environ.get("XDG_CACHE_HOME", "")
    home = home if os.path.isabs(home) else os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "simdc", kind)


def read_cached(path: str) -> bytes | None:
    """The bytes of a file of the cache; None where there is none that can be trusted. The file counts as used now."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        if not _is_own(os.fstat(handle)):
            return None
        with suppress(OSError):
            os.utime(path)
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(LARGEST_BYTES)
    except OSError:
        return None
    finally:
        os.close(handle)


def _is_own(status: os.stat_result) -> bool:
    own = getattr(os, "geteuid", lambda: status.st_uid)()
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) if os.name == "posix" else 0
    return stat.S_ISREG(status.st_mode) and status.st_uid == own and not others_write


def write_cached(path: str, data: bytes) -> None:
    """Write a file of the cache, whole or not at all, and take away those that were not used for longest where there
    are too many."""
    if len(data) > LARGEST_BYTES:
        return
    folder, name = os.path.split(path)
    # Two processes that write the same file write two, of which the last stays.
    unfinished = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "wb") as stream:
                stream.write(data)
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise
        _shorten(folder)
    except OSError:
        return


def _shorten(folder: str) -> None:
    """Unfinished files of processes that died are old and go, too."""
    with os.scandir(folder) as entries:
        files = [(entry.stat(follow_symlinks=False), entry.path) for entry in entries]
    files.sort(key=lambda file: -file[0].st_mtime_ns)
    room = ALL_BYTES
    for place, (status, path) in enumerate(files):
        room -= status.st_size
        if place >= FILES or room < 0:
            os.unlink(path)
