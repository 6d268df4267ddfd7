"""The least that a supervisor in Python can do for a stopped call: receive it, let it continue.

It decides nothing. What the fast lane costs beyond this is what deciding costs.
"""

from __future__ import annotations

import errno
import fcntl
import struct

RECV = 0xC0502100
SEND = 0xC0182101
SET_FLAGS = 0x40082104
FD_SYNC_WAKE_UP = 1
RESPONSE_CONTINUE = 1

_SIZE = 80
_RESPONSE = struct.Struct("=QqiI")


def serve(listener: int) -> None:
    """Until the program under the filter is gone. See seccomp_unotify(2)."""
    ioctl, pack, unpack = fcntl.ioctl, _RESPONSE.pack, struct.Struct("=Q").unpack_from
    try:
        ioctl(listener, SET_FLAGS, FD_SYNC_WAKE_UP)  # by value
    except OSError as error:
        if error.errno != errno.EINVAL:  # older than Linux 6.6
            raise
    empty = bytes(_SIZE)
    buffer = bytearray(_SIZE)
    while True:
        buffer[:] = empty
        try:
            ioctl(listener, RECV, buffer)
        except InterruptedError:
            continue
        except FileNotFoundError:
            return
        ioctl(listener, SEND, pack(unpack(buffer)[0], 0, 0, RESPONSE_CONTINUE))
