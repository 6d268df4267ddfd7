"""socketpair(2) of unix datagram sockets: *performed on our copy*, of another type.

A datagram socket sends to whatever address it is given, connected or not, and sendmsg(2) has the
address in memory, where no filter sees it. A SOCK_SEQPACKET socket keeps the bounds of messages
as well, and ignores addresses. So a program gets a pair of these. What differs: SO_TYPE; where the
other end is closed, a receive ends (0) and a send fails with EPIPE.
Sources: socketpair(2), unix(7).
"""

from __future__ import annotations

import errno
import os
import resource
import socket

from nono.shims.linux.memory_writing import MemoryOf
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer, InjectPair
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.installing import PAIR

_FORBIDDEN = {errno.EACCES, errno.EPERM}


def socketpair(call: Call, decisions: Decisions) -> Answer:
    """socketpair(2). Where the kernel lets nobody write the caller's memory: EPROTONOSUPPORT."""
    kind, address = int32(call.notification.b), call.notification.d
    _require_room(call)
    try:
        memory = MemoryOf(call.caller.tid)
    except OSError as error:
        if error.errno in _FORBIDDEN:
            raise failure(errno.EPROTONOSUPPORT) from error
        raise
    try:
        call.ensure_callers()
        memory.write(address, PAIR.pack(-1, -1))  # EFAULT comes before there is anything to give
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except BaseException:
        memory.close()
        raise
    for each in pair:
        each.setblocking(not kind & socket.SOCK_NONBLOCK)
    fds = pair[0].detach(), pair[1].detach()
    return InjectPair(fds, bool(kind & socket.SOCK_CLOEXEC), memory, address)


def _require_room(call: Call) -> None:
    """Raise OSError (EMFILE) when the caller has no two numbers left, where the kernel tells.

    One descriptor could not be taken back. Before Linux 6.2 the size is 0: proc_pid_fd(5).
    """
    taken = os.stat(f"/proc/{call.caller.tid}/fd").st_size
    soft, _ = resource.prlimit(call.caller.pid, resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and taken + 2 > soft:
        raise failure(errno.EMFILE)
