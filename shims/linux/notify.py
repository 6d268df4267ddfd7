"""The listener of seccomp user notification: receive, continue, answer, inject a descriptor.

Sources: seccomp_unotify(2), Documentation/userspace-api/seccomp_filter.rst, linux/seccomp.h.
The ioctls go through `fcntl.ioctl`, which releases the interpreter lock while it waits.
"""

from __future__ import annotations

import errno
import fcntl
import select
import struct

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number
from nono.shims.named_tuple import NamedTuple

RECV = 0xC0502100
SEND = 0xC0182101
ID_VALID = 0x40082102
ADDFD = 0x40182103
SET_FLAGS = 0x40082104

FD_SYNC_WAKE_UP = 1
"""SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (Linux 6.6): answer on the same processor."""

RESPONSE_CONTINUE = 1

SET_MODE_FILTER = 1
FILTER_NEW_LISTENER = 1 << 3
FILTER_WAIT_KILLABLE_RECV = 1 << 5

NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
_ADDFD = struct.Struct("=QIIII")
_ID = struct.Struct("=Q")
_ADDFD_SETFD = 1  # SECCOMP_ADDFD_FLAG_SETFD

_ERESTARTSYS = 512  # linux/errno.h: never seen by a program

_EMPTY = bytes(NOTIFICATION.size)


class Notification(NamedTuple):
    """One stopped system call. `tid` is a thread id, in the supervisor's pid namespace."""

    id: int
    tid: int
    flags: int
    number: int
    arch: int
    instruction_pointer: int
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int


def install(program: bytes, *, listener: bool = True) -> int:
    """Load a filter on the calling thread, for ever, and return its listener's descriptor.

    Without a `listener` the result is 0. `program` is an array of struct sock_filter.
    no_new_privs must be set. Raises OSError: EBUSY when another filter of the chain has a
    listener already, EINVAL where the kernel lacks a flag.
    """
    instructions = ffi.from_buffer(program)
    header = ffi.from_buffer(struct.pack("@HP", len(program) // 8, address(instructions)))
    flags = FILTER_NEW_LISTENER | FILTER_WAIT_KILLABLE_RECV if listener else 0
    return syscall(own_number("seccomp"), SET_MODE_FILTER, flags, address(header))


class Listener:
    """The supervisor's end of a filter. One thread receives; any thread may answer."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._buffer = bytearray(_EMPTY)

    def answer_on_same_processor(self) -> bool:
        """Ask for the synchronous wake-up; False where the kernel is older than 6.6.

        The ioctl takes its argument by value.
        """
        try:
            fcntl.ioctl(self.fd, SET_FLAGS, FD_SYNC_WAKE_UP)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTTY):
                raise
            return False
        return True

    def receive(self) -> Notification | None:
        """Wait for the next call; None once every process under the filter is gone."""
        buffer = self._buffer
        while True:
            buffer[:] = _EMPTY
            try:
                fcntl.ioctl(self.fd, RECV, buffer)
            except OSError as error:
                # ENOENT: a target died before we read it, or all of them have.
                if error.errno == errno.EINTR:
                    continue
                if error.errno != errno.ENOENT:
                    raise
                if self.is_finished():
                    return None
                continue
            return Notification._make(NOTIFICATION.unpack(buffer))

    def is_finished(self) -> bool:
        """True when no process uses the filter any more."""
        poll = select.poll()
        poll.register(self.fd, 0)
        return any(events & select.POLLHUP for _, events in poll.poll(0))

    def is_valid(self, notification_id: int) -> bool:
        """True while the caller still waits, so that its tid is still its own."""
        try:
            fcntl.ioctl(self.fd, ID_VALID, _ID.pack(notification_id))
        except OSError:
            return False
        return True

    def let_continue(self, notification_id: int) -> None:
        """Let the kernel do the call: only ever for what the floor holds by itself."""
        self._send(notification_id, 0, 0, RESPONSE_CONTINUE)

    def succeed(self, notification_id: int, value: int) -> None:
        """Make the call return `value`, not negative."""
        self._send(notification_id, value, 0, 0)

    def fail(self, notification_id: int, error: int) -> None:
        """Make the call fail with `error`, a positive errno."""
        self._send(notification_id, 0, -error, 0)

    def restart(self, notification_id: int) -> None:
        """Let the caller handle a signal that it has pending, and make the call again or not.

        The kernel's own ERESTARTSYS: it becomes EINTR, or a restart after a handler with
        SA_RESTART. Only for a caller with such a signal, since nothing else takes it away.
        """
        self.fail(notification_id, _ERESTARTSYS)

    def install(
        self, notification_id: int, fd: int, newfd_flags: int, at: int | None = None
    ) -> int:
        """Install a copy of `fd` in the caller, which goes on waiting, and return its number.

        `newfd_flags` is 0 or O_CLOEXEC. `at` is the number to give it, in place of what has that
        number, as by dup2(2). Raises OSError: EMFILE at the caller's RLIMIT_NOFILE,
        ENOENT when the caller has died.
        """
        where = (0, fd, 0) if at is None else (_ADDFD_SETFD, fd, at)
        # Only with a buffer that can be written to does `ioctl` give the system call's result.
        request = bytearray(_ADDFD.pack(notification_id, *where, newfd_flags))
        number: int = fcntl.ioctl(self.fd, ADDFD, request)
        return number

    def _send(self, notification_id: int, value: int, error: int, flags: int) -> None:
        try:
            fcntl.ioctl(self.fd, SEND, _RESPONSE.pack(notification_id, value, error, flags))
        except OSError as failure:
            # ENOENT: the caller was killed while we decided. Nobody is left to tell.
            if failure.errno != errno.ENOENT:
                raise
