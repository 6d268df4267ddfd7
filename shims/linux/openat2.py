"""openat2(2): open with limits on how the path is resolved. Linux 5.6."""

from __future__ import annotations

import struct

from nono.shims.linux.libc import address, ffi, syscall

AT_FDCWD = -100

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10
RESOLVE_CACHED = 0x20

_HOW = struct.Struct("=QQQ")
HOW_SIZE = _HOW.size
_NUMBER = 437  # the same on every architecture


def openat2(dirfd: int, path: bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open `path` below `dirfd` and return the descriptor. Raises OSError."""
    how = ffi.from_buffer(_HOW.pack(flags, mode, resolve))
    name = ffi.new("char[]", path)
    return syscall(_NUMBER, dirfd, address(name), address(how), HOW_SIZE)


def unpack_how(data: bytes) -> tuple[int, int, int]:
    """(flags, mode, resolve) of a struct open_how that somebody else filled in."""
    flags, mode, resolve = _HOW.unpack(data)
    return flags, mode, resolve
