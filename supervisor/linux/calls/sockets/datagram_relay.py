"""What a program sends on a connected unix datagram socket, carried to where it is connected to.

The program has one end of a SOCK_SEQPACKET pair. Messages that come out of ours go on one by one,
bounds kept, to the one socket that connect(2) was allowed for; what comes to the program's own
socket, if that has a name, goes into the pair. Where the receiver has no room, ours is not read, so
that the program waits as it would. Where the receiver is gone, the pair is closed: EPIPE, upon
which syslog(3) and its like connect anew. What was sent before the end of the run still arrives.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import select
import socket
import threading
from collections.abc import Callable

from nono.shims.linux import sockets as kernel
from nono.shims.linux.sockets import copy_of
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.own.own_datagrams import OwnDatagrams

_MAX_MESSAGE = 1 << 18
_GONE = select.POLLHUP | select.POLLRDHUP | select.POLLERR
_TIMEOUTS = socket.SO_RCVTIMEO, socket.SO_SNDTIMEO
_TIMEVAL_BYTES = 16
_LOST = {errno.EMSGSIZE, errno.ENOBUFS, errno.ENOMEM}
"""Errors of one message, and not of the connection."""


class _Step(enum.Enum):
    PASSED = enum.auto()
    EMPTY = enum.auto()
    FULL = enum.auto()
    ENDED = enum.auto()


class Relay:
    """Of one connected socket. `serve` it as a task; `close` it otherwise."""

    def __init__(
        self, own: OwnDatagrams, original: socket.socket, twin: socket.socket | None
    ) -> None:
        """`original` is the program's own socket, and is closed in the end; `twin` is not."""
        self._own = own
        self.original = original
        self._lock = threading.Lock()
        self._pending: bytes | None = None
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._far = copy_of(twin) if twin else socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far.setblocking(False)

    def lead_to(self, name: bytes, is_meant: Callable[[], bool]) -> None:
        """What is sent from now on goes there: see `Connection`."""
        with self._lock:
            while self._pass_on() is _Step.PASSED:
                pass
            self._far.connect(name)
            if not is_meant():
                kernel.connect(self._far.fileno(), kernel.FAMILY.pack(socket.AF_UNSPEC))
                raise failure(errno.ECONNREFUSED)

    def end_for_program(self) -> socket.socket:
        """The program's end of the pair. Raises OSError (ENOBUFS) where there are too many."""
        theirs = self._theirs
        theirs.setblocking(os.get_blocking(self.original.fileno()))
        for option in _TIMEOUTS:
            value = self.original.getsockopt(socket.SOL_SOCKET, option, _TIMEVAL_BYTES)
            theirs.setsockopt(socket.SOL_SOCKET, option, value)
        self._own.add_relay(theirs, self)
        given = copy_of(theirs)
        theirs.close()  # so that we are told when the program has closed it
        return given

    async def serve(self) -> None:
        """Until the program has closed its end, the receiver is gone, or the run ends."""
        from nono.supervisor.nursery import open_nursery

        try:
            async with open_nursery() as nursery:
                if self.original.getsockname():
                    nursery.start_soon(self._inward)
                await self._outward()
                nursery.cancel_scope.cancel()
        finally:
            self.close()

    async def _outward(self) -> None:
        import trio

        while True:
            with self._lock:
                step = self._pass_on()
            if step is _Step.ENDED:
                return
            if step is _Step.FULL:
                await trio.lowlevel.wait_writable(self._far)
            elif step is _Step.EMPTY:
                await trio.lowlevel.wait_readable(self._ours)
            else:
                await trio.lowlevel.checkpoint()

    def _pass_on(self) -> _Step:
        """One message, under the lock. Never waits."""
        if self._pending is None:
            try:
                message = self._ours.recv(_MAX_MESSAGE)
            except BlockingIOError:
                return _Step.EMPTY
            except ConnectionResetError:
                return _Step.PASSED  # closed with something unread: told once, before the rest
            except OSError:
                return _Step.ENDED  # closed by ourselves
            if not message and _has_ended(self._ours):
                return _Step.ENDED
            self._pending = message
        try:
            self._far.send(self._pending, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return _Step.FULL
        except OSError as error:
            if error.errno not in _LOST:
                return _Step.ENDED
        self._pending = None
        return _Step.PASSED

    async def _inward(self) -> None:
        import trio

        while True:
            await trio.lowlevel.wait_readable(self.original)
            try:
                message = self.original.recv(_MAX_MESSAGE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue  # another copy of the socket was read from
            if not message and _has_ended(self.original):
                return
            while True:
                await trio.lowlevel.wait_writable(self._ours)
                try:
                    self._ours.send(message, socket.MSG_DONTWAIT)
                    break
                except BlockingIOError:
                    continue
                except OSError:
                    return

    def close(self) -> None:
        """Pass on what there is still room for. Raises nothing."""
        with self._lock, contextlib.suppress(OSError):
            while self._pass_on() is _Step.PASSED:
                pass
        with contextlib.suppress(OSError):
            # A send fails from here on (EPIPE). What was unread would be told as ECONNRESET, before
            # that or after it.
            self._ours.shutdown(socket.SHUT_RD)
            while self._ours.recv(_MAX_MESSAGE):
                pass
        self._own.forget_relay(self)
        for each in (self._ours, self._theirs, self._far, self.original):
            each.close()


def _has_ended(sock: socket.socket) -> bool:
    """Tell the end from a message of no bytes."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return any(events & _GONE for _, events in poll.poll(0))
