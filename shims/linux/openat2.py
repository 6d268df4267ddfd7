"""openat2(2): open with limits on how the path is resolved. Linux 5.6."""

from __future__ import annotations

import functools
import struct

from nono.shims.linux.libc import ffi, last_error, lib

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10
RESOLVE_CACHED = 0x20

_HOW = struct.Struct("=QQQ")
HOW_SIZE = _HOW.size
_NUMBER = 437  # the same on every architecture

_syscall = ffi.cast("openat2_syscall", lib.syscall)


def openat2(dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open `path` below `dirfd` and return the descriptor. Raises OSError."""
    result: int = _syscall(_NUMBER, dirfd, path, _how(flags, mode, resolve), HOW_SIZE)
    if result < 0:
        raise last_error()
    return result


@functools.lru_cache(maxsize=64)
def _how(flags: int, mode: int, resolve: int) -> Any:
    """A struct open_how, kept: the loop asks for the same few all the time."""
    return ffi.new("char[]", _HOW.pack(flags, mode, resolve))


def unpack_how(data: bytes) -> tuple[int, int, int]:
    """(flags, mode, resolve) of a struct open_how that somebody else filled in."""
    flags, mode, resolve = _HOW.unpack(data)
    return flags, mode, resolve
