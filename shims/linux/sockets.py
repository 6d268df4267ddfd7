"""connect(2) and bind(2) with an address as bytes, exactly as somebody else gave it."""

from __future__ import annotations

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscalls import machine, number

_CONNECT = number(machine(), "connect")
_BIND = number(machine(), "bind")

ADDRESS_MAX = 128
"""sizeof(struct sockaddr_storage)."""


def connect(fd: int, sockaddr: bytes) -> None:
    """connect(2). Raises OSError."""
    buffer = ffi.from_buffer(sockaddr)
    syscall(_CONNECT, fd, address(buffer), len(sockaddr))


def bind(fd: int, sockaddr: bytes) -> None:
    """bind(2). Raises OSError."""
    buffer = ffi.from_buffer(sockaddr)
    syscall(_BIND, fd, address(buffer), len(sockaddr))
