"""Which processes there are: libproc.h. Numbers alone, which others get when a process is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nono.shims.errors import failure
from nono.shims.macos.library import ffi, library

_FEW = 256
_MAX = 1 << 20


def children(pid: int) -> list[int]:
    """The children of a process; none of one that is gone. Raises OSError."""
    return _listed(lambda buffer, size: library().proc_listchildpids(pid, buffer, size))


def everything() -> list[int]:
    """All processes of the machine. Raises OSError."""
    return _listed(lambda buffer, size: library().proc_listallpids(buffer, size))


def _listed(ask: Callable[[Any, int], int]) -> list[int]:
    """What the call writes into a buffer; a full one may not have been enough."""
    room = _FEW
    while True:
        buffer = ffi.new("int[]", room)
        found = ask(buffer, room * ffi.sizeof("int"))
        if found < 0:
            raise failure(ffi.errno)
        if found < room or room >= _MAX:
            return [pid for pid in ffi.unpack(buffer, min(found, room)) if pid > 0]
        room *= 4
