"""The identity of a file that survives renames and is not reused: name_to_handle_at(2)."""

from __future__ import annotations

import errno
import os
import struct

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscalls import machine, number

_AT_EMPTY_PATH = 0x1000
_MAX_HANDLE_SIZE = 128
_HEADER = struct.Struct("=Ii")
_NUMBER = number(machine(), "name_to_handle_at")
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EOVERFLOW, errno.EPERM, errno.ENOSYS}


def identity(fd: int) -> bytes:
    """What tells the object behind `fd` from every other one on this machine, now and later.

    The device, the inode number and, where the file system has them, its file handle, which
    holds the inode's generation. Raises OSError.
    """
    status = os.fstat(fd)
    key = struct.pack("=QQ", status.st_dev, status.st_ino)
    buffer = ffi.new(f"char[{_HEADER.size + _MAX_HANDLE_SIZE}]")
    view = ffi.buffer(buffer)
    view[: _HEADER.size] = _HEADER.pack(_MAX_HANDLE_SIZE, 0)
    mount_id = ffi.new("int *")
    empty = ffi.new("char[1]")
    try:
        syscall(_NUMBER, fd, address(empty), address(buffer), address(mount_id), _AT_EMPTY_PATH)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return key
    size, kind = _HEADER.unpack(view[: _HEADER.size])
    return key + struct.pack("=i", kind) + bytes(view[_HEADER.size : _HEADER.size + size])
