"""renameat2(2), which Python does not wrap. Linux 3.15."""

from __future__ import annotations

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2

_NUMBER = own_number("renameat2")


def renameat2(old_dirfd: int, old: bytes, new_dirfd: int, new: bytes, flags: int) -> None:
    """Rename `old` below `old_dirfd` to `new` below `new_dirfd`. Raises OSError."""
    old_name, new_name = ffi.new("char[]", old), ffi.new("char[]", new)
    syscall(_NUMBER, old_dirfd, address(old_name), new_dirfd, address(new_name), flags)
