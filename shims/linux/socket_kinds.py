"""The sockets that a program gets in each mode, as data: socket(2), unix(7), ip(7), netlink(7)."""

from __future__ import annotations

import os
from typing import Final

from nono.shims.linux.syscall_classes import Network

AF_UNIX: Final = 1
AF_INET: Final = 2
AF_INET6: Final = 10
AF_NETLINK: Final = 16
SOCK_STREAM: Final = 1
SOCK_DGRAM: Final = 2
SOCK_RAW: Final = 3
SOCK_SEQPACKET: Final = 5
_SOCK_PACKET: Final = 10
SOCK_TYPE: Final = 0xF  # the rest of the argument are flags
SOCK_FLAGS: Final = SOCK_TYPE | os.O_CLOEXEC | os.O_NONBLOCK
SOCK_MAX: Final = 11
KNOWN_TYPES: Final[dict[int, tuple[int, ...]]] = {
    AF_UNIX: (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET),
    AF_INET: (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, _SOCK_PACKET),
    AF_INET6: (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW),
    AF_NETLINK: (SOCK_DGRAM, SOCK_RAW),
}
"""Of every type that a family has; those that a program does not get have no protocol."""
_IPPROTO_TCP: Final = 6
IPPROTO_UDP: Final = 17
_NETLINK_ROUTE: Final = 0

# Family -> type -> protocols.
Sockets = dict[int, dict[int, tuple[int, ...]]]

_PF_UNIX: Final = 1
PROTOCOLS_OF_UNIX: Final = (0, _PF_UNIX)
_CONNECTED_UNIX: Final[Sockets] = {
    AF_UNIX: {SOCK_STREAM: PROTOCOLS_OF_UNIX, SOCK_SEQPACKET: PROTOCOLS_OF_UNIX}
}
# No AF_UNIX datagrams, not even as a pair: such a socket can send to any path. (The broker makes
# some that cannot: see `_DATAGRAMS_OF_UNIX` in refused_arguments.)

_LOOKING: Final[Sockets] = {
    AF_NETLINK: {SOCK_RAW: (_NETLINK_ROUTE,), SOCK_DGRAM: (_NETLINK_ROUTE,)},
}
_LOCAL: Final[Sockets] = _CONNECTED_UNIX | _LOOKING

_TCP: Final[dict[int, tuple[int, ...]]] = {SOCK_STREAM: (0, _IPPROTO_TCP)}
_TCP_UDP: Final[dict[int, tuple[int, ...]]] = _TCP | {SOCK_DGRAM: (0, IPPROTO_UDP)}

SOCKETS: Final[dict[Network, Sockets]] = {
    "unrestricted": _LOCAL | {AF_INET: _TCP_UDP, AF_INET6: _TCP_UDP},
    "filtered": _LOCAL | {AF_INET: _TCP, AF_INET6: _TCP},
    "blocked": _LOCAL,
    # Nobody decides on connects: no unix socket by its path.
    "proxied": _LOOKING | {AF_INET: _TCP, AF_INET6: _TCP},
}
