"""Try to close each of these directories to its owner in every way, and say how each way ended."""

import ctypes
import os
import struct
import sys
from collections.abc import Callable

FCHMODAT2 = 452
AT_EMPTY_PATH = 0x1000
ENTRIES = ((1, 4), (4, 7), (0x20, 5))
ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, right, 0xFFFFFFFF) for tag, right in ENTRIES
)
libc = ctypes.CDLL(None, use_errno=True)


def fchmodat2(fd: int, mode: int) -> None:
    if libc.syscall(FCHMODAT2, fd, b"", mode, AT_EMPTY_PATH):
        raise OSError(ctypes.get_errno(), "fchmodat2")


def close(directory: str) -> None:
    name = os.path.basename(directory)
    inside = os.open(directory, os.O_RDONLY)
    above = os.open(os.path.dirname(directory) or ".", os.O_RDONLY)
    access_list = "system.posix_acl_access"
    ways: dict[str, Callable[[], None]] = {
        "chmod": lambda: os.chmod(directory, 0o444),
        "chmod 0": lambda: os.chmod(directory, 0),
        "fchmod": lambda: os.fchmod(inside, 0o311),
        "fchmodat": lambda: os.chmod(name, 0o200, dir_fd=above),
        "fchmodat2": lambda: fchmodat2(inside, 0o444),
        "setxattr": lambda: os.setxattr(directory, access_list, ACCESS_LIST),
        "fsetxattr": lambda: os.setxattr(inside, access_list, ACCESS_LIST),
    }
    for way, attempt in ways.items():
        try:
            attempt()
            print(directory, way, "WON")
        except OSError as error:
            print(directory, way, error.strerror)
        for harmless in (0o555, 0o700, 0o755):
            os.chmod(directory, harmless)


for each in sys.argv[1:]:
    close(each)
