"""connect, bind and listen: decided by the kind of the caller's own socket, never by the argument.

The floor does not cover where a socket connects, so connect is always *performed on our copy*:
of the address, and of the socket (pidfd_getfd), which is the caller's own open file and not its
descriptor number. So are bind and listen, but for unix sockets (`unix_sockets.py`). See ip(7),
ipv6(7).
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import stat
from collections.abc import Callable
from functools import lru_cache, partial

from nono.broker import Connect, Mode
from nono.broker import Socket as SocketRequest
from nono.broker.dataclass import replace
from nono.shims.linux import inet_diag
from nono.shims.linux import sockets as kernel
from nono.shims.linux.process import copies_descriptors
from nono.shims.linux.socket_kinds import SOCK_TYPE
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer, Inject
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.own.own_ports import EVERY_ADDRESS, UNSPECIFIED, OwnPort
from nono.supervisor.linux.calls.resolving.opened import opened
from nono.supervisor.linux.calls.sockets.connecting import await_connect, perform_connect
from nono.supervisor.linux.calls.sockets.datagram_sockets import is_apart, make_datagram_socket
from nono.supervisor.linux.calls.sockets.every_address import give_port, require_bind
from nono.supervisor.linux.calls.sockets.unix_datagrams import (
    connect_datagram,
    is_datagram,
    make_unix_datagram_socket,
    send_datagram,
)
from nono.supervisor.linux.calls.sockets.unix_sockets import bind_unix, connect_unix, family_of

_SOCKADDR_IN = 16
_SOCKADDR_IN6_MIN = 24
_INET = (socket.AF_INET, socket.AF_INET6)
_FAMILY_NAMES: dict[int, str] = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
_NAMESERVER = "127.0.0.1", 53
"""Where the injected resolv.conf says that names are looked up."""


def socket_(call: Call, decisions: Decisions) -> Answer:
    """socket(2): *performed on our copy*, which refuses a family that the policy has none of."""
    n = call.notification
    domain, kind = int32(n.a), int32(n.b)
    if domain == socket.AF_UNIX and kind & SOCK_TYPE == socket.SOCK_DGRAM:
        return make_unix_datagram_socket(call)
    if call.network is not None and domain in _INET and kind & SOCK_TYPE == socket.SOCK_DGRAM:
        return make_datagram_socket(call, decisions, call.network.datagrams)
    is_blocked = domain in _INET and decisions.policy.network.mode is Mode.BLOCKED
    if not is_blocked and not copies_descriptors():
        return _make(call, domain, kind, int32(n.c))
    decisions.require(SocketRequest(call.caller, _FAMILY_NAMES.get(domain, str(domain))))
    raise failure(errno.EAFNOSUPPORT)


def _make(call: Call, family: int, kind: int, protocol: int) -> Answer:
    """What the filter lets pass where the broker can copy descriptors: `made_sockets.py`."""
    call.ensure_callers()
    made = call.own.made_sockets.make(
        family, kind & ~socket.SOCK_CLOEXEC, protocol, call.caller.init_pid
    )
    return Inject(made, bool(kind & socket.SOCK_CLOEXEC))


def connect(call: Call, decisions: Decisions) -> Answer:
    """connect(2): *performed on our copy*."""
    if copies_descriptors():
        return _connect(call, decisions, _socket(call))
    if _seen(call, call.own.made_sockets.is_news):
        return DONE
    sock = _socket(call)
    attempt = partial(_connect, call, decisions, sock)
    return call.own.made_sockets.follow(sock, call.background, attempt)


def _connect(call: Call, decisions: Decisions, sock: socket.socket) -> Answer:
    """Closes the socket."""
    with contextlib.ExitStack() as held:
        n = call.notification
        held.enter_context(sock)
        address = _address(call, n.b, int32(n.c))
        family, domain = family_of(address), sock.family
        if domain == socket.AF_UNIX and is_datagram(call, sock):
            return connect_datagram(call, decisions, held, sock, address)
        if family == socket.AF_UNSPEC or domain == socket.AF_NETLINK:
            return perform_connect(call, held, sock, address)
        if domain == socket.AF_UNIX:
            return connect_unix(call, decisions, held, sock, address)
        if is_apart(call, sock):
            return perform_connect(call, held, sock, address)
        host, port = _inet_address(sock, address)
        network = call.network
        if call.is_begun:
            return await_connect(held, sock, errno.EINPROGRESS)
        if network is None:
            decisions.require(Connect(call.caller, host, port))
            return perform_connect(call, held, sock, address)
        plain = _unmapped(host)
        if (plain, port) == _NAMESERVER:
            stub = kernel.inet_address(sock.family, "127.0.0.1", network.stub_port)
            with network.stub_clients.expecting(sock):
                return perform_connect(call, held, sock, stub)
        name = network.names.host_of(plain)
        if network.own_proxy is not None:
            from nono.supervisor.linux.calls.sockets import past_proxy

            if name is not None or past_proxy.is_past_proxy(plain):
                past_proxy.refuse(call, decisions, name, plain, port)
            if (plain, port) == (past_proxy.PROXY_ADDRESS, network.own_proxy):
                decisions.require(Connect(call.caller, plain, port))
                clients = network.proxy_clients
                return past_proxy.connect_to_proxy(call, clients, held, sock, port)
        if name is not None:
            from nono.supervisor.linux.calls.sockets.connect_by_name import connect_by_name

            return connect_by_name(call, decisions, network, held, sock, name, port)
        own = _require_address(call, decisions, host, port)
        if own is not None:
            from nono.supervisor.linux.calls.sockets.connect_own_port import connect_own_port

            if family != sock.family:
                raise failure(errno.EAFNOSUPPORT)
            return connect_own_port(call, decisions, network, held, sock, own)
        if plain in EVERY_ADDRESS and family == sock.family:
            # The kernel would take the address that the socket is bound to, if it is.
            address = kernel.inet_address(family, EVERY_ADDRESS[plain], port)
        return perform_connect(call, held, sock, address)


def sendto(call: Call, decisions: Decisions) -> Answer:
    """sendto(2) with an address: *performed on our copy* for a unix datagram socket.

    Any other is *continued because the floor holds*: no socket that a program has sends where it
    may not, whatever the address becomes.
    """
    n = call.notification
    length = int32(n.f)
    if not n.e or not kernel.FAMILY.size <= length <= kernel.MAX_ADDRESS:
        return CONTINUE
    address = call.bytes(n.e, length)
    if family_of(address) != socket.AF_UNIX:
        return CONTINUE
    with contextlib.ExitStack() as held:
        sock = held.enter_context(_socket(call))
        if sock.family != socket.AF_UNIX or not is_datagram(call, sock):
            return CONTINUE
        return send_datagram(call, decisions, held, sock, address)


def bind(call: Call, decisions: Decisions) -> Answer:
    """bind(2)."""
    n = call.notification
    with _socket(call, errno.EINVAL) as sock:
        address = _address(call, n.b, int32(n.c))
        if sock.family == socket.AF_UNIX:
            return bind_unix(call, decisions, sock, address)
        if sock.family in _INET and not is_apart(call, sock):
            host, port = _inet_address(sock, address)
            require_bind(call, decisions, sock, _unmapped(host), port)
        elif sock.family not in (socket.AF_NETLINK, *_INET):
            raise failure(errno.EAFNOSUPPORT)
        call.ensure_waiting()
        if not copies_descriptors() and sock.family in _INET:
            # A port that the program had before is free again.
            call.own.made_sockets.look(call.caller.init_pid)
        kernel.bind(sock.fileno(), address)
    return DONE


def listen(call: Call, decisions: Decisions) -> Answer:
    """listen(2): *performed on our copy*. A socket that has no address yet gets every one."""
    if not copies_descriptors() and _seen(call, call.own.made_sockets.listens):
        return DONE  # with the backlog that it has
    with _socket(call, errno.EINVAL) as sock:
        is_stream = sock.family in _INET and not is_apart(call, sock)
        if is_stream:
            if call.network is not None or not copies_descriptors():
                give_port(sock)
            host, port, *_ = sock.getsockname()
            is_local = require_bind(call, decisions, sock, _unmapped(host), port)
            _refuse_to_share(call, _unmapped(host), port)
            if is_local:
                kernel.tie_to_loopback(sock)
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT):
                call.own.share_ports()  # whoever set it
            call.own.record_socket(inet_diag.identity(sock))
        call.ensure_waiting()
        kernel.listen(sock.fileno(), int32(call.notification.b))
        if is_stream and sock.getsockname()[:2] != (host, port):
            # A connect that another thread of ours ended in between took the address with it.
            kernel.connect(sock.fileno(), UNSPECIFIED)
            raise failure(errno.EINVAL)
        if not copies_descriptors():
            call.own.made_sockets.listening(sock)
    return DONE


def setsockopt(call: Call, decisions: Decisions) -> Answer:
    """setsockopt(2) of SO_REUSEPORT: *continued because the floor holds*: every program may.

    The lane is told before, since it looks more closely then who listens on a port.
    """
    call.own.share_ports()
    return CONTINUE


def _require_address(call: Call, decisions: Decisions, host: str, port: int) -> OwnPort | None:
    """A port of this machine that only the sandbox listens on is its own.

    Gives it then, since that has to be decided again at each attempt.
    """
    request = Connect(call.caller, host, port)
    # Where all the rest is allowed, whoever watches wants to know what is the sandbox's own.
    if decisions.policy.network.rest is None and decisions.admits(request):
        return None
    plain = _unmapped(host)
    local = EVERY_ADDRESS.get(plain, plain)
    if not _is_loopback(local):
        decisions.require(request)
        return None
    place = OwnPort(call.own, local, port)
    own = bool(place.listeners())
    decisions.require(replace(request, own=own))
    return place if own else None


def _refuse_to_share(call: Call, host: str, port: int) -> None:
    """With SO_REUSEPORT a socket gets a part of the connections to another's: socket(7).

    Whether it has that option is not asked, since another thread may set it at any time.
    """
    if call.network is not None and not all(
        call.own.is_own_socket(each.cookie)
        for each in inet_diag.listening(port)
        if _overlap(each.address, host)
    ):
        raise failure(errno.EADDRINUSE)


def _overlap(one: str, other: str) -> bool:
    """Whether one listening socket may get what is meant for the other."""
    both = {one, other}
    return one == other or "::" in both or ("0.0.0.0" in both and all(":" not in x for x in both))


def _socket(call: Call, settled: int = errno.EISCONN) -> socket.socket:
    """A copy of the caller's socket, the first argument. `settled` as in `MadeSockets.copy`."""
    fd = int32(call.notification.a)
    if fd < 0:
        raise failure(errno.EBADF)
    if not copies_descriptors():
        return _made_socket(call, fd, settled)
    copy = call.caller.duplicate(fd)
    try:
        return kernel.taken(copy)  # which asks the kernel: EBADF for O_PATH, ENOTSOCK
    except BaseException:
        os.close(copy)
        raise


def _made_socket(call: Call, fd: int, settled: int) -> socket.socket:
    """As `_socket`, where it has to be one that we have made."""
    with opened(call.caller, fd) as seen:
        if seen.held is not None:
            raise failure(errno.EBADF)  # O_PATH
        if seen.kind != stat.S_IFSOCK:
            raise failure(errno.ENOTSOCK)
        return call.own.made_sockets.copy(seen.stat, settled)


def _seen(call: Call, ask: Callable[[os.stat_result], bool]) -> bool:
    with opened(call.caller, int32(call.notification.a)) as seen:
        return ask(seen.stat)


def _address(call: Call, pointer: int, length: int) -> bytes:
    """The address, copied once. Its length is an int (connect(2))."""
    if not 0 <= length <= kernel.MAX_ADDRESS:
        raise failure(errno.EINVAL)
    return call.bytes(pointer, length)


def _inet_address(sock: socket.socket, address: bytes) -> tuple[str, int]:
    """The IP address as text and the port. Raises OSError as the kernel does: by length first.

    An IPv6 socket of datagrams also takes a struct sockaddr_in.
    """
    family = family_of(address)
    takes_four = sock.family == socket.AF_INET or sock.type != socket.SOCK_STREAM
    is_short = sock.family == socket.AF_INET or (takes_four and family == socket.AF_INET)
    if len(address) < (_SOCKADDR_IN if is_short else _SOCKADDR_IN6_MIN):
        raise failure(errno.EINVAL)
    if family == socket.AF_INET and takes_four:
        host = socket.inet_ntop(socket.AF_INET, address[4:8])
    elif family == socket.AF_INET6 == sock.family:
        host = str(ipaddress.IPv6Address(address[8:24]))
    else:
        raise failure(errno.EAFNOSUPPORT)
    return host, int.from_bytes(address[2:4], "big")


@lru_cache(1024)
def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


@lru_cache(1024)
def _unmapped(host: str) -> str:
    """An IPv4 address in its plain form, whichever socket it is for: RFC 4291 section 2.5.5.2."""
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if address.version == 6 else None
    return host if mapped is None else str(mapped)
