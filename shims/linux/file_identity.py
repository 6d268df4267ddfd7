"""The identity of a file, which survives renames and is never another's: name_to_handle_at(2).

A device and an inode number are not enough: a deleted file's number is soon given to a new file.
"""

from __future__ import annotations

import errno
import os
import struct

from nono.shims.linux.at import AT_EMPTY_PATH, AT_HANDLE_FID
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number

_MAX_HANDLE_SIZE = 128
_HEADER = struct.Struct("=Ii")
_NAME_TO_HANDLE_AT = own_number("name_to_handle_at")
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EOVERFLOW, errno.EPERM, errno.ENOSYS, errno.EINVAL}

_STATX = own_number("statx")
_STATX_BTIME = 0x800
_STATX_SIZE = 256
_BTIME_OFFSET, _BTIME_SIZE = 80, 12  # of a struct statx_timestamp in struct statx


def identity(fd: int) -> bytes | None:
    """What tells the object behind `fd` from every other one on this machine, now and later.

    The device, the inode number and the file system's handle, which holds the inode's generation;
    where it has none, the time of birth. None where it has neither. Raises OSError.
    """
    status = os.fstat(fd)
    particular = _handle(fd, 0) or _handle(fd, AT_HANDLE_FID) or _birth(fd)
    if particular is None:
        return None
    return struct.pack("=QQ", status.st_dev, status.st_ino) + particular


def _handle(fd: int, flags: int) -> bytes | None:
    buffer = ffi.new(f"char[{_HEADER.size + _MAX_HANDLE_SIZE}]")
    view = ffi.buffer(buffer)
    view[: _HEADER.size] = _HEADER.pack(_MAX_HANDLE_SIZE, 0)
    mount_id = ffi.new("int *")
    empty = ffi.new("char[1]")
    where = (fd, address(empty), address(buffer), address(mount_id))
    try:
        syscall(_NAME_TO_HANDLE_AT, *where, AT_EMPTY_PATH | flags)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return None
    size, kind = _HEADER.unpack(view[: _HEADER.size])
    return struct.pack("=i", kind) + bytes(view[_HEADER.size : _HEADER.size + size])


def _birth(fd: int) -> bytes | None:
    buffer = ffi.new(f"char[{_STATX_SIZE}]")
    empty = ffi.new("char[1]")
    syscall(_STATX, fd, address(empty), AT_EMPTY_PATH, _STATX_BTIME, address(buffer))
    data = bytes(ffi.buffer(buffer))
    if not struct.unpack_from("=I", data)[0] & _STATX_BTIME:
        return None
    return b"birth" + data[_BTIME_OFFSET : _BTIME_OFFSET + _BTIME_SIZE]
