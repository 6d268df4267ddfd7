"""Sockets as /proc/net lists them, for a kernel that answers no sock_diag(7): proc_pid_net(5).

A socket is known by its inode here. The kernel counts these and uses one again after four thousand
million others. A list is given in pieces, and what a closed socket shifts may be left out between
two of them: so each list is read twice, and what is in either is there.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_READINGS: Final = 2
_ACCEPTS: Final = 0x10000
"""__SO_ACCEPTCON, by which a listening unix socket is known."""


class Tcp(NamedTuple):
    """A TCP socket. Addresses are 16 bytes, one of IPv4 in its mapped form."""

    local: bytes
    local_port: int
    remote: bytes
    remote_port: int
    state: int
    identity: int


class Unix(NamedTuple):
    """A listening unix socket that has a name."""

    identity: int
    text: bytes
    """The name, each NUL of an abstract one as an @."""


def identity(sock: socket.socket) -> int:
    """What tells this socket from others here: negative, as no cookie is."""
    return -os.fstat(sock.fileno()).st_ino


def tcp() -> list[Tcp]:
    """Every TCP socket of the network namespace. Raises OSError."""
    rows = [*_rows("tcp"), *_rows("tcp6")]
    return [_tcp(fields) for fields in rows]


def unix() -> list[Unix]:
    """Every listening unix socket of the network namespace. Raises OSError."""
    found = []
    for line in _lines("unix"):
        # A name may have any byte, a line's end too: what looks like no line is the rest of one.
        number, _, rest = line.partition(b": ")
        fields = rest.split(maxsplit=6)
        if number.strip(b"0123456789abcdef") or len(fields) < 7:
            continue
        try:
            accepts, inode = int(fields[2], 16) & _ACCEPTS, int(fields[5])
        except ValueError:
            continue
        if accepts:
            found.append(Unix(-inode, fields[6]))
    return found


def _lines(name: str) -> Iterable[bytes]:
    found: dict[bytes, None] = {}
    for _ in range(_READINGS):
        with open(f"/proc/net/{name}", "rb") as file:
            found.update(dict.fromkeys(file.read().split(b"\n")[1:]))
    return found


def _rows(name: str) -> list[list[bytes]]:
    """The fields of each line; of no IPv6, none. Raises OSError."""
    try:
        return [line.split() for line in _lines(name) if line]
    except FileNotFoundError:
        if name == "tcp":
            raise
        return []


def _tcp(fields: list[bytes]) -> Tcp:
    local, remote = fields[1].split(b":"), fields[2].split(b":")
    return Tcp(
        _address(local[0]),
        int(local[1], 16),
        _address(remote[0]),
        int(remote[1], 16),
        int(fields[3], 16),
        -int(fields[9]),
    )


def _address(text: bytes) -> bytes:
    """Words of 32 bits, each as a number of this machine's byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return packed if len(words) > 1 else _MAPPED + packed
