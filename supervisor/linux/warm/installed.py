"""What `nono warm` was loaded from: once any of it is another file, it is another nono's."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from nono.shims.linux.looks import can_look, digest, packed
from nono.supervisor.linux.processes import read_bounded, started

_MAX_FILES = 20_000
_MAX_MAPS = 1 << 22
_NANOSECONDS = 1_000_000_000

Identity = tuple[int, int, int, int, int]
"""Of a file: what changes with it."""


class Installed:
    """Of this process, once everything is loaded."""

    def __init__(self, searched: Sequence[str]) -> None:
        """`searched` is where modules were looked for at the start."""
        found = islice((*searched, *_files()), _MAX_FILES)
        paths = dict.fromkeys(path for path in found if os.path.isabs(path))
        self._at_once = _at_once(paths)
        self._found = digest(self._at_once) if self._at_once else b""
        self._files = {path: _identity(path) for path in paths}
        self._deleted = _replaced_libraries()

    def changed(self) -> str:
        """A file that is not what it was; empty for none. Raises OSError."""
        if self._at_once and digest(self._at_once) == self._found:
            return self._deleted
        for path, identity in self._files.items():
            if _identity(path) != identity:
                return path
        return self._deleted

    def changed_while_loading(self, since: int = 0) -> str:
        """A file that may have been loaded before it became what it is; empty for none.

        `since` is when that began, where the process is older.
        """
        since = max(since, _since())
        for path, identity in self._files.items():
            if identity is not None and not os.path.isdir(path) and max(identity[3:]) > since:
                return path
        return self._deleted


def _at_once(paths: Iterable[str]) -> bytes:
    """To look at all of them in one call; nothing where that was not compiled."""
    if not can_look():
        return b""
    return b"".join(packed("identity", [os.fsencode(path)], 0, 0) for path in paths)


def _files() -> Iterator[str]:
    yield from (sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"))
    packages: set[str] = set()
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.isabs(file):
            yield file
        if name.partition(".")[0] == "nono":
            packages.update(getattr(module, "__path__", ()))
    for package in packages:
        # What is loaded only when it is needed, its data and programs have to be of the same nono.
        for directory, below, names in os.walk(package):
            below[:] = [name for name in below if _is_data(os.path.join(directory, name))]
            yield from (os.path.join(directory, name) for name in names)
    yield from _mapped()


def _is_data(directory: str) -> bool:
    """A package has its own turn, and what Python keeps in `__pycache__` is made of the rest."""
    is_package = os.path.exists(os.path.join(directory, "__init__.py"))
    return not is_package and os.path.basename(directory) != "__pycache__"


def _mapped() -> Iterator[str]:
    """The files that are mapped, libraries above all: proc_pid_maps(5)."""
    text = read_bounded("/proc/self/maps", _MAX_MAPS)
    for line in text.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5].startswith(b"/") and not fields[5].startswith(b"/dev/"):
            yield os.fsdecode(fields[5])


def _replaced_libraries() -> str:
    return next((path for path in _mapped() if path.endswith(" (deleted)")), "")


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _since() -> int:
    """When this process started, in nanoseconds of the clock that files have."""
    own = started(os.getpid())
    ticks = 0 if own is None else own.ticks
    booted = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return booted + ticks * _NANOSECONDS // os.sysconf("SC_CLK_TCK")
