"""Open each path by nono's library, with its mark alone and without it; print what came of it.

Arguments: the mark, then WAYS:PATH, where WAYS are the first letters of the ways, in this order.
"""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
OPENAT = 257 if os.uname().machine == "x86_64" else 56
AT_FDCWD = -100
mark = ctypes.c_ulong(int(sys.argv[1], 16))


def by_call(path, sixth):
    return libc.syscall(
        ctypes.c_long(OPENAT), AT_FDCWD, os.fsencode(path), 0, 0, 0, sixth
    )


WAYS = {
    "l": lambda path: libc.open(os.fsencode(path), 0),
    "m": lambda path: by_call(path, mark),
    "p": lambda path: by_call(path, ctypes.c_ulong(0)),
}
for each in sys.argv[2:]:
    ways, _, path = each.partition(":")
    for way in ways:
        opened = WAYS[way](path)
        if opened < 0:
            print(way, path, errno.errorcode[ctypes.get_errno()], flush=True)
        else:
            print(way, path, os.read(opened, 100).decode(), flush=True)
            os.close(opened)
