"""Memory of another process that process_vm_readv(2) does not read, though its owner can.

What may only be written or run (PROT_WRITE, PROT_EXEC) can be read on the processors here: they
have no such pages, unless a protection key makes them. The kernel reads a call's arguments there
for its owner, and for others by /proc/TID/mem alone, which reads PROT_NONE as well: so what each
part may be used for is looked up first. See proc_pid_mem(5), PROCMAP_QUERY of linux/fs.h.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct

_PROCMAP_QUERY = 0xC0686611
"""Since Linux 6.11."""
_QUERY = struct.Struct("=8Q40x")
"""Size, which of them (0: the one that holds the address), address; start, end, rights, ..."""
_ANY_RIGHT = 1 | 2 | 4
"""Reading, writing, running."""


def read(tid: int, address: int, size: int) -> bytes:
    """At most `size` bytes: those up to the first that nobody may use for anything.

    None of them where the kernel does not tell.
    """
    found = bytearray()
    with contextlib.ExitStack() as files, contextlib.suppress(OSError):
        maps, memory = (_opened(files, f"/proc/{tid}/{name}") for name in ("maps", "mem"))
        while len(found) < size:
            start = address + len(found)
            part = os.pread(memory, min(_end(maps, start) - start, size - len(found)), start)
            if not part:
                break
            found += part
    return bytes(found)


def _opened(files: contextlib.ExitStack, name: str) -> int:
    fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    files.callback(os.close, fd)
    return fd


def _end(maps: int, address: int) -> int:
    """Where the part of memory that holds an address ends; the address where it has no rights."""
    query = bytearray(_QUERY.pack(_QUERY.size, 0, address, 0, 0, 0, 0, 0))
    fcntl.ioctl(maps, _PROCMAP_QUERY, query)
    _, _, _, _, end, rights, *_ = _QUERY.unpack(query)
    return end if rights & _ANY_RIGHT else address
