"""Unix datagram sockets, whose every send may name another destination: see unix(7).

sendmsg(2) has the address in memory, where no filter sees it. So a program's socket is shut for
sending before it gets it, which nothing undoes: it can be bound, received from, waited for and
handed on like any other, and all that would send from it fails with EPIPE. What sends is:

- sendto(2) with an address, which a filter sees: *performed on our copy* of address and data;
- connect(2), after which any call may send: *performed on our copy*, and the descriptor becomes
  one end of a SOCK_SEQPACKET pair, which ignores addresses. The other end is ours, and what comes
  out of it goes to the one place that was decided on (`datagram_relay.py`).

Answers come to the program's own socket: what is bound to a path has a twin of the same name to
send from (`own_datagrams.py`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from functools import partial

from nono.shims.linux.memory import PATH_MAX
from nono.shims.linux.process import copies_descriptors
from nono.shims.linux.sockets import copy_of
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import (
    DONE,
    Answer,
    Inject,
    Replace,
    Return,
)
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.sockets.connecting import deadline_of, interrupted
from nono.supervisor.linux.calls.sockets.datagram_relay import Relay
from nono.supervisor.linux.calls.sockets.unix_sockets import (
    Target,
    family_of,
    is_meant,
    require_receiver,
    sun_path,
)
from nono.supervisor.linux.calls.stalling import may_stall

_MAX_DATAGRAM = 65536
_OVERHEAD = 32  # of a message, in its socket's buffer: net/unix/af_unix.c
_MSG_OOB = 1
_NOWHERE = b"\0nowhere"


def make_unix_datagram_socket(call: Call) -> Answer:
    """socket(2): one that sends nothing. Raises OSError.

    There is none (EPROTONOSUPPORT) where a container lets nobody copy a descriptor.
    """
    if not copies_descriptors():
        raise failure(errno.EPROTONOSUPPORT)
    kind = int32(call.notification.b)
    call.ensure_callers()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.shutdown(socket.SHUT_WR)
        _ensure_silent(sock)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(not kind & socket.SOCK_NONBLOCK)
    return Inject(sock.detach(), bool(kind & socket.SOCK_CLOEXEC))


def _ensure_silent(sock: socket.socket) -> None:
    """Raise OSError (EPROTONOSUPPORT) where a kernel sends from such a socket all the same."""
    try:
        sock.sendto(b"", socket.MSG_DONTWAIT, _NOWHERE)
    except BrokenPipeError:
        return
    except OSError:
        pass
    raise failure(errno.EPROTONOSUPPORT)


def is_datagram(call: Call, sock: socket.socket) -> bool:
    """True for such a socket, and for what it becomes by connect(2)."""
    return sock.type == socket.SOCK_DGRAM or call.own.datagrams.relay_of(sock) is not None


def connect_datagram(
    call: Call,
    decisions: Decisions,
    held: contextlib.ExitStack,
    sock: socket.socket,
    address: bytes,
) -> Answer:
    """connect(2): *performed on our copy*."""
    relay = call.own.datagrams.relay_of(sock)
    if family_of(address) == socket.AF_UNSPEC:
        call.ensure_waiting()
        if relay is None:
            return DONE
        return _replace(call, copy_of(relay.original))
    target = require_receiver(call, decisions, held, sun_path(address))
    call.ensure_waiting()
    if relay is not None:
        relay.lead_to(target.name, partial(is_meant, target))
        return DONE
    own = call.own.datagrams
    made = Relay(own, copy_of(sock), own.twin_of(sock))
    try:
        made.lead_to(target.name, partial(is_meant, target))
        theirs = made.end_for_program()
    except BaseException:
        made.close()
        raise
    call.background.start(made.serve, made.close)
    return _replace(call, theirs)


def _replace(call: Call, sock: socket.socket) -> Answer:
    at = int32(call.notification.a)
    close_on_exec = bool(call.caller.flags_of(at) & os.O_CLOEXEC)
    return Replace(sock.detach(), at, close_on_exec)


def send_datagram(
    call: Call,
    decisions: Decisions,
    held: contextlib.ExitStack,
    sock: socket.socket,
    address: bytes,
) -> Answer:
    """sendto(2) with an address: *performed on our copy*."""
    n = call.notification
    size, flags, blocking = n.c, int32(n.d), os.get_blocking(sock.fileno())
    if flags & _MSG_OOB:
        raise failure(errno.EOPNOTSUPP)
    most = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - _OVERHEAD
    if size > min(_MAX_DATAGRAM, most):
        raise failure(errno.EMSGSIZE)
    pieces = range(0, size, PATH_MAX)
    data = b"".join(call.bytes(n.b + at, min(PATH_MAX, size - at)) for at in pieces)
    target = require_receiver(call, decisions, held, sun_path(address))
    call.ensure_waiting()
    sender = _sender(call, held, sock)
    deadline = deadline_of(sock) if blocking and not flags & socket.MSG_DONTWAIT else 0.0

    def attempt() -> Answer | None:
        try:
            _send(sender, data, target)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            return None
        return Return(size)

    answer = attempt()
    if answer is not None:
        return answer
    return may_stall(attempt, held.pop_all().close, lambda: interrupted(deadline))


def _sender(call: Call, held: contextlib.ExitStack, sock: socket.socket) -> socket.socket:
    relay = call.own.datagrams.relay_of(sock)
    original = sock if relay is None else relay.original
    twin = call.own.datagrams.twin_of(original)
    if twin is not None:
        return held.enter_context(copy_of(twin))
    return held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))


def _send(sender: socket.socket, data: bytes, target: Target) -> None:
    """Raises OSError: BlockingIOError when there is no room."""
    if target.own is None:
        sender.sendto(data, socket.MSG_DONTWAIT, target.name)
        return
    # An abstract name may become another's. Who is connected to stays who it is.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
        nameless.connect(target.name)
        if not is_meant(target):
            raise failure(errno.ECONNREFUSED)
        nameless.send(data, socket.MSG_DONTWAIT)
