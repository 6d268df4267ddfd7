"""Unix sockets: connect and bind by path or by abstract name. See unix(7).

connect is *performed on our copy*, since the floor does not cover where a socket connects. bind
inside the floor is *continued because the floor holds* (MAKE_SOCK; BIND_TCP for what another
thread might make of it, which before ABI 4 is decided on when it listens); every other bind is
*performed on our copy*.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from nono.broker import Access, Operation, PathChange, UnixConnect
from nono.broker.rules.paths import ancestors, lineage
from nono.shims.linux import sockets as kernel
from nono.shims.linux import unix_diag
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.unix_diag import Listening, identity
from nono.shims.linux.unix_peers import peer_of
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.own.own_names import Holder
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle
from nono.supervisor.linux.calls.resolving.resolve import (
    anchor,
    directories_on_the_way,
    entry,
    locate,
)
from nono.supervisor.linux.calls.sockets.connecting import perform_connect

_MAX_SUN_PATH = 108
_Sockets = Callable[[], Iterable[Listening]]


class Target(NamedTuple):
    """Where a datagram may go: what Python's socket takes for an address."""

    name: bytes
    own: OwnObjects | None = None
    """Whose the abstract name has to be still when it is reached; None for anybody's."""
    holder: Holder | None = None
    """The socket that has it then."""


def family_of(address: bytes) -> int:
    """sa_family. Raises OSError (EINVAL) for an address too short to have one."""
    if len(address) < kernel.FAMILY.size:
        raise failure(errno.EINVAL)
    family: int = kernel.FAMILY.unpack_from(address)[0]
    return family


def sun_path(address: bytes) -> bytes:
    """The path in a struct sockaddr_un, an abstract name with its leading NUL, empty for none."""
    if family_of(address) != socket.AF_UNIX:
        raise failure(errno.EINVAL)
    name = address[kernel.FAMILY.size :]
    if len(name) > _MAX_SUN_PATH:
        raise failure(errno.EINVAL)
    return name if name.startswith(b"\0") else name.partition(b"\0")[0]


def connect_unix(
    call: Call,
    decisions: Decisions,
    held: contextlib.ExitStack,
    sock: socket.socket,
    address: bytes,
) -> Answer:
    name = sun_path(address)
    if not name:
        raise failure(errno.EINVAL)
    if name.startswith(b"\0"):
        holder = _require_name(call, decisions, sock.type, name, unix_diag.listening)
        if holder is None:
            return perform_connect(call, held, sock, address)
        attempt = partial(_connect_while_own, call, holder, sock, name, address)
        return perform_connect(call, held, sock, address, attempt)
    target = _socket_file(call, held, name)
    _require_path(call, decisions, target, unix_diag.listening)
    return perform_connect(call, held, sock, kernel.unix_address(target.name.encode()))


def require_receiver(
    call: Call, decisions: Decisions, held: contextlib.ExitStack, name: bytes
) -> Target:
    """Where a datagram to this path or abstract name goes, if it may. Raises OSError.

    Good as long as `held` is not closed.
    """
    if not name:
        raise failure(errno.EINVAL)
    receiving = unix_diag.receiving
    if name.startswith(b"\0"):
        holder = _require_name(call, decisions, socket.SOCK_DGRAM, name, receiving)
        return Target(name) if holder is None else Target(name, call.own, holder)
    target = _socket_file(call, held, name)
    if call.own.datagrams.receives_at(target):
        decisions.require(UnixConnect(call.caller, target.path, own=True))
        return Target(target.name.encode())
    try:
        _require_path(call, decisions, target, receiving)
    except ConnectionRefusedError:
        _require_path(call, decisions, target, unix_diag.listening)
        raise failure(errno.EPROTOTYPE) from None
    return Target(target.name.encode())


def is_meant(target: Target) -> bool:
    """Whether what has the name by now is still what was decided on."""
    if target.own is None:
        return True
    return target.own.names.holder(socket.SOCK_DGRAM, target.name) == target.holder


def _require_name(
    call: Call, decisions: Decisions, kind: int, name: bytes, sockets: _Sockets
) -> Holder | None:
    """The sandbox's own socket that has the abstract name; None for another's that is allowed.

    Raises OSError: ECONNREFUSED where nobody has it.
    """
    holder = call.own.names.holder(kind, name)
    request = UnixConnect(call.caller, "@" + os.fsdecode(name[1:]), holder is not None)
    if holder is None:
        _require_there(sockets, name)
        decisions.require(request)
    else:
        # The floor keeps every other out of the program's reach, and this out of ours.
        decisions.note_native(request)
    return holder


def _socket_file(call: Call, held: contextlib.ExitStack, path: bytes) -> Handle:
    """What is at the path, which is a socket. Raises OSError (ECONNREFUSED), as connect(2) does."""
    target = held.enter_context(locate(call.caller, AT_FDCWD, path))
    if target.kind != stat.S_IFSOCK:
        raise failure(errno.ECONNREFUSED)
    return target


def _require_path(call: Call, decisions: Decisions, target: Handle, sockets: _Sockets) -> None:
    if not decisions.admits(UnixConnect(call.caller, target.path)):
        own = _is_own(call, target, sockets)
        decisions.require(UnixConnect(call.caller, target.path, own))


def _is_own(call: Call, target: Handle, sockets: _Sockets) -> bool:
    """True when what receives at this file was bound by the sandbox, as far as the kernel tells.

    Raises ECONNREFUSED when nothing does.
    """
    if not unix_diag.is_told():
        return call.own.is_bound(target.fd)
    file = unix_diag.file_of(target.fd)
    if file is None:
        return False
    try:
        found = [each.cookie for each in sockets() if each.file == file]
    except OSError:
        return False
    if not found:
        raise failure(errno.ECONNREFUSED)
    return all(map(call.own.is_own_socket, found))


def _require_there(sockets: _Sockets, name: bytes) -> None:
    """Raise ECONNREFUSED when nobody has the abstract name, as far as the kernel tells."""
    try:
        is_there = any(each.may_have(name) for each in sockets())
    except OSError:
        return
    if not is_there:
        raise failure(errno.ECONNREFUSED)


def _connect_while_own(
    call: Call, holder: Holder, sock: socket.socket, name: bytes, address: bytes
) -> None:
    """connect(2) to an abstract name that a socket of the sandbox's has before and after it.

    What was reached instead gets nothing: the socket is shut down. Raises OSError: ECONNREFUSED
    then, and BlockingIOError where there is no room.
    """
    names = call.own.names
    if names.holder(sock.type, name) != holder:
        raise failure(errno.ECONNREFUSED)
    kernel.connect(sock.fileno(), address)
    # A server for one client may have closed its socket by now: then its process tells.
    if names.holder(sock.type, name) != holder and not call.caller.owns(peer_of(sock)):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        raise failure(errno.ECONNREFUSED)


def bind_unix(call: Call, decisions: Decisions, sock: socket.socket, address: bytes) -> Answer:
    name = sun_path(address)
    if call.own.datagrams.relay_of(sock) is not None:
        raise failure(errno.EINVAL)
    if not name or name.startswith(b"\0"):
        call.ensure_waiting()
        kernel.bind(sock.fileno(), address)
        call.own.record_socket(identity(sock))
        call.own.names.record(sock)
        return DONE
    with entry(call.caller, AT_FDCWD, name, errno.EADDRINUSE) as place:
        existing = place.existing()
        if existing is not None:
            existing.close()
            raise failure(errno.EADDRINUSE)
        directory = place.parent.path
        # Another thread may change the name, so it is continued only where no name is refused; and
        # where the kernel does not tell whose the file is, we have to see it. A datagram socket
        # needs a twin, which only we can make.
        is_datagram = sock.type == socket.SOCK_DGRAM
        if (
            not is_datagram
            and unix_diag.is_told()
            and decisions.floor_covers(directory, Access.WRITE)
            and not decisions.refuses_names_in(directory)
        ):
            decisions.note_native(PathChange(call.caller, Operation.BIND, place.path))
            call.own.record_socket(identity(sock))
            return CONTINUE
        own = call.own.is_own(call.caller, place.parent)
        decisions.require(PathChange(call.caller, Operation.BIND, place.path, own))
        call.own.require_room(place.path)
        call.ensure_waiting()
        bind = partial(_bind, call, name, place, decisions)
        if is_datagram:
            call.own.datagrams.bind_both(sock, place, bind)
        else:
            bind(sock)
        call.own.record_socket(identity(sock))
        made = place.existing()
        if made is not None:
            with made:
                call.own.record_created(place.path, made.fd)
                if not unix_diag.is_told() and _is_silent(made, sock.type):
                    call.own.record_bound(made.fd)
    return DONE


def _is_silent(file: Handle, kind: int) -> bool:
    """Whether nobody listens at the file, as at the one that was bound a moment ago.

    Where the kernel does not tell whose a file is, another thread may have put a service's there.
    """
    with socket.socket(socket.AF_UNIX, kind) as ours:
        ours.setblocking(False)
        try:
            kernel.connect(ours.fileno(), kernel.unix_address(file.name.encode()))
        except OSError as error:
            return error.errno == errno.ECONNREFUSED
    return False


def _bind(call: Call, name: bytes, place: Entry, decisions: Decisions, sock: socket.socket) -> None:
    """Bind by the caller's own spelling, which peers see, where that can mean nothing else."""
    umask = call.caller.umask
    if name == place.name:
        call.making.bind(umask, place.parent.fd, sock, name)
        return
    directory = name.rstrip(b"/").rpartition(b"/")[0] or b"/"
    with Handle(anchor(call.caller, AT_FDCWD)) as cwd:
        through = directories_on_the_way(call.caller, directory)
        is_fixed = _are_fixed(through, place.parent.path, decisions)
        if is_fixed and _is_there(cwd, directory, place):
            call.making.bind(umask, cwd.fd, sock, name)
        else:
            call.making.bind(umask, place.parent.fd, sock, b"./" + place.name)


def _is_there(cwd: Handle, directory: bytes, place: Entry) -> bool:
    """Whether the path leads us where it leads the caller: one through /proc/self may not."""
    try:
        return os.path.samestat(os.stat(directory, dir_fd=cwd.fd), place.parent.stat)
    except OSError:
        return False


def _are_fixed(through: list[str], directory: str, decisions: Decisions) -> bool:
    """True when no thread of the sandbox can lead the way elsewhere, but by a call we perform."""
    above = {each for passed in through for each in lineage(passed)}.union(ancestors(directory))
    return not any(decisions.floor_covers(each, Access.WRITE) for each in above)
