"""The C library, for the system calls that Python does not wrap (cffi, no compiler, no parser).

Everything else in this folder goes through `syscall`, which raises `OSError` as `os` does.
"""

from __future__ import annotations

from nono.shims.errors import failure
from nono.shims.linux import _libc

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

ffi: Any = _libc.ffi
lib: Any = ffi.dlopen(None)

_c_syscall = lib.syscall


def syscall(number: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0) -> int:
    """Call syscall(2) with integers (addresses come from `address`).

    Returns the result, never negative. Raises OSError with the call's errno.
    """
    result: int = _c_syscall(number, a, b, c, d, e, 0)
    if result < 0:
        raise last_error()
    return result


def last_error() -> OSError:
    """An OSError of the errno that the last call of this thread left."""
    error = ffi.errno
    return failure(error)


def address(buffer: Any) -> int:
    """The address of a cffi buffer or of `ffi.from_buffer(...)`; the caller keeps it alive."""
    return int(ffi.cast("uintptr_t", buffer))
