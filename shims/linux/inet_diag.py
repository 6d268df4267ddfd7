"""Which TCP socket listens on a port, and what becomes of a connection, as the kernel knows it.

Sources: sock_diag(7), linux/inet_diag.h, net/ipv4/inet_diag.c, net/ipv4/tcp_diag.c.
"""

from __future__ import annotations

import errno
import functools
import struct
from _socket import AF_INET, AF_INET6, IPPROTO_TCP, inet_ntop, inet_pton

from nono.shims.errors import failure
from nono.shims.linux import proc_net, sock_diag
from nono.shims.linux.sock_diag import TCP_LISTEN
from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Final

_TCPDIAG_GETSOCK: Final = 18  # the older request, and the only one for both families at once

_ID: Final = struct.Struct("=2s2s16s16sI8s")  # inet_diag_sockid
_DUMP_HEAD: Final = struct.Struct("=4x")  # inet_diag_req: family, prefix lengths, extensions
_DUMP_TAIL: Final = struct.Struct("=II")  # its states and tables
_REQUEST_HEAD: Final = struct.Struct("=BBxxI")  # inet_diag_req_v2: family, protocol, states
_ANSWER_HEAD: Final = struct.Struct("=BBxx")  # inet_diag_msg: family, state

_ALL_STATES: Final = 0xFFFFFFFF
_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_ATTEMPTS: Final = 2

End = tuple[str, int]
"""An IPv4 or IPv6 address as text, and a port."""


class Listening(NamedTuple):
    """A listening TCP socket."""

    address: str
    """The one it is bound to: "0.0.0.0" and "::" mean every one (and "::" most often those of
    IPv4, too). An IPv4 address that an IPv6 socket is bound to is given as the IPv4 address."""
    cookie: int
    """What `identity` says of it."""


@functools.cache
def is_told() -> bool:
    """Whether the kernel has CONFIG_INET_DIAG and CONFIG_INET_TCP_DIAG, or can load them.

    If not, the functions here read /proc/net instead. Raises OSError.
    """
    no_state = _REQUEST_HEAD.pack(AF_INET, IPPROTO_TCP, 0)
    return sock_diag.is_told(no_state + _ID.pack(*map(bytes, (2, 2, 16, 16)), 0, bytes(8)))


def identity(sock: socket.socket) -> int:
    """What tells this TCP socket from every other one: its cookie, where cookies are told."""
    return sock_diag.cookie(sock) if is_told() else proc_net.identity(sock)


def listening(port: int) -> list[Listening]:
    """Every TCP socket of the network namespace that listens on `port`.

    None is left out that listens throughout the call. Raises OSError: EOVERFLOW when the answer is
    too long to be had in one piece (over two hundred sockets on the port).
    """
    if not is_told():
        found = proc_net.tcp_listening(port)
        return [Listening(_text(each.local), each.identity) for each in found]
    # In a dump the kernel passes by what has another port. It has no other use for the rest.
    identity = _ID.pack(_port(port), bytes(2), bytes(16), bytes(16), 0, sock_diag.ANY_COOKIE)
    request = _DUMP_HEAD.pack() + identity + _DUMP_TAIL.pack(1 << TCP_LISTEN, 0)
    with sock_diag.open_() as netlink:
        for _ in range(_ATTEMPTS):  # the second is answered in larger batches
            first, *others = sock_diag.dump(netlink, request, _TCPDIAG_GETSOCK)
            if not any(others):
                return [_listener(each) for each in first]
    # One that is not the sandbox's could be missing: better no answer than most of one.
    raise failure(errno.EOVERFLOW)


def state(local: End, remote: End) -> int | None:
    """The state (1 to 12, as in tcp_states.h) of the TCP socket with these two ends.

    None when there is none. A socket that is bound to an
    interface, as all with a link-local address are, is not found. Raises OSError, and ValueError
    for what is no address.
    """
    found = _connected(local, remote)
    return None if found is None else found.state


def cookie_of(local: End, remote: End) -> int | None:
    """The cookie of the TCP socket with these two ends; None and errors as of `state`."""
    found = _connected(local, remote)
    return None if found is None else found.cookie


class _Connected(NamedTuple):
    state: int
    cookie: int


def _connected(local: End, remote: End) -> _Connected | None:
    addresses = _packed(local[0]), _packed(remote[0])
    ports = _port(local[1]), _port(remote[1])
    if not is_told():
        listed = proc_net.tcp_between(addresses[0], local[1], addresses[1], remote[1])
        return None if listed is None else _Connected(listed.state, listed.identity)
    if all(_is_ipv4(each) for each in addresses):
        # The kernel finds the IPv6 socket of such a connection, too.
        family = AF_INET
        asked = [each[len(_MAPPED) :].ljust(16, b"\0") for each in addresses]
    else:
        family, asked = AF_INET6, list(addresses)
    head = _REQUEST_HEAD.pack(family, IPPROTO_TCP, _ALL_STATES)
    request = head + _ID.pack(*ports, *asked, 0, sock_diag.ANY_COOKIE)
    with sock_diag.open_() as netlink:
        try:
            answer = sock_diag.ask(netlink, request)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None
    found_family, found_state = _ANSWER_HEAD.unpack_from(answer)
    sport, dport, source, destination, _, cookie = _ID.unpack_from(answer, _ANSWER_HEAD.size)
    # Without a connection the kernel answers with the socket that listens at `local`.
    found = _mapped(found_family, source), _mapped(found_family, destination)
    if (sport, dport, *found) != (*ports, *addresses):
        return None
    return _Connected(found_state, int.from_bytes(cookie, "little"))


def _listener(answer: bytes) -> Listening:
    family, _ = _ANSWER_HEAD.unpack_from(answer)
    _, _, source, _, _, cookie = _ID.unpack_from(answer, _ANSWER_HEAD.size)
    return Listening(_text(_mapped(family, source)), int.from_bytes(cookie, "little"))


def _packed(address: str) -> bytes:
    """The 16 bytes of an address, one of IPv4 in its mapped form."""
    try:
        if ":" in address:
            return inet_pton(AF_INET6, address)
        return _MAPPED + inet_pton(AF_INET, address)
    except OSError as error:
        raise ValueError(f"not an IP address: {address!r}") from error


def _mapped(family: int, address: bytes) -> bytes:
    return _MAPPED + address[:4] if family == AF_INET else address


def _is_ipv4(address: bytes) -> bool:
    return address.startswith(_MAPPED)


def _text(address: bytes) -> str:
    if _is_ipv4(address):
        return inet_ntop(AF_INET, address[len(_MAPPED) :])
    return inet_ntop(AF_INET6, address)


def _port(port: int) -> bytes:
    return port.to_bytes(2, "big")
