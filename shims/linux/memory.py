"""Reading another process's memory, bounded: process_vm_readv(2). Nothing here ever writes."""

from __future__ import annotations

import builtins
import errno

from nono.shims.errors import failure
from nono.shims.linux.libc import ffi, last_error, lib

PATH_MAX = 4096
_FIRST_READ = 256


class Memory:
    """Reads from any thread's address space through buffers of its own; use it from one thread."""

    def __init__(self) -> None:
        self._buffer = ffi.new(f"char[{PATH_MAX}]")
        self._local, self._remote = ffi.new("struct iovec *"), ffi.new("struct iovec *")
        self._local.iov_base = self._buffer
        # The same two words as integers, since every open of the sandbox sets them.
        self._remote_words = ffi.cast("uintptr_t *", self._remote)

    def path(self, tid: int, address: int) -> bytes:
        """The NUL-terminated string at `address`, without its NUL.

        Raises OSError: EFAULT, ENAMETOOLONG (no NUL within PATH_MAX bytes), EPERM or ESRCH when
        the memory cannot be read.
        """
        for limit in (_FIRST_READ, PATH_MAX):
            count = self._read(tid, address, limit)
            text: bytes = ffi.string(self._buffer, count)
            if len(text) < count:
                return text
            if count < limit:
                text, end, _ = _without_read(tid, address, PATH_MAX).partition(b"\0")
                if end:
                    return text
                if len(text) < PATH_MAX:
                    raise failure(errno.EFAULT)
        raise failure(errno.ENAMETOOLONG)

    def bytes(self, tid: int, address: int, size: int) -> bytes:
        """Exactly `size` bytes, at most PATH_MAX. Raises OSError (EFAULT when some are missing)."""
        if size > PATH_MAX:
            raise failure(errno.E2BIG)
        if not size or self._read(tid, address, size) == size:
            return bytes(ffi.buffer(self._buffer, size))
        found = _without_read(tid, address, size)
        if len(found) < size:
            raise failure(errno.EFAULT)
        return found

    def _read(self, tid: int, address: int, size: int) -> int:
        """How many bytes could be read, from none on."""
        self._local.iov_len = size
        self._remote_words[0] = address
        self._remote_words[1] = size
        count: int = lib.process_vm_readv(tid, self._local, 1, self._remote, 1, 0)
        if count < 0:
            error = last_error()
            if error.errno != errno.EFAULT:
                raise error
        return max(count, 0)


def _without_read(tid: int, address: int, size: int) -> builtins.bytes:
    # What hardly any program does is loaded only then.
    from nono.shims.linux.memory_without_read import read

    return read(tid, address, size)
