"""connect and bind: always decided by the kind of the caller's own socket, never by the argument.

The floor does not cover where a socket connects, so connect is always *performed on our copy*:
of the address, and of the socket (pidfd_getfd), which is the caller's own open file and not its
descriptor number. bind of a unix socket inside the floor is *continued because the floor holds*
(MAKE_SOCK, BIND_TCP); every other bind is *performed on our copy*. See unix(7), ip(7), ipv6(7).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import os
import socket
import stat
import struct
from collections.abc import Callable

from nono.broker import Access, Bind, Connect, Operation, PathChange, UnixConnect
from nono.shims.linux import sockets as kernel
from nono.shims.linux import unix_diag
from nono.shims.linux.openat2 import AT_FDCWD
from nono.shims.linux.unix_diag import Listening
from nono.supervisor.answers import CONTINUE, DONE, Answer
from nono.supervisor.call import Call, int32
from nono.supervisor.connecting import perform_connect
from nono.supervisor.enforcement import Enforcement
from nono.supervisor.own import SHARED_DIRECTORIES
from nono.supervisor.resolve import Entry, entry, failure, locate

_FAMILY = struct.Struct("=H")
_SOCKADDR_IN = 16
_SOCKADDR_IN6_MIN = 24
_SUN_PATH_MAX = 108
_INET = (socket.AF_INET, socket.AF_INET6)


def connect(call: Call, enforcement: Enforcement) -> Answer:
    """connect(2): *performed on our copy*."""
    with contextlib.ExitStack() as held:
        sock, address = _copy(call)
        held.enter_context(sock)
        family = _family(address)
        if family == socket.AF_UNSPEC or sock.family == socket.AF_NETLINK:
            return perform_connect(call, held, sock, address)
        if sock.family == socket.AF_UNIX:
            return _connect_unix(call, enforcement, held, sock, address)
        host, port = _inet_address(sock, address)
        enforcement.require(Connect(call.caller, host, port))
        return perform_connect(call, held, sock, address)


def bind(call: Call, enforcement: Enforcement) -> Answer:
    """bind(2)."""
    sock, address = _copy(call)
    with sock:
        if sock.family == socket.AF_UNIX:
            return _bind_unix(call, enforcement, sock, address)
        if sock.family in _INET:
            host, port = _inet_address(sock, address)
            enforcement.require(Bind(call.caller, host, port))
        elif sock.family != socket.AF_NETLINK:
            raise failure(errno.EAFNOSUPPORT)
        call.ensure_waiting()
        kernel.bind(sock.fileno(), address)
    return DONE


def _copy(call: Call) -> tuple[socket.socket, bytes]:
    """The caller's socket and address, each copied once. The length is an int (connect(2))."""
    n = call.notification
    length = int32(n.c)
    if not 0 <= length <= kernel.ADDRESS_MAX:
        raise failure(errno.EINVAL)
    fd = int32(n.a)
    if fd < 0:
        raise failure(errno.EBADF)
    copy = call.caller.duplicate(fd)
    try:
        if fcntl.fcntl(copy, fcntl.F_GETFL) & os.O_PATH:
            raise failure(errno.EBADF)
        if not stat.S_ISSOCK(os.fstat(copy).st_mode):
            raise failure(errno.ENOTSOCK)
        address = call.bytes(n.b, length)
        return socket.socket(fileno=copy), address
    except BaseException:
        os.close(copy)
        raise


def _family(address: bytes) -> int:
    if len(address) < _FAMILY.size:
        raise failure(errno.EINVAL)
    family: int = _FAMILY.unpack_from(address)[0]
    return family


def _inet_address(sock: socket.socket, address: bytes) -> tuple[str, int]:
    """The IP address as text and the port. An IPv6 socket also takes a struct sockaddr_in."""
    family = _family(address)
    if family == socket.AF_INET and len(address) >= _SOCKADDR_IN:
        host = str(ipaddress.IPv4Address(address[4:8]))
    elif family == socket.AF_INET6 == sock.family and len(address) >= _SOCKADDR_IN6_MIN:
        host = str(ipaddress.IPv6Address(address[8:24]))
    elif family in _INET and family == sock.family:
        raise failure(errno.EINVAL)
    else:
        raise failure(errno.EAFNOSUPPORT)
    return host, int.from_bytes(address[2:4], "big")


def _sun_path(address: bytes) -> bytes:
    """The path in a struct sockaddr_un, an abstract name with its leading NUL, empty for none."""
    if _family(address) != socket.AF_UNIX:
        raise failure(errno.EINVAL)
    name = address[_FAMILY.size :]
    if len(name) > _SUN_PATH_MAX:
        raise failure(errno.EINVAL)
    return name if name.startswith(b"\0") else name.partition(b"\0")[0]


def _unix_address(path: bytes) -> bytes:
    return _FAMILY.pack(socket.AF_UNIX) + path + b"\0"


def _connect_unix(
    call: Call,
    enforcement: Enforcement,
    held: contextlib.ExitStack,
    sock: socket.socket,
    address: bytes,
) -> Answer:
    name = _sun_path(address)
    if not name:
        raise failure(errno.EINVAL)
    if name.startswith(b"\0"):
        own = _is_own_listener(enforcement, lambda each: each.name == name)
        if not own:
            enforcement.require(UnixConnect(call.caller, "@" + os.fsdecode(name[1:])))
        return perform_connect(call, held, sock, address)
    target = held.enter_context(locate(call.caller, AT_FDCWD, name))
    if target.kind != stat.S_IFSOCK:
        raise failure(errno.ECONNREFUSED)
    if not enforcement.allows(UnixConnect(call.caller, target.path)):
        file = unix_diag.file_of(target.fd)
        own = file is not None and _is_own_listener(enforcement, lambda each: each.file == file)
        enforcement.require(UnixConnect(call.caller, target.path, own))
    return perform_connect(call, held, sock, _unix_address(target.name.encode()))


def _is_own_listener(enforcement: Enforcement, matches: Callable[[Listening], bool]) -> bool:
    """Whether what listens was bound by the sandbox; False also where the kernel does not tell.

    Raises OSError (ECONNREFUSED) when nothing listens.
    """
    try:
        found = [each.cookie for each in unix_diag.listening() if matches(each)]
    except OSError:
        return False
    if not found:
        raise failure(errno.ECONNREFUSED)
    return all(enforcement.own.is_own_socket(cookie) for cookie in found)


def _bind_unix(call: Call, enforcement: Enforcement, sock: socket.socket, address: bytes) -> Answer:
    name = _sun_path(address)
    if not name or name.startswith(b"\0"):
        call.ensure_waiting()
        kernel.bind(sock.fileno(), address)
        enforcement.own.record_socket(unix_diag.cookie(sock))
        return DONE
    with entry(call.caller, AT_FDCWD, name, errno.EADDRINUSE) as place:
        existing = place.existing()
        if existing is not None:
            existing.close()
            raise failure(errno.EADDRINUSE)
        if enforcement.floor_covers(place.parent.path, Access.WRITE):
            enforcement.own.record_socket(unix_diag.cookie(sock))
            return CONTINUE
        own = enforcement.own.is_own(call.caller, place.parent)
        enforcement.require(PathChange(call.caller, Operation.BIND, place.path, own))
        call.ensure_waiting()
        call.apply_umask()
        kernel.bind(sock.fileno(), _unix_address(_bindable(name, place)))
        enforcement.own.record_socket(unix_diag.cookie(sock))
        made = place.existing()
        if made is not None:
            with made:
                enforcement.own.record_created(place.path, made.fd)
    return DONE


def _bindable(name: bytes, place: Entry) -> bytes:
    """The path to bind by. Peers see it, so the caller's own spelling is kept where it is safe:

    directly in a directory that the sandbox cannot move, no other thread can change its meaning.
    """
    if place.parent.path in SHARED_DIRECTORIES and os.fsdecode(name) == place.path:
        return name
    return place.parent.name.encode() + b"/" + place.name
