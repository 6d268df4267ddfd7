"""Sockets as /proc/net lists them, for a kernel that answers no sock_diag(7): proc_pid_net(5).

A socket is known by its inode here. The kernel counts these and uses one again after four thousand
million others. A list is given in pieces, and what a closed socket shifts may be left out between
two of them: so each list is read twice, and what is in either is there.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Final

_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_READINGS: Final = 2
_LOCAL: Final = 48
"""The local end of a line is before this: a number, and 32 digits at most."""
_ACCEPTS: Final = 0x10000
"""__SO_ACCEPTCON, by which a listening unix socket is known."""


class Tcp(NamedTuple):
    """A TCP socket."""

    local: bytes
    """Its address in 16 bytes, one of IPv4 in its mapped form."""
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


def tcp_listening(port: int) -> list[Tcp]:
    """Every TCP socket of the network namespace that listens on `port`. Raises OSError."""
    listens = b":%04X " % port
    lines = [*_lines("tcp"), *_lines("tcp6")]
    return [_tcp(line) for line in lines if listens in line[:_LOCAL] and b":0000 0A " in line]


def tcp_between(local: bytes, local_port: int, remote: bytes, remote_port: int) -> Tcp | None:
    """The TCP socket with these two ends, addresses of 16 bytes. Raises OSError."""
    for name, width in (("tcp6", 0), ("tcp", len(_MAPPED))):
        here, there = _text(local[width:], local_port), _text(remote[width:], remote_port)
        ends = b" %b %b " % (here, there)
        found = next((line for line in _lines(name, 1) if ends in line), None)
        if found is not None:
            return _tcp(found)
    return None


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


def _lines(name: str, readings: int = _READINGS) -> Iterable[bytes]:
    """None of a family that the kernel lacks. Raises OSError."""
    found: dict[bytes, None] = {}
    for _ in range(readings):
        try:
            with open(f"/proc/net/{name}", "rb") as file:
                found.update(dict.fromkeys(file.read().split(b"\n")[1:]))
        except FileNotFoundError:
            if name != "tcp6":
                raise
    return found


def _tcp(line: bytes) -> Tcp:
    fields = line.split()
    address = bytes.fromhex(fields[1].partition(b":")[0].decode("ascii"))
    words = struct.pack(f"={len(address) // 4}I", *struct.unpack(f">{len(address) // 4}I", address))
    local = words if len(words) == len(_MAPPED) + 4 else _MAPPED + words
    return Tcp(local, int(fields[3], 16), -int(fields[9]))


def _text(address: bytes, port: int) -> bytes:
    """Words of 32 bits, each as a number of this machine's byte order, and the port."""
    count = len(address) // 4
    words = struct.unpack(f"={count}I", address)
    return b"".join(b"%08X" % word for word in words) + b":%04X" % port
