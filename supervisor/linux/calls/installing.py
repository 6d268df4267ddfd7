"""Giving a caller descriptors otherwise than as the one that its call returns."""

from __future__ import annotations

import errno
import os
import struct

from nono.shims.linux.notify import Listener
from nono.supervisor.linux.calls.answers import InjectPair, Replace

PAIR = struct.Struct("@ii")
"""What pipe(2) and socketpair(2) write."""


def install(listener: Listener, notification_id: int, answer: InjectPair | Replace) -> None:
    """Answer a call so; with EMFILE at the caller's RLIMIT_NOFILE, for one."""
    try:
        if isinstance(answer, Replace):
            _replace(listener, notification_id, answer)
        else:
            _give_both(listener, notification_id, answer)
    except OSError as error:
        if error.errno != errno.ENOENT:  # the caller is gone
            listener.fail(notification_id, error.errno or errno.EACCES)
        return
    listener.succeed(notification_id, 0)


def _replace(listener: Listener, notification_id: int, answer: Replace) -> None:
    try:
        flags = os.O_CLOEXEC if answer.close_on_exec else 0
        listener.install(notification_id, answer.fd, flags, answer.at)
    finally:
        os.close(answer.fd)


def _give_both(listener: Listener, notification_id: int, answer: InjectPair) -> None:
    flags = os.O_CLOEXEC if answer.close_on_exec else 0
    try:
        with answer.memory as memory:
            numbers = [listener.install(notification_id, fd, flags) for fd in answer.fds]
            memory.write(answer.address, PAIR.pack(*numbers))
    finally:
        for fd in answer.fds:
            os.close(fd)
