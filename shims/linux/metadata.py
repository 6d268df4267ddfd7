"""Metadata calls on a descriptor, O_PATH ones included, that Python does not wrap as such."""

from __future__ import annotations

from nono.shims.linux.at import AT_EMPTY_PATH
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number

_FCHOWNAT = own_number("fchownat")
_UTIMENSAT = own_number("utimensat")
_FILE_SETATTR = 469  # the same on every architecture
_INOTIFY_ADD_WATCH = own_number("inotify_add_watch")


def chown(fd: int, owner: int, group: int) -> None:
    """Change the owner of what `fd` refers to, a symbolic link itself too: fchownat(2).

    0xFFFFFFFF leaves the owner or group as it is. Raises OSError.
    """
    empty = ffi.new("char[1]")
    syscall(_FCHOWNAT, fd, address(empty), owner & 0xFFFFFFFF, group & 0xFFFFFFFF, AT_EMPTY_PATH)


def utimens(fd: int, times: bytes | None) -> None:
    """Set the times of what `fd` refers to: utimensat(2) with AT_EMPTY_PATH, Linux 5.8.

    `times` is two struct timespec, None for now. Raises OSError.
    """
    empty = ffi.new("char[1]")
    buffer = ffi.from_buffer(times) if times is not None else None
    pointer = address(buffer) if buffer is not None else 0
    syscall(_UTIMENSAT, fd, address(empty), pointer, AT_EMPTY_PATH)


def file_setattr(fd: int, attributes: bytes) -> None:
    """Set the file attributes of what `fd` refers to; Linux 6.17. Raises OSError."""
    empty = ffi.new("char[1]")
    buffer = ffi.from_buffer(attributes)
    syscall(_FILE_SETATTR, fd, address(empty), address(buffer), len(attributes), AT_EMPTY_PATH)


def inotify_add_watch(inotify: int, path: str, mask: int) -> int:
    """inotify_add_watch(2): the watch descriptor. Raises OSError."""
    name = ffi.new("char[]", path.encode())
    return syscall(_INOTIFY_ADD_WATCH, inotify, address(name), mask & 0xFFFFFFFF)
